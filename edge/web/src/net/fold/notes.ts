import type { NotesView, ParagraphView, RoomEvent, RoomView } from "../../schema";

export function notes(view: RoomView, event: RoomEvent): RoomView {
  switch (event.type) {
    case "notes.written": {
      const { by, paragraphs } = event.data;
      const written = new Set(paragraphs.map((p) => p.id));
      const kept = view.notes.paragraphs.filter((p) => !written.has(p.id));
      const added = paragraphs.filter((p) => p.text !== "").map((p) => ({ ...p, by }));
      return withNotes(view, { ...view.notes, paragraphs: [...kept, ...added].sort(inOrder) });
    }
    case "notes.cleared":
      return withNotes(view, { generation: event.data.generation, paragraphs: [] });
    default:
      return view;
  }
}

function withNotes(view: RoomView, notes: NotesView): RoomView {
  return { ...view, notes };
}

/** As the server sorts: keys and ids are ASCII, and are compared as such, not as words of a language. */
function inOrder(a: ParagraphView, b: ParagraphView): number {
  return compare(a.order, b.order) || compare(a.id, b.id);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
