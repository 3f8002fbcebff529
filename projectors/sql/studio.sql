-- What was on stage when.

-- name: tables
