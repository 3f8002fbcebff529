-- Breakout rooms and who was where.

-- name: tables
