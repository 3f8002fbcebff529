-- Recordings, the steps of their pipeline, and their artifacts.

-- name: tables
create table if not exists recordings (
    tenant      text   not null,
    room        text   not null,
    recording   text   not null,
    session     text   not null,
    status      text   not null,
    started_at  bigint not null,
    stopped_at  bigint,
    duration_ms bigint,
    primary key (tenant, room, recording)
);
create table if not exists recording_steps (
    tenant           text   not null,
    room             text   not null,
    recording        text   not null,
    step             text   not null,
    status           text   not null,
    progress_percent int    not null,
    detail           text   not null,
    first_seq        bigint not null,
    at               bigint not null,
    primary key (tenant, room, recording, step)
);
create table if not exists artifacts (
    tenant      text   not null,
    room        text   not null,
    recording   text   not null,
    artifact    text   not null,
    kind        text   not null,
    key         text   not null,
    media_type  text   not null,
    bytes       bigint not null,
    sha256      text   not null,
    duration_ms bigint not null,
    offset_ms   bigint not null,
    track       text,
    width_px    int    not null,
    height_px   int    not null,
    seq         bigint not null,
    primary key (tenant, room, recording, artifact)
);

-- name: start
insert into recordings (tenant, room, recording, session, status, started_at)
values ($1, $2, $3, $4, 'recording', $5);

-- name: stop
update recordings set status = 'processing', stopped_at = $4
where tenant = $1 and room = $2 and recording = $3 and status = 'recording';

-- name: report
insert into recording_steps values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (tenant, room, recording, step) do update
set status = excluded.status, progress_percent = excluded.progress_percent,
    detail = excluded.detail, at = excluded.at;

-- name: judge
-- A failed step fails the recording until that step is tried again; a finished recording stays so.
update recordings r set status = case when exists (
    select from recording_steps s
    where s.tenant = r.tenant and s.room = r.room and s.recording = r.recording and s.status = 'failed'
) then 'failed' else 'processing' end
where r.tenant = $1 and r.room = $2 and r.recording = $3 and r.status in ('processing', 'failed');

-- name: add_artifact
insert into artifacts values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
on conflict (tenant, room, recording, artifact) do update
set key = excluded.key, media_type = excluded.media_type, bytes = excluded.bytes, sha256 = excluded.sha256,
    duration_ms = excluded.duration_ms, offset_ms = excluded.offset_ms, track = excluded.track,
    width_px = excluded.width_px, height_px = excluded.height_px;

-- name: complete
update recordings set status = 'ready', duration_ms = $4
where tenant = $1 and room = $2 and recording = $3;
