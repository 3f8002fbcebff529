-- What was asked under an Idempotency-Key of a login, and what was answered. `status` is null while it is
-- not; `answer` is encrypted under the key ring, because some answers hold a secret.
drop table identity.idempotency;

create table identity.idempotent_request (
    login        text   not null,
    key          text   not null,
    fingerprint  bytea  not null,
    created_at   bigint not null,
    locked_until bigint not null,
    status       integer,
    answer       bytea,
    primary key (login, key)
);
create index idempotent_request_created on identity.idempotent_request (created_at);
create index idempotent_request_of_login on identity.idempotent_request (login, created_at desc);
