-- Who did what in which five minutes of a class. Acts that are nobody's have no participant ('').

-- name: tables
create table if not exists engagement_session (
    tenant  text not null,
    room    text not null,
    session text not null,
    primary key (tenant, room)
);
create table if not exists engagement (
    tenant      text   not null,
    room        text   not null,
    session     text   not null,
    step        bigint not null,
    participant text   not null,
    hands       int    not null,
    messages    int    not null,
    questions   int    not null,
    answers     int    not null,
    reactions   int    not null,
    drawings    int    not null,
    primary key (tenant, room, session, step, participant)
);

-- name: open_session
insert into engagement_session values ($1, $2, $3)
on conflict (tenant, room) do update set session = excluded.session;

-- name: close_session
delete from engagement_session where tenant = $1 and room = $2;

-- name: act
insert into engagement
select tenant, room, session, $3::bigint, $4::text, $5::int, $6::int, $7::int, $8::int, $9::int, $10::int
from engagement_session where tenant = $1 and room = $2
on conflict (tenant, room, session, step, participant) do update
set hands = engagement.hands + excluded.hands, messages = engagement.messages + excluded.messages,
    questions = engagement.questions + excluded.questions, answers = engagement.answers + excluded.answers,
    reactions = engagement.reactions + excluded.reactions, drawings = engagement.drawings + excluded.drawings;

-- name: steps
-- Of these classes, in order of time.
select session, step, participant, hands, messages, questions, answers, reactions, drawings
from read.engagement
where tenant = $1 and room = $2 and session = any ($3::text[])
order by session, step, participant;

-- name: sessions
-- Classes that began in [$3, $4), or the one named; the latest first.
select session as id, title, started_at, ended_at
from read.sessions
where tenant = $1 and room = $2 and started_at >= $3 and started_at < $4 and ($5::text is null or session = $5)
order by started_at desc, session
limit $6;

-- name: presence
-- Participations in these classes; what is not over has no end.
select session, participant, display_name, role, connected_from, connected_to,
       microphone_ms, camera_ms, screen_ms
from read.attendance
where tenant = $1 and room = $2 and session = any ($3::text[])
union all
select r.session, r.participant, r.display_name, r.role, r.connected_from, r.connected_to,
       coalesce(sum(o.until - o.since) filter (where o.source = 'microphone'), 0)::bigint,
       coalesce(sum(o.until - o.since) filter (where o.source = 'camera'), 0)::bigint,
       coalesce(sum(o.until - o.since) filter (where o.source = 'screen'), 0)::bigint
from read.roster r
left join read.roster_media o
    on o.tenant = r.tenant and o.room = r.room and o.participant = r.participant and o.since >= r.joined_at
where r.tenant = $1 and r.room = $2 and r.session = any ($3::text[])
group by r.tenant, r.room, r.participant
order by session, participant, connected_from;
