-- Polls with all their answers, for ever; the aggregate keeps counts, and sheets while a class runs.
-- An anonymous answer has an alias as its voter and no participant.

-- name: tables
create table if not exists polls (
    tenant     text    not null,
    room       text    not null,
    poll       text    not null,
    title      text    not null,
    items      text    not null,
    anonymous  boolean not null,
    status     text    not null,
    published  boolean not null,
    answered   int     not null,
    created_at bigint  not null,
    session    text,
    opened_at  bigint,
    closed_at  bigint,
    primary key (tenant, room, poll)
);
create table if not exists poll_answers (
    tenant      text   not null,
    room        text   not null,
    poll        text   not null,
    voter       text   not null,
    participant text,
    answers     text   not null,
    at          bigint not null,
    primary key (tenant, room, poll, voter)
);

-- name: create
insert into polls (tenant, room, poll, title, items, anonymous, status, published, answered, created_at)
values ($1, $2, $3, $4, $5, $6, 'draft', false, 0, $7);

-- name: edit
update polls set title = $4, items = $5, anonymous = $6 where tenant = $1 and room = $2 and poll = $3;

-- name: delete
delete from polls where tenant = $1 and room = $2 and poll = $3;

-- name: delete_answers
delete from poll_answers where tenant = $1 and room = $2 and poll = $3;

-- name: shelve
update polls set status = 'shelved' where tenant = $1 and room = $2 and poll = $3;

-- name: open
update polls set status = 'open', session = $4, opened_at = $5
where tenant = $1 and room = $2 and poll = $3;

-- name: answer
insert into poll_answers values ($1, $2, $3, $4, $5, $6, $7)
on conflict (tenant, room, poll, voter) do update set answers = excluded.answers, at = excluded.at;

-- name: count
update polls set answered = $4 where tenant = $1 and room = $2 and poll = $3;

-- name: close
update polls set status = 'closed', closed_at = $4 where tenant = $1 and room = $2 and poll = $3;

-- name: reopen
update polls set status = 'open', closed_at = null where tenant = $1 and room = $2 and poll = $3;

-- name: close_all
update polls set status = 'closed', closed_at = $3 where tenant = $1 and room = $2 and status = 'open';

-- name: publish
update polls set published = true where tenant = $1 and room = $2 and poll = $3;

-- name: redact
-- What a removed person chose still counts; name and words go.
update poll_answers a
set voter = $4, participant = null, answers = (
    select jsonb_agg(e || '{"text": ""}' order by n)::text
    from jsonb_array_elements(a.answers::jsonb) with ordinality as every (e, n)
)
where a.tenant = $1 and a.room = $2 and a.participant = $3;

-- name: list
-- Read by the edge: the polls of a room, the latest first; drafts only if asked for.
select poll as id, title, items, anonymous, case when status = 'shelved' then 'closed' else status end as status,
       published, answered, created_at, session, opened_at, closed_at
from read.polls
where tenant = $1 and room = $2 and ($3::text is null or poll = $3) and ($4 or status <> 'draft')
order by coalesce(opened_at, created_at) desc, poll
limit $5;

-- name: answers
-- Read by the edge: every answer to a poll, with the name of its author where there is one. In an order
-- that says nothing about who was first.
select a.participant, p.display_name, a.answers
from read.poll_answers a
left join read.people p on p.tenant = a.tenant and p.room = a.room and p.participant = a.participant
where a.tenant = $1 and a.room = $2 and a.poll = $3
order by p.display_name, a.voter;
