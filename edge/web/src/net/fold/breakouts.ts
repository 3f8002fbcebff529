import type { RoomEvent, RoomView } from "../../schema";

export function breakouts(view: RoomView, event: RoomEvent): RoomView {
  switch (event.type) {
    default:
      return view;
  }
}
