-- Recordings, the steps of their pipeline, their artifacts, their pauses; and those that are gone.

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
    title       text   not null default '',
    keep_until  bigint,
    asked       boolean not null default false,
    primary key (tenant, room, recording)
);
create table if not exists recording_pauses (
    tenant    text   not null,
    room      text   not null,
    recording text   not null,
    since     bigint not null,
    until     bigint,
    seq       bigint not null,
    primary key (tenant, room, recording, seq)
);
create table if not exists recordings_gone (
    tenant      text   not null,
    room        text   not null,
    recording   text   not null,
    session     text   not null,
    started_at  bigint not null,
    why         text   not null,
    participant text,
    at          bigint not null,
    erased_at   bigint,
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
insert into recordings (tenant, room, recording, session, status, started_at, asked)
values ($1, $2, $3, $4, 'recording', $5, $6);

-- name: pause
insert into recording_pauses values ($1, $2, $3, $4, null, $5);

-- name: set_paused
update recordings set status = $4 where tenant = $1 and room = $2 and recording = $3;

-- name: end_pause
update recording_pauses set until = $4
where tenant = $1 and room = $2 and recording = $3 and until is null;

-- name: rename
update recordings set title = $4 where tenant = $1 and room = $2 and recording = $3;

-- name: keep
update recordings set keep_until = $4 where tenant = $1 and room = $2 and recording = $3;

-- name: withdraw
update recordings set status = 'processing', duration_ms = null
where tenant = $1 and room = $2 and recording = $3;

-- name: forget_steps
delete from recording_steps where tenant = $1 and room = $2 and recording = $3;

-- name: forget_artifacts
delete from artifacts where tenant = $1 and room = $2 and recording = $3;

-- name: forget_pauses
delete from recording_pauses where tenant = $1 and room = $2 and recording = $3;

-- name: go
with gone as (
    delete from recordings where tenant = $1 and room = $2 and recording = $3 returning *
)
insert into recordings_gone (tenant, room, recording, session, started_at, why, participant, at)
select tenant, room, recording, session, started_at, $4, $5, $6::bigint from gone;

-- name: erase
update recordings_gone set erased_at = $4 where tenant = $1 and room = $2 and recording = $3;

-- name: stop
update recordings set status = 'processing', stopped_at = $4
where tenant = $1 and room = $2 and recording = $3 and status in ('recording', 'paused');

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
