import type { FloorView, Reaction, RoomEvent, RoomView } from "../../schema";

export function floor(view: RoomView, event: RoomEvent): RoomView {
  switch (event.type) {
    case "floor.hand_raised": {
      const { participant } = event.data;
      return { ...view, hands: [...view.hands, { participant, raised_at: event.at }] };
    }
    case "floor.hand_lowered":
      return { ...view, hands: view.hands.filter((h) => h.participant !== event.data.participant) };
    case "floor.given": {
      const { participant, until } = event.data;
      const turn = { participant, until };
      const known = view.floor.speaking.some((s) => s.participant === participant);
      return onFloor(view, {
        speaking: known
          ? view.floor.speaking.map((s) => (s.participant === participant ? turn : s))
          : [...view.floor.speaking, turn],
      });
    }
    case "floor.taken":
      return onFloor(view, { speaking: withoutTurn(view, event.data.participant) });
    case "floor.unmute_asked": {
      const asked = view.floor.asked_to_unmute;
      const { participant } = event.data;
      return asked.includes(participant) ? view : onFloor(view, { asked_to_unmute: [...asked, participant] });
    }
    case "floor.spotlighted":
      return onFloor(view, { spotlight: event.data.participants });
    case "floor.reacted":
      return onFloor(view, { reactions: counted(view, event.data.reaction) });
    case "track.published": {
      const { participant, source, muted } = event.data;
      return muted || source !== "microphone" ? view : answered(view, participant);
    }
    case "track.unmuted": {
      const opened = view.tracks.find((t) => t.id === event.data.track);
      return opened?.source === "microphone" ? answered(view, opened.participant) : view;
    }
    case "roster.left": {
      const { participant } = event.data;
      return answered(
        onFloor(view, {
          speaking: withoutTurn(view, participant),
          spotlight: view.floor.spotlight.filter((p) => p !== participant),
        }),
        participant,
      );
    }
    case "lifecycle.session_ended":
      return onFloor(view, { speaking: [], spotlight: [], asked_to_unmute: [], reactions: [] });
    default:
      return view;
  }
}

function onFloor(view: RoomView, change: Partial<FloorView>): RoomView {
  return { ...view, floor: { ...view.floor, ...change } };
}

function withoutTurn(view: RoomView, participant: string) {
  return view.floor.speaking.filter((s) => s.participant !== participant);
}

/** Whoever opens the microphone is not being asked any more. */
function answered(view: RoomView, participant: string): RoomView {
  return onFloor(view, { asked_to_unmute: view.floor.asked_to_unmute.filter((p) => p !== participant) });
}

function counted(view: RoomView, reaction: Reaction) {
  const { reactions } = view.floor;
  return reactions.some((r) => r.reaction === reaction)
    ? reactions.map((r) => (r.reaction === reaction ? { ...r, count: r.count + 1 } : r))
    : [...reactions, { reaction, count: 1 }];
}
