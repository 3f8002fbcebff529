-- The statements of accounts: tenants, users, letters, providers, keys. As in queries.sql.

-- name: tenant
select t.id, t.title, t.created_at,
       coalesce((select array_agg(d.domain order by d.domain) from identity.tenant_domain d
                 where d.tenant = t.id), '{}') as domains
from identity.tenant t where t.id = $1;

-- name: rename_tenant
update identity.tenant set title = $2 where id = $1 returning id;

-- name: add_tenant_domain
-- One domain is one tenant's.
insert into identity.tenant_domain as known (domain, tenant, created_at) values ($1, $2, $3)
on conflict (domain) do update set tenant = excluded.tenant where known.tenant = excluded.tenant
returning domain;

-- name: users
select p.id, p.email, p.display_name, p.capabilities, p.created_at, p.disabled_at,
       p.email_verified_at is not null as email_verified,
       exists (select from identity.credential c where c.person = p.id) as has_password
from identity.person p
where p.tenant = $1 and ($2::bigint is null or (p.created_at, p.id) < ($2::bigint, $3::text))
  and ($4::text is null or p.email like $4::text or lower(p.display_name) like $4::text)
order by p.created_at desc, p.id desc limit $5;

-- name: user
select p.id, p.email, p.display_name, p.capabilities, p.created_at, p.disabled_at,
       p.email_verified_at is not null as email_verified,
       exists (select from identity.credential c where c.person = p.id) as has_password
from identity.person p where p.tenant = $1 and p.id = $2;

-- name: add_person
insert into identity.person (id, tenant, email, display_name, capabilities, created_at, email_verified_at)
values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing returning id;

-- name: change_person
update identity.person
set display_name = coalesce($3, display_name), capabilities = coalesce($4, capabilities)
where tenant = $1 and id = $2 returning id;

-- name: enable_person
update identity.person set disabled_at = null where tenant = $1 and id = $2 returning id;

-- name: lock_administrators
-- Two that take each other's office away wait for each other.
select id from identity.person
where tenant = $1 and 'administer' = any(capabilities) and disabled_at is null
order by id for update;

-- name: person_with_email
select p.id, p.tenant, p.email, p.display_name, p.capabilities, p.disabled_at, p.email_verified_at, t.title
from identity.person p join identity.tenant t on t.id = p.tenant where p.email = $1;

-- name: person_with_id
select p.id, p.tenant, p.email, p.display_name, p.capabilities, p.disabled_at, p.email_verified_at, t.title
from identity.person p join identity.tenant t on t.id = p.tenant where p.id = $1;

-- name: password_of
select password_hash from identity.credential where person = $1;

-- name: verify_email
update identity.person set email_verified_at = coalesce(email_verified_at, $3)
where id = $1 and email = $2 returning id;

-- name: add_letter
insert into identity.letter (hash, person, purpose, email, expires_at) values ($1, $2, $3, $4, $5);

-- name: find_letter
select p.id, p.tenant, p.email, p.display_name, p.capabilities, p.disabled_at, p.email_verified_at, t.title
from identity.letter l
join identity.person p on p.id = l.person and p.email = l.email and p.disabled_at is null
join identity.tenant t on t.id = p.tenant
where l.hash = $1 and l.purpose = $2 and l.used_at is null and l.expires_at > $3;

-- name: use_letter
-- Uses it up, and with it all others of its purpose; of two at once only one gets a row.
with taken as (
    update identity.letter set used_at = $3
    where hash = $1 and purpose = $2 and used_at is null and expires_at > $3
    returning person, purpose
), others as (
    update identity.letter l set used_at = $3
    from taken where l.person = taken.person and l.purpose = taken.purpose and l.hash <> $1
      and l.used_at is null
)
select person from taken;

-- name: count_letters
select count(*) from identity.letter where person = $1 and purpose = $2 and expires_at > $3;

-- name: forget_letters
delete from identity.letter where expires_at < $1;

-- name: logins
select id, method, address, device, agent, created_at, coalesce(used_at, created_at) as used_at
from identity.login
where person = $1 and revoked_at is null and expires_at > $2
  and ($3::bigint is null or (created_at, id) < ($3::bigint, $4::text))
order by created_at desc, id desc limit $5;

-- name: own_login
select id from identity.login where id = $1 and person = $2 and revoked_at is null;

-- name: use_login
update identity.login set used_at = $2 where id = $1;

-- name: end_logins_of_person
-- All of them, or all but one.
update identity.login set revoked_at = $2, revoked_reason = $3
where person = $1 and revoked_at is null and id is distinct from $4::text
returning id;

-- name: stolen_logins
-- Families that ended because a used token came again, and of which the owner has not yet said: I know.
select id, method, address, device, agent, created_at, revoked_at from identity.login
where person = $1 and revoked_reason = 'reused' and told_at is null
order by revoked_at desc limit $2;

-- name: tell_stolen_logins
update identity.login set told_at = $2
where person = $1 and revoked_reason = 'reused' and told_at is null;

-- name: knows_address
-- Whether this account has signed in from there before.
select exists (select from identity.login l join identity.person p on p.id = l.person
               where p.email = $1 and l.address = $2);

-- name: providers
select p.id, p.title, p.issuer, p.client_id, p.is_trusted, p.default_capability, p.created_by, p.created_at,
       coalesce((select array_agg(d.domain order by d.domain) from identity.tenant_domain d
                 where d.provider = p.id), '{}') as domains
from identity.provider p
where p.tenant = $1 and ($2::text is null or p.id = $2)
  and ($3::bigint is null or (p.created_at, p.id) < ($3::bigint, $4::text))
order by p.created_at desc, p.id desc limit $5;

-- name: count_providers
select count(*) from identity.provider where tenant = $1;

-- name: add_provider
insert into identity.provider
    (id, tenant, title, issuer, client_id, client_secret, is_trusted, default_capability, created_by,
     created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (id) do nothing;

-- name: lead_domains
-- These domains of the tenant's lead to this provider, and no others of it do.
update identity.tenant_domain
set provider = case when domain = any($3::text[]) then $2 else null end
where tenant = $1 and (domain = any($3::text[]) or provider = $2)
returning domain, provider;

-- name: change_provider
-- The issuer stays: who somebody is, is said by issuer and subject together.
update identity.provider
set title = coalesce($3, title), client_id = coalesce($4, client_id),
    client_secret = coalesce($5, client_secret), is_trusted = coalesce($6, is_trusted),
    default_capability = case when $7 then $8 else default_capability end
where tenant = $1 and id = $2 returning id;

-- name: delete_provider
delete from identity.provider where tenant = $1 and id = $2 returning id;

-- name: provider
select id, tenant, title, issuer, client_id, client_secret, is_trusted, default_capability
from identity.provider where id = $1;

-- name: provider_of_domain
select provider from identity.tenant_domain where domain = $1 and provider is not null;

-- name: is_domain_of
select exists (select from identity.tenant_domain where domain = $1 and tenant = $2);

-- name: add_departure
insert into identity.departure (hash, browser, provider, next, expires_at) values ($1, $2, $3, $4, $5);

-- name: take_departure
-- Only for the provider it went to, and the browser that began it.
update identity.departure set used_at = $4
where hash = $1 and browser = $2 and provider = $3 and used_at is null and expires_at > $4
returning next;

-- name: forget_departures
delete from identity.departure where expires_at < $1;

-- name: external_account
select p.id, p.tenant, p.display_name, p.capabilities, p.disabled_at
from identity.external_account e join identity.person p on p.id = e.person
where e.provider = $1 and e.subject = $2;

-- name: add_external_account
insert into identity.external_account (provider, subject, person, linked_at) values ($1, $2, $3, $4)
on conflict do nothing;

-- name: api_keys
select id, title, scopes, created_by, created_at, expires_at, used_at from identity.api_key
where tenant = $1 and revoked_at is null and expires_at > $2
  and ($3::bigint is null or (created_at, id) < ($3::bigint, $4::text))
order by created_at desc, id desc limit $5;

-- name: count_api_keys
select count(*) from identity.api_key where tenant = $1 and revoked_at is null and expires_at > $2;

-- name: add_api_key
-- The same key again (a repeated request) stays as it is.
insert into identity.api_key (id, hash, tenant, title, scopes, created_by, created_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (id) do update set id = excluded.id
returning created_at, expires_at;

-- name: find_api_key
select id, tenant, title, scopes, expires_at, used_at from identity.api_key
where hash = $1 and revoked_at is null and expires_at > $2;

-- name: use_api_key
update identity.api_key set used_at = $2 where id = $1;

-- name: revoke_api_key
update identity.api_key set revoked_at = $3
where tenant = $1 and id = $2 and revoked_at is null returning id;

-- name: lock_signing_keys
-- One edge at a time makes a key.
select pg_advisory_xact_lock(x'63646b79'::int);

-- name: signing_keys
select kid, seed, created_at, signs_from, ends_at from identity.signing_key
where ends_at is null or ends_at > $1 order by signs_from desc, kid;

-- name: is_no_signing_key
select not exists (select from identity.signing_key where kid = $1);

-- name: add_signing_key
insert into identity.signing_key (kid, seed, created_at, signs_from) values ($1, $2, $3, $4);

-- name: end_signing_keys
-- All but the one that comes after them.
update identity.signing_key set ends_at = $2 where kid <> $1 and (ends_at is null or ends_at > $2);

-- name: forget_signing_keys
delete from identity.signing_key where ends_at < $1;
