-- Statements of the REST API as a whole, and of courses. `edge.queries` reads this file.

-- name: claim_idempotent
-- Gives a row when the key is ours to work under: it is new, or forgotten, or whoever had it died.
insert into identity.idempotent_request as known (login, key, fingerprint, created_at, locked_until)
values ($1, $2, $3, $4, $5)
on conflict (login, key) do update
set fingerprint = excluded.fingerprint, created_at = excluded.created_at,
    locked_until = excluded.locked_until, status = null, answer = null
where known.created_at <= $6
   or (known.status is null and known.fingerprint = excluded.fingerprint and known.locked_until <= $4)
returning key;

-- name: get_idempotent
select fingerprint, status, answer from identity.idempotent_request where login = $1 and key = $2;

-- name: finish_idempotent
update identity.idempotent_request set status = $3, answer = $4
where login = $1 and key = $2 and created_at = $5 and status is null;

-- name: release_idempotent
delete from identity.idempotent_request where login = $1 and key = $2 and created_at = $3 and status is null;

-- name: bound_idempotent
-- The oldest beyond so many of one login go.
delete from identity.idempotent_request
where login = $1 and created_at < (
    select created_at from identity.idempotent_request where login = $1 order by created_at desc offset $2 limit 1
);

-- name: forget_idempotent
delete from identity.idempotent_request where created_at < $1;

-- name: webhook_delivery
select d.id, d.sequence, d.room, d.kind, d.at, d.status, d.round, d.attempts, d.attempted_at, d.answer, d.error
from identity.webhook_delivery d join identity.webhook w on w.id = d.webhook
where w.tenant = $1 and w.id = $2 and d.id = $3;
