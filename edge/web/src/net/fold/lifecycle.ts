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
    case "lifecycle.room_renamed":
      return { ...view, title: event.data.title };
    case "lifecycle.course_assigned":
      return { ...view, course: event.data.course };
    case "lifecycle.room_archived":
      return { ...view, archived: true };
    case "lifecycle.room_restored":
      return { ...view, archived: false };
    case "lifecycle.settings_changed": {
      const { before, after } = event.data;
      const changed = { ...view, settings: after };
      // What was said of the end counted under the old settings only.
      return before.end_at_time === after.end_at_time ? changed : withLive(changed, { ends_at: null });
    }
    case "lifecycle.session_scheduled": {
      const { session, title, starts_at, minutes, series } = event.data;
      const planned: SessionView = {
        id: session,
        title,
        status: "scheduled",
        starts_at,
        minutes,
        started_at: null,
        ended_at: null,
        series: series ?? null,
        ends_at: null,
      };
      return withPlans(view, [...view.scheduled, planned]);
    }
    case "lifecycle.session_moved": {
      const { session, starts_at, minutes } = event.data;
      return changePlan(view, session, { starts_at, minutes });
    }
    case "lifecycle.session_renamed": {
      const { session, title } = event.data;
      return view.session?.id === session ? withLive(view, { title }) : changePlan(view, session, { title });
    }
    case "lifecycle.session_cancelled":
      return withPlans(
        view,
        view.scheduled.filter((s) => s.id !== event.data.session),
      );
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
          series: planned?.series ?? null,
          ends_at: null,
        },
      };
    }
    case "lifecycle.session_extended":
    case "lifecycle.ending_soon":
      return withLive(view, { ends_at: event.data.ends_at });
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

function withLive(view: RoomView, change: Partial<SessionView>): RoomView {
  return view.session?.status === "live" ? { ...view, session: { ...view.session, ...change } } : view;
}

function changePlan(view: RoomView, session: string, change: Partial<SessionView>): RoomView {
  return withPlans(
    view,
    view.scheduled.map((s) => (s.id === session ? { ...s, ...change } : s)),
  );
}

function withPlans(view: RoomView, plans: SessionView[]): RoomView {
  return { ...view, scheduled: plans.toSorted(byStart).slice(-LIMITS.SCHEDULED_SESSIONS_MAX) };
}

const byStart = (a: SessionView, b: SessionView) =>
  (a.starts_at ?? 0) - (b.starts_at ?? 0) || (a.id < b.id ? -1 : 1);
