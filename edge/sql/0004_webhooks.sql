-- Where schools' own systems are told what happened. No secret lies here: each is derived from the key
-- ring and its version (edge.webhooks).

create table identity.webhook (
    id              text    primary key,
    tenant          text    not null references identity.tenant (id),
    url             text    not null,
    description     text    not null,
    kinds           text[]  not null,
    state           text    not null check (state in ('active', 'paused', 'disabled')),
    reason          text    not null default '', -- Why it is disabled.
    created_by      text    not null,
    created_at      bigint  not null,
    after_seq       bigint  not null, -- Only events beyond this position of EVT.
    last_sequence   bigint  not null default 0, -- Deliveries so far.
    failing_since   bigint,
    secret_version  integer not null default 1,
    old_secret_until bigint
);
create index webhook_tenant on identity.webhook (tenant, created_at, id);

-- What is to be told, and how that went. Written in one transaction with the position of the follower.
create table identity.webhook_delivery (
    id           text    primary key,
    webhook      text    not null references identity.webhook (id) on delete cascade,
    sequence     bigint  not null,
    tenant       text    not null,
    room         text    not null,
    kind         text    not null,
    at           bigint  not null,
    body         text    not null,
    status       text    not null check (status in ('pending', 'held', 'delivered', 'dead')),
    round        integer not null default 1, -- How often it was begun: once, and at each replay.
    queued_at    bigint,
    attempts     integer not null default 0, -- Of this round.
    attempted_at bigint,
    answer       integer, -- The last one's status of HTTP; 0: none.
    error        text    not null default '',
    unique (webhook, sequence)
);
create index webhook_delivery_pending on identity.webhook_delivery (queued_at nulls first)
    where status = 'pending';
create index webhook_delivery_at on identity.webhook_delivery (at);

create table identity.webhook_position (
    only_one   boolean primary key default true check (only_one),
    stream_seq bigint  not null
);
