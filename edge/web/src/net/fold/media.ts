import type { RoomEvent, RoomView } from "../../schema";

export function media(view: RoomView, event: RoomEvent): RoomView {
  switch (event.type) {
    case "media.placed":
      return { ...view, epoch: event.data.epoch };
    case "media.node_lost":
      return { ...view, epoch: 0 };
    default:
      return view;
  }
}
