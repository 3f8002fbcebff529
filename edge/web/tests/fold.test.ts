import { expect, test } from "vitest";
import { fold, foldAll, foldMe, foldPeople } from "../src/net/fold";
import type { MeView, PeopleFrame, RoomEvent, RoomView } from "../src/schema";
import { emptyView, event } from "./given";

interface Vector {
  before: RoomView;
  events: RoomEvent[];
  /** What the viewer may do from then on, where that changed. */
  me?: MeView;
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
    for (const { before, events, me, after } of vectors) {
      const folded = foldAll(before, events, after.seq);
      expect(me ? foldMe(folded, { ...me, seq: after.seq }) : folded).toEqual(after);
    }
  });
}

test("of a crowd those are kept who are in sight, and oneself", () => {
  const person = (id: string) => ({
    id,
    display_name: id,
    role: "viewer" as const,
    guest: false,
    connected: true,
    joined_at: 1,
    custom_role: "",
  });
  const view = emptyView({ participants: ["p1", "p2", "p3"].map(person), crowd: 201 });
  const told = (change: Partial<PeopleFrame>): PeopleFrame => ({
    t: "people",
    after: 0,
    through: 0,
    count: 300,
    shown: [],
    gone: [],
    whole: false,
    ...change,
  });
  const ids = ({ participants }: RoomView) => participants.map((p) => p.id);
  expect(ids(foldPeople(view, told({ shown: [person("p9")], gone: ["p2", "p1"] })))).toEqual([
    "p1",
    "p3",
    "p9",
  ]);
  expect(ids(foldPeople(view, told({ shown: [person("p3")], whole: true })))).toEqual(["p1", "p3"]);
  expect(foldPeople(view, told({})).crowd).toBe(300);
});

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
