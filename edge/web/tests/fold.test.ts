import { expect, test } from "vitest";
import { fold, foldAll } from "../src/net/fold";
import type { RoomEvent, RoomView } from "../src/schema";
import { emptyView, event } from "./given";

interface Vector {
  before: RoomView;
  events: RoomEvent[];
  after: RoomView;
}

const stories = import.meta.glob<Vector[]>("../../../tests/golden/fold/*.json", {
  eager: true,
  import: "default",
});

test("there are golden stories to tell", () => {
  expect(Object.keys(stories).length).toBeGreaterThan(0);
});

for (const [path, vectors] of Object.entries(stories)) {
  const name = path.split("/").at(-1);
  test(`the fold of ${name} is the server's`, () => {
    for (const { before, events, after } of vectors) {
      expect(foldAll(before, events, after.seq)).toEqual(after);
    }
  });
}

test("an event that was applied moves nothing", () => {
  const view = fold(emptyView(), event("lifecycle.session_started", 1, { session: "s1", title: "Waves" }));
  expect(fold(view, event("lifecycle.session_ended", 1, { session: "s1", reason: "ended" }))).toBe(view);
});

test("an event of an unknown type moves only seq", () => {
  const view = emptyView();
  const strange = { ...event("floor.hand_raised", 1, { participant: "p1" }), type: "polls.opened" };
  expect(fold(view, strange as unknown as RoomEvent)).toEqual({ ...view, seq: 1 });
});

test("a span without visible events still moves seq", () => {
  expect(foldAll(emptyView(), [], 9).seq).toBe(9);
});

test("chat keeps the latest messages", () => {
  let view = emptyView();
  for (let seq = 1; seq <= 60; seq += 1) {
    const data = { message: `m${seq}`, participant: "p1", display_name: "Sam", text: `${seq}` };
    view = fold(view, event("chat.posted", seq, data));
  }
  expect(view.messages).toHaveLength(50);
  expect(view.messages[0]?.text).toBe("11");
});
