-- The settings of rooms as they are now, and who knocked at their doors.

-- name: tables
create table if not exists room_settings (
    tenant     text   not null,
    room       text   not null,
    settings   text   not null,
    changed_at bigint not null,
    primary key (tenant, room)
);
-- A row is one wait at the door; it has no outcome while it lasts.
create table if not exists knocks (
    tenant       text    not null,
    room         text    not null,
    seq          bigint  not null,
    participant  text    not null,
    person       text    not null,
    display_name text    not null,
    guest        boolean not null,
    knocked_at   bigint  not null,
    outcome      text,
    decided_at   bigint,
    primary key (tenant, room, seq)
);
create index if not exists knocks_open on knocks (tenant, room, participant) where outcome is null;

-- name: set_up
insert into room_settings values ($1, $2, $3, $4)
on conflict (tenant, room) do update set settings = excluded.settings, changed_at = excluded.changed_at;

-- name: rename
-- Who knocks again while waiting waits on, perhaps under another name.
update knocks set display_name = $4 where tenant = $1 and room = $2 and participant = $3 and outcome is null;

-- name: redact
update knocks set person = '', display_name = $4 where tenant = $1 and room = $2 and participant = $3;

-- name: knock
insert into knocks (tenant, room, seq, participant, person, display_name, guest, knocked_at)
select $1, $2, $3::bigint, $4, $5::text, $6::text, $7::boolean, $8::bigint
where not exists (
    select from knocks where tenant = $1 and room = $2 and participant = $4 and outcome is null
);

-- name: decide
update knocks set outcome = $4, decided_at = $5
where tenant = $1 and room = $2 and participant = $3 and outcome is null;

-- name: close
update knocks set outcome = 'session_ended', decided_at = $3
where tenant = $1 and room = $2 and outcome is null;

-- name: knocks
-- Who knocked during a class, in order; a class that is running has no end.
select k.participant, k.person, k.display_name, k.guest, k.knocked_at, k.outcome, k.decided_at
from read.knocks k
join read.sessions s on s.tenant = k.tenant and s.room = k.room and s.session = $3
where k.tenant = $1 and k.room = $2
  and k.knocked_at >= s.started_at and (s.ended_at is null or k.knocked_at <= s.ended_at)
order by k.seq
limit $4;

-- name: timetable
-- Planned, running and past lessons that begin in [$2, $3), of one room or of all.
select s.room, r.title as room_title, s.session as id, s.title, s.status, s.starts_at, s.minutes,
       s.started_at, s.ended_at, s.series
from read.sessions s
join read.rooms r on r.tenant = s.tenant and r.room = s.room
where s.tenant = $1 and s.starts_at >= $2 and s.starts_at < $3 and s.status <> 'cancelled'
  and r.archived_at is null and ($4::text is null or s.room = $4)
order by s.starts_at, s.room, s.session
limit $5;
