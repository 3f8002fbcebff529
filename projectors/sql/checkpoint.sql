-- How far the log has been applied. One row; it is the fence between two runners.

-- name: tables
create table if not exists checkpoint (
    one        boolean primary key default true check (one),
    stream_seq bigint not null,
    definition text   not null
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
