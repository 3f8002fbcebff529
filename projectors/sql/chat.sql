-- Messages, for ever; the aggregate keeps only the latest. `addressee` is everyone, staff or one
-- participant. A held message gets the seq of its approval; the text of a deleted one is gone.

-- name: tables
create table if not exists messages (
    tenant       text    not null,
    room         text    not null,
    seq          bigint  not null,
    message      text    not null,
    at           bigint  not null,
    participant  text    not null,
    display_name text    not null,
    text         text    not null,
    format       text    not null,
    addressee    text    not null,
    reply_to     text,
    held         boolean not null,
    rejected     boolean not null default false,
    pinned       boolean not null default false,
    edited_at    bigint,
    deleted_at   bigint,
    primary key (tenant, room, seq)
);
create index if not exists messages_message on messages (tenant, room, message);
create table if not exists message_reactions (
    tenant      text   not null,
    room        text   not null,
    message     text   not null,
    participant text   not null,
    reaction    text   not null,
    seq         bigint not null,
    primary key (tenant, room, message, participant)
);

-- name: hold
insert into messages
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, true);

-- name: post
with approved as (delete from messages where tenant = $1 and room = $2 and message = $4 and held)
insert into messages
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, false);

-- name: reject
update messages set rejected = true where tenant = $1 and room = $2 and message = $3 and held;

-- name: edit
update messages set text = $4, edited_at = $5
where tenant = $1 and room = $2 and message = $3 and deleted_at is null;

-- name: delete
update messages set text = '', pinned = false, deleted_at = $4
where tenant = $1 and room = $2 and message = $3 and deleted_at is null;

-- name: rename
update messages set display_name = $4 where tenant = $1 and room = $2 and participant = $3;

-- name: pin
update messages set pinned = $4 where tenant = $1 and room = $2 and message = $3;

-- name: react
insert into message_reactions values ($1, $2, $3, $4, $5, $6)
on conflict (tenant, room, message, participant)
do update set reaction = excluded.reaction, seq = excluded.seq;

-- name: unreact
delete from message_reactions where tenant = $1 and room = $2 and message = $3 and participant = $4;

-- name: history
select m.message as id, m.seq, m.at, m.participant, m.display_name, m.text, m.format, m.addressee as to,
       m.reply_to, m.edited_at, m.deleted_at, m.pinned, m.held, m.rejected,
       (select coalesce(json_agg(json_build_object('reaction', f.reaction, 'count', f.count)
                                 order by f.first_seq), '[]')
        from (select reaction, count(*) as count, min(seq) as first_seq from read.message_reactions
              where tenant = m.tenant and room = m.room and message = m.message and m.deleted_at is null
              group by reaction) f)::text as reactions
from read.messages m
where m.tenant = $1 and m.room = $2 and ($3::bigint is null or m.seq < $3::bigint)
  and (m.participant = $5
       or ($6 and (m.held or m.addressee = 'staff'))
       or (not m.held and m.addressee in ('everyone', $5)))
order by m.seq desc
limit $4;
