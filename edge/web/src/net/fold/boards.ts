import type { RoomEvent, RoomView } from "../../schema";

export function boards(view: RoomView, event: RoomEvent): RoomView {
  switch (event.type) {
    default:
      return view;
  }
}
