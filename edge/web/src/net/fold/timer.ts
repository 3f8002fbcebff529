import type { ClockView, RoomEvent, RoomView } from "../../schema";

export function timer(view: RoomView, event: RoomEvent): RoomView {
  switch (event.type) {
    case "timer.started": {
      const { timer: id, label, ends_at } = event.data;
      const mode = ends_at === null ? "stopwatch" : "countdown";
      const clock: ClockView = {
        id,
        label,
        mode,
        status: "running",
        zero_at: ends_at ?? event.at,
        shows_ms: null,
      };
      return { ...view, timer: { clock } };
    }
    case "timer.paused":
      return changed(view, { status: "paused", zero_at: null, shows_ms: event.data.shows_ms });
    case "timer.resumed":
      return changed(view, { status: "running", zero_at: event.data.zero_at, shows_ms: null });
    case "timer.extended": {
      const { ends_at, shows_ms } = event.data;
      return changed(view, { status: ends_at === null ? "paused" : "running", zero_at: ends_at, shows_ms });
    }
    case "timer.ended":
      return changed(view, { status: "over", zero_at: null, shows_ms: null });
    case "timer.stopped":
    case "lifecycle.session_ended":
      return { ...view, timer: { clock: null } };
    default:
      return view;
  }
}

function changed(view: RoomView, change: Partial<ClockView>): RoomView {
  const { clock } = view.timer;
  return clock ? { ...view, timer: { clock: { ...clock, ...change } } } : view;
}
