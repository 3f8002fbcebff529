-- How often each reaction was shown in each class.

-- name: tables
create table if not exists floor_session (
    tenant  text not null,
    room    text not null,
    session text not null,
    primary key (tenant, room)
);
create table if not exists reactions (
    tenant   text   not null,
    room     text   not null,
    session  text   not null,
    reaction text   not null,
    count    bigint not null,
    primary key (tenant, room, session, reaction)
);

-- name: open_session
insert into floor_session values ($1, $2, $3)
on conflict (tenant, room) do update set session = excluded.session;

-- name: count
insert into reactions
select tenant, room, session, $3::text, 1 from floor_session where tenant = $1 and room = $2
on conflict (tenant, room, session, reaction) do update set count = reactions.count + 1;

-- name: totals
select reaction, count from read.reactions
where tenant = $1 and room = $2 and session = $3
order by count desc, reaction;
