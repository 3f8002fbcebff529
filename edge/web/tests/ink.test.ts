import { expect, test } from "vitest";
import { batches, hear, load, openPage, type PageAnswer } from "../src/net/ink";
import { type BoardsView, LIMITS, type RoomEvent } from "../src/schema";
import { emptyView, event } from "./given";

interface Vector {
  board: string;
  page: string;
  boards: BoardsView;
  steps: { events: RoomEvent[]; answer?: PageAnswer; loaded: boolean }[];
  after: PageAnswer;
}

const golden = import.meta.glob<Vector[]>("../../../tests/golden/ink.json", {
  eager: true,
  import: "default",
});
const [vectors = []] = Object.values(golden);

test("there are golden pages to open", () => {
  expect(vectors.length).toBeGreaterThan(10);
  expect(vectors.some((v) => v.steps.some((s) => s.answer && !s.loaded))).toBe(true);
});

for (const [n, { board, page, boards, steps, after }] of vectors.entries()) {
  test(`page ${n}: what was answered and what was heard make the truth`, () => {
    let open = openPage(emptyView({ boards }), board, page);
    for (const step of steps) {
      for (const heard of step.events) open = hear(open, heard);
      if (step.answer) open = load(open, step.answer);
      expect(open.ink !== null).toBe(step.loaded);
    }
    const there = Object.fromEntries(open.ink?.elements ?? []);
    expect(there).toEqual(Object.fromEntries(after.elements.map((e) => [e.element.id, e])));
    expect(open.ink?.generation).toBe(after.generation);
    for (const step of steps) for (const late of step.events) expect(hear(open, late)).toEqual(open);
  });
}

test("who heard more than can be kept waits for a read model that has come as far", () => {
  const view = emptyView();
  let open = openPage(view, "b", "1");
  const clear = (seq: number) => event("board.page_cleared", seq, { board: "b", page: "1", generation: seq });
  for (let seq = 1; seq <= 5_001; seq += 1) open = hear(open, clear(seq));
  expect(load(open, { seq: 5_000, generation: 5_000, elements: [] }).ink).toBeNull();
  expect(load(open, { seq: 5_001, generation: 5_001, elements: [] }).ink?.seq).toBe(5_001);
});

test("what one draws in a tick travels in commands within the bounds, in order", () => {
  const stroke = (id: number, text = "") => ({ id: `e${id}`, version: 1, versionNonce: 1, text });
  expect(batches([])).toEqual([]);
  const many = Array.from({ length: LIMITS.ELEMENTS_PER_DRAW_MAX + 1 }, (_, id) => stroke(id));
  expect(batches(many).map((b) => b.length)).toEqual([LIMITS.ELEMENTS_PER_DRAW_MAX, 1]);
  expect(batches(many).flat()).toEqual(many);
  const large = [0, 1, 2].map((id) => stroke(id, "ü".repeat(LIMITS.ELEMENT_BYTES_MAX / 2 - 100)));
  expect(batches(large).map((b) => b.length)).toEqual([1, 1, 1]);
  const tooLarge = stroke(3, "ü".repeat(LIMITS.ELEMENT_BYTES_MAX));
  expect(batches([tooLarge, stroke(4)])).toEqual([[stroke(4)]]);
});
