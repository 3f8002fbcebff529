import { LIMITS, type RoomEvent, type RoomView } from "../schema";

/**
 * What is on an open page of a board or of slides.
 *
 * The elements are not in the view: they come from the read model, which may lag, while events go on.
 * `schemas/view/boards.py` says why these steps are complete:
 *
 *     let page = openPage(view, board, slide);           // notes how far the view has come, begins to keep
 *     page = events.reduce(hear, page);                  // for every event from then on
 *     page = load(page, await get(`.../pages/${slide}`)) // ask again, a little later, while `page.ink` is null
 *
 * After a fresh view (instead of missed events) a page is opened anew.
 */
export interface OpenPage {
  board: string;
  page: string;
  /** The read model must have come at least this far. */
  wanted: number;
  /** The page's events since then, while the elements are not here. */
  kept: InkEvent[];
  ink: Ink | null;
}

/** Everything on a page after the event `seq`, by element id. */
export interface Ink {
  seq: number;
  generation: number;
  elements: ReadonlyMap<string, Inked>;
}

export interface Inked {
  author: string;
  element: ExcalidrawElement;
}

/** What we read of Excalidraw's element; the rest is its own. */
export interface ExcalidrawElement {
  id: string;
  version: number;
  versionNonce: number;
  isDeleted?: boolean;
}

type InkEvent = Extract<
  RoomEvent,
  { type: "board.drawn" | "board.page_cleared" | "board.drawings_withdrawn" }
>;

/** The answer of `GET /rooms/{room}/boards/{board}/pages/{page}`. */
export interface PageAnswer {
  seq: number;
  generation: number;
  elements: Inked[];
}

/** As many as some minutes of a busy page; then the read model is awaited from there. */
const KEPT_MAX = 5_000;

export function openPage(view: RoomView, board: string, page: string): OpenPage {
  const pages = view.boards.boards.find((b) => b.id === board)?.pages ?? [];
  const wanted = pages.find((p) => p.id === page)?.seq ?? 0;
  return { board, page, wanted, kept: [], ink: null };
}

export function hear(open: OpenPage, event: RoomEvent): OpenPage {
  if (!isInk(event) || event.data.board !== open.board || event.data.page !== open.page) return open;
  if (open.ink !== null) return { ...open, ink: inked(open.ink, event) };
  if (open.kept.length < KEPT_MAX) return { ...open, kept: [...open.kept, event] };
  return { ...open, wanted: event.seq, kept: [] };
}

/** The page with what the read model answered; unchanged if that is from before what was heard. */
export function load(open: OpenPage, answer: PageAnswer): OpenPage {
  if (open.ink !== null || answer.seq < open.wanted) return open;
  const elements = new Map(answer.elements.map((inked) => [inked.element.id, inked]));
  const answered: Ink = { seq: answer.seq, generation: answer.generation, elements };
  return { ...open, kept: [], ink: open.kept.reduce(inked, answered) };
}

/** The log has only versions that won, so an event takes the place of what is there. */
function inked(ink: Ink, event: InkEvent): Ink {
  if (event.seq <= ink.seq) return ink;
  const seq = event.seq;
  switch (event.type) {
    case "board.drawn": {
      const elements = new Map(ink.elements);
      for (const drawn of event.data.elements as Inked[]) {
        if (drawn.element.isDeleted) elements.delete(drawn.element.id);
        else elements.set(drawn.element.id, drawn);
      }
      return { seq, generation: event.data.generation, elements };
    }
    case "board.page_cleared":
      return { seq, generation: event.data.generation, elements: new Map() };
    case "board.drawings_withdrawn": {
      const { author } = event.data;
      return { ...ink, seq, elements: new Map([...ink.elements].filter(([, e]) => e.author !== author)) };
    }
  }
}

function isInk(event: RoomEvent): event is InkEvent {
  return (
    event.type === "board.drawn" ||
    event.type === "board.page_cleared" ||
    event.type === "board.drawings_withdrawn"
  );
}

/**
 * The elements of one tick (a tenth of a second) as the commands that carry them: each within the bounds
 * of `draw`. An element that is too large for any is left out; a long stroke is drawn as several.
 */
export function batches(elements: readonly ExcalidrawElement[]): ExcalidrawElement[][] {
  const made: ExcalidrawElement[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const element of elements) {
    const size = ENCODER.encode(JSON.stringify(element)).length;
    if (size > LIMITS.ELEMENT_BYTES_MAX) continue;
    const last = made.at(-1);
    if (last && bytes + size < BATCH_BYTES && last.length < LIMITS.ELEMENTS_PER_DRAW_MAX) last.push(element);
    else made.push([element]);
    bytes = last === made.at(-1) ? bytes + size + 1 : size;
  }
  return made;
}

const ENCODER = new TextEncoder();
const BATCH_BYTES = LIMITS.COMMAND_BYTES_MAX - 1_000; // The rest of the command has a few hundred.
