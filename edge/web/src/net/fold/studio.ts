import type { RoomEvent, RoomView, StudioView } from "../../schema";
import { put } from "./common";

export function studio(view: RoomView, event: RoomEvent): RoomView {
  const after = stage(view.studio, event);
  return after === view.studio ? view : { ...view, studio: after };
}

function stage(studio: StudioView, event: RoomEvent): StudioView {
  switch (event.type) {
    case "studio.scene_saved": {
      const { scene: id, ...rest } = event.data;
      return { ...studio, scenes: put(studio.scenes, { id, ...rest }) };
    }
    case "studio.scene_deleted": {
      const { scene } = event.data;
      const scenes = studio.scenes.filter((s) => s.id !== scene);
      return { ...studio, scenes, active: studio.active === scene ? null : studio.active };
    }
    case "studio.scene_activated":
      return { ...studio, active: event.data.scene };
    case "studio.deck_added": {
      const { deck: id, ...rest } = event.data;
      return { ...studio, decks: [...studio.decks, { id, ...rest, page: 1 }] };
    }
    case "studio.deck_removed": {
      const { deck } = event.data;
      const decks = studio.decks.filter((d) => d.id !== deck);
      return { ...studio, decks, shown: studio.shown === deck ? null : studio.shown };
    }
    case "studio.deck_shown":
      return { ...studio, shown: event.data.deck };
    case "studio.page_turned": {
      const { deck, page } = event.data;
      return { ...studio, decks: studio.decks.map((d) => (d.id === deck ? { ...d, page } : d)) };
    }
    case "studio.deck_hidden":
      return { ...studio, shown: null };
    case "studio.call_shown":
      return { ...studio, call: { title: event.data.title, url: event.data.url } };
    case "studio.call_hidden":
    case "lifecycle.session_ended":
      return { ...studio, call: null };
    default:
      return studio;
  }
}
