import type { FileView, RoomEvent, RoomView } from "../../schema";
import { put } from "./common";

const REMOVED_PERSON = "Removed person";

export function files(view: RoomView, event: RoomEvent): RoomView {
  const known = view.files.files;
  switch (event.type) {
    case "file.added": {
      const { file, name, bytes, media_type, purpose, scanned, participant, display_name } = event.data;
      const rest = { id: file, name, bytes, media_type, purpose, scanned, participant, display_name };
      const added: FileView = { ...rest, added_at: event.at };
      return { ...view, files: { files: put(known, added) } };
    }
    case "file.renamed": {
      const { file, name } = event.data;
      return { ...view, files: { files: known.map((f) => (f.id === file ? { ...f, name } : f)) } };
    }
    case "file.removed":
      return { ...view, files: { files: known.filter((f) => f.id !== event.data.file) } };
    case "redaction.redacted": {
      const gone = event.data.participant;
      const named = (f: FileView) => (f.participant === gone ? { ...f, display_name: REMOVED_PERSON } : f);
      return { ...view, files: { files: known.map(named) } };
    }
    default:
      return view;
  }
}
