import type { RoomEvent, RoomView } from "../../schema";
import { put } from "./common";

export function tracks(view: RoomView, event: RoomEvent): RoomView {
  switch (event.type) {
    case "track.published": {
      const { track, participant, kind, source, mime_type, layers, muted } = event.data;
      const muted_by = muted ? participant : null;
      const published = { id: track, participant, kind, source, mime_type, layers, muted, muted_by };
      return { ...view, tracks: put(view.tracks, published) };
    }
    case "track.muted":
      return withTrack(view, event.data.track, { muted: true, muted_by: event.data.by });
    case "track.unmuted":
      return withTrack(view, event.data.track, { muted: false, muted_by: null });
    case "track.closed":
      return { ...view, tracks: view.tracks.filter((t) => t.id !== event.data.track) };
    default:
      return view;
  }
}

function withTrack(view: RoomView, id: string, change: Partial<RoomView["tracks"][number]>): RoomView {
  return { ...view, tracks: view.tracks.map((t) => (t.id === id ? { ...t, ...change } : t)) };
}
