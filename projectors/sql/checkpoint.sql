-- How far the log has been applied. One row; it is the fence between two runners.

-- name: tables
create table if not exists checkpoint (
    one        boolean primary key default true check (one),
    stream_seq bigint not null,
    definition text   not null
);
-- Rooms whose archived log is applied up to this position, whatever the checkpoint says.
create table if not exists covered (
    tenant     text   not null,
    room       text   not null,
    stream_seq bigint not null,
    primary key (tenant, room)
);

-- name: begin
-- A new set of tables begins at the start of the log.
insert into checkpoint (stream_seq, definition) values (0, $1) on conflict do nothing;

-- name: lock
-- Only who holds this row may write rows; it is held until the transaction ends.
select stream_seq, definition from checkpoint for update;

-- name: peek
select stream_seq from checkpoint;

-- name: definition
select definition from checkpoint;

-- name: advance
update checkpoint set stream_seq = $1;

-- name: covered
select tenant, room, stream_seq from covered
where stream_seq > $1 and (tenant, room) in (select * from unnest($2::text[], $3::text[]));

-- name: cover
insert into covered values ($1, $2, $3)
on conflict (tenant, room) do update set stream_seq = greatest(covered.stream_seq, excluded.stream_seq);
