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

-- name: courses
-- Those of a tenant, the latest first; with a person only those in which that person takes part.
select c.id, c.title, c.description, c.version, c.archived_at, c.created_by, c.created_at,
       (select count(*) from identity.enrolment e where e.course = c.id) as enrolled
from identity.course c
where c.tenant = $1 and (c.archived_at is not null) = $2
  and ($3::text is null or exists (
      select 1 from identity.enrolment e where e.course = c.id and e.person = $3))
  and ($4::bigint is null or (c.created_at, c.id) < ($4::bigint, $5::text))
order by c.created_at desc, c.id desc limit $6;

-- name: course
select c.id, c.title, c.description, c.version, c.archived_at, c.created_by, c.created_at,
       (select count(*) from identity.enrolment e where e.course = c.id) as enrolled
from identity.course c where c.tenant = $1 and c.id = $2;

-- name: count_courses
select count(*) from identity.course where tenant = $1 and archived_at is null;

-- name: add_course
insert into identity.course (id, tenant, title, description, created_by, created_at)
values ($1, $2, $3, $4, $5, $6)
on conflict (id) do nothing;

-- name: change_course
-- Only the version that was seen, where one is named.
update identity.course
set title = coalesce($4, title), description = coalesce($5, description), version = version + 1,
    archived_at = case when $6::boolean is null then archived_at when $6 then coalesce(archived_at, $7) end
where tenant = $1 and id = $2 and ($3::bigint is null or version = $3)
returning version;

-- name: enrolment_role
select role from identity.enrolment where course = $1 and person = $2;

-- name: enrolments
select e.person as "user", p.display_name, e.role, e.enrolled_by, e.enrolled_at
from identity.enrolment e join identity.person p on p.id = e.person
where e.course = $1 and ($2::text is null or e.person > $2)
order by e.person limit $3;

-- name: enrolment
select e.person as "user", p.display_name, e.role, e.enrolled_by, e.enrolled_at
from identity.enrolment e join identity.person p on p.id = e.person
where e.course = $1 and e.person = $2;

-- name: count_enrolments
select count(*) from identity.enrolment where course = $1;

-- name: lock_course
select id from identity.course where id = $1 for update;

-- name: count_course_version
update identity.course set version = version + 1 where id = $1;

-- name: enrol
-- Nothing when there is no such user in the tenant.
insert into identity.enrolment as known (course, person, role, enrolled_by, enrolled_at)
select $1, p.id, $4, $5, $6 from identity.person p where p.id = $2 and p.tenant = $3
on conflict (course, person) do update set role = excluded.role
returning (xmax = 0) as is_new;

-- name: end_enrolment
delete from identity.enrolment where course = $1 and person = $2 returning person;
