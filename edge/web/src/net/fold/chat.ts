import {
  LIMITS,
  type MessageHeld,
  type MessagePosted,
  type MessageReaction,
  type MessageView,
  type RoomEvent,
  type RoomView,
} from "../../schema";

export function chat(view: RoomView, event: RoomEvent): RoomView {
  switch (event.type) {
    case "chat.posted":
      return withMessage(view, message(event, event.data, event.data.to ?? "everyone", false));
    case "chat.held":
      return withMessage(view, message(event, event.data, "everyone", true));
    case "chat.edited":
      return changed(view, event.data.message, { text: event.data.text, edited_at: event.at });
    case "chat.deleted":
    case "chat.rejected":
      return { ...view, messages: view.messages.filter((m) => m.id !== event.data.message) };
    case "chat.reacted": {
      const { participant, reaction } = event.data;
      return felt(view, event.data.message, participant, [{ participant, reaction }]);
    }
    case "chat.unreacted":
      return felt(view, event.data.message, event.data.participant, []);
    case "chat.pinned":
      return changed(view, event.data.message, { pinned: true });
    case "chat.unpinned":
      return changed(view, event.data.message, { pinned: false });
    case "lifecycle.session_ended":
      return { ...view, messages: view.messages.filter((m) => !m.held) };
    default:
      return view;
  }
}

function message(
  event: RoomEvent,
  data: MessagePosted | MessageHeld,
  to: string,
  held: boolean,
): MessageView {
  const { participant, display_name, text } = data;
  return {
    id: data.message,
    seq: event.seq,
    at: event.at,
    participant,
    display_name,
    text,
    format: data.format ?? "plain",
    to,
    reply_to: data.reply_to ?? null,
    edited_at: null,
    pinned: false,
    held,
    reactions: [],
  };
}

function withMessage(view: RoomView, message: MessageView): RoomView {
  return { ...view, messages: kept([...view.messages.filter((m) => m.id !== message.id), message]) };
}

function changed(view: RoomView, id: string, change: Partial<MessageView>): RoomView {
  return { ...view, messages: kept(view.messages.map((m) => (m.id === id ? { ...m, ...change } : m))) };
}

function felt(view: RoomView, id: string, participant: string, now: MessageReaction[]): RoomView {
  const found = view.messages.find((m) => m.id === id);
  const others = (found?.reactions ?? []).filter((r) => r.participant !== participant);
  return changed(view, id, { reactions: [...others, ...now] });
}

/** The latest of each thread, and what is pinned or held: the same as `rooms.chat` keeps. */
function kept(messages: MessageView[]): MessageView[] {
  const counts = new Map<string, number>();
  let asides = 0;
  return messages
    .toReversed()
    .filter((m) => {
      if (m.pinned || m.held) return true;
      const count = (counts.get(thread(m)) ?? 0) + 1;
      counts.set(thread(m), count);
      if (m.to === "everyone") return count <= LIMITS.CHAT_RECENT_MAX;
      asides += 1;
      return count <= LIMITS.CHAT_ASIDES_PER_THREAD_MAX && asides <= LIMITS.CHAT_ASIDES_MAX;
    })
    .reverse();
}

function thread(message: MessageView): string {
  if (message.to === "everyone") return message.to;
  if (message.to === "staff") return `staff ${message.participant}`;
  return [message.participant, message.to].sort().join(" ");
}
