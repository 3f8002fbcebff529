-- Who agreed to being recorded, and what was redacted.

-- name: tables
create table if not exists recording_consents (
    tenant      text    not null,
    room        text    not null,
    recording   text    not null,
    participant text    not null,
    answer      text    not null default 'unanswered',
    answered_at bigint,
    left_out    boolean not null default false,
    primary key (tenant, room, recording, participant)
);
create table if not exists redactions (
    tenant      text   not null,
    room        text   not null,
    redaction   text   not null,
    what        text   not null,
    participant text,
    recordings  text[] not null,
    since_ms    bigint not null,
    until_ms    bigint not null,
    message     text,
    reason      text   not null default '',
    by          text,
    at          bigint not null,
    seq         bigint not null,
    primary key (tenant, room, redaction)
);

-- name: answer
insert into recording_consents (tenant, room, recording, participant, answer, answered_at)
values ($1, $2, $3, $4, $5, $6)
on conflict (tenant, room, recording, participant) do update
set answer = excluded.answer, answered_at = excluded.answered_at;

-- name: leave_out
insert into recording_consents (tenant, room, recording, participant, left_out)
values ($1, $2, $3, $4, $5)
on conflict (tenant, room, recording, participant) do update set left_out = excluded.left_out;

-- name: redact
insert into redactions (tenant, room, redaction, what, participant, recordings, since_ms, until_ms, message,
                        by, at, seq)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: explain
update redactions set reason = $4 where tenant = $1 and room = $2 and redaction = $3;

-- name: consents
select c.participant, coalesce(p.display_name, '') as display_name, c.answer, c.answered_at, c.left_out
from read.recording_consents c
left join read.people p on p.tenant = c.tenant and p.room = c.room and p.participant = c.participant
where c.tenant = $1 and c.room = $2 and c.recording = $3
order by c.participant;

-- name: redactions
select r.redaction as id, r.what, r.participant, r.recordings, r.since_ms, r.until_ms, r.message, r.reason,
       r.by, r.at, r.seq
from read.redactions r
where r.tenant = $1 and r.room = $2 and ($3::bigint is null or r.seq < $3::bigint)
order by r.seq desc
limit $4;
