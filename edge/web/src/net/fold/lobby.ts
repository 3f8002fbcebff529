import type { LobbyView, RoomEvent, RoomView, WaitingView } from "../../schema";
import { put } from "./common";

/** The door. Events about others reach staff only; one's own change where one stands. */
export function lobby(view: RoomView, event: RoomEvent): RoomView {
  switch (event.type) {
    case "lobby.knocked": {
      const { participant, display_name, guest, message } = event.data;
      if (participant === view.me.participant) return set(view, { mine: "waiting", told: message });
      const before = view.lobby.waiting.find((w) => w.id === participant);
      const knocked_at = before?.knocked_at ?? event.at;
      const waiting: WaitingView = { id: participant, display_name, guest, connected: true, knocked_at };
      return set(view, { waiting: put(view.lobby.waiting, waiting) });
    }
    case "lobby.connected":
      return withWaiting(view, event.data.participant, true);
    case "lobby.disconnected":
      return withWaiting(view, event.data.participant, false);
    case "lobby.admitted":
      return gone(view, event.data.participant, { mine: "admitted", told: "", denial: "" });
    case "lobby.denied":
      return gone(view, event.data.participant, { mine: "denied", told: "", denial: event.data.message });
    case "lobby.left":
      return gone(view, event.data.participant, { mine: "none", told: "" });
    case "lobby.told":
      return set(view, { told: event.data.message });
    case "roster.joined":
      return gone(view, event.data.participant, {});
    case "lifecycle.session_ended":
      return { ...view, lobby: { waiting: [], mine: "none", told: "", denial: "" } };
    default:
      return view;
  }
}

function set(view: RoomView, change: Partial<LobbyView>): RoomView {
  return { ...view, lobby: { ...view.lobby, ...change } };
}

function withWaiting(view: RoomView, id: string, connected: boolean): RoomView {
  return set(view, { waiting: view.lobby.waiting.map((w) => (w.id === id ? { ...w, connected } : w)) });
}

function gone(view: RoomView, id: string, mine: Partial<LobbyView>): RoomView {
  if (id === view.me.participant) return set(view, mine);
  return set(view, { waiting: view.lobby.waiting.filter((w) => w.id !== id) });
}
