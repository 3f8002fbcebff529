-- Questions, their votes and answers. A question is visible when the class sees it; staff find all.

-- name: tables
create table if not exists questions (
    tenant       text    not null,
    room         text    not null,
    question     text    not null,
    session      text    not null,
    asked_at     bigint  not null,
    text         text    not null,
    anonymous    boolean not null,
    participant  text,
    display_name text    not null,
    status       text    not null,
    visible      boolean not null,
    votes        integer not null,
    answer       text    not null,
    moment_at    bigint,
    moment_seq   bigint,
    answered_at  bigint,
    reason       text    not null,
    merged_into  text,
    primary key (tenant, room, question)
);
create index if not exists questions_session on questions (tenant, room, session);
create table if not exists question_votes (
    tenant      text not null,
    room        text not null,
    question    text not null,
    participant text not null,
    primary key (tenant, room, question, participant)
);

-- name: ask
-- A question that comes back is told again: it begins anew, with its author's vote.
insert into questions values
    ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'waiting', false, 1, '', null, null, null, '', null)
on conflict (tenant, room, question) do update
set status = 'waiting', participant = excluded.participant, display_name = excluded.display_name,
    visible = false, votes = 1, reason = '';

-- name: open
-- Of an anonymous question the author is known already, and is not in this fact.
insert into questions values
    ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'open', true, 1, '', null, null, null, '', null)
on conflict (tenant, room, question) do update
set status = 'open', visible = true, votes = 1, reason = '';

-- name: edit
update questions set text = $4 where tenant = $1 and room = $2 and question = $3;

-- name: withdraw
update questions set status = 'withdrawn', visible = false
where tenant = $1 and room = $2 and question = $3;

-- name: vote
insert into question_votes values ($1, $2, $3, $4)
on conflict (tenant, room, question, participant) do nothing;

-- name: take_vote_back
delete from question_votes where tenant = $1 and room = $2 and question = $3 and participant = $4;

-- name: count
update questions set votes = $4 where tenant = $1 and room = $2 and question = $3;

-- name: start
update questions set status = 'answering', moment_at = $4, moment_seq = $5
where tenant = $1 and room = $2 and question = $3;

-- name: answer
update questions
set status = 'answered', answer = $4, answered_at = coalesce(answered_at, $5),
    moment_at = coalesce(moment_at, $5), moment_seq = coalesce(moment_seq, $6)
where tenant = $1 and room = $2 and question = $3;

-- name: dismiss
update questions
set status = 'dismissed', reason = $4, votes = 1, moment_at = null, moment_seq = null
where tenant = $1 and room = $2 and question = $3;

-- name: forget_votes
delete from question_votes where tenant = $1 and room = $2 and question = $3;

-- name: hide
update questions set visible = false where tenant = $1 and room = $2 and question = $3;

-- name: reopen
update questions
set status = 'open', answer = '', answered_at = null, moment_at = null, moment_seq = null
where tenant = $1 and room = $2 and question = $3;

-- name: gather_votes
-- Who asked the same, or voted for it, has voted for what it is part of now.
insert into question_votes
select $1, $2, $3, participant
from (select participant from question_votes
      where tenant = $1 and room = $2 and question = any ($4::text[])
      union
      select participant from questions
      where tenant = $1 and room = $2 and question = any ($4::text[]) and participant is not null) as voters
where participant is distinct from
      (select participant from questions where tenant = $1 and room = $2 and question = $3)
on conflict (tenant, room, question, participant) do nothing;

-- name: merge
update questions set status = 'merged', merged_into = $3
where tenant = $1 and room = $2 and question = any ($4::text[]);

-- name: rename
update questions set display_name = $4 where tenant = $1 and room = $2 and participant = $3;

-- name: end
-- What was being answered aloud when the class ended is answered.
update questions set status = 'answered', answered_at = $4
where tenant = $1 and room = $2 and session = $3 and status = 'answering';

-- name: of_session
select q.question as id, q.asked_at, q.text, q.anonymous, q.participant, q.display_name, q.status,
       q.visible, q.votes, q.answer, q.moment_at, q.moment_seq, q.answered_at, q.reason, q.merged_into,
       exists (select from read.question_votes v
               where v.tenant = q.tenant and v.room = q.room and v.question = q.question
                 and v.participant = $4) as voted
from read.questions q
where q.tenant = $1 and q.room = $2 and q.session = $3
order by q.asked_at, q.question;
