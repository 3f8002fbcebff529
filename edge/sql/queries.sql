-- Each query is one statement under a `-- name:` line; `edge.queries` reads this file.

-- name: tenants
select id from identity.tenant order by id;

-- name: ensure_tenant
-- Makes a tenant or renames it.
insert into identity.tenant (id, title, created_at) values ($1, $2, $3)
on conflict (id) do update set title = excluded.title;

-- name: ensure_person
-- Makes a user or brings name and capabilities of the one with this e-mail address up to date.
insert into identity.person (id, tenant, email, display_name, capabilities, created_at)
values ($1, $2, $3, $4, $5, $6)
on conflict (email) do update
    set display_name = excluded.display_name, capabilities = excluded.capabilities
    where identity.person.tenant = excluded.tenant
returning id, tenant, display_name, capabilities;

-- name: set_password
insert into identity.credential (person, password_hash, changed_at) values ($1, $2, $3)
on conflict (person) do update set password_hash = excluded.password_hash, changed_at = excluded.changed_at;

-- name: person_with_password
select p.id, p.tenant, p.display_name, p.capabilities, c.password_hash
from identity.person p join identity.credential c on c.person = p.id
where p.email = $1 and p.disabled_at is null;

-- name: add_sign_in_link
insert into identity.sign_in_link (hash, person, expires_at) values ($1, $2, $3);

-- name: take_sign_in_link
-- Uses a link up; of two at once only one gets a row.
update identity.sign_in_link l set used_at = $2
from identity.person p
where l.hash = $1 and l.used_at is null and l.expires_at > $2
  and p.id = l.person and p.disabled_at is null
returning p.id, p.tenant, p.display_name, p.capabilities;

-- name: add_guest_link
-- The same link again (a repeated request) stays as it is.
insert into identity.guest_link
    (id, hash, tenant, room, created_by, created_at, expires_at, max_uses, passcode_hash, admits)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (id) do update set id = excluded.id
returning expires_at;

-- name: guest_links
select id, created_by, created_at, expires_at, max_uses, uses,
       passcode_hash is not null as has_passcode, admits
from identity.guest_link
where tenant = $1 and room = $2 and revoked_at is null and expires_at > $3
order by created_at desc, id limit $4;

-- name: count_guest_links
select count(*) from identity.guest_link
where tenant = $1 and room = $2 and revoked_at is null and expires_at > $3;

-- name: revoke_guest_link
update identity.guest_link set revoked_at = $4
where id = $1 and tenant = $2 and room = $3 and revoked_at is null
returning id;

-- name: revoke_logins_of_link
-- Whoever came in by a revoked link is signed out with it.
update identity.login l set revoked_at = $2, revoked_reason = 'guest_link_revoked'
from identity.guest g
where g.link = $1 and l.guest = g.id and l.revoked_at is null
returning l.id;

-- name: find_guest_link
-- A link that works, before a use of it is counted.
select id, passcode_hash from identity.guest_link
where hash = $1 and revoked_at is null and expires_at > $2 and (max_uses is null or uses < max_uses);

-- name: take_guest_link
-- Counts one use of a link, if it has one left.
update identity.guest_link set uses = uses + 1
where hash = $1 and revoked_at is null and expires_at > $2 and (max_uses is null or uses < max_uses)
returning id, tenant, room, admits;

-- name: add_guest
insert into identity.guest (id, tenant, room, link, display_name, created_at, admitted)
values ($1, $2, $3, $4, $5, $6, $7);

-- name: add_login
insert into identity.login (id, person, guest, created_at, expires_at, method, address, device, agent)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: add_refresh
insert into identity.refresh (hash, login, issued_at) values ($1, $2, $3);

-- name: lock_refresh
-- Locks the whole family, so that two tabs are served one after the other.
select r.used_at, l.id as login, l.expires_at, l.revoked_at, coalesce(l.used_at, l.created_at) as seen_at,
       p.id as person, p.tenant, p.display_name, p.capabilities, p.disabled_at,
       g.id as guest, g.tenant as guest_tenant, g.display_name as guest_name, g.room, g.admitted
from identity.refresh r
join identity.login l on l.id = r.login
left join identity.person p on p.id = l.person
left join identity.guest g on g.id = l.guest
where r.hash = $1
for update of l;

-- name: use_refresh
update identity.refresh set used_at = $2 where hash = $1;

-- name: forget_logins
-- A family's used tokens are kept as long as the family: reuse of any of them must be seen.
delete from identity.login where expires_at < $1;

-- name: forget_sign_in_links
delete from identity.sign_in_link where expires_at < $1;

-- name: revoke_login
update identity.login set revoked_at = $2, revoked_reason = $3
where id = $1 and revoked_at is null
returning id;

-- name: disable_person
update identity.person set disabled_at = coalesce(disabled_at, $2) where id = $1 returning id;

-- name: revoke_logins_of_person
update identity.login set revoked_at = $2, revoked_reason = 'disabled'
where person = $1 and revoked_at is null
returning id;

-- name: revoked_since
-- An API key is a login too, for those who ask by it.
select id from (select id, revoked_at from identity.login
                union all select id, revoked_at from identity.api_key) as ended
where revoked_at > $1 order by revoked_at desc limit $2;

-- name: notify_revoked
-- Every edge process listens and closes the sockets of this login.
select pg_notify('identity_login_revoked', $1);

-- name: add_media_link
insert into identity.media_link values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: forget_media_links
delete from identity.media_link where at < $1;

-- name: add_media_read
-- A link that is forgotten meanwhile has no readings either.
insert into identity.media_read select id, $2, $3, $4 from identity.media_link where id = $1;

-- name: list_media_links
select l.id, l.recording, l.artifact, l.person, l.name, l.at, l.expires_at, count(r.at) as reads,
       max(r.at) as last_read_at, coalesce(sum(r.until_byte - r.since_byte), 0)::bigint as bytes
from identity.media_link l
left join identity.media_read r on r.link = l.id
where l.tenant = $1 and l.room = $2 and l.recording = $3 and ($4::bigint is null or l.at < $4::bigint)
group by l.id
order by l.at desc, l.id
limit $5;

-- name: begin_webhook_position
-- The first start follows from now on.
insert into identity.webhook_position (stream_seq) values ($1) on conflict do nothing;

-- name: webhook_position
select stream_seq from identity.webhook_position;

-- name: lock_webhook_position
select stream_seq from identity.webhook_position for update;

-- name: advance_webhook_position
update identity.webhook_position set stream_seq = $1;

-- name: webhooks_of_tenants
select id, tenant, kinds, state, after_seq, last_sequence from identity.webhook
where tenant = any($1::text[]) order by id for update;

-- name: add_webhook_delivery
insert into identity.webhook_delivery (id, webhook, sequence, tenant, room, kind, at, body, status)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: count_webhook_deliveries
-- Counts on from what was sent.
update identity.webhook set last_sequence = $2 where id = $1;

-- name: take_unqueued_deliveries
-- Those without a job, and those whose job has not been heard of for too long. Edges do not wait for
-- each other.
select id, tenant, room, round from identity.webhook_delivery
where status = 'pending' and (queued_at is null or queued_at < $1)
order by queued_at nulls first, at, id limit $2
for update skip locked;

-- name: mark_queued_deliveries
update identity.webhook_delivery set queued_at = $2 where id = any($1::text[]);

-- name: forget_webhook_deliveries
delete from identity.webhook_delivery where at < $1;

-- name: count_webhooks
select count(*) from identity.webhook where tenant = $1;

-- name: lock_tenant
select id from identity.tenant where id = $1 for update;

-- name: add_webhook
insert into identity.webhook
    (id, tenant, url, description, kinds, state, created_by, created_at, after_seq)
values ($1, $2, $3, $4, $5, 'active', $6, $7, $8)
on conflict (id) do nothing;

-- name: webhooks
select id, url, description, kinds, state, reason, created_by, created_at, last_sequence, failing_since,
       secret_version, old_secret_until
from identity.webhook
where tenant = $1 and ($2::text is null or id = $2) order by created_at, id;

-- name: change_webhook
-- Whoever switches it on again begins with a clean slate.
update identity.webhook
set url = coalesce($3, url), description = coalesce($4, description), kinds = coalesce($5, kinds),
    state = coalesce($6, state),
    reason = case when $6::text is null then reason else '' end,
    failing_since = case when $6::text is null then failing_since else null end
where tenant = $1 and id = $2
returning id;

-- name: delete_webhook
delete from identity.webhook where tenant = $1 and id = $2 returning id;

-- name: rotate_webhook_secret
update identity.webhook set secret_version = secret_version + 1, old_secret_until = $4
where tenant = $1 and id = $2 and secret_version = $3
returning secret_version;

-- name: webhook_deliveries
select d.id, d.sequence, d.room, d.kind, d.at, d.status, d.round, d.attempts, d.attempted_at, d.answer, d.error
from identity.webhook_delivery d join identity.webhook w on w.id = d.webhook
where w.tenant = $1 and w.id = $2 and ($3::bigint is null or d.sequence < $3)
  and ($4::text is null or d.status = $4)
order by d.sequence desc limit $5;

-- name: redeliver_webhook
-- Begins again with one delivery, or with all beyond a sequence, or since a time.
update identity.webhook_delivery d
set status = 'pending', round = d.round + 1, queued_at = null, attempts = 0
from identity.webhook w
where w.id = d.webhook and w.tenant = $1 and w.id = $2 and w.state = 'active'
  and ($3::text is null or d.id = $3)
  and ($4::bigint is null or d.sequence > $4)
  and ($5::bigint is null or d.at >= $5)
returning d.id;

-- name: prepare_delivery
select d.body, d.status, w.id as webhook, w.url, w.state, w.secret_version, w.old_secret_until
from identity.webhook_delivery d join identity.webhook w on w.id = d.webhook
where d.id = $1 and w.tenant = $2;

-- name: hold_delivery
update identity.webhook_delivery set status = 'held' where id = $1 and status = 'pending';

-- name: report_delivery
update identity.webhook_delivery
set status = case when $3 then 'delivered' when $4 then 'dead' else status end,
    attempts = attempts + 1, attempted_at = $5, answer = $6, error = $7
where id = $1 and tenant = $2
returning webhook;

-- name: webhook_succeeded
update identity.webhook set failing_since = null where id = $1;

-- name: webhook_failed
-- One that has failed for too long, or says that it is gone, is switched off.
update identity.webhook
set failing_since = coalesce(failing_since, $2),
    state = case when state = 'active' and ($4 or coalesce(failing_since, $2) < $3) then 'disabled'
            else state end,
    reason = case when state = 'active' and $4 then 'gone'
             when state = 'active' and coalesce(failing_since, $2) < $3 then 'failing' else reason end
where id = $1
returning state;

-- name: policy
select version, policy::text as policy from identity.policy where tenant = $1;

-- name: decide_policy
insert into identity.policy as known (tenant, version, policy, changed_by, changed_at)
select $1, 1, $2::jsonb, $3, $4
where $5::bigint is null or $5 = 0 or exists (select 1 from identity.policy where tenant = $1)
on conflict (tenant) do update
set version = known.version + 1, policy = excluded.policy,
    changed_by = excluded.changed_by, changed_at = excluded.changed_at
where $5::bigint is null or known.version = $5
returning version, policy::text as policy;

-- name: names
select id, display_name from identity.person where tenant = $1 and id = any($2::text[]);
