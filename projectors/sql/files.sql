-- The libraries of rooms.

-- name: tables
