-- The libraries of rooms; what was removed is remembered, without its bytes.

-- name: tables
create table if not exists files (
    tenant       text    not null,
    room         text    not null,
    file         text    not null,
    name         text    not null,
    bytes        bigint  not null,
    media_type   text    not null,
    sha256       text    not null,
    purpose      text    not null,
    scanned      boolean not null,
    participant  text    not null,
    display_name text    not null,
    added_at     bigint  not null,
    removed_at   bigint,
    primary key (tenant, room, file)
);
create index if not exists files_removed on files (tenant, removed_at) where removed_at is not null;

-- name: add
insert into files values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, null)
on conflict (tenant, room, file) do update
set name = excluded.name, bytes = excluded.bytes, media_type = excluded.media_type,
    sha256 = excluded.sha256, added_at = excluded.added_at, removed_at = null;

-- name: rename
update files set name = $4 where tenant = $1 and room = $2 and file = $3;

-- name: remove
update files set removed_at = $4 where tenant = $1 and room = $2 and file = $3;

-- name: rename_person
update files set display_name = $4 where tenant = $1 and room = $2 and participant = $3;

-- name: history
select file as id, name, bytes, media_type, sha256, purpose, scanned, participant, display_name,
       added_at, removed_at
from read.files
where tenant = $1 and room = $2 and ($3::bigint is null or added_at < $3)
order by added_at desc, file
limit $4;

-- name: removed_since
select room, file, media_type from read.files
where tenant = $1 and removed_at >= $2
order by removed_at;
