-- The shared notes, every generation of them: what was cleared in the room stays here.

-- name: tables
create table if not exists note_paragraphs (
    tenant     text   not null,
    room       text   not null,
    generation bigint not null,
    paragraph  text   not null,
    sort_key   text   not null,
    text       text   not null,
    written_by text   not null,
    seq        bigint not null,
    at         bigint not null,
    primary key (tenant, room, generation, paragraph)
);

-- name: write
insert into note_paragraphs values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (tenant, room, generation, paragraph) do update
set sort_key = excluded.sort_key, text = excluded.text, written_by = excluded.written_by,
    seq = excluded.seq, at = excluded.at;

-- name: delete
delete from note_paragraphs where tenant = $1 and room = $2 and generation = $3 and paragraph = $4;

-- name: texts
select generation, count(*)::int as paragraphs, min(at) as first_at, max(at) as last_at
from read.note_paragraphs
where tenant = $1 and room = $2
group by generation
order by generation desc
limit $3;

-- name: text
select text from read.note_paragraphs
where tenant = $1 and room = $2 and generation = $3
order by sort_key collate "C", paragraph collate "C";
