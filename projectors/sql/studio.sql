-- What was before everybody's eyes when.

-- name: tables
create table if not exists decks (
    tenant   text    not null,
    room     text    not null,
    deck     text    not null,
    title    text    not null,
    pages    int     not null,
    file     text    not null,
    added_at bigint  not null,
    removed  boolean not null,
    primary key (tenant, room, deck)
);
create table if not exists scenes (
    tenant  text    not null,
    room    text    not null,
    scene   text    not null,
    title   text    not null,
    layout  text    not null,
    removed boolean not null,
    primary key (tenant, room, scene)
);
create table if not exists stage (
    tenant text   not null,
    room   text   not null,
    what   text   not null,
    seq    bigint not null,
    at     bigint not null,
    thing  text,
    page   text,
    title  text,
    primary key (tenant, room, what, seq)
);

-- name: add_deck
insert into decks values ($1, $2, $3, $4, $5, $6, $7, false)
on conflict (tenant, room, deck) do update
set title = excluded.title, pages = excluded.pages, file = excluded.file, added_at = excluded.added_at,
    removed = false;

-- name: remove_deck
update decks set removed = true where tenant = $1 and room = $2 and deck = $3;

-- name: save_scene
insert into scenes values ($1, $2, $3, $4, $5, false)
on conflict (tenant, room, scene) do update
set title = excluded.title, layout = excluded.layout, removed = false;

-- name: remove_scene
update scenes set removed = true where tenant = $1 and room = $2 and scene = $3;

-- name: show
-- From now on `what` (scene, slides, board, call) shows this; null: nothing.
insert into stage values ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: gone
-- What is gone from the room (with $7: a page of it) is no longer shown, if it was.
insert into stage
select $1, $2, $3, $4, $5, case when $7::text is null then null else $6::text end
from (
    select thing, page from stage where tenant = $1 and room = $2 and what = $3 order by seq desc limit 1
) shown
where thing = $6 and ($7::text is null or page = $7);

-- name: end_call
insert into stage
select $1, $2, 'call', $3, $4
from (
    select thing from stage where tenant = $1 and room = $2 and what = 'call' order by seq desc limit 1
) shown
where thing is not null;

-- name: stage
-- What was on stage already when the class began stands first, with the time at which it came there.
with class as (
    select started_at, coalesce(ended_at, 9223372036854775807) as ended_at from read.sessions
    where tenant = $1 and room = $2 and session = $3 and started_at is not null
), earlier as (
    select distinct on (what) s.* from read.stage s, class c
    where s.tenant = $1 and s.room = $2 and s.at < c.started_at
    order by what, seq desc
), seen as (
    select s.* from read.stage s, class c
    where s.tenant = $1 and s.room = $2 and s.at between c.started_at and c.ended_at
)
select s.seq, s.at, s.what, s.thing, s.page, coalesce(s.title, d.title, n.title, '') as title
from (select * from earlier where thing is not null union all select * from seen) s
left join read.decks d on s.what = 'slides' and (d.tenant, d.room, d.deck) = (s.tenant, s.room, s.thing)
left join read.scenes n on s.what = 'scene' and (n.tenant, n.room, n.scene) = (s.tenant, s.room, s.thing)
where $4::bigint is null or s.seq > $4
order by s.seq, s.what
limit $5;
