import {
  type Artifact,
  LIMITS,
  type MeView,
  OUTSIDE_PERMISSIONS,
  type ParticipantView,
  type RecordingView,
  ROLE_PERMISSIONS,
  type Role,
  type RoomEvent,
  type RoomView,
  type SessionView,
  type StepView,
} from "../schema";

/**
 * The browser's fold: the view after an event, from the view before it.
 *
 * It must reach the same view as `rooms.view` on the server from the same events; both run the
 * vectors in tests/golden/fold. A type that this build does not know moves nothing but `seq`.
 */
export function fold(view: RoomView, event: RoomEvent): RoomView {
  if (event.seq <= view.seq) return view;
  return { ...evolve(view, event), seq: event.seq };
}

export function foldAll(view: RoomView, events: readonly RoomEvent[], through: number): RoomView {
  const folded = events.reduce(fold, view);
  return folded.seq >= through ? folded : { ...folded, seq: through };
}

function evolve(view: RoomView, event: RoomEvent): RoomView {
  switch (event.type) {
    case "lifecycle.room_created":
      return { ...view, title: event.data.title, default_role: event.data.default_role };
    case "lifecycle.session_scheduled": {
      const { session, title, starts_at, minutes } = event.data;
      const planned: SessionView = {
        id: session,
        title,
        status: "scheduled",
        starts_at,
        minutes,
        started_at: null,
        ended_at: null,
      };
      const scheduled = [...view.scheduled, planned].sort(byStart).slice(-LIMITS.SCHEDULED_SESSIONS_MAX);
      return { ...view, scheduled };
    }
    case "lifecycle.session_started": {
      const { session, title } = event.data;
      const planned = view.scheduled.find((s) => s.id === session);
      return {
        ...view,
        scheduled: view.scheduled.filter((s) => s.id !== session),
        session: {
          id: session,
          title,
          status: "live",
          starts_at: planned?.starts_at ?? null,
          minutes: planned?.minutes ?? null,
          started_at: event.at,
          ended_at: null,
        },
      };
    }
    case "lifecycle.session_ended":
      return {
        ...view,
        session: view.session && { ...view.session, status: "ended", ended_at: event.at },
        me: outside(view.me),
        participants: [],
        hands: [],
        tracks: [],
        epoch: 0,
      };
    case "roster.member_added":
      return view;
    case "roster.joined": {
      const { participant, display_name, role, guest } = event.data;
      const joined: ParticipantView = {
        id: participant,
        display_name,
        role,
        guest,
        connected: true,
        joined_at: event.at,
      };
      return {
        ...view,
        me: participant === view.me.participant ? inside(view.me, role) : view.me,
        participants: put(view.participants, joined),
      };
    }
    case "roster.connected":
      return withParticipant(view, event.data.participant, { connected: true });
    case "roster.disconnected":
      return withParticipant(view, event.data.participant, { connected: false });
    case "roster.left": {
      const { participant } = event.data;
      return {
        ...view,
        me: participant === view.me.participant ? outside(view.me) : view.me,
        participants: view.participants.filter((p) => p.id !== participant),
        hands: view.hands.filter((h) => h.participant !== participant),
        tracks: view.tracks.filter((t) => t.participant !== participant),
      };
    }
    case "roster.role_changed": {
      const { participant, after } = event.data;
      const changed = withParticipant(view, participant, { role: after });
      return participant === view.me.participant ? { ...changed, me: inside(view.me, after) } : changed;
    }
    case "floor.hand_raised": {
      const { participant } = event.data;
      return { ...view, hands: [...view.hands, { participant, raised_at: event.at }] };
    }
    case "floor.hand_lowered":
      return { ...view, hands: view.hands.filter((h) => h.participant !== event.data.participant) };
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
    case "chat.posted": {
      const { message, participant, display_name, text } = event.data;
      const posted = { id: message, seq: event.seq, at: event.at, participant, display_name, text };
      return { ...view, messages: [...view.messages, posted].slice(-LIMITS.CHAT_RECENT_MAX) };
    }
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
    case "media.placed":
      return { ...view, epoch: event.data.epoch };
    case "media.node_lost":
      return { ...view, epoch: 0 };
    default:
      event satisfies never;
      return view;
  }
}

const byStart = (a: SessionView, b: SessionView) =>
  (a.starts_at ?? 0) - (b.starts_at ?? 0) || (a.id < b.id ? -1 : 1);

function inside(me: MeView, role: Role): MeView {
  return { ...me, role, permissions: [...ROLE_PERMISSIONS[role]] };
}

/** What the role in class grants to somebody who stands before the door. */
function outside(me: MeView): MeView {
  return { ...me, role: null, permissions: me.permissions.filter((p) => OUTSIDE.has(p)) };
}

const OUTSIDE = new Set<string>(OUTSIDE_PERMISSIONS);

/** Replaces the member with this id where it stands, or adds it at the end. */
function put<T extends { id: string }>(members: T[], member: T): T[] {
  return members.some((m) => m.id === member.id)
    ? members.map((m) => (m.id === member.id ? member : m))
    : [...members, member];
}

function withParticipant(view: RoomView, id: string, change: Partial<ParticipantView>): RoomView {
  return { ...view, participants: view.participants.map((p) => (p.id === id ? { ...p, ...change } : p)) };
}

function withTrack(view: RoomView, id: string, change: Partial<RoomView["tracks"][number]>): RoomView {
  return { ...view, tracks: view.tracks.map((t) => (t.id === id ? { ...t, ...change } : t)) };
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
