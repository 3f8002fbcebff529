-- How often what was used on which day (UTC), per room; a tenant's use is the sum of its rooms'.

-- name: tables
create table if not exists feature_use (
    tenant  text   not null,
    room    text   not null,
    day     date   not null,
    feature text   not null,
    count   bigint not null,
    primary key (tenant, room, day, feature)
);
create index if not exists feature_use_day on feature_use (tenant, day);

-- name: use
insert into feature_use values ($1, $2, $3, $4, $5)
on conflict (tenant, room, day, feature) do update set count = feature_use.count + excluded.count;

-- name: usage
-- Of a tenant on the days in [$2, $3], and in how many rooms.
select day, feature, sum(count)::bigint as count, count(*) as rooms
from read.feature_use
where tenant = $1 and day >= $2 and day <= $3
group by day, feature
order by day, feature;
