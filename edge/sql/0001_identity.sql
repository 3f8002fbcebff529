-- Who may sign in. Everything about a room lies on the log, not here.
-- Times are Unix milliseconds and identifiers are made in Python: time and chance are arguments.

create table identity.tenant (
    id         text   primary key,
    title      text   not null,
    created_at bigint not null
);

create table identity.person (
    id           text   primary key,
    tenant       text   not null references identity.tenant (id),
    email        text   not null,
    display_name text   not null,
    capabilities text[] not null default '{}',
    created_at   bigint not null,
    disabled_at  bigint
);
-- A sign-in names no tenant, so an e-mail address names one person in the whole installation.
create unique index person_email on identity.person (email);

create table identity.credential (
    person        text   primary key references identity.person (id) on delete cascade,
    password_hash text   not null,
    changed_at    bigint not null
);

create table identity.sign_in_link (
    hash       bytea  primary key,
    person     text   not null references identity.person (id) on delete cascade,
    expires_at bigint not null,
    used_at    bigint
);

create table identity.guest_link (
    id         text    primary key,
    hash       bytea   not null unique,
    tenant     text    not null references identity.tenant (id),
    room       text    not null,
    created_by text    not null,
    created_at bigint  not null,
    expires_at bigint  not null,
    max_uses   integer,
    uses       integer not null default 0,
    revoked_at bigint
);
create index guest_link_room on identity.guest_link (tenant, room, created_at desc);

create table identity.guest (
    id           text   primary key,
    tenant       text   not null references identity.tenant (id),
    room         text   not null,
    link         text   not null references identity.guest_link (id),
    display_name text   not null,
    created_at   bigint not null
);

-- A login is an authenticated browser: the family of all refresh tokens that descend from one sign-in.
create table identity.login (
    id             text   primary key,
    person         text   references identity.person (id) on delete cascade,
    guest          text   references identity.guest (id) on delete cascade,
    created_at     bigint not null,
    expires_at     bigint not null,
    revoked_at     bigint,
    revoked_reason text,
    check ((person is null) <> (guest is null))
);
create index login_person on identity.login (person) where revoked_at is null;

create table identity.refresh (
    hash      bytea  primary key,
    login     text   not null references identity.login (id) on delete cascade,
    issued_at bigint not null,
    used_at   bigint
);
create index refresh_login on identity.refresh (login);

-- What was asked under an Idempotency-Key and what was answered; `status` is null while it is not.
create table identity.idempotency (
    person      text   not null,
    key         text   not null,
    fingerprint bytea  not null,
    created_at  bigint not null,
    status      integer,
    body        bytea,
    primary key (person, key)
);
create index idempotency_created on identity.idempotency (created_at);
