-- Who was in class when. A participation is open in `roster` while it lasts, and is written to
-- `attendance` once, when the person leaves or the class ends. Intervals are those of being connected.
-- `roster_media` has the times in which a track was open (not muted); a participation takes them along.

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
    device         text     not null,
    hands          int      not null default 0,
    messages       int      not null default 0,
    questions      int      not null default 0,
    answers        int      not null default 0,
    reactions      int      not null default 0,
    primary key (tenant, room, participant)
);
create table if not exists roster_tracks (
    tenant      text not null,
    room        text not null,
    track       text not null,
    participant text not null,
    source      text not null,
    primary key (tenant, room, track)
);
create table if not exists roster_media (
    tenant      text   not null,
    room        text   not null,
    track       text   not null,
    seq         bigint not null,
    participant text   not null,
    source      text   not null,
    since       bigint not null,
    until       bigint,
    primary key (tenant, room, track, seq)
);
create index if not exists roster_media_participant on roster_media (tenant, room, participant);
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
    device         text     not null,
    microphone_ms  bigint   not null,
    camera_ms      bigint   not null,
    screen_ms      bigint   not null,
    hands          int      not null,
    messages       int      not null,
    questions      int      not null,
    answers        int      not null,
    reactions      int      not null,
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
select tenant, room, $3, session, $4, $5, $6, $7, $8::bigint, array[$8::bigint], array[]::bigint[], $9
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
-- A person was there until last known alive, which is not before the line that is lost was made.
update roster
set connected_to = connected_to || greatest($4::bigint, connected_from[cardinality(connected_from)])
where tenant = $1 and room = $2 and participant = $3
  and cardinality(connected_from) > cardinality(connected_to);

-- name: change_role
update roster set role = $4 where tenant = $1 and room = $2 and participant = $3;

-- name: act
update roster
set hands = hands + $4, messages = messages + $5, questions = questions + $6, answers = answers + $7,
    reactions = reactions + $8
where tenant = $1 and room = $2 and participant = $3;

-- name: share
insert into roster_tracks values ($1, $2, $3, $4, $5) on conflict (tenant, room, track) do nothing;

-- name: open_track
insert into roster_media
select tenant, room, track, $4::bigint, participant, source, $5::bigint, null
from roster_tracks t
where tenant = $1 and room = $2 and track = $3
  and not exists (select from roster_media m where m.tenant = t.tenant and m.room = t.room
                  and m.track = t.track and m.until is null);

-- name: shut_track
update roster_media set until = greatest(since, $4)
where tenant = $1 and room = $2 and track = $3 and until is null;

-- name: unshare
delete from roster_tracks where tenant = $1 and room = $2 and track = $3;

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
), shown as (
    delete from roster_media m
    where m.tenant = $1 and m.room = $2 and ($3::text is null or m.participant = $3)
    returning *
), media as (
    select c.participant,
           sum(t.ms) filter (where s.source = 'microphone')::bigint as microphone_ms,
           sum(t.ms) filter (where s.source = 'camera')::bigint as camera_ms,
           sum(t.ms) filter (where s.source = 'screen')::bigint as screen_ms
    from closed c
    join shown s on s.participant = c.participant
    cross join lateral (select greatest(least(coalesce(s.until, c.left_at), c.left_at)
                                        - greatest(s.since, c.joined_at), 0) as ms) t
    group by c.participant
)
insert into attendance (tenant, room, session, participant, person, display_name, role, guest,
                        joined_at, left_at, reason, connected_ms, connected_from, connected_to, left_seq,
                        device, microphone_ms, camera_ms, screen_ms,
                        hands, messages, questions, answers, reactions)
select tenant, room, session, c.participant, person, display_name, role, guest, joined_at, left_at, $5,
       (select coalesce(sum(greatest(u - f, 0)), 0)::bigint from unnest(from_at, to_at) as i (f, u)),
       from_at, array(select greatest(f, u) from unnest(from_at, to_at) with ordinality as i (f, u, n) order by n),
       $6::bigint,
       device, coalesce(m.microphone_ms, 0), coalesce(m.camera_ms, 0), coalesce(m.screen_ms, 0),
       hands, messages, questions, answers, reactions
from closed c
left join media m on m.participant = c.participant;

-- name: forget_tracks
-- Nothing is shared when the class is over.
delete from roster_tracks where tenant = $1 and room = $2;

-- name: redact_people
update people set person = '', display_name = $4 where tenant = $1 and room = $2 and participant = $3;

-- name: redact_attendance
-- How many were there and how long stays true; who it was is gone.
update attendance set person = '', display_name = $4 where tenant = $1 and room = $2 and participant = $3;
