import { LIMITS, type QuestionsView, type QuestionView, type RoomEvent, type RoomView } from "../../schema";

const REMOVED_PERSON = "Removed person";

/** A question stands where it became visible or answered: lists grow at their end, for everybody alike. */
export function questions(view: RoomView, event: RoomEvent): RoomView {
  const known = view.questions;
  switch (event.type) {
    case "question.asked": {
      const { question, text, anonymous, participant, display_name, asked_at } = event.data;
      const mine = participant === view.me.participant;
      const asked: QuestionView = {
        id: question,
        asked_at: asked_at || event.at,
        text,
        anonymous,
        participant,
        display_name,
        status: "waiting",
        votes: 1,
        mine,
        voted: mine,
        answer: "",
        moment: null,
      };
      return put(view, known, asked);
    }
    case "question.opened": {
      const { question, text, anonymous, participant, display_name, asked_at } = event.data;
      const mine = participant != null && participant === view.me.participant;
      const opened: QuestionView = known.open.find((q) => q.id === question) ?? {
        id: question,
        asked_at: asked_at || event.at,
        text,
        anonymous,
        participant: participant ?? null,
        display_name: display_name ?? "",
        status: "open",
        votes: 1,
        mine,
        voted: mine,
        answer: "",
        moment: null,
      };
      return put(view, known, { ...opened, status: "open" });
    }
    case "question.edited":
      return change(view, event.data.question, { text: event.data.text });
    case "question.vote_cast":
      return change(view, event.data.question, { voted: true });
    case "question.vote_taken_back":
      return change(view, event.data.question, { voted: false });
    case "question.votes_counted":
      return change(view, event.data.question, { votes: event.data.votes });
    case "question.answering_started": {
      const moment = { at: event.at, seq: event.seq };
      return change(view, event.data.question, { status: "answering", moment });
    }
    case "question.answered": {
      const { question, text } = event.data;
      const asked = known.open.find((q) => q.id === question);
      if (!asked) return change(view, question, { answer: text });
      const moment = asked.moment ?? { at: event.at, seq: event.seq };
      const answered: QuestionView = { ...asked, status: "answered", answer: text, moment };
      const latest = [...known.answered, answered].slice(-LIMITS.QUESTIONS_ANSWERED_MAX);
      return { ...view, questions: { open: without(known.open, question), answered: latest } };
    }
    case "question.reopened": {
      const { question } = event.data;
      const fresh = { status: "open", answer: "", moment: null } as const;
      const answered = known.answered.find((q) => q.id === question);
      if (!answered) return change(view, question, fresh);
      const rest = { ...known, answered: without(known.answered, question) };
      return put(view, rest, { ...answered, ...fresh });
    }
    case "question.merged": {
      const { into, questions, votes } = event.data;
      const parts = known.open.filter((q) => questions.includes(q.id));
      const rest = { ...known, open: known.open.filter((q) => !questions.includes(q.id)) };
      const voted = [...parts, ...rest.open.filter((q) => q.id === into)].some((q) => q.voted);
      return change({ ...view, questions: rest }, into, { votes, voted });
    }
    case "question.withdrawn":
    case "question.dismissed":
    case "question.hidden":
      return { ...view, questions: { ...known, open: without(known.open, event.data.question) } };
    case "redaction.redacted": {
      const gone = event.data.participant;
      const named = (q: QuestionView) =>
        gone !== null && q.participant === gone ? { ...q, display_name: REMOVED_PERSON } : q;
      return { ...view, questions: { open: known.open.map(named), answered: known.answered.map(named) } };
    }
    case "lifecycle.session_ended":
      return { ...view, questions: { open: [], answered: [] } };
    default:
      return view;
  }
}

function put(view: RoomView, known: QuestionsView, question: QuestionView): RoomView {
  return { ...view, questions: { ...known, open: [...without(known.open, question.id), question] } };
}

function without(questions: QuestionView[], gone: string): QuestionView[] {
  return questions.filter((q) => q.id !== gone);
}

function change(view: RoomView, id: string, fields: Partial<QuestionView>): RoomView {
  const changed = (questions: QuestionView[]) =>
    questions.map((q) => (q.id === id ? { ...q, ...fields } : q));
  const { open, answered } = view.questions;
  return { ...view, questions: { open: changed(open), answered: changed(answered) } };
}
