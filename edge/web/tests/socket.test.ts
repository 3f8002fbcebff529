import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Ending, type Line, RoomSocket } from "../src/net/socket";
import type { RoomEvent, RoomView, ServerFrame } from "../src/schema";
import { emptyView, event } from "./given";

/** The server's side of a WebSocket, played by the test. */
class FakeSocket {
  readyState = 0;
  sent: Record<string, unknown>[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  closed = false;

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(): void {
    this.closed = true;
    this.readyState = 3;
  }
  opens(): void {
    this.readyState = 1;
    this.onopen?.();
  }
  says(frame: ServerFrame): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
  welcomes(seq: number | null = 0): void {
    const resumed = seq === null;
    this.says({
      t: "welcome",
      protocol: 1,
      connection: "c1",
      participant: "p1",
      server_time: 0,
      heartbeat_s: 5,
      resumed,
    });
    if (seq !== null) this.says({ t: "view", view: emptyView({ seq }) });
  }
  dies(code = 1006): void {
    this.readyState = 3;
    this.onclose?.({ code, reason: "" });
  }
  commands(): Record<string, unknown>[] {
    return this.sent.filter((frame) => frame.t === "command");
  }
}

let sockets: FakeSocket[];
let lines: Line[];
let views: RoomView[];
let events: RoomEvent[];
let endings: Ending[];
let renewals: number;
let renewable: boolean;
let socket: RoomSocket;

beforeEach(() => {
  vi.useFakeTimers();
  [sockets, lines, views, events, endings, renewals, renewable] = [[], [], [], [], [], 0, true];
  socket = new RoomSocket(
    "ws://test/live",
    {
      onLine: (line) => lines.push(line),
      onWelcome: () => {},
      onView: (view) => views.push(view),
      onEvents: (some) => events.push(...some),
      onSignal: () => {},
      onTrouble: () => {},
      onEnding: (ending) => endings.push(ending),
    },
    {
      open: () => {
        const made = new FakeSocket();
        sockets.push(made);
        return made as unknown as WebSocket;
      },
      renewLogin: async () => {
        renewals += 1;
        return renewable;
      },
      random: () => 1,
    },
  );
});

afterEach(() => {
  socket.close();
  vi.useRealTimers();
});

const latest = (): FakeSocket => {
  const last = sockets.at(-1);
  if (!last) throw new Error("no socket was opened");
  return last;
};

function connected(seq = 41): FakeSocket {
  latest().opens();
  latest().welcomes(seq);
  return latest();
}

const hand = (seq: number) => event("floor.hand_raised", seq, { participant: "p2" });

test("says hello without a position first", () => {
  latest().opens();
  expect(latest().sent).toEqual([{ t: "hello", protocol: 1 }]);
});

test("comes back at once and resumes where it was", async () => {
  connected(41).says({ t: "events", after: 41, through: 43, events: [hand(42)] });
  latest().dies();
  expect(lines.at(-1)).toBe("reconnecting");
  await vi.advanceTimersByTimeAsync(0);
  latest().opens();
  expect(latest().sent[0]).toEqual({
    t: "hello",
    protocol: 1,
    resume_from: 43,
    view_seq: 41,
    connection: "c1",
  });
});

test("says of which seq its view is: events about oneself move it only with the view that follows", async () => {
  const own = event("roster.left", 43, { participant: "p1", reason: "left", left_at: 1 });
  connected(41).says({ t: "events", after: 41, through: 43, events: [hand(42), own] });
  latest().dies();
  await vi.advanceTimersByTimeAsync(0);
  latest().opens();
  expect(latest().sent[0]).toMatchObject({ resume_from: 43, view_seq: 41 });
  latest().welcomes(44);
  latest().dies();
  await vi.advanceTimersByTimeAsync(60_000);
  latest().opens();
  expect(latest().sent[0]).toMatchObject({ resume_from: 44, view_seq: 44 });
});

test("resumes after what happened to somebody else", async () => {
  const other = event("roster.left", 42, { participant: "p2", reason: "left", left_at: 1 });
  connected(41).says({ t: "events", after: 41, through: 42, events: [other] });
  latest().dies();
  await vi.advanceTimersByTimeAsync(0);
  latest().opens();
  expect(latest().sent[0]).toMatchObject({ resume_from: 42 });
});

test("waits longer after each failure, up to the cap", async () => {
  connected().dies();
  const waits: number[] = [];
  for (let attempt = 0; attempt < 6; attempt += 1) {
    const from = Date.now();
    const before = sockets.length;
    while (sockets.length === before) await vi.advanceTimersByTimeAsync(100);
    waits.push(Date.now() - from);
    latest().dies();
  }
  expect(waits.map((ms) => Math.round(ms / 100) * 100)).toEqual([100, 300, 1000, 2000, 5000, 5000]);
});

test("delivers each event once, in order", () => {
  const line = connected(41);
  line.says({ t: "events", after: 41, through: 42, events: [hand(42)] });
  line.says({ t: "events", after: 40, through: 43, events: [hand(41), hand(42), hand(43)] });
  expect(events.map((e) => e.seq)).toEqual([42, 43]);
});

test("a hole makes it resume instead of skipping", async () => {
  connected(41).says({ t: "events", after: 45, through: 46, events: [hand(46)] });
  expect(events).toEqual([]);
  await vi.advanceTimersByTimeAsync(0);
  latest().opens();
  expect(latest().sent[0]).toMatchObject({ resume_from: 41 });
});

test("an unanswered command is sent again with the same id after reconnecting", async () => {
  const first = connected();
  const outcome = socket.command("raise_hand", {});
  const [sent] = first.commands();
  first.dies();
  await vi.advanceTimersByTimeAsync(0);
  latest().opens();
  latest().welcomes(null);
  expect(latest().commands()).toEqual([sent]);
  latest().says({ t: "answer", id: String(sent?.id), accepted: true, seq: 44 });
  expect(await outcome).toEqual({ accepted: true, seq: 44 });
});

test("an answered command is not sent again", async () => {
  const first = connected();
  void socket.command("raise_hand", {});
  first.says({ t: "answer", id: String(first.commands()[0]?.id), accepted: true, seq: 44 });
  first.dies();
  await vi.advanceTimersByTimeAsync(0);
  latest().opens();
  latest().welcomes(null);
  expect(latest().commands()).toEqual([]);
});

test("a command waits for the line and is sent on welcome", async () => {
  void socket.command("post_message", { text: "Hello" });
  expect(latest().sent).toEqual([]);
  connected();
  expect(latest().commands()).toMatchObject([{ name: "post_message", data: { text: "Hello" } }]);
});

test("log_unavailable settles nothing: the same id asks again", async () => {
  const line = connected();
  const outcome = socket.command("raise_hand", {});
  const id = String(line.commands()[0]?.id);
  line.says({ t: "answer", id, accepted: false, code: "log_unavailable", message: "Not now." });
  await vi.advanceTimersByTimeAsync(2_000);
  expect(line.commands().map((c) => c.id)).toEqual([id, id]);
  line.says({ t: "answer", id, accepted: true, seq: 50 });
  expect(await outcome).toEqual({ accepted: true, seq: 50 });
});

test("a refusal is told at once", async () => {
  const line = connected();
  const outcome = socket.command("start_recording", {});
  const id = String(line.commands()[0]?.id);
  line.says({
    t: "answer",
    id,
    accepted: false,
    code: "forbidden",
    message: "Your role does not allow this.",
  });
  expect(await outcome).toEqual({
    accepted: false,
    code: "forbidden",
    message: "Your role does not allow this.",
  });
});

test("a command whose patience ends is unanswered", async () => {
  connected();
  const outcome = socket.command("raise_hand", {});
  await vi.advanceTimersByTimeAsync(9_000);
  latest().says({ t: "heartbeat", at: 0 });
  await vi.advanceTimersByTimeAsync(12_000);
  expect(await outcome).toMatchObject({ accepted: false, code: "unanswered" });
});

test("never more commands in flight than the server takes", () => {
  const line = connected();
  for (let n = 0; n < 40; n += 1) void socket.command("raise_hand", {});
  expect(line.commands()).toHaveLength(32);
  line.says({ t: "answer", id: String(line.commands()[0]?.id), accepted: true, seq: 42 });
  expect(line.commands()).toHaveLength(33);
});

test("three missed heartbeats mean a dead line", async () => {
  const line = connected();
  await vi.advanceTimersByTimeAsync(14_000);
  expect(line.closed).toBe(false);
  line.says({ t: "heartbeat", at: 0 });
  await vi.advanceTimersByTimeAsync(14_000);
  expect(line.closed).toBe(false);
  await vi.advanceTimersByTimeAsync(1_500);
  expect(line.closed).toBe(true);
  expect(sockets.length).toBeGreaterThan(1);
});

test("a media request fails when the line is lost, and is not repeated", async () => {
  const line = connected();
  const answer = socket.media("open", 1, {});
  line.dies();
  await expect(answer).rejects.toMatchObject({ code: "connection_lost" });
  await vi.advanceTimersByTimeAsync(0);
  latest().opens();
  latest().welcomes(null);
  expect(latest().sent.filter((f) => f.t === "media")).toEqual([]);
});

test("a refused media request carries the node's code", async () => {
  const line = connected();
  const answer = socket.media("open", 1, {});
  const id = String(line.sent.find((f) => f.t === "media")?.id);
  line.says({ t: "media_result", id, ok: false, code: "stale_epoch", message: "The class has moved." });
  await expect(answer).rejects.toMatchObject({ code: "stale_epoch" });
});

for (const [code, name] of [
  [4002, "replaced"],
  [4003, "removed"],
  [4005, "forbidden"],
  [4008, "unsupported_protocol"],
  [4010, "no_such_room"],
] as const) {
  test(`${name} is final`, async () => {
    connected().dies(code);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(endings).toEqual([{ code: name, message: "" }]);
    expect(sockets).toHaveLength(1);
  });
}

test("going_away waits as long as the server asks, then resumes", async () => {
  const line = connected();
  line.says({ t: "closing", code: "going_away", message: "This server restarts.", retry_after_ms: 400 });
  await vi.advanceTimersByTimeAsync(390);
  expect(sockets).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(20);
  expect(sockets).toHaveLength(2);
});

test("an ended sign-in is renewed once", async () => {
  connected().dies(4004);
  await vi.advanceTimersByTimeAsync(0);
  expect(renewals).toBe(1);
  latest().dies(4004);
  await vi.advanceTimersByTimeAsync(0);
  expect(renewals).toBe(1);
  expect(endings).toEqual([{ code: "not_signed_in", message: "" }]);
});

test("who cannot renew the sign-in is told", async () => {
  renewable = false;
  connected().dies(4004);
  await vi.advanceTimersByTimeAsync(0);
  expect(endings).toEqual([{ code: "not_signed_in", message: "" }]);
});

test("closing by our own will answers what is open and tells no ending", async () => {
  connected();
  const outcome = socket.command("raise_hand", {});
  socket.close();
  expect(await outcome).toMatchObject({ accepted: false, code: "unanswered" });
  expect(endings).toEqual([]);
});
