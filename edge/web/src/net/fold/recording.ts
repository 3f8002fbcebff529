import {
  type Artifact,
  type ConsentsView,
  type ConsentView,
  LIMITS,
  type RecordingView,
  type RoomEvent,
  type RoomView,
  type StepView,
} from "../../schema";

export function recording(view: RoomView, event: RoomEvent): RoomView {
  return consent(recorded(view, event), event);
}

function recorded(view: RoomView, event: RoomEvent): RoomView {
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
        title: "",
        pauses: [],
        keep_until: null,
      };
      return { ...view, recordings: boundedRecordings([...view.recordings, started]) };
    }
    case "recording.paused":
      return withRecording(view, event.data.recording, ({ pauses }) => ({
        status: "paused",
        pauses: [...pauses, { since: event.at, until: null }].slice(-LIMITS.RECORDING_PAUSES_MAX),
      }));
    case "recording.resumed":
      return withRecording(view, event.data.recording, (known) => ({
        status: "recording",
        pauses: ended(known, event.at),
      }));
    case "recording.stopped":
      return withRecording(view, event.data.recording, (known) => ({
        status: "processing",
        stopped_at: event.at,
        pauses: ended(known, event.at),
      }));
    case "recording.renamed": {
      const { recording, title } = event.data;
      return withRecording(view, recording, () => ({ title }));
    }
    case "recording.retention_set": {
      const { recording, keep_until } = event.data;
      return withRecording(view, recording, () => ({ keep_until }));
    }
    case "recording.expired":
    case "recording.deleted": {
      const gone = event.data.recording;
      return { ...view, recordings: view.recordings.filter((r) => r.id !== gone) };
    }
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
    case "redaction.redacted":
      return redacted(view, event.data);
    default:
      return view;
  }
}

const REMOVED_PERSON = "Removed person";

type Redacted = Extract<RoomEvent, { type: "redaction.redacted" }>["data"];

/** What was redacted is gone from the view; recordings come back when they were rebuilt without it. */
function redacted(view: RoomView, tombstone: Redacted): RoomView {
  const { what, message, participant, recordings } = tombstone;
  const gone = what === "person" ? participant : null;
  const nameless = <T extends { participant: string; display_name: string }>(one: T): T =>
    one.participant === gone ? { ...one, display_name: REMOVED_PERSON } : one;
  return {
    ...view,
    messages: view.messages.filter((m) => what !== "message" || m.id !== message).map(nameless),
    rights: { ...view.rights, removed: view.rights.removed.map(nameless) },
    recordings: view.recordings.map((r) =>
      recordings.includes(r.id)
        ? { ...r, status: "processing", steps: [], artifacts: [], duration_ms: null }
        : r,
    ),
  };
}

/** Consent to the running recording. Others than staff hear only of themselves. */
function consent(view: RoomView, event: RoomEvent): RoomView {
  switch (event.type) {
    case "recording.started": {
      const { recording, asks_consent: asks = false } = event.data;
      const mine = view.me.participant === null ? null : "unanswered";
      return { ...view, consents: { recording, asks, mine, people: [] } };
    }
    case "recording.stopped":
      return { ...view, consents: { recording: null, asks: false, mine: null, people: [] } };
    case "recording.consent_answered": {
      const answer = event.data.agreed ? "agreed" : "declined";
      return withStanding(view, event.data.recording, event.data.participant, () => ({ answer }));
    }
    case "recording.person_left_out": {
      const byStaff = event.data.by === "staff";
      return withStanding(view, event.data.recording, event.data.participant, ({ left_out }) => ({
        left_out: left_out || byStaff,
      }));
    }
    case "recording.person_taken_in":
      return withStanding(view, event.data.recording, event.data.participant, () => ({ left_out: false }));
    default:
      return view;
  }
}

function withStanding(
  view: RoomView,
  recording: string,
  participant: string,
  change: (known: ConsentView) => Partial<ConsentView>,
): RoomView {
  const { consents } = view;
  if (consents.recording !== recording) return view;
  const known = consents.people.find((p) => p.participant === participant);
  const before = known ?? { participant, answer: "unanswered", left_out: false };
  const after: ConsentView = { ...before, ...change(before) };
  const people = known ? consents.people.map((p) => (p === known ? after : p)) : [...consents.people, after];
  const mine: ConsentsView["mine"] = after.left_out ? "left_out" : after.answer;
  const isMine = participant === view.me.participant;
  return {
    ...view,
    consents: { ...consents, people: boundedPeople(people), mine: isMine ? mine : consents.mine },
  };
}

/** Forgets whoever agreed first, as the server does. */
function boundedPeople(people: ConsentView[]): ConsentView[] {
  if (people.length <= LIMITS.PARTICIPANTS_MAX) return people;
  const goes = people.find((p) => p.answer === "agreed" && !p.left_out);
  return people.filter((p) => p !== goes);
}

function ended(known: RecordingView, at: number): RecordingView["pauses"] {
  return known.pauses.map((pause) => (pause.until === null ? { ...pause, until: at } : pause));
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
