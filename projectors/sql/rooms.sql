-- Rooms, their lasting members, and their sessions: planned, running and over.

-- name: tables
create table if not exists rooms (
    tenant       text   not null,
    room         text   not null,
    title        text   not null,
    owner        text   not null,
    default_role text   not null,
    created_at   bigint not null,
    archived_at  bigint,
    course       text,
    primary key (tenant, room)
);
create index if not exists rooms_course on rooms (tenant, course) where course is not null;
create index if not exists rooms_newest on rooms (tenant, created_at desc, room desc);
create table if not exists members (
    tenant      text   not null,
    room        text   not null,
    person      text   not null,
    role        text   not null,
    custom_role text   not null,
    since       bigint not null,
    primary key (tenant, room, person)
);
create index if not exists members_person on members (tenant, person);
create table if not exists sessions (
    tenant     text   not null,
    room       text   not null,
    session    text   not null,
    title      text   not null,
    status     text   not null,
    starts_at  bigint,
    minutes    int,
    started_at bigint,
    ended_at   bigint,
    end_reason text,
    series     text,
    primary key (tenant, room, session)
);
create index if not exists sessions_plan on sessions (tenant, starts_at);

-- name: create_room
insert into rooms (tenant, room, title, owner, default_role, created_at) values ($1, $2, $3, $4, $5, $6);

-- name: rename_room
update rooms set title = $3 where tenant = $1 and room = $2;

-- name: set_default_role
update rooms set default_role = $3 where tenant = $1 and room = $2;

-- name: assign_course
update rooms set course = $3 where tenant = $1 and room = $2;

-- name: archive_room
-- Of a restored room the time is null.
update rooms set archived_at = $3 where tenant = $1 and room = $2;

-- name: add_member
insert into members values ($1, $2, $3, $4, $5, $6) on conflict (tenant, room, person)
do update set role = excluded.role, custom_role = excluded.custom_role, since = excluded.since;

-- name: members
select person, role, custom_role, since from read.members
where tenant = $1 and room = $2 order by since, person;

-- name: remove_member
delete from members where tenant = $1 and room = $2 and person = $3;

-- name: schedule
insert into sessions (tenant, room, session, title, status, starts_at, minutes, series)
values ($1, $2, $3, $4, 'scheduled', $5, $6, $7);

-- name: move
update sessions set starts_at = $4, minutes = $5 where tenant = $1 and room = $2 and session = $3;

-- name: rename_session
update sessions set title = $4 where tenant = $1 and room = $2 and session = $3;

-- name: cancel
update sessions set status = 'cancelled', ended_at = $4 where tenant = $1 and room = $2 and session = $3;

-- name: start
-- A planned session keeps its plan.
insert into sessions (tenant, room, session, title, status, started_at) values ($1, $2, $3, $4, 'live', $5)
on conflict (tenant, room, session) do update
set title = excluded.title, status = 'live', started_at = excluded.started_at;

-- name: end
update sessions set status = 'ended', ended_at = $4, end_reason = $5
where tenant = $1 and room = $2 and session = $3;
