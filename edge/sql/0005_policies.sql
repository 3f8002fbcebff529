-- What a tenant has decided for all its rooms; rooms are told it by `apply_policy`.
create table identity.policy (
    tenant     text   primary key references identity.tenant (id),
    version    bigint not null,
    policy     jsonb  not null,
    changed_by text   not null,
    changed_at bigint not null
);
