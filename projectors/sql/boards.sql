-- What is on the pages of whiteboards and slides. `seq` of a page is that of the last event that changed
-- what is on it, applied here; a deleted element has no row.

-- name: tables
create table if not exists board_pages (
    tenant     text   not null,
    room       text   not null,
    board      text   not null,
    page       text   not null,
    seq        bigint not null,
    generation bigint not null,
    primary key (tenant, room, board, page)
);
create table if not exists board_elements (
    tenant  text   not null,
    room    text   not null,
    board   text   not null,
    page    text   not null,
    element text   not null,
    seq     bigint not null,
    author  text   not null,
    body    text   not null,
    primary key (tenant, room, board, page, element)
);

-- name: touch
insert into board_pages values ($1, $2, $3, $4, $5, $6)
on conflict (tenant, room, board, page) do update set seq = excluded.seq, generation = excluded.generation;

-- name: draw
insert into board_elements values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (tenant, room, board, page, element) do update
set seq = excluded.seq, author = excluded.author, body = excluded.body;

-- name: erase
delete from board_elements where tenant = $1 and room = $2 and board = $3 and page = $4 and element = $5;

-- name: withdraw
delete from board_elements where tenant = $1 and room = $2 and board = $3 and page = $4 and author = $5;

-- name: withdrawn
update board_pages set seq = $5 where tenant = $1 and room = $2 and board = $3 and page = $4;

-- name: clear
delete from board_elements where tenant = $1 and room = $2 and board = $3 and page = $4;

-- name: remove_page
delete from board_pages where tenant = $1 and room = $2 and board = $3 and page = $4;

-- name: clear_board
delete from board_elements where tenant = $1 and room = $2 and board = $3;

-- name: remove_board
delete from board_pages where tenant = $1 and room = $2 and board = $3;

-- name: page
-- One statement, so that the elements are those of this very seq.
select p.seq, p.generation, e.element, e.author, e.body
from read.board_pages p
left join read.board_elements e
    on e.tenant = p.tenant and e.room = p.room and e.board = p.board and e.page = p.page
where p.tenant = $1 and p.room = $2 and p.board = $3 and p.page = $4
order by e.seq, e.element;
