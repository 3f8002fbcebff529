-- Polls, answers and scores.

-- name: tables
