-- Comparing two sets of the same tables. `_table_`, `_one_`, `_other_` are qualified table names.

-- name: alone
select pg_advisory_lock(1818846053);

-- name: fence
-- A runner that waited for the row would hold the table that the swap drops; here it waits for the table.
lock table checkpoint in access exclusive mode;

-- name: hash
-- Order of rows does not count; every column of every row does.
select count(*), coalesce(md5(string_agg(h, '' order by h)), '') from (select md5(t::text) as h from _table_ t) rows;

-- name: difference
select t::text from _one_ t except select t::text from _other_ t limit $1;
