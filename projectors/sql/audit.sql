-- The audit trail: who changed what about whom, before and after.

-- name: tables
