import type { BoardsView, BoardView, PageView, RoomEvent, RoomView } from "../../schema";

/** Boards without what is on them: `../ink` keeps the elements of an open page. */
export function boards(view: RoomView, event: RoomEvent): RoomView {
  const after = arranged(view.boards, event);
  return after === view.boards ? view : { ...view, boards: after };
}

function arranged(boards: BoardsView, event: RoomEvent): BoardsView {
  const { seq } = event;
  switch (event.type) {
    case "board.created": {
      const { board: id, title, page } = event.data;
      const pages = [{ id: page, seq, generation: 0 }];
      return added(boards, { id, title, is_deck: false, who: "everyone", pages });
    }
    case "studio.deck_added": {
      const { deck: id, title } = event.data;
      return added(boards, { id, title, is_deck: true, who: "staff", pages: [] });
    }
    case "board.deleted":
      return without(boards, event.data.board);
    case "studio.deck_removed":
      return without(boards, event.data.deck);
    case "board.renamed":
      return changed(boards, event.data.board, { title: event.data.title });
    case "board.drawing_allowed":
      return changed(boards, event.data.board, { who: event.data.who });
    case "board.page_added": {
      const { board, page, after } = event.data;
      const pages = boards.boards.find((b) => b.id === board)?.pages ?? [];
      const found = pages.findIndex((p) => p.id === after);
      const at = found < 0 ? pages.length : found + 1;
      const fresh = { id: page, seq, generation: 0 };
      return changed(boards, board, { pages: [...pages.slice(0, at), fresh, ...pages.slice(at)] });
    }
    case "board.page_removed":
      return withoutPage(boards, event.data.board, event.data.page);
    case "board.shown":
      return { ...boards, shown: { board: event.data.board, page: event.data.page } };
    case "board.hidden":
      return { ...boards, shown: null };
    case "board.drawn":
    case "board.page_cleared":
    case "board.drawings_withdrawn":
      return touched(boards, event.data, seq);
    default:
      return boards;
  }
}

function added(boards: BoardsView, board: BoardView): BoardsView {
  return { ...boards, boards: [...boards.boards, board] };
}

function without({ boards, shown }: BoardsView, board: string): BoardsView {
  return { boards: boards.filter((b) => b.id !== board), shown: shown?.board === board ? null : shown };
}

function changed(boards: BoardsView, board: string, change: Partial<BoardView>): BoardsView {
  return { ...boards, boards: boards.boards.map((b) => (b.id === board ? { ...b, ...change } : b)) };
}

function withoutPage(boards: BoardsView, board: string, page: string): BoardsView {
  const pages = boards.boards.find((b) => b.id === board)?.pages.filter((p) => p.id !== page) ?? [];
  const after = changed(boards, board, { pages });
  const first = pages[0];
  const wasShown = boards.shown?.board === board && boards.shown.page === page;
  return wasShown && first ? { ...after, shown: { board, page: first.id } } : after;
}

/** What is on a page has changed; a page of a deck comes into being with the first stroke. */
function touched(
  boards: BoardsView,
  { board, page, generation }: { board: string; page: string; generation?: number },
  seq: number,
): BoardsView {
  const pages = boards.boards.find((b) => b.id === board)?.pages ?? [];
  const known = pages.find((p) => p.id === page);
  const after: PageView = { id: page, seq, generation: generation ?? known?.generation ?? 0 };
  return changed(boards, board, {
    pages: known ? pages.map((p) => (p.id === page ? after : p)) : [...pages, after],
  });
}
