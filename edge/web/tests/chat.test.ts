import { expect, test } from "vitest";
import { fold } from "../src/net/fold";
import { LIMITS, type RoomView } from "../src/schema";
import { emptyView, event } from "./given";

/** What the golden stories are too short to show: the bounds of chat. */

function post(view: RoomView, text: string, to?: string, participant = "p1"): RoomView {
  const data = { message: `m${view.seq + 1}`, participant, display_name: "Sam", text, ...(to && { to }) };
  return fold(view, event("chat.posted", view.seq + 1, data));
}

const texts = (view: RoomView) => view.messages.map((m) => m.text);

test("what is pinned stays however many follow, and goes when it is unpinned", () => {
  let view = post(emptyView(), "homework");
  view = fold(view, event("chat.pinned", 2, { message: "m1", by: null }));
  for (let n = 0; n <= LIMITS.CHAT_RECENT_MAX; n += 1) view = post(view, `${n}`);
  expect(view.messages).toHaveLength(LIMITS.CHAT_RECENT_MAX + 1);
  expect(texts(view).slice(0, 2)).toEqual(["homework", "1"]);
  view = fold(view, event("chat.unpinned", view.seq + 1, { message: "m1", by: null }));
  expect(view.messages).toHaveLength(LIMITS.CHAT_RECENT_MAX);
});

test("each thread keeps its latest, in both directions, and pushes out no other", () => {
  let view = post(post(emptyView(), "to all"), "to staff", "staff");
  for (let n = 0; n <= LIMITS.CHAT_ASIDES_PER_THREAD_MAX; n += 1) {
    view = n % 2 ? post(view, `${n}`, "p1", "p2") : post(view, `${n}`, "p2", "p1");
  }
  expect(texts(view).slice(0, 3)).toEqual(["to all", "to staff", "1"]);
  expect(view.messages).toHaveLength(LIMITS.CHAT_ASIDES_PER_THREAD_MAX + 2);
});

test("all threads together are bounded", () => {
  let view = emptyView();
  for (let n = 0; n <= LIMITS.CHAT_ASIDES_MAX; n += 1) view = post(view, `${n}`, "staff", `p${n}`);
  expect(texts(view)[0]).toBe("1");
  expect(view.messages).toHaveLength(LIMITS.CHAT_ASIDES_MAX);
});

test("what nobody approved ends with the class", () => {
  const held = { message: "m1", participant: "p1", display_name: "Sam", text: "May I?" };
  const view = fold(emptyView(), event("chat.held", 1, held));
  expect(view.messages).toMatchObject([{ held: true, to: "everyone", format: "plain" }]);
  expect(
    fold(view, event("lifecycle.session_ended", 2, { session: "s1", reason: "ended" })).messages,
  ).toEqual([]);
});
