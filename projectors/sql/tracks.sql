-- Microphones, cameras and screens that were shared.

-- name: tables
create table if not exists tracks (
    tenant       text   not null,
    room         text   not null,
    track        text   not null,
    participant  text   not null,
    kind         text   not null,
    source       text   not null,
    mime_type    text   not null,
    published_at bigint not null,
    closed_at    bigint,
    close_reason text,
    primary key (tenant, room, track)
);

-- name: publish
insert into tracks (tenant, room, track, participant, kind, source, mime_type, published_at)
values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (tenant, room, track) do nothing;

-- name: close
update tracks set closed_at = $4, close_reason = $5
where tenant = $1 and room = $2 and track = $3 and closed_at is null;
