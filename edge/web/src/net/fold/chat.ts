import { LIMITS, type RoomEvent, type RoomView } from "../../schema";

export function chat(view: RoomView, event: RoomEvent): RoomView {
  switch (event.type) {
    case "chat.posted": {
      const { message, participant, display_name, text } = event.data;
      const posted = { id: message, seq: event.seq, at: event.at, participant, display_name, text };
      return { ...view, messages: [...view.messages, posted].slice(-LIMITS.CHAT_RECENT_MAX) };
    }
    default:
      return view;
  }
}
