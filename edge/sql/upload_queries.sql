-- name: lock_uploads
select pg_advisory_xact_lock(hashtextextended('upload ' || $1, 0));

-- name: count_uploads
select count(*) filter (where person = $2) as own,
       count(*) as all_of_them,
       coalesce(sum(bytes), 0)::bigint as bytes
  from identity.upload
 where tenant = $1 and ended_at is null;

-- name: add_upload
insert into identity.upload (id, tenant, room, person, name, bytes, sha256, purpose, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: get_upload
select id, tenant, room, person, name, bytes, sha256, purpose, received, pieces, expires_at, ended_at
  from identity.upload
 where id = $1;

-- name: add_pieces
update identity.upload
   set received = received + $3, pieces = pieces || $4::text[]
 where id = $1 and received = $2 and ended_at is null and expires_at > $5
returning received;

-- name: complete_upload
update identity.upload
   set received = bytes, pieces = '{}', ended_at = $2
 where id = $1 and ended_at is null;

-- name: end_upload
update identity.upload
   set pieces = '{}', ended_at = $2
 where id = $1 and ended_at is null;

-- name: uploads_to_end
select id, tenant, room from identity.upload
 where ended_at is null and expires_at <= $1
 order by expires_at
 limit $2;

-- name: uploads_to_forget
select id, tenant, room from identity.upload
 where ended_at <= $1
 order by ended_at
 limit $2;

-- name: forget_upload
delete from identity.upload where id = $1 and ended_at is not null;
