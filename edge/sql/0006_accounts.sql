-- Schools' domains and their sign-in servers, letters, keys for machines, and our own signing keys.

-- Given by the operator, who has seen that the domain is the school's: a school that could take any
-- domain could take other schools' people.
create table identity.provider (
    id                 text    primary key,
    tenant             text    not null references identity.tenant (id),
    title              text    not null,
    issuer             text    not null,
    client_id          text    not null,
    client_secret      bytea   not null, -- Sealed (edge.tokens.seal).
    is_trusted         boolean not null, -- For the school's own domains, of which it says who is who.
    default_capability text    check (default_capability in ('learn', 'teach')), -- null: makes nobody.
    created_by         text    not null,
    created_at         bigint  not null
);
create index provider_tenant on identity.provider (tenant, created_at desc, id desc);

create table identity.tenant_domain (
    domain     text   primary key,
    tenant     text   not null references identity.tenant (id),
    provider   text   references identity.provider (id) on delete set null,
    created_at bigint not null
);
create index tenant_domain_tenant on identity.tenant_domain (tenant);

create table identity.external_account (
    provider  text   not null references identity.provider (id) on delete cascade,
    subject   text   not null,
    person    text   not null references identity.person (id) on delete cascade,
    linked_at bigint not null,
    primary key (provider, subject)
);
create index external_account_person on identity.external_account (person);

-- A sign-in that has gone out to a provider. Nonce and PKCE verifier are derived from the state.
create table identity.departure (
    hash       bytea  primary key, -- Of the state.
    browser    bytea  not null,    -- Of the secret in the cookie of the browser that began it.
    provider   text   not null references identity.provider (id) on delete cascade,
    next       text   not null,
    expires_at bigint not null,
    used_at    bigint
);

alter table identity.person add column email_verified_at bigint;
create index person_page on identity.person (tenant, created_at desc, id desc);

-- What was sent by mail: each opens one thing, once, for the address it was sent to.
create table identity.letter (
    hash       bytea  primary key,
    person     text   not null references identity.person (id) on delete cascade,
    purpose    text   not null check (purpose in ('verify', 'reset', 'invite')),
    email      text   not null,
    expires_at bigint not null,
    used_at    bigint
);
create index letter_person on identity.letter (person, purpose);

-- So that people can tell their logins apart.
alter table identity.login
    add column method  text   not null default '',
    add column address text   not null default '',
    add column device  text   not null default '',
    add column agent   text   not null default '',
    add column used_at bigint,
    add column told_at bigint; -- When its owner said that they know that it was stolen.
create index login_page on identity.login (person, created_at desc, id desc);

create table identity.api_key (
    id         text   primary key,
    hash       bytea  not null unique,
    tenant     text   not null references identity.tenant (id),
    title      text   not null,
    scopes     text[] not null,
    created_by text   not null,
    created_at bigint not null,
    expires_at bigint not null,
    used_at    bigint,
    revoked_at bigint
);
create index api_key_tenant on identity.api_key (tenant, created_at desc, id desc);

create table identity.signing_key (
    kid        text   primary key,
    seed       bytea  not null, -- Sealed.
    created_at bigint not null,
    signs_from bigint not null, -- Every edge has read it by then.
    ends_at    bigint           -- When the last token that it signed has ended; null: in use.
);
