-- Who got an address of a recording, and when it was read: kept as long as AUDIT.
create table identity.media_link (
    id         text   primary key,
    tenant     text   not null,
    room       text   not null,
    recording  text   not null,
    artifact   text   not null,
    person     text   not null,
    name       text   not null,
    login      text   not null,
    at         bigint not null,
    expires_at bigint not null
);
create index media_link_recording on identity.media_link (tenant, room, recording, at desc, id);
create index media_link_at on identity.media_link (at);

create table identity.media_read (
    link       text   not null references identity.media_link (id) on delete cascade,
    at         bigint not null,
    since_byte bigint not null,
    until_byte bigint not null
);
create index media_read_link on identity.media_read (link, at);
