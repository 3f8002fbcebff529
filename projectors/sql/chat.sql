-- Messages, for ever; the aggregate keeps only the latest.

-- name: tables
create table if not exists messages (
    tenant       text   not null,
    room         text   not null,
    seq          bigint not null,
    message      text   not null,
    at           bigint not null,
    participant  text   not null,
    display_name text   not null,
    text         text   not null,
    primary key (tenant, room, seq)
);

-- name: post
insert into messages values ($1, $2, $3, $4, $5, $6, $7, $8);
