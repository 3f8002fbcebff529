import type { MeFrame, PeopleFrame, RoomEvent, RoomView } from "../../schema";
import { boards } from "./boards";
import { breakouts } from "./breakouts";
import { chat } from "./chat";
import { put } from "./common";
import { files } from "./files";
import { floor } from "./floor";
import { lifecycle } from "./lifecycle";
import { lobby } from "./lobby";
import { media } from "./media";
import { notes } from "./notes";
import { polls } from "./polls";
import { pulse } from "./pulse";
import { questions } from "./questions";
import { recording } from "./recording";
import { rights } from "./rights";
import { roster } from "./roster";
import { studio } from "./studio";
import { timer } from "./timer";
import { tracks } from "./tracks";

/**
 * The browser's fold: the view after an event, from the view before it. One module per topic, as in
 * `rooms`; each understands its own facts and those of others that end or change what it shows.
 *
 * It must reach the same view as `rooms.view` on the server from the same events; both run the
 * vectors in tests/golden/fold. A type that this build does not know moves nothing but `seq`.
 */
const TOPICS = [
  lifecycle,
  rights,
  lobby,
  roster,
  floor,
  tracks,
  chat,
  questions,
  polls,
  pulse,
  studio,
  notes,
  timer,
  boards,
  files,
  breakouts,
  recording,
  media,
];

export function fold(view: RoomView, event: RoomEvent): RoomView {
  if (event.seq <= view.seq) return view;
  return { ...TOPICS.reduce((folded, topic) => topic(folded, event), view), seq: event.seq };
}

/** What the viewer may do has changed and nothing else: the server says so instead of showing all anew. */
export function foldMe(view: RoomView, me: Pick<MeFrame, "seq" | "role" | "permissions">): RoomView {
  const { role, permissions } = me;
  return { ...view, seq: Math.max(view.seq, me.seq), me: { ...view.me, role, permissions } };
}

/** Of a crowd only those in sight are shown; the viewer always is. */
export function foldPeople(view: RoomView, { count, shown, gone, whole }: PeopleFrame): RoomView {
  const left = new Set<string>(gone);
  const me = view.me.participant;
  const kept = view.participants.filter((p) => p.id === me || (!whole && !left.has(p.id)));
  return { ...view, participants: shown.reduce(put, kept), crowd: count };
}

export function foldAll(view: RoomView, events: readonly RoomEvent[], through: number): RoomView {
  const folded = events.reduce(fold, view);
  return folded.seq >= through ? folded : { ...folded, seq: through };
}
