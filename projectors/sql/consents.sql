-- Who agreed to being recorded, and what was redacted.

-- name: tables
