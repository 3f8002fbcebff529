-- Files on their way in pieces (tus): what has come, and where its pieces lie in the object store.
create table identity.upload (
    id         text   primary key,
    tenant     text   not null,
    room       text   not null,
    person     text   not null,
    name       text   not null,
    bytes      bigint not null,
    sha256     text   not null,
    purpose    text   not null,
    received   bigint not null default 0,
    pieces     text[] not null default '{}',
    expires_at bigint not null,
    ended_at   bigint
);
create index upload_open on identity.upload (tenant, person) where ended_at is null;
create index upload_expires_at on identity.upload (expires_at) where ended_at is null;
create index upload_ended_at on identity.upload (ended_at) where ended_at is not null;
