-- Breakout rooms: what was opened, who was put where and when, visits, calls for help, texts. A child
-- room's own log says whose it is, so that its attendance belongs to the parent's class too.

-- name: tables
create table if not exists breakout_lessons (
    tenant  text not null,
    room    text not null,
    session text not null,
    primary key (tenant, room)
);
create table if not exists breakout_openings (
    tenant      text    not null,
    room        text    not null,
    opening     text    not null,
    session     text    not null,
    opened_at   bigint  not null,
    ends_at     bigint,
    closed_at   bigint,
    free_choice boolean not null,
    carry       text[]  not null,
    primary key (tenant, room, opening)
);
create index if not exists breakout_openings_session on breakout_openings (tenant, room, session);
create table if not exists breakout_groups (
    tenant   text not null,
    room     text not null,
    opening  text not null,
    grp      text not null,
    position int  not null,
    name     text not null,
    child    text,
    primary key (tenant, room, opening, grp)
);
create table if not exists breakout_places (
    tenant      text   not null,
    room        text   not null,
    opening     text   not null,
    participant text   not null,
    grp         text   not null,
    since       bigint not null,
    until       bigint,
    since_seq   bigint not null,
    primary key (tenant, room, opening, participant, since_seq)
);
create table if not exists breakout_visits (
    tenant      text   not null,
    room        text   not null,
    opening     text   not null,
    participant text   not null,
    grp         text,
    mode        text   not null,
    since       bigint not null,
    until       bigint,
    since_seq   bigint not null,
    primary key (tenant, room, opening, since_seq)
);
create table if not exists breakout_calls (
    tenant    text    not null,
    room      text    not null,
    opening   text    not null,
    grp       text    not null,
    number    int     not null,
    called_at bigint  not null,
    ended_at  bigint,
    answered  boolean not null,
    primary key (tenant, room, opening, grp, number)
);
create table if not exists breakout_texts (
    tenant       text   not null,
    room         text   not null,
    opening      text   not null,
    number       int    not null,
    at           bigint not null,
    text         text   not null,
    participant  text,
    primary key (tenant, room, opening, number)
);
create table if not exists breakout_children (
    tenant     text   not null,
    room       text   not null,
    opening    text   not null,
    parent     text   not null,
    session    text   not null,
    grp        text   not null,
    group_name text   not null,
    opened_at  bigint not null,
    closed_at  bigint,
    primary key (tenant, room, opening)
);
create index if not exists breakout_children_parent on breakout_children (tenant, parent, session);

-- name: lesson
insert into breakout_lessons values ($1, $2, $3)
on conflict (tenant, room) do update set session = excluded.session;

-- name: open
insert into breakout_openings (tenant, room, opening, session, opened_at, ends_at, free_choice, carry)
select tenant, room, $3, session, $4::bigint, $5::bigint, $6::boolean, $7::text[]
from breakout_lessons where tenant = $1 and room = $2;

-- name: group
insert into breakout_groups (tenant, room, opening, grp, position, name) values ($1, $2, $3, $4, $5, $6);

-- name: place
-- Into the opening that is open; before and after one nobody is anywhere.
insert into breakout_places (tenant, room, opening, participant, grp, since, since_seq)
select tenant, room, opening, $3, $4, $5::bigint, $6::bigint
from breakout_openings where tenant = $1 and room = $2 and closed_at is null;

-- name: displace
-- One person, or everybody when none is named.
update breakout_places set until = $4::bigint
where tenant = $1 and room = $2 and until is null and ($3::text is null or participant = $3);

-- name: door
update breakout_groups set child = $4 where tenant = $1 and room = $2 and grp = $3 and opening =
    (select opening from breakout_openings where tenant = $1 and room = $2 and closed_at is null);

-- name: move_end
update breakout_openings set ends_at = $3 where tenant = $1 and room = $2 and closed_at is null;

-- name: close
update breakout_openings set closed_at = $3 where tenant = $1 and room = $2 and closed_at is null;

-- name: visit
insert into breakout_visits (tenant, room, opening, participant, grp, mode, since, since_seq)
select tenant, room, opening, $3, $4, $5, $6::bigint, $7::bigint
from breakout_openings where tenant = $1 and room = $2 and closed_at is null;

-- name: end_visit
-- Of one person or of everybody; speaking to all groups is a visit to none ($4 false: only those).
update breakout_visits set until = $5::bigint
where tenant = $1 and room = $2 and until is null and ($3::text is null or participant = $3)
  and ($4::boolean is null or (grp is not null) = $4::boolean);

-- name: call
insert into breakout_calls (tenant, room, opening, grp, number, called_at, answered)
select tenant, room, opening, $3, $4, $5::bigint, false
from breakout_openings where tenant = $1 and room = $2 and closed_at is null;

-- name: end_call
update breakout_calls set ended_at = $5, answered = $6
where tenant = $1 and room = $2 and grp = $3 and number = $4 and ended_at is null;

-- name: text
-- In a child room, which has no opening, the same text is not kept again.
insert into breakout_texts
select tenant, room, opening, $3::int, $4::bigint, $5, $6
from breakout_openings where tenant = $1 and room = $2 and closed_at is null;

-- name: become_child
insert into breakout_children (tenant, room, opening, parent, session, grp, group_name, opened_at)
values ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: close_child
update breakout_children set closed_at = $4 where tenant = $1 and room = $2 and opening = $3;

-- name: openings
select opening as id, opened_at, ends_at, closed_at, free_choice, carry
from read.breakout_openings where tenant = $1 and room = $2 and session = $3
order by opened_at, opening;

-- name: groups
select g.opening, g.grp as id, g.name, g.child
from read.breakout_groups g
join read.breakout_openings o on o.tenant = g.tenant and o.room = g.room and o.opening = g.opening
where o.tenant = $1 and o.room = $2 and o.session = $3
order by g.opening, g.position;

-- name: places
select p.opening, p.grp as group, p.participant, coalesce(n.display_name, '') as display_name, p.since, p.until
from read.breakout_places p
join read.breakout_openings o on o.tenant = p.tenant and o.room = p.room and o.opening = p.opening
left join read.people n on n.tenant = p.tenant and n.room = p.room and n.participant = p.participant
where o.tenant = $1 and o.room = $2 and o.session = $3
order by p.since_seq, p.participant;

-- name: visits
select v.opening, v.grp as group, v.participant, coalesce(n.display_name, '') as display_name, v.mode,
       v.since, v.until
from read.breakout_visits v
join read.breakout_openings o on o.tenant = v.tenant and o.room = v.room and o.opening = v.opening
left join read.people n on n.tenant = v.tenant and n.room = v.room and n.participant = v.participant
where o.tenant = $1 and o.room = $2 and o.session = $3
order by v.since_seq;

-- name: calls
select c.opening, c.grp as group, c.number, c.called_at, c.ended_at, c.answered
from read.breakout_calls c
join read.breakout_openings o on o.tenant = c.tenant and o.room = c.room and o.opening = c.opening
where o.tenant = $1 and o.room = $2 and o.session = $3
order by c.called_at, c.grp, c.number;

-- name: texts
select t.opening, t.number, t.at, t.text, t.participant, coalesce(n.display_name, '') as display_name
from read.breakout_texts t
join read.breakout_openings o on o.tenant = t.tenant and o.room = t.room and o.opening = t.opening
left join read.people n on n.tenant = t.tenant and n.room = t.room and n.participant = t.participant
where o.tenant = $1 and o.room = $2 and o.session = $3
order by t.opening, t.number;

-- name: attendance
-- The same people have other ids in each room; what they share is the person.
select c.opening, c.grp as group, c.group_name, c.room as child, n.participant, a.display_name, a.role,
       a.joined_at, a.left_at, a.connected_ms
from read.breakout_children c
join (
    select tenant, room, person, display_name, role, joined_at, left_at, connected_ms from read.attendance
    union all
    select tenant, room, person, display_name, role, joined_at, null,
           (select coalesce(sum(u - f), 0)::bigint
            from unnest(connected_from[1:cardinality(connected_to)], connected_to) as i (f, u))
    from read.roster
) a on a.tenant = c.tenant and a.room = c.room and a.joined_at >= c.opened_at
    and (c.closed_at is null or a.joined_at <= c.closed_at)
left join read.people n on n.tenant = c.tenant and n.room = c.parent and n.person = a.person
where c.tenant = $1 and c.parent = $2 and c.session = $3
order by a.joined_at, c.room, a.display_name;
