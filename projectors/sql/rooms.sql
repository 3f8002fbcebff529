-- Rooms, their lasting members, and their sessions: planned, running and over.

-- name: tables
create table if not exists rooms (
    tenant       text   not null,
    room         text   not null,
    title        text   not null,
    owner        text   not null,
    default_role text   not null,
    created_at   bigint not null,
    primary key (tenant, room)
);
create index if not exists rooms_newest on rooms (tenant, created_at desc, room desc);
create table if not exists members (
    tenant text not null,
    room   text not null,
    person text not null,
    role   text not null,
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
    primary key (tenant, room, session)
);

-- name: create_room
insert into rooms values ($1, $2, $3, $4, $5, $6);

-- name: add_member
insert into members values ($1, $2, $3, $4) on conflict (tenant, room, person) do update set role = excluded.role;

-- name: schedule
insert into sessions (tenant, room, session, title, status, starts_at, minutes)
values ($1, $2, $3, $4, 'scheduled', $5, $6);

-- name: start
-- A planned session keeps its plan.
insert into sessions (tenant, room, session, title, status, started_at) values ($1, $2, $3, $4, 'live', $5)
on conflict (tenant, room, session) do update
set title = excluded.title, status = 'live', started_at = excluded.started_at;

-- name: end
update sessions set status = 'ended', ended_at = $4, end_reason = $5
where tenant = $1 and room = $2 and session = $3;
