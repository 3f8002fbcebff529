import {
  type Artifact,
  LIMITS,
  type RecordingView,
  type RoomEvent,
  type RoomView,
  type StepView,
} from "../../schema";

export function recording(view: RoomView, event: RoomEvent): RoomView {
  switch (event.type) {
    case "recording.started": {
      const started: RecordingView = {
        id: event.data.recording,
        session: event.data.session,
        status: "recording",
        started_at: event.at,
        stopped_at: null,
        duration_ms: null,
        steps: [],
        artifacts: [],
      };
      return { ...view, recordings: boundedRecordings([...view.recordings, started]) };
    }
    case "recording.stopped":
      return withRecording(view, event.data.recording, () => ({
        status: "processing",
        stopped_at: event.at,
      }));
    case "recording.step_reported": {
      const { recording, ...step } = event.data;
      return withRecording(view, recording, (known) => reported(known, step));
    }
    case "recording.artifact_added": {
      const { recording, artifact } = event.data;
      return withRecording(view, recording, ({ artifacts }) => ({
        artifacts: boundedArtifacts([...artifacts.filter((a) => a.id !== artifact.id), artifact]),
      }));
    }
    case "recording.completed":
      return withRecording(view, event.data.recording, () => ({
        status: "ready",
        duration_ms: event.data.duration_ms,
      }));
    default:
      return view;
  }
}

function withRecording(
  view: RoomView,
  id: string,
  change: (recording: RecordingView) => Partial<RecordingView>,
): RoomView {
  return { ...view, recordings: view.recordings.map((r) => (r.id === id ? { ...r, ...change(r) } : r)) };
}

function reported(known: RecordingView, step: StepView): Partial<RecordingView> {
  const steps = known.steps.some((s) => s.step === step.step)
    ? known.steps.map((s) => (s.step === step.step ? step : s))
    : [...known.steps, step];
  if (known.status !== "processing" && known.status !== "failed") return { steps };
  return { steps, status: steps.some((s) => s.status === "failed") ? "failed" : "processing" };
}

/** Forgets the oldest finished ones. */
function boundedRecordings(recordings: RecordingView[]): RecordingView[] {
  const extra = Math.max(recordings.length - LIMITS.RECORDINGS_KEPT_MAX, 0);
  const finished = recordings.filter((r) => r.status === "ready" || r.status === "failed").slice(0, extra);
  return recordings.filter((r) => !finished.includes(r));
}

/** When too many, the oldest track goes, never film or poster. */
function boundedArtifacts(artifacts: Artifact[]): Artifact[] {
  if (artifacts.length <= LIMITS.ARTIFACTS_KEPT_MAX) return artifacts;
  const goes = artifacts.find((a) => a.kind === "track") ?? artifacts[0];
  return artifacts.filter((a) => a !== goes);
}
