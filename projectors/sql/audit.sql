-- The audit trail: who changed what about whom, before and after. One row per decision, never changed.

-- name: tables
create table if not exists audit (
    tenant            text   not null,
    room              text   not null,
    seq               bigint not null,
    at                bigint not null,
    action            text   not null,
    actor_kind        text   not null,
    actor             text   not null,
    actor_participant text,
    participant       text,
    about             text   not null,
    before            text,
    after             text,
    primary key (tenant, room, seq)
);
create index if not exists audit_participant on audit (tenant, room, participant, seq);

-- name: add
insert into audit values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: page
-- The latest first. A person's are those in which they decided and those about them.
select a.seq, a.at, a.action, a.actor_kind, a.actor, a.actor_participant, by.display_name as actor_name,
       a.participant, whom.display_name, a.about, a.before, a.after
from read.audit a
left join read.people by
    on by.tenant = a.tenant and by.room = a.room and by.participant = a.actor_participant
left join read.people whom
    on whom.tenant = a.tenant and whom.room = a.room and whom.participant = a.participant
where a.tenant = $1 and a.room = $2
  and ($3::bigint is null or a.seq < $3::bigint)
  and ($4::text is null or $4 in (a.participant, a.actor_participant))
order by a.seq desc
limit $5;
