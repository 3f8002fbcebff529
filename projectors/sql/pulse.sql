-- The pulse of a class: how often which signal was sent, per slide and ten seconds. Never by whom.

-- name: tables
create table if not exists pulse (
    tenant   text   not null,
    room     text   not null,
    session  text   not null,
    slide    text   not null,
    at       bigint not null,
    lost     int    not null,
    too_fast int    not null,
    fine     int    not null,
    primary key (tenant, room, session, slide, at)
);

-- name: add
insert into pulse values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (tenant, room, session, slide, at) do update
set lost = pulse.lost + excluded.lost, too_fast = pulse.too_fast + excluded.too_fast,
    fine = pulse.fine + excluded.fine;

-- name: curve
-- Read by the edge.
select slide, at, lost, too_fast, fine
from read.pulse
where tenant = $1 and room = $2 and session = $3
order by at, slide;
