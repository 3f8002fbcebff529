-- Whiteboards, page by page.

-- name: tables
