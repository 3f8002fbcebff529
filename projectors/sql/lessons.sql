-- The time table and settings of rooms.

-- name: tables
