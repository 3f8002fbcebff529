import {
  type MeView,
  type ParticipantView,
  ROLE_PERMISSIONS,
  type Role,
  type RoomEvent,
  type RoomView,
} from "../../schema";
import { outside, put } from "./common";

export function roster(view: RoomView, event: RoomEvent): RoomView {
  switch (event.type) {
    case "roster.member_added":
    case "roster.member_removed":
      return view;
    case "roster.joined": {
      const { participant, display_name, role, guest, custom_role = "" } = event.data;
      const joined: ParticipantView = {
        id: participant,
        display_name,
        role,
        guest,
        connected: true,
        joined_at: event.at,
        custom_role,
      };
      return {
        ...view,
        me: participant === view.me.participant ? inside(view.me, role) : view.me,
        participants: put(view.participants, joined),
      };
    }
    case "roster.connected":
      return withParticipant(view, event.data.participant, { connected: true });
    case "roster.disconnected":
      return withParticipant(view, event.data.participant, { connected: false });
    case "roster.left": {
      const { participant } = event.data;
      return {
        ...view,
        me: participant === view.me.participant ? outside(view.me) : view.me,
        participants: view.participants.filter((p) => p.id !== participant),
        hands: view.hands.filter((h) => h.participant !== participant),
        tracks: view.tracks.filter((t) => t.participant !== participant),
      };
    }
    case "roster.role_changed": {
      const { participant, after, custom_role = "" } = event.data;
      const changed = withParticipant(view, participant, { role: after, custom_role });
      return participant === view.me.participant ? { ...changed, me: inside(view.me, after) } : changed;
    }
    default:
      return view;
  }
}

function withParticipant(view: RoomView, id: string, change: Partial<ParticipantView>): RoomView {
  return { ...view, participants: view.participants.map((p) => (p.id === id ? { ...p, ...change } : p)) };
}

/** What the role brings; a fresh view follows at once with what this person really may. */
function inside(me: MeView, role: Role): MeView {
  return { ...me, role, permissions: [...ROLE_PERMISSIONS[role]] };
}
