-- The pulse of a class, per slide.

-- name: tables
