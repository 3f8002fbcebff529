import type { RoomEvent, RoomView } from "../../schema";

export function pulse(view: RoomView, event: RoomEvent): RoomView {
  switch (event.type) {
    case "pulse.sent": {
      const { counts, participant, value, slide = "" } = event.data;
      const others = view.pulse.people.filter((p) => p.participant !== participant);
      const people = participant ? [...others, { participant, value, slide, at: event.at }] : others;
      return { ...view, pulse: { counts, people } };
    }
    case "pulse.faded": {
      const { counts, until } = event.data;
      return { ...view, pulse: { counts, people: view.pulse.people.filter((p) => p.at > until) } };
    }
    case "lifecycle.session_ended":
      return { ...view, pulse: { counts: { lost: 0, too_fast: 0, fine: 0 }, people: [] } };
    default:
      return view;
  }
}
