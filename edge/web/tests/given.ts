import type { RoomEvent, RoomView } from "../src/schema";

/** Small worlds that tests begin with. */

export function emptyView(change: Partial<RoomView> = {}): RoomView {
  return {
    tenant: "demo",
    room: "physics",
    seq: 0,
    title: "Physics 10b",
    settings: {
      default_role: "speaker",
      lobby: "off",
      capacity: 2000,
      slow_mode_s: 0,
      hold_messages: false,
      approve_questions: false,
      ask_record_consent: false,
      end_at_time: false,
    },
    archived: false,
    course: null,
    me: { participant: "p1", role: null, permissions: [] },
    session: null,
    scheduled: [],
    participants: [],
    hands: [],
    tracks: [],
    messages: [],
    recordings: [],
    epoch: 0,
    rights: { locks: [], people: [], roles: [], removed: [] },
    lobby: { waiting: [], mine: "none", told: "", denial: "" },
    floor: { speaking: [], spotlight: [], asked_to_unmute: [], reactions: [] },
    questions: { open: [], answered: [] },
    polls: { polls: [] },
    pulse: { counts: { lost: 0, too_fast: 0, fine: 0 }, people: [] },
    studio: { scenes: [], active: null, decks: [], shown: null, call: null },
    notes: { generation: 0, paragraphs: [] },
    timer: { clock: null },
    boards: { boards: [], shown: null },
    files: { files: [] },
    breakouts: { plan: [], opening: null, of: null, sees_all: false },
    consents: { recording: null, asks: false, mine: null, people: [] },
    ...change,
  };
}

type DataOf<T extends RoomEvent["type"]> = Extract<RoomEvent, { type: T }>["data"];

export function event<T extends RoomEvent["type"]>(type: T, seq: number, data: DataOf<T>): RoomEvent {
  const actor = { kind: "user", id: "", participant: "p1" } as const;
  return { seq, at: 1_763_719_200_000 + seq, type, actor, data } as unknown as RoomEvent;
}
