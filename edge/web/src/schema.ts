// Written by scripts/generate_types.py from the Python package `schemas`. Do not edit.

/** Gives a user a lasting role in the room (a co-teacher, a speaker in a room of viewers). */
export interface AddMember {
  user: string;
  role: Role;
}

/** The outcome of a command: ``seq`` when accepted (its events are in the stream up to there), else ``code`` and ``message``. */
export interface AnswerFrame {
  t: "answer";
  id: string;
  accepted: boolean;
  seq?: number | null;
  code?: Code | null;
  message?: string | null;
}

/** A finished object: ``key`` is its address in the store, ``sha256`` that of its bytes (hex). ``offset_ms`` is where it begins, counted from the start of the recording. */
export interface Artifact {
  id: string;
  kind: ArtifactKind;
  key: string;
  media_type: string;
  bytes: number;
  sha256: string;
  duration_ms?: number;
  offset_ms?: number;
  track?: string | null;
  width_px?: number;
  height_px?: number;
}

/** An artifact is in the object store. */
export interface ArtifactAdded {
  recording: string;
  artifact: Artifact;
}

/** Results of a recording's pipeline. */
export type ArtifactKind = "track" | "composed" | "poster";

/** The whiteboards of the room. */
export type BoardsView = object;

/** Groups, and the child rooms that are open. */
export type BreakoutsView = object;

/** A host gives a person another role. */
export interface ChangeRole {
  participant: string;
  role: Role;
}

/** Ends consumers. Answer: ``{}``. */
export interface CloseConsumers {
  consumers: string[];
}

/** Ends one's own track, or, by a host, another's; sent by a node when the transport is gone. */
export interface CloseTrack {
  track: string;
}

/** Closes a transport and all on it. Answer: ``{}``. */
export interface CloseTransport {
  transport: string;
}

/** Last frame before the server closes the socket (codes in PROTOCOL.md). */
export interface Closing {
  t: "closing";
  code: string;
  message: string;
  retry_after_ms: number | null;
}

/** Stable rejection codes of the wire contract. */
export type Code = "log_unavailable" | "expired" | "malformed" | "unknown_command" | "forbidden" | "not_a_participant" | "room_exists" | "no_such_room" | "no_such_session" | "session_live" | "session_not_live" | "room_full" | "removed" | "no_such_participant" | "no_such_track" | "track_limit" | "no_such_recording" | "already_recording" | "not_recording" | "no_node" | "stale_epoch" | "limit_reached";

/** A command (``schemas.commands.CLIENT_COMMANDS``). ``id`` is its idempotency key: an unanswered command is sent again with the same id, on any connection. */
export interface CommandFrame {
  t: "command";
  id: string;
  name: string;
  data?: unknown;
}

/** The browser's DTLS parameters. Answer: ``{}``. */
export interface ConnectTransport {
  transport: string;
  dtlsParameters: DtlsParameters;
}

/** Who agreed to being recorded. */
export type ConsentsView = object;

/** Receives several tracks at once, paused. Answer: ``Consumed``; a track that is not there (any more) is left out. */
export interface Consume {
  transport: string;
  rtpCapabilities: RtpCapabilities;
  tracks: string[];
}

/** Consumers, created paused: ``resume`` each after ``transport.consume()``. */
export interface Consumed {
  consumers: ConsumerOptions[];
}

/** What mediasoup-client needs to receive one track. */
export interface ConsumerOptions {
  id: string;
  producerId: string;
  kind: MediaKind;
  rtpParameters: RtpParameters;
}

/** Creates the room that the subject names. Needs the capability ``teach`` or ``administer``. */
export interface CreateRoom {
  title: string;
  default_role?: "speaker" | "viewer";
}

/** A certificate's hash (RFC 8122). */
export interface DtlsFingerprint {
  algorithm: string;
  value: string;
}

/** DTLS role and certificate hashes. The node always says ``auto`` and stays passive. */
export interface DtlsParameters {
  fingerprints: DtlsFingerprint[];
  role?: "auto" | "client" | "server";
}

/** Ends the running class for everybody. */
export type EndSession = object;

/** One visible event. */
export interface EventOut {
  seq: number;
  at: number;
  type: string;
  actor: RecordedActor;
  data: unknown;
}

/** The visible events of the span ``(after, through]``, in order. */
export interface EventsFrame {
  t: "events";
  after: number;
  through: number;
  events: EventOut[];
}

/** The library of the room. */
export type FilesView = object;

/** Who may speak, who is in the light, what people feel. */
export type FloorView = object;

/** Statistics of the asker's transports, producers and consumers. Answer: ``MediaStats``. */
export type GetStats = object;

/** A hand is down, lowered by its owner or by a host. */
export interface HandLowered {
  participant: string;
  by?: string | null;
}

/** A participant wants to speak. */
export interface HandRaised {
  participant: string;
}

/** A raised hand; the list is in order of raising. */
export interface HandView {
  participant: string;
  raised_at: number;
}

/** Sent every ``heartbeat_s``; the line is dead after three missed ones. */
export interface Heartbeat {
  t: "heartbeat";
  at: number;
}

/** First frame. ``resume_from`` is the last seq the client has applied, if it has a view; ``connection`` the id of the socket it had, so that the old one is replaced. */
export interface Hello {
  t: "hello";
  protocol: number;
  resume_from?: number | null;
  connection?: string | null;
}

/** A host candidate of the node. */
export interface IceCandidate {
  foundation: string;
  priority: number;
  address: string;
  ip: string;
  protocol: "tcp" | "udp";
  port: number;
  type?: "host" | "relay";
}

/** ICE credentials of the node (ICE-lite, RFC 8445 §2.5). */
export interface IceParameters {
  usernameFragment: string;
  password: string;
  iceLite?: boolean;
}

/** The node's new credentials. */
export interface IceRestarted {
  iceParameters: IceParameters;
}

/** The asker enters the running class under this display name. */
export interface JoinSession {
  display_name: string;
}

/** The node now sends this simulcast layer (0 lowest; null: none) to a consumer. */
export interface LayerChanged {
  consumer: string;
  layer: number | null;
}

/** The asker leaves the running class. */
export type LeaveSession = object;

/** How loud a microphone is, in dB below overload: 0 loudest, 127 silence (RFC 6464 §3). */
export interface Level {
  participant: string;
  level: number;
}

/** Loudest microphones, loudest first, and who counts as the active speaker. */
export interface Levels {
  levels: Level[];
  activeSpeaker?: string | null;
}

/** Who waits at the door. */
export type LobbyView = object;

/** Lowers the asker's hand, or, by a host, another's. */
export interface LowerHand {
  participant?: string | null;
}

/** The viewer. ``role`` is None outside a session; ``permissions`` hold there and then. */
export interface MeView {
  participant: string | null;
  role: Role | null;
  permissions: string[];
}

/** A media request (``schemas.signalling.METHODS``) under the media epoch the client works with. */
export interface MediaFrame {
  t: "media";
  id: string;
  method: string;
  epoch: number;
  data?: unknown;
}

/** ORTC media kind. */
export type MediaKind = "audio" | "video";

/** Everything a browser needs to load its device and make its two transports. */
export interface MediaOpened {
  routerRtpCapabilities: RtpCapabilities;
  send: TransportOptions;
  recv: TransportOptions;
}

/** The answer to a media request: ``data``, or ``code`` and ``message``. */
export interface MediaResultFrame {
  t: "media_result";
  id: string;
  ok: boolean;
  data?: unknown | null;
  code?: string | null;
  message?: string | null;
}

/** What a node knows of one participant's media. */
export interface MediaStats {
  transports: TransportStats[];
  streams: StreamStats[];
}

/** A user has a lasting role in the room. Staff only: it names an account. */
export interface MemberAdded {
  user: string;
  role: Role;
}

/** Plain text to everybody. */
export interface MessagePosted {
  message: string;
  participant: string;
  display_name: string;
  text: string;
}

/** A chat message. */
export interface MessageView {
  id: string;
  seq: number;
  at: number;
  participant: string;
  display_name: string;
  text: string;
}

/** Mutes one's own track, or, by a host, another's. */
export interface MuteTrack {
  track: string;
}

/** The class has no media node until it is placed again. */
export interface NodeLost {
  node: string;
  epoch: number;
}

/** Router capabilities and both transports in one round trip; frees what this participant's older connections held in the room. Answer: ``MediaOpened``. */
export type OpenMedia = object;

/** A participant's page is connected (again), on this edge and socket. */
export interface ParticipantConnected {
  participant: string;
  edge: string;
  connection: string;
}

/** The socket is gone; the participant stays until ``grace_until`` (Unix milliseconds). ``since`` is when it was last known alive: whoever does not come back has left then. */
export interface ParticipantDisconnected {
  participant: string;
  grace_until: number;
  since?: number;
  edge_lost?: boolean;
}

/** A person entered the class. ``person`` is the user or guest id, for read models only. */
export interface ParticipantJoined {
  participant: string;
  person: string;
  display_name: string;
  role: Role;
  guest: boolean;
  edge: string;
  connection: string;
}

/** A person is out of the class since ``left_at`` (Unix milliseconds). */
export interface ParticipantLeft {
  participant: string;
  reason: "edge_lost" | "left" | "removed" | "session_ended" | "timeout";
  left_at: number;
}

/** A person in the class. A disconnected one is in grace time. */
export interface ParticipantView {
  id: string;
  display_name: string;
  role: Role;
  guest: boolean;
  connected: boolean;
  joined_at: number;
}

/** Stops sending, keeps the consumers (a hidden tile). Answer: ``{}``. */
export interface PauseConsumers {
  consumers: string[];
}

/** What can be granted, revoked and locked. */
export type Permission = "speak" | "camera" | "share_screen" | "raise_hand" | "react" | "chat" | "chat_staff" | "chat_private" | "ask_question" | "vote" | "pulse" | "draw" | "write_notes" | "upload" | "call_for_help" | "present" | "poll" | "answer_questions" | "open_breakouts" | "visit_breakouts" | "record" | "lower_hands" | "give_floor" | "spotlight" | "mute" | "moderate_chat" | "admit" | "remove" | "change_role" | "grant" | "lock" | "see_attendance" | "start_session" | "end_session" | "schedule" | "change_settings" | "add_member" | "redact";

/** What one person was given or lost beside the role. */
export interface PersonRights {
  participant: string;
  granted: Permission[];
  revoked: Permission[];
}

/** Measures the line; ``sent_at`` comes back in ``pong``. */
export interface Ping {
  t: "ping";
  sent_at: number;
}

/** Prepared polls, and those of the running class. */
export type PollsView = object;

/** Answer to ``ping``. */
export interface Pong {
  t: "pong";
  sent_at: number;
  at: number;
}

/** Writes to everybody in the class. */
export interface PostMessage {
  text: string;
}

/** Sends a track. Answer: ``Produced``, once ``track.published`` is on the log. ``width_px`` and ``height_px`` are the size of the source (``track.getSettings()``), from which the node knows the size of each layer; without them it assumes 720p for a camera, 1080p for a screen. */
export interface Produce {
  transport: string;
  kind: MediaKind;
  source: Source;
  rtpParameters: RtpParameters;
  muted?: boolean;
  widthPx?: number;
  heightPx?: number;
}

/** The producer's id is the track's id on the log. */
export interface Produced {
  track: string;
}

/** How the class follows just now. */
export type PulseView = object;

/** Questions of the running class. */
export type QuestionsView = object;

/** The asker wants to speak. */
export type RaiseHand = object;

/** What of an actor is kept in the log. */
export interface RecordedActor {
  kind: "guest" | "operator" | "service" | "user";
  id: string;
  participant?: string | null;
}

/** Every artifact of the recording is there. */
export interface RecordingCompleted {
  recording: string;
  duration_ms: number;
}

/** Everything that flows from now on is kept. */
export interface RecordingStarted {
  recording: string;
  session: string;
  by: string | null;
}

/** Where the pipeline of a recording stands. */
export interface RecordingStepReported {
  recording: string;
  step: string;
  status: "failed" | "finished" | "started";
  progress_percent: number;
  detail: string;
}

/** Nothing more is kept; the pipeline begins. */
export interface RecordingStopped {
  recording: string;
  reason: "session_ended" | "stopped";
}

/** A recording of this room; the latest ones are kept in the view. */
export interface RecordingView {
  id: string;
  session: string;
  status: "failed" | "processing" | "ready" | "recording";
  started_at: number;
  stopped_at: number | null;
  duration_ms: number | null;
  steps: StepView[];
  artifacts: Artifact[];
}

/** A host sends a person out until the class ends. */
export interface RemoveParticipant {
  participant: string;
}

/** New ICE credentials for a transport. Answer: ``IceRestarted``. */
export interface RestartIce {
  transport: string;
}

/** Lets consumers flow; video starts at a key frame. Answer: ``{}``. */
export interface ResumeConsumers {
  consumers: string[];
}

/** Locks hold for everybody but staff. ``people`` are all to staff, otherwise only the viewer. */
export interface RightsView {
  locks: Permission[];
  people: PersonRights[];
}

/** What a participant is in a class. A role grants permissions through ``rooms.permissions``. */
export type Role = "host" | "co_host" | "speaker" | "viewer";

/** A participant has another role. */
export interface RoleChanged {
  participant: string;
  before: Role;
  after: Role;
}

/** The room exists; ``owner`` hosts every class in it. */
export interface RoomCreated {
  title: string;
  owner: string;
  default_role: Role;
}

/** The class runs on this node; transports of an older epoch are void. */
export interface RoomPlaced {
  node: string;
  epoch: number;
}

/** The settings of a room; ``change_settings`` replaces them as a whole. ``default_role`` is speaker or viewer. ``lobby`` says who waits at the door; ``capacity`` counts everybody in the class; with ``slow_mode_s`` a person other than staff writes at most one message in so many seconds; with ``hold_messages`` staff approve messages first; ``end_at_time`` ends a scheduled class by the clock. */
export interface RoomSettings {
  default_role?: Role;
  lobby?: "everyone" | "guests" | "off";
  capacity?: number;
  slow_mode_s?: number;
  hold_messages?: boolean;
  approve_questions?: boolean;
  ask_record_consent?: boolean;
  end_at_time?: boolean;
}

/** Everything a browser knows of a room after the event ``seq``. ``session`` is the running class or the last one; ``epoch`` 0 means: no media node yet. */
export interface RoomView {
  tenant: string;
  room: string;
  seq: number;
  title: string;
  settings: RoomSettings;
  me: MeView;
  session: SessionView | null;
  scheduled: SessionView[];
  participants: ParticipantView[];
  hands: HandView[];
  tracks: TrackView[];
  messages: MessageView[];
  recordings: RecordingView[];
  epoch: number;
  rights: RightsView;
  lobby: LobbyView;
  floor: FloorView;
  questions: QuestionsView;
  polls: PollsView;
  pulse: PulseView;
  studio: StudioView;
  boards: BoardsView;
  files: FilesView;
  breakouts: BreakoutsView;
  consents: ConsentsView;
}

/** One ``a=rtcp-fb`` (RFC 4585 §4.2). */
export interface RtcpFeedback {
  type: string;
  parameter?: string;
}

/** RTCP settings of a stream. */
export interface RtcpParameters {
  cname?: string;
  reducedSize?: boolean;
}

/** What an endpoint can send or receive. */
export interface RtpCapabilities {
  codecs?: RtpCodecCapability[];
  headerExtensions?: RtpHeaderExtension[];
}

/** A codec that an endpoint can handle. */
export interface RtpCodecCapability {
  kind: MediaKind;
  mimeType: string;
  clockRate: number;
  preferredPayloadType?: number | null;
  channels?: number | null;
  parameters?: Record<string, string | number | boolean | null>;
  rtcpFeedback?: RtcpFeedback[];
}

/** A codec in use. */
export interface RtpCodecParameters {
  mimeType: string;
  payloadType: number;
  clockRate: number;
  channels?: number | null;
  parameters?: Record<string, string | number | boolean | null>;
  rtcpFeedback?: RtcpFeedback[];
}

/** One stream of a sender; simulcast encodings carry ``rid`` and no ``ssrc``. */
export interface RtpEncodingParameters {
  ssrc?: number | null;
  rid?: string | null;
  codecPayloadType?: number | null;
  rtx?: RtxParameters | null;
  dtx?: boolean | null;
  scalabilityMode?: string | null;
  scaleResolutionDownBy?: number | null;
  maxBitrate?: number | null;
  maxFramerate?: number | null;
  active?: boolean | null;
}

/** A header extension that an endpoint can handle (RFC 8285). */
export interface RtpHeaderExtension {
  uri: string;
  preferredId: number;
  kind?: MediaKind | null;
  preferredEncrypt?: boolean;
  direction?: "inactive" | "recvonly" | "sendonly" | "sendrecv";
}

/** A header extension in use. */
export interface RtpHeaderExtensionParameters {
  uri: string;
  id: number;
  encrypt?: boolean;
  parameters?: Record<string, string | number | boolean | null>;
}

/** What is sent: codecs, extensions, encodings. */
export interface RtpParameters {
  codecs: RtpCodecParameters[];
  mid?: string | null;
  headerExtensions?: RtpHeaderExtensionParameters[];
  encodings?: RtpEncodingParameters[];
  rtcp?: RtcpParameters;
  msid?: string | null;
}

/** The retransmission stream of an encoding (RFC 4588). */
export interface RtxParameters {
  ssrc: number;
}

/** Plans a class: start in Unix milliseconds, length in minutes. */
export interface ScheduleSession {
  title: string;
  starts_at: number;
  minutes?: number;
}

/** The class is over: everybody still in it has left, every track is closed, no hand is up. The same commit says so one by one, but for the tail of a very large class (``DEPARTURES_PER_COMMIT_MAX``): followers close what is still open at this event. */
export interface SessionEnded {
  session: string;
  reason: "empty" | "ended" | "time_limit";
}

/** A class is planned. */
export interface SessionScheduled {
  session: string;
  title: string;
  starts_at: number;
  minutes: number;
}

/** A class is live. */
export interface SessionStarted {
  session: string;
  title: string;
}

/** A class: planned, running or over. */
export interface SessionView {
  id: string;
  title: string;
  status: "ended" | "live" | "scheduled";
  starts_at: number | null;
  minutes: number | null;
  started_at: number | null;
  ended_at: number | null;
}

/** What the viewer shows; the node picks layers from it. Answer: ``{}``. */
export interface SetTileSizes {
  tiles: TileSize[];
}

/** An ephemeral signal (``schemas.signalling.CLIENT_SIGNALS``); may be lost. */
export interface SignalFrame {
  t: "signal";
  kind: string;
  data?: unknown;
  to?: string[];
}

/** An ephemeral signal for the viewer. */
export interface SignalOut {
  t: "signal";
  kind: string;
  data: unknown;
  sender?: string | null;
}

/** What a track shows or sounds like to people. */
export type Source = "microphone" | "camera" | "screen" | "screen_audio";

/** Starts recording all tracks of the class. */
export type StartRecording = object;

/** Starts a scheduled session, or an unscheduled one when none is named. */
export interface StartSession {
  session?: string | null;
}

/** Where one step of a recording's pipeline stands. */
export interface StepView {
  step: string;
  status: "failed" | "finished" | "started";
  progress_percent: number;
  detail: string;
}

/** Stops the recording; its artifacts follow. */
export type StopRecording = object;

/** One producer or consumer stream. Loss is a fraction of 0 to 1 since the last report. */
export interface StreamStats {
  id: string;
  track: string;
  direction: "recv" | "send";
  kind: MediaKind;
  layer: number | null;
  packets: number;
  bytes: number;
  bitrateBps: number;
  loss: number;
  jitterMs: number;
  nacks: number;
  retransmits: number;
  keyFrameRequests: number;
  paused: boolean;
}

/** What is on stage. */
export type StudioView = object;

/** The size in device pixels at which a consumer is shown; 0 by 0 is hidden. */
export interface TileSize {
  consumer: string;
  widthPx: number;
  heightPx: number;
}

/** The track is gone for good. */
export interface TrackClosed {
  track: string;
  reason: "by_host" | "closed" | "left" | "node_lost" | "role" | "session_ended" | "transport_closed";
}

/** The node forwards nothing of this track; ``by`` is who closed it. */
export interface TrackMuted {
  track: string;
  by: string | null;
}

/** A microphone, camera or screen can be consumed on the node of this epoch. */
export interface TrackPublished {
  track: string;
  participant: string;
  kind: MediaKind;
  source: Source;
  mime_type: string;
  clock_rate_hz: number;
  channels: number;
  layers: number;
  epoch: number;
  muted: boolean;
}

/** The track flows again. */
export interface TrackUnmuted {
  track: string;
}

/** A microphone, camera or screen that can be consumed. */
export interface TrackView {
  id: string;
  participant: string;
  kind: MediaKind;
  source: Source;
  mime_type: string;
  layers: number;
  muted: boolean;
  muted_by: string | null;
}

/** The node closed a transport: ICE consent lapsed or DTLS ended. The browser opens anew. */
export interface TransportClosed {
  transport: string;
}

/** What mediasoup-client needs to make a transport. */
export interface TransportOptions {
  id: string;
  iceParameters: IceParameters;
  iceCandidates: IceCandidate[];
  dtlsParameters: DtlsParameters;
}

/** One transport: bytes and packets since it was made; estimate of what can be sent to it. */
export interface TransportStats {
  id: string;
  direction: "recv" | "send";
  state: string;
  rttMs: number | null;
  bytesSent: number;
  bytesReceived: number;
  availableOutgoingBps: number | null;
}

/** The class cannot go on as it should, or can again: ``log_unavailable`` or ``cleared``. */
export interface Trouble {
  t: "trouble";
  code: "cleared" | "log_unavailable";
  message: string;
}

/** Opens one's own track again. Nobody can open another's. */
export interface UnmuteTrack {
  track: string;
}

/** A fresh view, complete up to ``view.seq``; replaces what the client has. Also sent when the viewer's role changes. */
export interface ViewFrame {
  t: "view";
  view: RoomView;
}

/** Answer to ``hello``. ``resumed`` says that ``events`` follow instead of a ``view``. */
export interface Welcome {
  t: "welcome";
  protocol: number;
  connection: string;
  participant: string;
  server_time: number;
  heartbeat_s: number;
  resumed: boolean;
}

export type ClientFrame =
  | Hello
  | CommandFrame
  | MediaFrame
  | SignalFrame
  | Ping;

export type ServerFrame =
  | Welcome
  | ViewFrame
  | EventsFrame
  | AnswerFrame
  | MediaResultFrame
  | SignalOut
  | Heartbeat
  | Pong
  | Trouble
  | Closing;

export type RoomEvent =
  | (Omit<EventOut, "type" | "data"> & { type: "lifecycle.room_created"; data: RoomCreated })
  | (Omit<EventOut, "type" | "data"> & { type: "lifecycle.session_scheduled"; data: SessionScheduled })
  | (Omit<EventOut, "type" | "data"> & { type: "lifecycle.session_started"; data: SessionStarted })
  | (Omit<EventOut, "type" | "data"> & { type: "lifecycle.session_ended"; data: SessionEnded })
  | (Omit<EventOut, "type" | "data"> & { type: "roster.member_added"; data: MemberAdded })
  | (Omit<EventOut, "type" | "data"> & { type: "roster.joined"; data: ParticipantJoined })
  | (Omit<EventOut, "type" | "data"> & { type: "roster.connected"; data: ParticipantConnected })
  | (Omit<EventOut, "type" | "data"> & { type: "roster.disconnected"; data: ParticipantDisconnected })
  | (Omit<EventOut, "type" | "data"> & { type: "roster.left"; data: ParticipantLeft })
  | (Omit<EventOut, "type" | "data"> & { type: "roster.role_changed"; data: RoleChanged })
  | (Omit<EventOut, "type" | "data"> & { type: "floor.hand_raised"; data: HandRaised })
  | (Omit<EventOut, "type" | "data"> & { type: "floor.hand_lowered"; data: HandLowered })
  | (Omit<EventOut, "type" | "data"> & { type: "track.published"; data: TrackPublished })
  | (Omit<EventOut, "type" | "data"> & { type: "track.muted"; data: TrackMuted })
  | (Omit<EventOut, "type" | "data"> & { type: "track.unmuted"; data: TrackUnmuted })
  | (Omit<EventOut, "type" | "data"> & { type: "track.closed"; data: TrackClosed })
  | (Omit<EventOut, "type" | "data"> & { type: "chat.posted"; data: MessagePosted })
  | (Omit<EventOut, "type" | "data"> & { type: "recording.started"; data: RecordingStarted })
  | (Omit<EventOut, "type" | "data"> & { type: "recording.stopped"; data: RecordingStopped })
  | (Omit<EventOut, "type" | "data"> & { type: "recording.step_reported"; data: RecordingStepReported })
  | (Omit<EventOut, "type" | "data"> & { type: "recording.artifact_added"; data: ArtifactAdded })
  | (Omit<EventOut, "type" | "data"> & { type: "recording.completed"; data: RecordingCompleted })
  | (Omit<EventOut, "type" | "data"> & { type: "media.placed"; data: RoomPlaced })
  | (Omit<EventOut, "type" | "data"> & { type: "media.node_lost"; data: NodeLost });

export interface Commands {
  create_room: CreateRoom;
  schedule_session: ScheduleSession;
  start_session: StartSession;
  end_session: EndSession;
  join_session: JoinSession;
  leave_session: LeaveSession;
  remove_participant: RemoveParticipant;
  change_role: ChangeRole;
  add_member: AddMember;
  raise_hand: RaiseHand;
  lower_hand: LowerHand;
  mute_track: MuteTrack;
  unmute_track: UnmuteTrack;
  close_track: CloseTrack;
  post_message: PostMessage;
  start_recording: StartRecording;
  stop_recording: StopRecording;
}

export interface MediaRequests {
  open: OpenMedia;
  connect_transport: ConnectTransport;
  restart_ice: RestartIce;
  close_transport: CloseTransport;
  produce: Produce;
  consume: Consume;
  resume_consumers: ResumeConsumers;
  pause_consumers: PauseConsumers;
  close_consumers: CloseConsumers;
  set_tile_sizes: SetTileSizes;
  get_stats: GetStats;
}

export interface MediaAnswers {
  open: MediaOpened;
  connect_transport: object;
  restart_ice: IceRestarted;
  close_transport: object;
  produce: Produced;
  consume: Consumed;
  resume_consumers: object;
  pause_consumers: object;
  close_consumers: object;
  set_tile_sizes: object;
  get_stats: MediaStats;
}

export interface Signals {
  levels: Levels;
  layer: LayerChanged;
  transport_closed: TransportClosed;
}

export const PROTOCOL_VERSION = 1;

export const CLOSE_CODES = {
  going_away: 4000,
  too_slow: 4001,
  replaced: 4002,
  removed: 4003,
  not_signed_in: 4004,
  forbidden: 4005,
  malformed: 4006,
  flooding: 4007,
  unsupported_protocol: 4008,
  bus_lost: 4009,
  no_such_room: 4010,
} as const;

export const ROLE_PERMISSIONS: Record<Role, readonly Permission[]> = {
  host: ["add_member", "admit", "answer_questions", "ask_question", "call_for_help", "camera", "change_role", "change_settings", "chat", "chat_private", "chat_staff", "draw", "end_session", "give_floor", "grant", "lock", "lower_hands", "moderate_chat", "mute", "open_breakouts", "poll", "present", "pulse", "raise_hand", "react", "record", "redact", "remove", "schedule", "see_attendance", "share_screen", "speak", "spotlight", "start_session", "upload", "visit_breakouts", "vote", "write_notes"],
  co_host: ["admit", "answer_questions", "ask_question", "call_for_help", "camera", "change_role", "chat", "chat_private", "chat_staff", "draw", "give_floor", "grant", "lock", "lower_hands", "moderate_chat", "mute", "open_breakouts", "poll", "present", "pulse", "raise_hand", "react", "record", "remove", "schedule", "see_attendance", "share_screen", "speak", "spotlight", "start_session", "upload", "visit_breakouts", "vote", "write_notes"],
  speaker: ["ask_question", "call_for_help", "camera", "chat", "chat_private", "chat_staff", "draw", "pulse", "raise_hand", "react", "share_screen", "speak", "upload", "vote", "write_notes"],
  viewer: ["ask_question", "call_for_help", "chat", "chat_staff", "pulse", "raise_hand", "react", "vote"],
};

export const OUTSIDE_PERMISSIONS: readonly Permission[] = ["add_member", "change_settings", "end_session", "open_breakouts", "poll", "present", "redact", "schedule", "see_attendance", "start_session"];

export const LIMITS = {
  NAME_CHARS_MAX: 80,
  TITLE_CHARS_MAX: 200,
  MESSAGE_CHARS_MAX: 2000,
  CHAT_RECENT_MAX: 50,
  SCHEDULED_SESSIONS_MAX: 100,
  RECORDINGS_KEPT_MAX: 10,
  ARTIFACTS_KEPT_MAX: 48,
  CONNECTION_COMMANDS_IN_FLIGHT_MAX: 32,
  CONSUMERS_PER_TRANSPORT_MAX: 200,
  HELLO_TIMEOUT_S: 10.0,
  HEARTBEAT_S: 5.0,
} as const;
