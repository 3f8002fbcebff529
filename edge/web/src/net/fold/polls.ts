import { LIMITS, type PollItem, type PollView, type RoomEvent, type RoomView } from "../../schema";

/** Staff hold counts of an opened poll; others have none until the results are published. */
export function polls(view: RoomView, event: RoomEvent): RoomView {
  switch (event.type) {
    case "poll.created": {
      const { poll, ...draft } = event.data;
      return { ...view, polls: { polls: [...view.polls.polls, drafted(poll, draft)] } };
    }
    case "poll.edited": {
      const { poll, ...draft } = event.data;
      return withPoll(view, poll, () => drafted(poll, draft));
    }
    case "poll.deleted":
    case "poll.shelved":
      return { ...view, polls: { polls: without(view, event.data.poll) } };
    case "poll.opened": {
      const { poll, closes_at = null, ...shown } = event.data;
      const known = view.polls.polls.find((p) => p.id === poll);
      const opened: PollView = {
        ...(known ?? drafted(poll, shown)),
        seconds: shown.seconds ?? null,
        status: "open",
        session: shown.session,
        opened_at: event.at,
        closes_at,
        counts: known ? known.items.map((item) => zeros(width(item))) : null,
      };
      return { ...view, polls: { polls: [...without(view, poll), opened] } };
    }
    case "poll.answered": {
      const { data } = event;
      return withPoll(view, data.poll, (known) => answered(known, data, view.me.participant));
    }
    case "poll.counted":
      return withPoll(view, event.data.poll, (known) => ({ ...known, answered: event.data.answered }));
    case "poll.closed":
      return withPoll(view, event.data.poll, (known) => ({
        ...known,
        status: "closed",
        closes_at: null,
        texts: known.anonymous ? nobodys(known.texts) : known.texts,
      }));
    case "poll.reopened": {
      const { poll, seconds = null, closes_at = null } = event.data;
      return withPoll(view, poll, (known) => ({ ...known, status: "open", seconds, closes_at }));
    }
    case "poll.published": {
      const { poll, counts, correct, texts = [] } = event.data;
      return withPoll(view, poll, (known) => {
        const items = known.items.map((item, i) => ({ ...item, correct: correct[i] ?? [] }));
        const said = known.counts === null ? texts : known.texts;
        return {
          ...known,
          published: true,
          items,
          counts,
          texts: said,
          score: known.mine && score(items, known.mine),
        };
      });
    }
    case "lifecycle.session_ended":
      return { ...view, polls: { polls: view.polls.polls.map(afterClass) } };
    default:
      return view;
  }
}

type Draft = { title: string; items: PollItem[]; anonymous?: boolean; seconds?: number | null };
type Answered = Extract<RoomEvent, { type: "poll.answered" }>["data"];

function drafted(id: string, { title, items, anonymous = false, seconds = null }: Draft): PollView {
  return {
    id,
    title,
    items,
    anonymous,
    seconds,
    status: "draft",
    session: null,
    opened_at: null,
    closes_at: null,
    answered: 0,
    published: false,
    counts: null,
    texts: [],
    mine: null,
    score: null,
  };
}

function answered(known: PollView, data: Answered, me: string | null): PollView {
  const sheet = data.answers.map(({ choices = [], text = "" }) =>
    choices.length > 0 ? choices : text ? [0] : [],
  );
  const mine = !data.anonymous && data.voter === me ? sheet : known.mine;
  if (known.counts === null) return { ...known, mine };
  const before = data.before ?? null;
  const counts = known.counts.map((numbers, i) =>
    numbers.map((n, place) => n - chosen(before?.[i], place) + chosen(sheet[i], place)),
  );
  const said = data.answers.flatMap(({ text }, item) => (text ? [{ item, text, voter: data.voter }] : []));
  const texts = [...known.texts.filter((t) => t.voter !== data.voter), ...said];
  return { ...known, mine, counts, texts: texts.slice(-LIMITS.POLL_TEXTS_KEPT_MAX) };
}

const chosen = (sheet: number[] | undefined, place: number) => (sheet?.includes(place) ? 1 : 0);

/** Of several right options a single choice wants one, a multiple choice all; null where none is right. */
function score(items: PollItem[], sheet: number[][]): number | null {
  if (!items.some((item) => (item.correct ?? []).length > 0 && (item.points ?? 1) > 0)) return null;
  return items.reduce((sum, item, i) => sum + (isRight(item, sheet[i] ?? []) ? (item.points ?? 1) : 0), 0);
}

function isRight({ kind, correct = [] }: PollItem, picked: number[]): boolean {
  if (correct.length === 0 || picked.length === 0) return false;
  const isWithin = picked.every((place) => correct.includes(place));
  return isWithin && (kind === "single" || picked.length === correct.length);
}

function width({ kind, options = [], steps = 5 }: PollItem): number {
  if (kind === "scale") return steps;
  return kind === "text" ? 1 : options.length;
}

const zeros = (length: number): number[] => Array.from({ length }, () => 0);

/** What a poll keeps of its answers when the class is over: the numbers. */
function afterClass(poll: PollView): PollView {
  if (poll.status === "draft") return poll;
  return { ...poll, status: "closed", closes_at: null, texts: [], mine: null, score: null };
}

const nobodys = (texts: PollView["texts"]) => texts.map((text) => ({ ...text, voter: "" }));

const without = (view: RoomView, id: string) => view.polls.polls.filter((p) => p.id !== id);

function withPoll(view: RoomView, id: string, change: (poll: PollView) => PollView): RoomView {
  return { ...view, polls: { polls: view.polls.polls.map((p) => (p.id === id ? change(p) : p)) } };
}
