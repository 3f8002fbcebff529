-- Who was in class when. A participation is open in `roster` while it lasts, and is written to
-- `attendance` once, when the person leaves or the class ends. Intervals are those of being connected.

-- name: tables
create table if not exists roster_session (
    tenant  text not null,
    room    text not null,
    session text not null,
    primary key (tenant, room)
);
create table if not exists roster (
    tenant         text     not null,
    room           text     not null,
    participant    text     not null,
    session        text     not null,
    person         text     not null,
    display_name   text     not null,
    role           text     not null,
    guest          boolean  not null,
    joined_at      bigint   not null,
    connected_from bigint[] not null,
    connected_to   bigint[] not null,
    primary key (tenant, room, participant)
);
create table if not exists attendance (
    tenant         text     not null,
    room           text     not null,
    session        text     not null,
    participant    text     not null,
    person         text     not null,
    display_name   text     not null,
    role           text     not null,
    guest          boolean  not null,
    joined_at      bigint   not null,
    left_at        bigint   not null,
    reason         text     not null,
    connected_ms   bigint   not null,
    connected_from bigint[] not null,
    connected_to   bigint[] not null,
    left_seq       bigint   not null,
    primary key (tenant, room, left_seq, participant)
);
create index if not exists attendance_session on attendance (tenant, room, session);
create table if not exists people (
    tenant       text not null,
    room         text not null,
    participant  text not null,
    person       text not null,
    display_name text not null,
    primary key (tenant, room, participant)
);
create index if not exists people_person on people (tenant, person);

-- name: open_session
insert into roster_session values ($1, $2, $3)
on conflict (tenant, room) do update set session = excluded.session;

-- name: close_session
delete from roster_session where tenant = $1 and room = $2;

-- name: join
insert into roster
select tenant, room, $3, session, $4, $5, $6, $7, $8::bigint, array[$8::bigint], array[]::bigint[]
from roster_session where tenant = $1 and room = $2
on conflict (tenant, room, participant) do nothing;

-- name: know
-- The name a person last used here; tracks and recordings show it.
insert into people values ($1, $2, $3, $4, $5)
on conflict (tenant, room, participant) do update
set person = excluded.person, display_name = excluded.display_name;

-- name: connect
-- A page that moves between edges was never away: only a closed interval is followed by another.
update roster set connected_from = connected_from || $4::bigint
where tenant = $1 and room = $2 and participant = $3
  and cardinality(connected_from) = cardinality(connected_to);

-- name: disconnect
update roster set connected_to = connected_to || $4::bigint
where tenant = $1 and room = $2 and participant = $3
  and cardinality(connected_from) > cardinality(connected_to);

-- name: change_role
update roster set role = $4 where tenant = $1 and room = $2 and participant = $3;

-- name: leave
-- One participant, or everybody when none is named. Whoever is found gone (an edge died) left before
-- the log said so: no interval may reach past that moment, and none may be negative.
with gone as (
    delete from roster where tenant = $1 and room = $2 and ($3::text is null or participant = $3) returning *
), closed as (
    select gone.*, greatest($4::bigint, joined_at) as left_at,
           array(select least(t, greatest($4::bigint, joined_at))
                 from unnest(connected_from) with ordinality as f (t, n) order by n) as from_at,
           array(select least(coalesce(connected_to[n], $4::bigint), greatest($4::bigint, joined_at))
                 from generate_series(1, cardinality(connected_from)) as n order by n) as to_at
    from gone
)
insert into attendance (tenant, room, session, participant, person, display_name, role, guest,
                        joined_at, left_at, reason, connected_ms, connected_from, connected_to, left_seq)
select tenant, room, session, participant, person, display_name, role, guest, joined_at, left_at, $5,
       (select coalesce(sum(greatest(u - f, 0)), 0)::bigint from unnest(from_at, to_at) as i (f, u)),
       from_at, array(select greatest(f, u) from unnest(from_at, to_at) with ordinality as i (f, u, n) order by n),
       $6::bigint
from closed;

-- name: redact_people
update people set person = '', display_name = $4 where tenant = $1 and room = $2 and participant = $3;

-- name: redact_attendance
-- How many were there and how long stays true; who it was is gone.
update attendance set person = '', display_name = $4 where tenant = $1 and room = $2 and participant = $3;
