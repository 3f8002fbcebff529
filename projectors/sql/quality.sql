-- How good people's lines were, as the media nodes measured it: one row per report.

-- name: tables
create table if not exists quality (
    tenant        text             not null,
    room          text             not null,
    seq           bigint           not null,
    session       text             not null,
    participant   text             not null,
    at            bigint           not null,
    samples       int              not null,
    rtt_ms        double precision,
    rtt_ms_worst  double precision,
    up            text,
    down          text,
    primary key (tenant, room, seq)
);
create index if not exists quality_session on quality (tenant, room, session);

-- name: report
insert into quality values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: of_session
-- In the order in which they came in; names are those last used in the room.
select q.participant, coalesce(p.display_name, '') as display_name, q.at, q.samples, q.rtt_ms, q.rtt_ms_worst,
       q.up, q.down
from read.quality q
left join read.people p on p.tenant = q.tenant and p.room = q.room and p.participant = q.participant
where q.tenant = $1 and q.room = $2 and q.session = $3 and ($4::text is null or q.participant = $4)
order by q.seq
limit $5;
