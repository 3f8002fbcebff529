import { LIMITS, type RoomEvent, type RoomView, type SessionView } from "../../schema";
import { outside } from "./common";

export function lifecycle(view: RoomView, event: RoomEvent): RoomView {
  switch (event.type) {
    case "lifecycle.room_created":
      return {
        ...view,
        title: event.data.title,
        settings: { ...view.settings, default_role: event.data.default_role },
      };
    case "lifecycle.session_scheduled": {
      const { session, title, starts_at, minutes } = event.data;
      const planned: SessionView = {
        id: session,
        title,
        status: "scheduled",
        starts_at,
        minutes,
        started_at: null,
        ended_at: null,
      };
      const scheduled = [...view.scheduled, planned].sort(byStart).slice(-LIMITS.SCHEDULED_SESSIONS_MAX);
      return { ...view, scheduled };
    }
    case "lifecycle.session_started": {
      const { session, title } = event.data;
      const planned = view.scheduled.find((s) => s.id === session);
      return {
        ...view,
        scheduled: view.scheduled.filter((s) => s.id !== session),
        session: {
          id: session,
          title,
          status: "live",
          starts_at: planned?.starts_at ?? null,
          minutes: planned?.minutes ?? null,
          started_at: event.at,
          ended_at: null,
        },
      };
    }
    case "lifecycle.session_ended":
      return {
        ...view,
        session: view.session && { ...view.session, status: "ended", ended_at: event.at },
        me: outside(view.me),
        participants: [],
        hands: [],
        tracks: [],
        epoch: 0,
      };
    default:
      return view;
  }
}

const byStart = (a: SessionView, b: SessionView) =>
  (a.starts_at ?? 0) - (b.starts_at ?? 0) || (a.id < b.id ? -1 : 1);
