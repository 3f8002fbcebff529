-- Questions, their votes and answers.

-- name: tables
