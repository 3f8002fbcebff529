import type { RoomEvent, RoomView } from "../../schema";

export function floor(view: RoomView, event: RoomEvent): RoomView {
  switch (event.type) {
    case "floor.hand_raised": {
      const { participant } = event.data;
      return { ...view, hands: [...view.hands, { participant, raised_at: event.at }] };
    }
    case "floor.hand_lowered":
      return { ...view, hands: view.hands.filter((h) => h.participant !== event.data.participant) };
    default:
      return view;
  }
}
