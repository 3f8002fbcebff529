// Written by scripts/generate_types.py from the Python package `schemas`. Do not edit.

/** Everybody sees this scene now; without one, everybody's own layout. */
export interface ActivateScene {
  scene?: string | null;
}

/** Adds an empty page after this one; without one, at the end. */
export interface AddBoardPage {
  board: string;
  after?: string | null;
}

/** Puts slides into the room: a file of the library with so many pages. ``deck`` is only named when a deck is carried from one room into another. */
export interface AddDeck {
  title: string;
  pages: number;
  file: string;
  deck?: string | null;
}

/** Gives a user a lasting role in the room (a co-teacher, a speaker in a room of viewers). ``custom_role`` names one of the tenant's own, whose base then counts instead of ``role``. */
export interface AddMember {
  user: string;
  role: Role;
  custom_role?: string;
}

/** Gives a countdown more seconds, also one that is over. */
export interface AddTime {
  seconds: number;
}

/** Staff let these people in: those who wait, and those whom a host kept out before. */
export interface Admit {
  participants: string[];
}

/** Staff let everybody in who waits. */
export type AdmitAll = object;

/** A person may enter until the class ends. Whose page is there enters in the same commit. */
export interface Admitted {
  participant: string;
}

/** The asker agrees to being in the running recording. */
export interface AgreeToRecording {
  recording: string;
}

/** Says who, of those whose role lets them draw, may draw on this board; staff always may. */
export interface AllowDrawing {
  board: string;
  who: "everyone" | "staff" | string[];
}

/** A text for all child rooms; ``number`` counts those of one opening from 1. */
export interface Announcement {
  number: number;
  text: string;
  display_name: string;
}

/** A text for all child rooms, in the parent's log and in that of each child. */
export interface AnnouncementMade {
  number: number;
  text: string;
  display_name: string;
}

/** An answer to one item: choices, or a text. With neither the item is left out. */
export interface Answer {
  choices?: number[];
  text?: string;
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

/** Staff answer a group's call; it leaves the queue. */
export interface AnswerHelp {
  group: string;
}

/** The asker's answers, one for each item; until the poll closes the latest ones count. */
export interface AnswerPoll {
  poll: string;
  answers: Answer[];
}

/** The question is answered: aloud, or in this text. Again with another text: the answer is mended. */
export interface AnswerQuestion {
  question: string;
  text?: string;
}

/** A question is being answered aloud: this is the moment to look for in the recording. */
export interface AnsweringStarted {
  question: string;
}

/** Staff show a held message to everyone. */
export interface ApproveMessage {
  message: string;
}

/** Staff show a waiting question to the class. */
export interface ApproveQuestion {
  question: string;
}

/** Puts the room away: it keeps everything and takes no new class. A running one goes on to its end. */
export type ArchiveRoom = object;

/** A finished object: ``key`` is its address in the store, ``sha256`` that of its bytes (hex). ``offset_ms`` is where it begins in the film, which has no pauses in it. */
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

/** Prepares a poll and opens it at once. */
export interface AskPoll {
  items: PollItem[];
  title?: string;
  anonymous?: boolean;
  seconds?: number | null;
}

/** The asker puts a question to the teacher. An anonymous one names its author to staff only. */
export interface AskQuestion {
  text: string;
  anonymous?: boolean;
}

/** Staff ask a person to open the microphone. Only that person can do it. */
export interface AskToUnmute {
  participant: string;
}

/** Makes the room one of a course (or of none): the course groups rooms and the people enrolled. */
export interface AssignCourse {
  course?: string | null;
}

/** There is a board, with one page, on which everybody whose role lets them may draw. */
export interface BoardCreated {
  board: string;
  title: string;
  page: string;
}

/** A board is gone with everything on it; if it was shown, none is. */
export interface BoardDeleted {
  board: string;
}

/** No board is shown any more. */
export interface BoardHidden {
  board: string;
}

/** A board has another page, after this one; None: at the end. */
export interface BoardPageAdded {
  board: string;
  page: string;
  after: string | null;
}

/** A page is gone with everything on it; if it was shown, the board's first is. */
export interface BoardPageRemoved {
  board: string;
  page: string;
}

/** A board has another title. */
export interface BoardRenamed {
  board: string;
  title: string;
}

/** Everybody sees this page. */
export interface BoardShown {
  board: string;
  page: string;
}

/** A board, or what is drawn on a deck (of which only pages with drawings are here). */
export interface BoardView {
  id: string;
  title: string;
  is_deck: boolean;
  who: "everyone" | "staff" | string[];
  pages: PageView[];
}

/** The boards of the room, and which page is shown. */
export interface BoardsView {
  boards: BoardView[];
  shown: ShownPageView | null;
}

/** Who is in a child room, how many hands are up there, and whether its class is over. Staff only. */
export interface BreakoutActivity {
  group: string;
  present: string[];
  hands: number;
  over: boolean;
}

/** The child rooms are over, everybody comes back. The groups stay for the next time. */
export interface BreakoutsClosed {
  opening: string;
}

/** The child rooms end at another time (Unix milliseconds; None: without limit). ``closing``: it is a countdown. */
export interface BreakoutsEndMoved {
  ends_at: number | null;
  closing: boolean;
}

/** Child rooms are being opened for these groups. */
export interface BreakoutsOpened {
  opening: string;
  groups: Group[];
  ends_at: number | null;
  carry: string[];
  free_choice: boolean;
}

/** These are the groups now. Staff only. */
export interface BreakoutsPlanned {
  groups: Group[];
}

/** The plan (for staff, otherwise empty), what is open, and whose child this room is. ``sees_all``: the viewer sees every child room. */
export interface BreakoutsView {
  plan: Group[];
  opening: OpeningView | null;
  of: ChildView | null;
  sees_all: boolean;
}

/** Shows a text in every child room. */
export interface BroadcastToBreakouts {
  text: string;
}

/** A group asks the parent room's staff to come. */
export type CallForHelp = object;

/** The call to action is gone. */
export type CallHidden = object;

/** Everybody is asked to go there. */
export interface CallShown {
  title: string;
  url: string;
}

/** The call to action; the title is what stays for who cannot follow the link. */
export interface CallView {
  title: string;
  url: string;
}

/** Takes all lessons of a series that have not begun off the time table. */
export interface CancelSeries {
  series: string;
}

/** Takes a planned class off the time table. */
export interface CancelSession {
  session: string;
}

/** A host gives a person another role: one of the tenant's own if ``custom_role`` names it (its base then counts instead of ``role``). */
export interface ChangeRole {
  participant: string;
  role: Role;
  custom_role?: string;
}

/** Sets the room up anew, for the running class and all later ones. ``default_role`` is speaker or viewer and holds for those who come from now on. */
export interface ChangeSettings {
  settings: RoomSettings;
}

/** These people of the parent's staff may enter, with their roles. Staff only: it names accounts. */
export interface ChildStaffChanged {
  staff: StaffMember[];
}

/** What a child room knows of itself. ``help`` is the call that waits, 0: none. */
export interface ChildView {
  parent: string;
  opening: string;
  group: string;
  group_name: string;
  members: string[];
  ends_at: number | null;
  closing: boolean;
  carry: string[];
  visitors: VisitorView[];
  announcements: Announcement[];
  help: number;
  closed: boolean;
}

/** These child rooms have heard it. Staff only. */
export interface ChildrenClosed {
  rooms: string[];
}

/** The asker goes into this group, where people choose freely. */
export interface ChooseBreakout {
  group: string;
}

/** Takes from a page what the asker drew first there, whoever moved it since. */
export interface ClearMine {
  board: string;
  page: string;
}

/** Begins the notes anew. The text before stays in the read model. */
export type ClearNotes = object;

/** Empties a page. */
export interface ClearPage {
  board: string;
  page: string;
}

/** A countdown or a stopwatch. While it is ``running`` it shows the time to ``zero_at`` (countdown) or since then (stopwatch); while it is ``paused``, ``shows_ms``; when it is ``over``, nothing is left. */
export interface ClockView {
  id: string;
  label: string;
  mode: "countdown" | "stopwatch";
  status: "over" | "paused" | "running";
  zero_at: number | null;
  shows_ms: number | null;
}

/** Ends all child rooms after a countdown; 0: now. An earlier end stays. */
export interface CloseBreakouts {
  seconds?: number;
}

/** Ends consumers. Answer: ``{}``. */
export interface CloseConsumers {
  consumers: string[];
}

/** Takes no more answers. */
export interface ClosePoll {
  poll: string;
}

/** Ends one's own track, or, by a host, another's; sent by a node when the transport is gone. */
export interface CloseTrack {
  track: string;
}

/** Closes a transport and all on it. Answer: ``{}``. */
export interface CloseTransport {
  transport: string;
}

/** The parent has closed this room's opening. */
export interface ClosedAsChild {
  opening: string;
}

/** Last frame before the server closes the socket (codes in PROTOCOL.md). */
export interface Closing {
  t: "closing";
  code: string;
  message: string;
  retry_after_ms: number | null;
}

/** Stable rejection codes of the wire contract. */
export type Code = "log_unavailable" | "expired" | "malformed" | "unknown_command" | "forbidden" | "not_a_participant" | "room_exists" | "no_such_room" | "no_such_session" | "session_live" | "session_not_live" | "room_full" | "removed" | "room_archived" | "denied" | "lobby_full" | "in_another_class" | "no_such_role" | "no_such_participant" | "no_such_track" | "track_limit" | "no_such_recording" | "already_recording" | "not_recording" | "no_consent" | "stale_version" | "no_such_question" | "question_closed" | "no_such_file" | "no_hand" | "no_such_message" | "held_first" | "slow_mode" | "too_fast" | "no_such_poll" | "poll_open" | "poll_not_open" | "poll_used" | "no_such_group" | "breakouts_open" | "breakouts_not_open" | "is_a_breakout" | "not_a_breakout" | "not_your_group" | "no_such_scene" | "no_such_deck" | "deck_exists" | "no_deck_shown" | "no_such_page" | "no_timer" | "not_a_countdown" | "no_such_board" | "last_page" | "drawing_not_allowed" | "cleared_meanwhile" | "no_node" | "stale_epoch" | "limit_reached";

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

/** Somebody agreed to being recorded, or declined. */
export interface ConsentAnswered {
  recording: string;
  participant: string;
  agreed: boolean;
}

/** What one person said; ``left_out``: staff keep this person out. ``answer`` stays known then. */
export interface ConsentView {
  participant: string;
  answer: "agreed" | "declined" | "unanswered";
  left_out: boolean;
}

/** The running recording (None: none), and whether only those who agree are in it. ``mine`` is None while nothing is recorded. ``people`` has everybody of whom something is known for staff, and the viewer alone for others. */
export interface ConsentsView {
  recording: string | null;
  asks: boolean;
  mine: "agreed" | "declined" | "left_out" | "unanswered" | null;
  people: ConsentView[];
}

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

/** The room belongs to this course, or to none. */
export interface CourseAssigned {
  course: string | null;
}

/** Makes a board with one page. */
export interface CreateBoard {
  title: string;
}

/** Prepares a poll or quiz, in or outside a class. ``seconds``: it closes by itself after these. ``anonymous``: nobody can ever tell who answered what, us included. */
export interface CreatePoll {
  items: PollItem[];
  title?: string;
  anonymous?: boolean;
  seconds?: number | null;
}

/** Creates the room that the subject names. Needs the capability ``teach`` or ``administer``. */
export interface CreateRoom {
  title: string;
  default_role?: "speaker" | "viewer";
}

/** A tenant's own role: staff or not as its ``base``, with these permissions instead of the base's. */
export interface CustomRole {
  name: string;
  base: Role;
  permissions: Permission[];
}

/** Slides are in the room; what is drawn on them is a board under the same id. */
export interface DeckAdded {
  deck: string;
  title: string;
  pages: number;
  file: string;
}

/** No slides are shown any more. */
export interface DeckHidden {
  deck: string;
}

/** Slides are out of the room, with what was drawn on them; if they were shown, none are. */
export interface DeckRemoved {
  deck: string;
}

/** Everybody sees these slides; at which page says the ``page_turned`` that follows. */
export interface DeckShown {
  deck: string;
}

/** Slides of the room; ``page`` is where they are, or were left. */
export interface DeckView {
  id: string;
  title: string;
  pages: number;
  file: string;
  page: number;
}

/** The asker does not want to be in the running recording, also not with what was kept so far. */
export interface DeclineRecording {
  recording: string;
}

/** Deletes a board with everything on it. */
export interface DeleteBoard {
  board: string;
}

/** Takes back one's own message, or, by staff, another's that they can read. */
export interface DeleteMessage {
  message: string;
}

/** Deletes a poll that is not open, with its results. */
export interface DeletePoll {
  poll: string;
}

/** Takes a recording away now; its objects are erased. */
export interface DeleteRecording {
  recording: string;
}

/** Deletes a scene; if it was active, none is. */
export interface DeleteScene {
  scene: string;
}

/** A person is kept out until the class ends or somebody admits them. */
export interface Denied {
  participant: string;
  message: string;
}

/** Staff keep these people out until the class ends or somebody admits them; ``message`` says why. */
export interface Deny {
  participants: string[];
  message?: string;
}

/** Staff keep everybody out who waits. */
export interface DenyAll {
  message?: string;
}

/** The child is as its parent was at this seq. Staff only. ``settings`` and ``locks`` are the parent's, where they are not those that it had before. */
export interface Directed {
  version: number;
  settings?: RoomSettings | null;
  locks?: Permission[] | null;
}

/** Staff take a question off the list; its author may learn why. */
export interface DismissQuestion {
  question: string;
  reason?: string;
}

/** The audience may enter this group's child room, which is there. */
export interface DoorOpened {
  group: string;
  child: string;
}

/** Draws, changes or deletes elements of a page; a client sends at most ten of these a second. ``board`` may be a deck, whose pages are then "1", "2", .... ``generation`` is that of the page the author sees: strokes for a page that was cleared meanwhile are refused. Undoing is drawing, too: a later version of the element as it was, also of one that was deleted or taken back. */
export interface Draw {
  board: string;
  page: string;
  generation: number;
  elements: unknown[];
}

/** These, of those whose role lets them draw, may draw here; staff always may. */
export interface DrawingAllowed {
  board: string;
  who: "everyone" | "staff" | string[];
}

/** Everything of this author is gone from a page. */
export interface DrawingsWithdrawn {
  board: string;
  page: string;
  author: string;
}

/** These elements are as it says here: only those whose version won. A page of a deck comes into being with the first. */
export interface Drawn {
  board: string;
  page: string;
  generation: number;
  elements: DrawnElement[];
}

/** Excalidraw's element as it is from now on, and who drew it first. */
export interface DrawnElement {
  author: string;
  element: unknown;
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

/** Gives one's own message other words. */
export interface EditMessage {
  message: string;
  text: string;
}

/** Changes a poll that was never opened; every field is replaced. */
export interface EditPoll {
  poll: string;
  items: PollItem[];
  title?: string;
  anonymous?: boolean;
  seconds?: number | null;
}

/** Other words for one's own question, while nobody has approved or answered it. */
export interface EditQuestion {
  question: string;
  text: string;
}

/** Ends the running class for everybody. */
export type EndSession = object;

/** The running class ends by itself at ``ends_at`` (Unix milliseconds) unless it is extended. */
export interface EndingSoon {
  session: string;
  ends_at: number;
  reason: "planned_end" | "time_limit";
}

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

/** What one person was given or lost beside the role, each sorted. */
export interface Exceptions {
  granted?: Permission[];
  revoked?: Permission[];
}

/** Gives all groups more minutes. Without time limit there is nothing to extend. */
export interface ExtendBreakouts {
  minutes: number;
}

/** Lets the running class go on for this much longer than it would. */
export interface ExtendSession {
  minutes: number;
}

/** A file is in the room: for everybody (library), for its author and staff until a message names it (chat), or for staff (slides). ``media_type`` is what its bytes are; ``scanned`` whether a virus scanner found nothing. */
export interface FileAdded {
  file: string;
  name: string;
  bytes: number;
  media_type: string;
  sha256: string;
  purpose: "chat" | "library" | "slides";
  scanned: boolean;
  participant: string;
  display_name: string;
}

/** A file is out of the room; its bytes are deleted after this. */
export interface FileRemoved {
  file: string;
}

/** A file has another name. */
export interface FileRenamed {
  file: string;
  name: string;
}

/** A file. ``scanned`` False: no virus scanner has looked at it. */
export interface FileView {
  id: string;
  name: string;
  bytes: number;
  media_type: string;
  purpose: "chat" | "library" | "slides";
  scanned: boolean;
  participant: string;
  display_name: string;
  added_at: number;
}

/** The files that this person may list, in order of adding: everybody's handouts, what they sent in chat themselves, and for staff also others' and slides. */
export interface FilesView {
  files: FileView[];
}

/** A person may speak and be seen until ``until`` (Unix milliseconds; None: until it is taken), leaves, or the class ends. A second one for the same person replaces the time. */
export interface FloorGiven {
  participant: string;
  by: string | null;
  until: number | null;
}

/** A turn is over: by a person, or by itself (``by`` None). Tracks that it alone allowed are closed and the microphone is muted by further events of the same commit. */
export interface FloorTaken {
  participant: string;
  by: string | null;
}

/** Who may speak, who is in the light, what people feel. ``asked_to_unmute`` are, for staff, all who were asked and have not opened the microphone since; for others only the viewer. ``reactions`` are in the order in which each was first shown. */
export interface FloorView {
  speaking: SpeakingView[];
  spotlight: string[];
  asked_to_unmute: string[];
  reactions: ReactionCount[];
}

/** Statistics of the asker's transports, producers and consumers. Answer: ``MediaStats``. */
export type GetStats = object;

/** Staff let one person speak and be seen, whatever the role and the locks of the class say. For ``seconds`` from now; None: until it is taken. */
export interface GiveFloor {
  participant: string;
  seconds?: number | null;
}

/** Gives one person a permission beside the role. It holds against locks. */
export interface GrantPermission {
  participant: string;
  permission: Permission;
}

/** A group with its people, by their participant ids in the parent room. */
export interface Group {
  id: string;
  name: string;
  participants: string[];
}

/** A group as somebody plans it by hand. People need not be in class yet. */
export interface GroupPlan {
  name: string;
  participants?: string[];
}

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

/** First frame. ``resume_from`` is the last seq the client has applied, if it has a view, and ``view_seq`` that of this view: a change of what it may see whose view was lost with the line is known by it. ``connection`` is the id of the socket it had, so that the old one is replaced. */
export interface Hello {
  t: "hello";
  protocol: number;
  resume_from?: number | null;
  view_seq?: number | null;
  connection?: string | null;
}

/** The group calls for help; calls are counted from 1. */
export interface HelpCalled {
  participant: string;
  number: number;
}

/** The call was answered, or withdrawn. */
export interface HelpEnded {
  number: number;
  answered: boolean;
}

/** A group waits for help. Staff only. */
export interface HelpQueued {
  group: string;
  number: number;
}

/** A group does not wait for help any more: its call was answered or withdrawn. Staff only. */
export interface HelpUnqueued {
  group: string;
  number: number;
  answered: boolean;
}

/** Shows no board any more. */
export type HideBoard = object;

/** Takes the call to action away. */
export type HideCall = object;

/** Shows no slides any more. */
export type HideDeck = object;

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

/** A person waits at the door; who waited already does so with another page or name. ``person`` is the user or guest id; ``message`` is what those who wait are told now. */
export interface Knocked {
  participant: string;
  person: string;
  display_name: string;
  guest: boolean;
  edge: string;
  connection: string;
  message: string;
  device?: "" | "desktop" | "phone" | "tablet";
}

/** The node now sends this simulcast layer (0 lowest; null: none) to a consumer. */
export interface LayerChanged {
  consumer: string;
  layer: number | null;
}

/** How a scene arranges its sources. */
export type Layout = "speaker" | "grid" | "presentation" | "side_by_side" | "board";

/** The asker is back: a visit ends, and a freely chosen group is given up. Whom staff put into a group keeps the place, and just leaves the child room's class. */
export type LeaveBreakout = object;

/** The asker waits no longer. */
export type LeaveLobby = object;

/** Staff leave a person out of the running recording. */
export interface LeaveOut {
  participant: string;
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

/** One direction of a person's media over the samples in which something flowed: means, and the worst. ``loss`` is the share of packets that did not come (of several streams: weighted by their bit rates), ``jitter_ms`` that of the worst stream, ``bitrate_bps`` that of all streams together. */
export interface LineQuality {
  samples: number;
  bitrate_bps: number;
  loss: number;
  loss_worst: number;
  jitter_ms: number;
  jitter_ms_worst: number;
}

/** What those who wait are told from now on; empty: nothing. */
export interface LobbyTold {
  message: string;
}

/** The door. ``waiting`` is for staff only, in order of knocking, without the viewer. ``mine`` is where the viewer stands; ``told`` what those who wait are told, shown to them and to staff; ``denial`` why the viewer was not let in. */
export interface LobbyView {
  waiting: WaitingView[];
  mine: "admitted" | "denied" | "none" | "waiting";
  told: string;
  denial: string;
}

/** Takes a permission from everybody but staff and those to whom it was granted. */
export interface LockPermission {
  permission: Permission;
}

/** Staff empty the queue of hands. */
export type LowerAllHands = object;

/** Lowers the asker's hand, or, by a host, another's. */
export interface LowerHand {
  participant?: string | null;
}

/** What the viewer may do has changed, and nothing else of the view has: it is now one of ``seq``. */
export interface MeFrame {
  t: "me";
  seq: number;
  role: Role | null;
  permissions: string[];
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

/** A user has a lasting role in the room, instead of ``before``. Staff only: it names an account. ``custom_role`` is the tenant's own role of which ``role`` is the base. */
export interface MemberAdded {
  user: string;
  role: Role;
  custom_role?: string;
  before?: Role | null;
  custom_role_before?: string;
}

/** A user has no lasting role in the room any more; this was it. Staff only: it names an account. */
export interface MemberRemoved {
  user: string;
  role: Role;
  custom_role?: string;
}

/** These participants of the parent may enter. */
export interface MembersChanged {
  members: string[];
}

/** These questions ask the same as ``into``, which gets their votes; nobody counts twice. */
export interface MergeQuestions {
  into: string;
  questions: string[];
}

/** A message is gone, taken back by its author or by staff. */
export interface MessageDeleted {
  message: string;
  by: string | null;
}

/** Its author gave a message other words. */
export interface MessageEdited {
  message: string;
  text: string;
}

/** Text for everyone that waits for staff to approve it. For its author and staff. */
export interface MessageHeld {
  message: string;
  participant: string;
  display_name: string;
  text: string;
  format?: "code" | "formula" | "link" | "plain";
  reply_to?: string | null;
}

/** A message to everyone is kept in sight, however many follow. */
export interface MessagePinned {
  message: string;
  by: string | null;
}

/** Text for ``to``: everyone, staff (and the author), or one participant (and the author). One that was held before has the same ``message``; it is now in its place in the chat. */
export interface MessagePosted {
  message: string;
  participant: string;
  display_name: string;
  text: string;
  format?: "code" | "formula" | "link" | "plain";
  to?: string;
  reply_to?: string | null;
}

/** What a person feels about a message, in place of what was before. */
export interface MessageReactedTo {
  message: string;
  participant: string;
  reaction: Reaction;
}

/** What one person feels about a message; one at a time. */
export interface MessageReaction {
  participant: string;
  reaction: Reaction;
}

/** A held message will not be shown. For its author and staff. */
export interface MessageRejected {
  message: string;
  by: string | null;
}

/** A message is one among the others again. */
export interface MessageUnpinned {
  message: string;
  by: string | null;
}

/** A person shows no feeling about a message any more. */
export interface MessageUnreactedTo {
  message: string;
  participant: string;
}

/** A chat message that the viewer may read. ``to`` is ``everyone``, ``staff`` or one participant. A ``held`` one is seen by its author and staff until staff approve it. ``edited_at`` is None while it reads as it was posted. */
export interface MessageView {
  id: string;
  seq: number;
  at: number;
  participant: string;
  display_name: string;
  text: string;
  format: "code" | "formula" | "link" | "plain";
  to: string;
  reply_to: string | null;
  edited_at: number | null;
  pinned: boolean;
  held: boolean;
  reactions: MessageReaction[];
}

/** Where in the class something was: Unix milliseconds, and the event's seq. */
export interface MomentView {
  at: number;
  seq: number;
}

/** Puts a person into a group, or into none, before or while the child rooms are open. */
export interface MoveParticipant {
  participant: string;
  group?: string | null;
}

/** Gives a planned class another time. */
export interface MoveSession {
  session: string;
  starts_at: number;
  minutes?: number;
}

/** Staff mute all microphones but their own, and by default but those of other staff. */
export interface MuteAll {
  except_staff?: boolean;
}

/** Mutes one's own track, or, by a host, another's. */
export interface MuteTrack {
  track: string;
}

/** Staff take the first hand of the queue: it goes down, and its owner has the floor. For ``seconds``; None: until it is taken. */
export interface NextHand {
  seconds?: number | null;
}

/** The class has no media node until it is placed again. */
export interface NodeLost {
  node: string;
  epoch: number;
}

/** The notes are empty, and of this generation. */
export interface NotesCleared {
  generation: number;
}

/** The paragraphs in order (of ``order``, then ``id``). */
export interface NotesView {
  generation: number;
  paragraphs: ParagraphView[];
}

/** These paragraphs are as it says here: only those whose version won. */
export interface NotesWritten {
  generation: number;
  by: string;
  paragraphs: WrittenParagraph[];
}

/** Opens a child room for each planned group; None: without time limit. ``free_choice``: people choose their group themselves. */
export interface OpenBreakouts {
  minutes?: number | null;
  carry?: string[];
  free_choice?: boolean;
}

/** A group while child rooms are open. ``child`` is its room, for those who may enter it. Only staff see who is ``present`` and whether hands are up there or help is called (since ``help_at``); for others these are empty. */
export interface OpenGroupView {
  id: string;
  name: string;
  participants: string[];
  child: string | null;
  present: string[];
  hands: number;
  over: boolean;
  help: number;
  help_at: number;
}

/** Router capabilities and both transports in one round trip; frees what this participant's older connections held in the room. Answer: ``MediaOpened``. */
export type OpenMedia = object;

/** Puts a prepared poll before the class. ``seconds`` counts instead of the prepared time. */
export interface OpenPoll {
  poll: string;
  seconds?: number | null;
}

/** This room is a group's child room of a session of its parent. */
export interface OpenedAsChild {
  parent: string;
  session: string;
  opening: string;
  group: string;
  group_name: string;
  members: string[];
  ends_at: number | null;
  carry: string[];
}

/** The child rooms that are open. ``group`` is the viewer's own. ``visits`` are all to staff, otherwise the viewer's own. */
export interface OpeningView {
  id: string;
  ends_at: number | null;
  closing: boolean;
  carry: string[];
  free_choice: boolean;
  group: string | null;
  groups: OpenGroupView[];
  visits: VisitView[];
  speaking: string | null;
  announcements: Announcement[];
}

/** A page is empty, and of this generation. */
export interface PageCleared {
  board: string;
  page: string;
  generation: number;
}

/** The shown slides are at this page: what everybody has before their eyes from now on. */
export interface PageTurned {
  deck: string;
  page: number;
}

/** A page: ``seq`` is that of the last event that changed what is on it, ``generation`` counts how often it was cleared. */
export interface PageView {
  id: string;
  seq: number;
  generation: number;
}

/** A paragraph; ``by`` wrote it last. */
export interface ParagraphView {
  id: string;
  version: number;
  nonce: number;
  order: string;
  text: string;
  by: string;
}

/** A paragraph as its writer has it: the higher ``version`` wins, on a tie the lower ``nonce``. ``order`` is a key that sorts between those of its neighbours. An empty text deletes. */
export interface ParagraphWish {
  id: string;
  version: number;
  nonce: number;
  order: string;
  text: string;
}

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

/** A person entered the class. ``person`` is the user or guest id, for read models only; ``device`` what they came with, as far as their browser says. */
export interface ParticipantJoined {
  participant: string;
  person: string;
  display_name: string;
  role: Role;
  guest: boolean;
  edge: string;
  connection: string;
  custom_role?: string;
  device?: "" | "desktop" | "phone" | "tablet";
}

/** A person is out of the class since ``left_at`` (Unix milliseconds). Who was removed stays out until the class ends, unless they ``may_return``. */
export interface ParticipantLeft {
  participant: string;
  reason: "edge_lost" | "left" | "removed" | "session_ended" | "timeout";
  left_at: number;
  may_return?: boolean;
}

/** A person is in this group and in no other, or in none. Staff only while nothing is open. */
export interface ParticipantMoved {
  participant: string;
  group: string | null;
}

/** Somebody who was removed may come back. Staff only. */
export interface ParticipantReadmitted {
  participant: string;
}

/** A person in the class. A disconnected one is in grace time. ``custom_role`` names one of the tenant's own of which ``role`` is the base; empty: none. */
export interface ParticipantView {
  id: string;
  display_name: string;
  role: Role;
  guest: boolean;
  connected: boolean;
  joined_at: number;
  custom_role: string;
}

/** Stops sending, keeps the consumers (a hidden tile). Answer: ``{}``. */
export interface PauseConsumers {
  consumers: string[];
}

/** Keeps nothing until the recording is resumed; the film leaves this time out. */
export type PauseRecording = object;

/** Stops the clock where it is. */
export type PauseTimer = object;

/** A time of which nothing was kept; ``until`` is None while it lasts. */
export interface PauseView {
  since: number;
  until: number | null;
}

/** How many are in a class that is a crowd (``RoomView.crowd``), and who came into sight or left it. It covers the span ``(after, through]`` as an ``events`` frame without events does. With ``whole`` the people ``shown``, and the viewer, are all that is to be seen. */
export interface PeopleFrame {
  t: "people";
  after: number;
  through: number;
  count: number;
  shown: ParticipantView[];
  gone: string[];
  whole: boolean;
}

/** What can be granted, revoked and locked. */
export type Permission = "speak" | "camera" | "share_screen" | "raise_hand" | "react" | "chat" | "chat_staff" | "chat_private" | "ask_question" | "vote" | "pulse" | "draw" | "write_notes" | "upload" | "call_for_help" | "present" | "poll" | "answer_questions" | "open_breakouts" | "visit_breakouts" | "record" | "lower_hands" | "give_floor" | "spotlight" | "mute" | "moderate_chat" | "admit" | "remove" | "change_role" | "grant" | "lock" | "see_attendance" | "start_session" | "end_session" | "schedule" | "change_settings" | "add_member" | "redact";

/** A person has this permission beside the role, also against a lock. */
export interface PermissionGranted {
  participant: string;
  permission: Permission;
  before: Exceptions;
  after: Exceptions;
}

/** Only staff, and those to whom it was granted, have this permission now. All locks, sorted. */
export interface PermissionLocked {
  permission: Permission;
  before: Permission[];
  after: Permission[];
}

/** A person has lost this permission, whatever the role says. */
export interface PermissionRevoked {
  participant: string;
  permission: Permission;
  before: Exceptions;
  after: Exceptions;
}

/** Roles decide about this permission again. All locks, sorted. */
export interface PermissionUnlocked {
  permission: Permission;
  before: Permission[];
  after: Permission[];
}

/** For this person the role alone counts again. */
export interface PermissionsReset {
  participant: string;
  before: Exceptions;
}

/** Nothing of this person is kept from now on; and whoever is still left out when the recording ends is not in it at all. ``by`` says whose wish it is. */
export interface PersonLeftOut {
  recording: string;
  participant: string;
  by: "person" | "staff";
}

/** What one person was given or lost beside the role. */
export interface PersonRights {
  participant: string;
  granted: Permission[];
  revoked: Permission[];
}

/** What this person shares is kept from now on. */
export interface PersonTakenIn {
  recording: string;
  participant: string;
}

/** Staff keep a message to everyone in sight. */
export interface PinMessage {
  message: string;
}

/** Measures the line; ``sent_at`` comes back in ``pong``. */
export interface Ping {
  t: "ping";
  sent_at: number;
}

/** Draws groups of those in class: so many, or of so many people each. Staff are left. The same ``seed`` and the same people are the same groups. */
export interface PlanAtRandom {
  groups?: number | null;
  size?: number | null;
  seed?: string;
}

/** Plans the groups by hand, in or outside a class; no groups: there is no plan. */
export interface PlanBreakouts {
  groups: GroupPlan[];
}

/** Counts those in class off into so many groups, in the order in which they came. Staff are left. */
export interface PlanByNumber {
  groups: number;
}

/** Plans the groups that were opened last, in this lesson or an earlier one. */
export type PlanLikeLastTime = object;

/** A tenant's policy. A room keeps the highest ``version`` it was told. ``second_class``: what happens to who joins a class while in another one. ``named_pulse``: whether staff may learn who sent which signal. ``keep_recordings_days`` 0: for ever. */
export interface Policy {
  version?: number;
  roles?: CustomRole[];
  second_class?: "move_here" | "refuse";
  named_pulse?: boolean;
  keep_recordings_days?: number;
}

/** The tenant's policy holds in this room. Staff only. */
export interface PolicyApplied {
  before: Policy;
  after: Policy;
}

/** Somebody answered, or answered anew: then ``before`` is what counted until now. For its author and staff. In an anonymous poll ``voter`` is an alias that nobody can lead back to a person, and the event is for staff alone. */
export interface PollAnswered {
  poll: string;
  voter: string;
  answers: Answer[];
  anonymous?: boolean;
  before?: number[][] | null;
}

/** A poll takes no more answers. The end of the class closes all of them without this event. */
export interface PollClosed {
  poll: string;
  reason?: "closed" | "time";
}

/** So many have answered by now. That is all that everyone learns of an answer. */
export interface PollCounted {
  poll: string;
  answered: number;
}

/** A poll was prepared. For staff: it names the right answers. */
export interface PollCreated {
  poll: string;
  title: string;
  items: PollItem[];
  anonymous?: boolean;
  seconds?: number | null;
}

/** A poll is gone with its answers. */
export interface PollDeleted {
  poll: string;
}

/** A poll that was never opened is now this. For staff. */
export interface PollEdited {
  poll: string;
  title: string;
  items: PollItem[];
  anonymous?: boolean;
  seconds?: number | null;
}

/** One question. ``options`` are those of ``single`` and ``multiple``, or the labels of a scale's two ends; ``steps`` is how long a scale is. ``points`` are for a right answer, and 0 where none is known to be right. */
export interface PollItem {
  kind: "multiple" | "scale" | "single" | "text";
  question: string;
  options?: string[];
  correct?: number[];
  points?: number;
  steps?: number;
}

/** A poll is before the class. ``items`` do not say what is right. */
export interface PollOpened {
  poll: string;
  session: string;
  title: string;
  items: PollItem[];
  anonymous?: boolean;
  seconds?: number | null;
  closes_at?: number | null;
}

/** Everyone sees the results, the latest texts (without names) and which options were right. */
export interface PollPublished {
  poll: string;
  answered: number;
  counts: number[][];
  correct: number[][];
  texts?: PollText[];
}

/** A closed poll takes answers again. */
export interface PollReopened {
  poll: string;
  seconds?: number | null;
  closes_at?: number | null;
}

/** A closed poll left the room's list to make place; its results can still be read. */
export interface PollShelved {
  poll: string;
}

/** A text somebody wrote. ``voter`` is empty where it is nobody's business, or nobody knows. */
export interface PollText {
  item: number;
  text: string;
  voter?: string;
}

/** A poll as somebody sees it. ``counts`` is None and ``items`` name nothing right for all but staff until ``published``. ``mine`` is what the viewer chose in a poll that is not anonymous, while the class runs, and ``score`` what that was worth; of an anonymous poll only the page that sent it knows. */
export interface PollView {
  id: string;
  title: string;
  items: PollItem[];
  anonymous: boolean;
  seconds: number | null;
  status: "closed" | "draft" | "open";
  session: string | null;
  opened_at: number | null;
  closes_at: number | null;
  answered: number;
  published: boolean;
  counts: number[][] | null;
  texts: PollText[];
  mine: number[][] | null;
  score: number | null;
}

/** Prepared polls (for staff) and those that were opened, in the order of creation, then of opening. */
export interface PollsView {
  polls: PollView[];
}

/** Answer to ``ping``. */
export interface Pong {
  t: "pong";
  sent_at: number;
  at: number;
}

/** Writes to ``everyone`` in the class, to all ``staff``, or to one participant. ``reply_to`` is a message that all who get this one can read. */
export interface PostMessage {
  text: string;
  format?: "code" | "formula" | "link" | "plain";
  to?: string;
  reply_to?: string | null;
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

/** Shows results and right answers of a closed poll to everyone. */
export interface PublishResults {
  poll: string;
}

/** How many feel so now: the latest signal of each person that is not too old. */
export interface PulseCounts {
  lost: number;
  too_fast: number;
  fine: number;
}

/** Signals sent until then (Unix ms) no longer count. */
export interface PulseFaded {
  until: number;
  counts: PulseCounts;
}

/** Somebody said how they follow. ``participant`` is set only where the tenant wants names. */
export interface PulseSent {
  session: string;
  voter: string;
  value: "fine" | "lost" | "too_fast";
  counts: PulseCounts;
  slide?: string;
  participant?: string | null;
}

/** For staff how many feel so now; for others nothing. ``people`` is empty unless names are wanted. */
export interface PulseView {
  counts: PulseCounts;
  people: SignalView[];
}

/** What a node measured of somebody's line in a class, summed up at the end. Staff only. ``samples`` were taken every ``COUNTERS_SAMPLED_S``. ``up`` is what the person sent, ``down`` what they got. Who was moved between nodes, or came back after leaving, has several. */
export interface QualityReported {
  participant: string;
  session: string;
  epoch: number;
  samples: number;
  rtt_ms?: number | null;
  rtt_ms_worst?: number | null;
  up?: LineQuality | null;
  down?: LineQuality | null;
}

/** A question is answered: aloud (no text) or in this text. The first such event, or the beginning of the answer aloud if there was one, is its moment. A later one mends the text. */
export interface QuestionAnswered {
  question: string;
  text: string;
}

/** A question as its author and staff see it before, or beside, what the class sees. Stored for questions that wait for approval and for anonymous ones. ``asked_at`` (Unix milliseconds) is set when it is an earlier one that is told again. */
export interface QuestionAsked {
  question: string;
  session: string;
  text: string;
  anonymous: boolean;
  participant: string;
  display_name: string;
  asked_at?: number;
}

/** Staff took a question off the list, for this reason. For its author and staff. */
export interface QuestionDismissed {
  question: string;
  reason: string;
}

/** Its author put it in other words. */
export interface QuestionEdited {
  question: string;
  text: string;
}

/** A question that everybody saw is off the list, and its votes are gone. */
export interface QuestionHidden {
  question: string;
}

/** A question is on everybody's list, with its author's vote. ``participant`` is None for an anonymous one. ``asked_at`` (Unix milliseconds) is set when it was asked earlier. */
export interface QuestionOpened {
  question: string;
  session: string;
  text: string;
  anonymous: boolean;
  participant?: string | null;
  display_name?: string;
  asked_at?: number;
}

/** A question that was answered, or began to be, is open again, without answer and moment. */
export interface QuestionReopened {
  question: string;
}

/** A question. ``waiting`` is for approval, and shown to its author and staff only. Of an anonymous one ``participant`` is None and ``display_name`` empty for others than these. ``moment`` is when its answer began; ``answer`` is empty for one that was given aloud. */
export interface QuestionView {
  id: string;
  asked_at: number;
  text: string;
  anonymous: boolean;
  participant: string | null;
  display_name: string;
  status: "answered" | "answering" | "open" | "waiting";
  votes: number;
  mine: boolean;
  voted: boolean;
  answer: string;
  moment: MomentView | null;
}

/** Its author took it back. */
export interface QuestionWithdrawn {
  question: string;
}

/** These questions are part of ``into`` now, which has so many votes. */
export interface QuestionsMerged {
  into: string;
  questions: string[];
  votes: number;
}

/** Questions of the running class: those to be answered, and the latest answered ones, in the order in which they became so. */
export interface QuestionsView {
  open: QuestionView[];
  answered: QuestionView[];
}

/** The asker wants to speak. */
export type RaiseHand = object;

/** The asker shows a feeling to the class. */
export interface React {
  reaction: Reaction;
}

/** Shows a feeling about a message, in place of an earlier one about it. */
export interface ReactToMessage {
  message: string;
  reaction: Reaction;
}

/** A person showed a feeling; it counts once in the totals of the class. */
export interface Reacted {
  participant: string;
  reaction: Reaction;
}

/** A reaction to what happens in class, or to a message. */
export type Reaction = "thumbs_up" | "thumbs_down" | "clap" | "heart" | "laugh" | "surprise" | "celebrate";

/** How often a reaction was shown in the running class. */
export interface ReactionCount {
  reaction: Reaction;
  count: number;
}

/** A host lets somebody who was sent out come back. */
export interface ReadmitParticipant {
  participant: string;
}

/** Why something was redacted; for staff only. */
export interface ReasonGiven {
  redaction: string;
  reason: string;
}

/** What of an actor is kept in the log. The ``id`` of an anonymous one is an alias, and all there is. */
export interface RecordedActor {
  kind: "anonymous" | "guest" | "operator" | "service" | "user";
  id: string;
  participant?: string | null;
}

/** Every artifact of the recording is there. */
export interface RecordingCompleted {
  recording: string;
  duration_ms: number;
}

/** Staff took the recording away; nobody can watch it any more. */
export interface RecordingDeleted {
  recording: string;
  by: string | null;
}

/** No object of the recording is left. */
export interface RecordingErased {
  recording: string;
}

/** The time for which the recording was to be kept is over; nobody can watch it any more. */
export interface RecordingExpired {
  recording: string;
}

/** Nothing is kept until it goes on. */
export interface RecordingPaused {
  recording: string;
  by: string | null;
}

/** The recording has a title of its own. */
export interface RecordingRenamed {
  recording: string;
  title: string;
}

/** What flows is kept again. */
export interface RecordingResumed {
  recording: string;
  by: string | null;
}

/** What flows from now on is kept; with ``asks_consent`` only of those who agree to it. */
export interface RecordingStarted {
  recording: string;
  session: string;
  by: string | null;
  asks_consent?: boolean;
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

/** A recording of this room; the latest ones are kept in the view. ``title`` is empty while it has none of its own. ``keep_until`` None: as the tenant's policy says; 0: for ever. */
export interface RecordingView {
  id: string;
  session: string;
  status: "failed" | "paused" | "processing" | "ready" | "recording";
  started_at: number;
  stopped_at: number | null;
  duration_ms: number | null;
  steps: StepView[];
  artifacts: Artifact[];
  title: string;
  pauses: PauseView[];
  keep_until: number | null;
}

/** Takes something out of everything that is kept of this room. A ``person`` (``participant``), a ``span`` of the film of a ``recording`` as it is now (``since_ms`` to ``until_ms``), or a ``message``. What does not belong to ``what`` is left away. */
export interface Redact {
  what: "message" | "person" | "span";
  reason?: string;
  participant?: string | null;
  recording?: string | null;
  since_ms?: number;
  until_ms?: number;
  message?: string | null;
}

/** The tombstone of what goes: a person, a span of a recording's film, or a message. ``recordings`` are those that are withdrawn until they are rebuilt without it. A span is counted in the film as it was before this event, with all earlier redactions of it done. */
export interface Redacted {
  redaction: string;
  what: "message" | "person" | "span";
  participant: string | null;
  recordings: string[];
  since_ms: number;
  until_ms: number;
  message: string | null;
}

/** Staff do not show a held message. */
export interface RejectMessage {
  message: string;
}

/** Removes a page with everything on it. */
export interface RemoveBoardPage {
  board: string;
  page: string;
}

/** Takes slides out of the room, with everything that was drawn on them. */
export interface RemoveDeck {
  deck: string;
}

/** Takes one's own file, or, by staff, any, out of the room. Its bytes are deleted. */
export interface RemoveFile {
  file: string;
}

/** Takes a user's lasting role in the room away. */
export interface RemoveMember {
  user: string;
}

/** A host sends a person out: until the class ends, or without ``ban`` for as long as they like. */
export interface RemoveParticipant {
  participant: string;
  ban?: boolean;
}

/** Somebody who was sent out of this class and stays out until readmitted. */
export interface RemovedView {
  participant: string;
  display_name: string;
}

/** Gives a board another title. */
export interface RenameBoard {
  board: string;
  title: string;
}

/** Another name for one's own file, or, by staff, for any. Its ending stays. */
export interface RenameFile {
  file: string;
  file_name: string;
}

/** Gives a recording a title of its own. */
export interface RenameRecording {
  recording: string;
  title: string;
}

/** Gives the room another title. */
export interface RenameRoom {
  title: string;
}

/** Gives a planned or running class another title. */
export interface RenameSession {
  session: string;
  title: string;
}

/** Takes answers again, in the same class and before the results are published. Never for an anonymous poll: its secret is gone, and people could answer twice. */
export interface ReopenPoll {
  poll: string;
  seconds?: number | null;
}

/** An answered, dismissed or just begun question is open again. */
export interface ReopenQuestion {
  question: string;
}

/** Undoes what one person was granted and what was revoked: the role alone counts again. */
export interface ResetPermissions {
  participant: string;
}

/** New ICE credentials for a transport. Answer: ``IceRestarted``. */
export interface RestartIce {
  transport: string;
}

/** Takes an archived room into use again. */
export type RestoreRoom = object;

/** Lets consumers flow; video starts at a key frame. Answer: ``{}``. */
export interface ResumeConsumers {
  consumers: string[];
}

/** Goes on after a pause. */
export type ResumeRecording = object;

/** Lets the clock go on from where it was paused. */
export type ResumeTimer = object;

/** The recording is kept until then (Unix milliseconds; 0: for ever), whatever the policy says. */
export interface RetentionSet {
  recording: string;
  keep_until: number;
}

/** Takes a permission from one person, whatever the role says. */
export interface RevokePermission {
  participant: string;
  permission: Permission;
}

/** Locks hold for everybody but staff. ``people``, by participant, are all to staff, otherwise only the viewer. ``roles`` (the tenant's own) are shown to staff only, ``removed`` to staff in the class. */
export interface RightsView {
  locks: Permission[];
  people: PersonRights[];
  roles: CustomRole[];
  removed: RemovedView[];
}

/** What a participant is in a class. A role grants permissions through ``rooms.permissions``. */
export type Role = "host" | "co_host" | "speaker" | "viewer";

/** A participant has another role; the custom ones are the tenant's own, with these as their bases. */
export interface RoleChanged {
  participant: string;
  before: Role;
  after: Role;
  custom_role?: string;
  custom_role_before?: string;
}

/** The room takes no new class until it is restored. */
export type RoomArchived = object;

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

/** The room has another title. */
export interface RoomRenamed {
  title: string;
}

/** The room takes classes again. */
export type RoomRestored = object;

/** The settings of a room; ``change_settings`` replaces them as a whole. ``default_role`` is speaker or viewer. ``lobby`` says who waits at the door; ``capacity`` counts everybody in the class; with ``slow_mode_s`` a person other than staff writes at most one message in so many seconds; with ``hold_messages`` staff approve messages first; ``end_at_time`` ends a scheduled class by the clock. With ``ask_record_consent`` only who agreed is recorded; without it everybody is told and recorded, and may still decline. */
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

/** Everything a browser knows of a room after the event ``seq``. ``session`` is the running class or the last one; ``epoch`` 0 means: no media node yet. ``crowd`` is how many are in a class so large that ``participants`` are only those to be seen; else null. */
export interface RoomView {
  tenant: string;
  room: string;
  seq: number;
  title: string;
  settings: RoomSettings;
  archived: boolean;
  course: string | null;
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
  notes: NotesView;
  timer: TimerView;
  boards: BoardsView;
  files: FilesView;
  breakouts: BreakoutsView;
  consents: ConsentsView;
  crowd?: number | null;
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

/** Makes a scene, or changes the one that is named. */
export interface SaveScene {
  title: string;
  layout: Layout;
  sources?: SceneSource[];
  scene?: string | null;
}

/** Everybody sees this scene; None: everybody's own layout. */
export interface SceneActivated {
  scene: string | null;
}

/** A scene is gone; if it was active, none is. */
export interface SceneDeleted {
  scene: string;
}

/** A scene is as it says here; a new one stands last. */
export interface SceneSaved {
  scene: string;
  title: string;
  layout: Layout;
  sources: SceneSource[];
}

/** Something that a scene shows: a participant's camera or screen, a deck, a board, a file. Without ``id`` it is the current one: who speaks, the shown deck, the shown board. What is not there is simply not shown. */
export interface SceneSource {
  kind: "board" | "camera" | "deck" | "file" | "screen";
  id?: string | null;
}

/** A scene that can be activated. */
export interface SceneView {
  id: string;
  title: string;
  layout: Layout;
  sources: SceneSource[];
}

/** Plans recurring lessons, whole or not at all. The asker says when each begins: "every Monday at nine" depends on a time zone and its summer time, and the rules know only Unix milliseconds. */
export interface ScheduleSeries {
  title: string;
  starts: number[];
  minutes?: number;
}

/** Plans a class: start in Unix milliseconds, length in minutes. */
export interface ScheduleSession {
  title: string;
  starts_at: number;
  minutes?: number;
}

/** How the asker follows just now, and which slide is before them (``deck.page``, or nothing). */
export interface SendPulse {
  value: "fine" | "lost" | "too_fast";
  slide?: string;
}

/** A planned class will not take place. */
export interface SessionCancelled {
  session: string;
}

/** The class is over: everybody still in it has left, every track is closed, no hand is up. The same commit says so one by one, but for the tail of a very large class (``DEPARTURES_PER_COMMIT_MAX``): followers close what is still open at this event. */
export interface SessionEnded {
  session: string;
  reason: "empty" | "ended" | "time_limit";
}

/** The running class may go on until ``ends_at`` (Unix milliseconds). */
export interface SessionExtended {
  session: string;
  ends_at: number;
}

/** A planned class has another time. */
export interface SessionMoved {
  session: string;
  starts_at: number;
  minutes: number;
}

/** A planned or running class has another title. */
export interface SessionRenamed {
  session: string;
  title: string;
}

/** A class is planned; ``series`` names the recurring lessons that it is one of. */
export interface SessionScheduled {
  session: string;
  title: string;
  starts_at: number;
  minutes: number;
  series?: string | null;
}

/** A class is live. */
export interface SessionStarted {
  session: string;
  title: string;
}

/** A class: planned, running or over. ``starts_at`` and ``minutes`` are the plan, ``started_at`` and ``ended_at`` what became of it. ``ends_at`` is when a running class ends by itself, once that is near or was put off. */
export interface SessionView {
  id: string;
  title: string;
  status: "ended" | "live" | "scheduled";
  starts_at: number | null;
  minutes: number | null;
  started_at: number | null;
  ended_at: number | null;
  series: string | null;
  ends_at: number | null;
}

/** Says until when a recording is kept (Unix milliseconds; 0: for ever). */
export interface SetRetention {
  recording: string;
  keep_until: number;
}

/** What the viewer shows; the node picks layers from it. Answer: ``{}``. */
export interface SetTileSizes {
  tiles: TileSize[];
}

/** The room is set up anew. */
export interface SettingsChanged {
  before: RoomSettings;
  after: RoomSettings;
}

/** Shows everybody this page of a board; without one, its first. */
export interface ShowBoard {
  board: string;
  page?: string | null;
}

/** Asks everybody to go somewhere: a link, which pages also draw as a QR code. */
export interface ShowCall {
  title: string;
  url: string;
}

/** Shows slides to everybody, at this page or where they were left. */
export interface ShowDeck {
  deck: string;
  page?: number | null;
}

/** The page that everybody sees. */
export interface ShownPageView {
  board: string;
  page: string;
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

/** One person's latest signal, where the tenant wants names. */
export interface SignalView {
  participant: string;
  value: "fine" | "lost" | "too_fast";
  slide: string;
  at: number;
}

/** What a track shows or sounds like to people. */
export type Source = "microphone" | "camera" | "screen" | "screen_audio";

/** Lets the asker's microphone into every child room; one person at a time. */
export type SpeakToAll = object;

/** A person's microphone may be in every child room. */
export interface SpeakingToAllStarted {
  participant: string;
}

/** It may not any more. */
export interface SpeakingToAllStopped {
  participant: string;
}

/** A person who has the floor, until a time (Unix milliseconds) or until it is taken (None). */
export interface SpeakingView {
  participant: string;
  until: number | null;
}

/** Staff put these people in everybody's view, in this order; none ends it. */
export interface Spotlight {
  participants?: string[];
}

/** Who is in everybody's view now, in this order; nobody: the spotlight is off. */
export interface Spotlighted {
  participants: string[];
  by: string | null;
}

/** Somebody of the parent's staff who may enter every child room. ``person`` is a user or guest. */
export interface StaffMember {
  person: string;
  role: Role;
  custom_role?: string;
}

/** Staff begin to answer aloud: the question's moment begins. One before it is answered by that. */
export interface StartAnswering {
  question: string;
}

/** Starts recording the tracks of the class, of all people or of those who agree. */
export type StartRecording = object;

/** Starts a scheduled session, or an unscheduled one when none is named. */
export interface StartSession {
  session?: string | null;
}

/** Starts a countdown of so many seconds; without them, a stopwatch. It takes the last one's place. */
export interface StartTimer {
  seconds?: number | null;
  label?: string;
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

/** Ends it: one's own, or by staff another's. */
export type StopSpeakingToAll = object;

/** Takes the timer away. */
export type StopTimer = object;

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

/** What is on stage: the active scene, the shown deck, the call; and what can be put there. */
export interface StudioView {
  scenes: SceneView[];
  active: string | null;
  decks: DeckView[];
  shown: string | null;
  call: CallView | null;
}

/** Ends a person's turn, or the asker's own: what is not allowed without it is closed. */
export interface TakeFloor {
  participant?: string | null;
}

/** Staff take a person whom they had left out into the running recording, from now on. */
export interface TakeIn {
  participant: string;
}

/** Staff tell those who wait something, and those who come later too; empty takes it back. */
export interface TellLobby {
  message: string;
}

/** The size in device pixels at which a consumer is shown; 0 by 0 is hidden. */
export interface TileSize {
  consumer: string;
  widthPx: number;
  heightPx: number;
}

/** A countdown is over. */
export interface TimerEnded {
  timer: string;
}

/** A countdown has another end: ``ends_at``, or so much left (``shows_ms``) while it is paused. */
export interface TimerExtended {
  timer: string;
  ends_at: number | null;
  shows_ms: number | null;
}

/** The clock stands; it shows so many milliseconds, left or gone by. */
export interface TimerPaused {
  timer: string;
  shows_ms: number;
}

/** The clock runs again: it shows the time from now to ``zero_at``, or since then. */
export interface TimerResumed {
  timer: string;
  zero_at: number;
}

/** A clock runs. A countdown ends at ``ends_at``; one without end is a stopwatch and starts at the time of this event. */
export interface TimerStarted {
  timer: string;
  label: string;
  ends_at: number | null;
}

/** The timer was taken away. */
export interface TimerStopped {
  timer: string;
}

/** The clock that everybody sees, if there is one. */
export interface TimerView {
  clock: ClockView | null;
}

/** The track is gone for good. ``role`` and ``floor``: its owner may not share it any more. */
export interface TrackClosed {
  track: string;
  reason: "by_host" | "closed" | "floor" | "left" | "node_lost" | "role" | "session_ended" | "transport_closed";
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

/** Turns the shown slides to this page. */
export interface TurnPage {
  page: number;
}

/** Ends a lock. */
export interface UnlockPermission {
  permission: Permission;
}

/** Staff ask this person to open the microphone. For that person and staff. */
export interface UnmuteAsked {
  participant: string;
  by: string | null;
}

/** Opens one's own track again. Nobody can open another's. */
export interface UnmuteTrack {
  track: string;
}

/** Staff let a pinned message go its way. */
export interface UnpinMessage {
  message: string;
}

/** Takes back one's own reaction to a message. */
export interface UnreactToMessage {
  message: string;
}

/** The asker wants this answered too. One vote each; an author's own counts from the beginning. */
export interface UpvoteQuestion {
  question: string;
}

/** A fresh view, complete up to ``view.seq``; replaces what the client has. Also sent when the viewer's role changes. */
export interface ViewFrame {
  t: "view";
  view: RoomView;
}

/** Lets the asker into a group's child room, instead of the one they visit. The group is told. */
export interface VisitBreakout {
  group: string;
  mode?: "listen" | "speak" | "visit";
}

/** A person visits no child room any more. For that person and staff. */
export interface VisitEnded {
  participant: string;
}

/** A person visits a group's child room, and no other. For that person and staff. */
export interface VisitStarted {
  participant: string;
  group: string;
  child: string;
  mode: "listen" | "speak" | "visit";
}

/** Somebody in a child room. */
export interface VisitView {
  participant: string;
  group: string;
  mode: "listen" | "speak" | "visit";
}

/** A visitor may enter, under their id in this room; again with another ``mode`` when that changes. */
export interface VisitorCame {
  participant: string;
  display_name: string;
  mode: "listen" | "speak" | "visit";
  to_all: boolean;
}

/** A visitor in this child room, whether their page is here already or not. */
export interface VisitorView {
  participant: string;
  display_name: string;
  mode: "listen" | "speak" | "visit";
  to_all: boolean;
}

/** A visitor may not enter any more. */
export interface VisitorWent {
  participant: string;
}

/** Somebody voted for a question. Only they are told. */
export interface VoteCast {
  question: string;
  participant: string;
}

/** Somebody took their vote back. Only they are told. */
export interface VoteTakenBack {
  question: string;
  participant: string;
}

/** A question has so many votes now. */
export interface VotesCounted {
  question: string;
  votes: number;
}

/** The page of somebody who waits is connected again, on this edge and socket. */
export interface WaitingConnected {
  participant: string;
  edge: string;
  connection: string;
}

/** The page of somebody who waits is gone; the place is kept until ``grace_until`` (Unix ms). */
export interface WaitingDisconnected {
  participant: string;
  grace_until: number;
}

/** A person waits no longer. */
export interface WaitingLeft {
  participant: string;
  reason: "left" | "timeout";
}

/** A person at the door. A disconnected one is in grace time. */
export interface WaitingView {
  id: string;
  display_name: string;
  guest: boolean;
  connected: boolean;
  knocked_at: number;
}

/** Answer to ``hello``. ``resumed`` says that ``events`` follow instead of a ``view``. A line that breaks without a word is opened again after a random part of ``spread_ms``: so many others come with it. */
export interface Welcome {
  t: "welcome";
  protocol: number;
  connection: string;
  participant: string;
  server_time: number;
  heartbeat_s: number;
  resumed: boolean;
  spread_ms?: number;
}

/** A group does not need help any more. */
export type WithdrawHelp = object;

/** Takes one's own unanswered question back. */
export interface WithdrawQuestion {
  question: string;
}

/** Takes one's vote for another's question back. */
export interface WithdrawVote {
  question: string;
}

/** Writes, changes, moves or deletes paragraphs of the notes. ``generation`` is that of the notes the writer sees: words for a text that was cleared meanwhile are refused. */
export interface WriteNotes {
  generation: number;
  paragraphs: ParagraphWish[];
}

/** A paragraph as it is from now on; without text it is deleted. */
export interface WrittenParagraph {
  id: string;
  version: number;
  nonce: number;
  order: string;
  text: string;
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
  | MeFrame
  | PeopleFrame
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
  | (Omit<EventOut, "type" | "data"> & { type: "lifecycle.session_moved"; data: SessionMoved })
  | (Omit<EventOut, "type" | "data"> & { type: "lifecycle.session_renamed"; data: SessionRenamed })
  | (Omit<EventOut, "type" | "data"> & { type: "lifecycle.session_cancelled"; data: SessionCancelled })
  | (Omit<EventOut, "type" | "data"> & { type: "lifecycle.session_started"; data: SessionStarted })
  | (Omit<EventOut, "type" | "data"> & { type: "lifecycle.session_extended"; data: SessionExtended })
  | (Omit<EventOut, "type" | "data"> & { type: "lifecycle.ending_soon"; data: EndingSoon })
  | (Omit<EventOut, "type" | "data"> & { type: "lifecycle.session_ended"; data: SessionEnded })
  | (Omit<EventOut, "type" | "data"> & { type: "lifecycle.settings_changed"; data: SettingsChanged })
  | (Omit<EventOut, "type" | "data"> & { type: "lifecycle.room_renamed"; data: RoomRenamed })
  | (Omit<EventOut, "type" | "data"> & { type: "lifecycle.course_assigned"; data: CourseAssigned })
  | (Omit<EventOut, "type" | "data"> & { type: "lifecycle.room_archived"; data: RoomArchived })
  | (Omit<EventOut, "type" | "data"> & { type: "lifecycle.room_restored"; data: RoomRestored })
  | (Omit<EventOut, "type" | "data"> & { type: "rights.granted"; data: PermissionGranted })
  | (Omit<EventOut, "type" | "data"> & { type: "rights.revoked"; data: PermissionRevoked })
  | (Omit<EventOut, "type" | "data"> & { type: "rights.reset"; data: PermissionsReset })
  | (Omit<EventOut, "type" | "data"> & { type: "rights.locked"; data: PermissionLocked })
  | (Omit<EventOut, "type" | "data"> & { type: "rights.unlocked"; data: PermissionUnlocked })
  | (Omit<EventOut, "type" | "data"> & { type: "rights.policy_applied"; data: PolicyApplied })
  | (Omit<EventOut, "type" | "data"> & { type: "lobby.knocked"; data: Knocked })
  | (Omit<EventOut, "type" | "data"> & { type: "lobby.connected"; data: WaitingConnected })
  | (Omit<EventOut, "type" | "data"> & { type: "lobby.disconnected"; data: WaitingDisconnected })
  | (Omit<EventOut, "type" | "data"> & { type: "lobby.admitted"; data: Admitted })
  | (Omit<EventOut, "type" | "data"> & { type: "lobby.denied"; data: Denied })
  | (Omit<EventOut, "type" | "data"> & { type: "lobby.told"; data: LobbyTold })
  | (Omit<EventOut, "type" | "data"> & { type: "lobby.left"; data: WaitingLeft })
  | (Omit<EventOut, "type" | "data"> & { type: "roster.member_added"; data: MemberAdded })
  | (Omit<EventOut, "type" | "data"> & { type: "roster.member_removed"; data: MemberRemoved })
  | (Omit<EventOut, "type" | "data"> & { type: "roster.joined"; data: ParticipantJoined })
  | (Omit<EventOut, "type" | "data"> & { type: "roster.connected"; data: ParticipantConnected })
  | (Omit<EventOut, "type" | "data"> & { type: "roster.disconnected"; data: ParticipantDisconnected })
  | (Omit<EventOut, "type" | "data"> & { type: "roster.left"; data: ParticipantLeft })
  | (Omit<EventOut, "type" | "data"> & { type: "roster.readmitted"; data: ParticipantReadmitted })
  | (Omit<EventOut, "type" | "data"> & { type: "roster.role_changed"; data: RoleChanged })
  | (Omit<EventOut, "type" | "data"> & { type: "floor.hand_raised"; data: HandRaised })
  | (Omit<EventOut, "type" | "data"> & { type: "floor.hand_lowered"; data: HandLowered })
  | (Omit<EventOut, "type" | "data"> & { type: "floor.given"; data: FloorGiven })
  | (Omit<EventOut, "type" | "data"> & { type: "floor.taken"; data: FloorTaken })
  | (Omit<EventOut, "type" | "data"> & { type: "floor.unmute_asked"; data: UnmuteAsked })
  | (Omit<EventOut, "type" | "data"> & { type: "floor.spotlighted"; data: Spotlighted })
  | (Omit<EventOut, "type" | "data"> & { type: "floor.reacted"; data: Reacted })
  | (Omit<EventOut, "type" | "data"> & { type: "track.published"; data: TrackPublished })
  | (Omit<EventOut, "type" | "data"> & { type: "track.muted"; data: TrackMuted })
  | (Omit<EventOut, "type" | "data"> & { type: "track.unmuted"; data: TrackUnmuted })
  | (Omit<EventOut, "type" | "data"> & { type: "track.closed"; data: TrackClosed })
  | (Omit<EventOut, "type" | "data"> & { type: "chat.posted"; data: MessagePosted })
  | (Omit<EventOut, "type" | "data"> & { type: "chat.held"; data: MessageHeld })
  | (Omit<EventOut, "type" | "data"> & { type: "chat.rejected"; data: MessageRejected })
  | (Omit<EventOut, "type" | "data"> & { type: "chat.edited"; data: MessageEdited })
  | (Omit<EventOut, "type" | "data"> & { type: "chat.deleted"; data: MessageDeleted })
  | (Omit<EventOut, "type" | "data"> & { type: "chat.reacted"; data: MessageReactedTo })
  | (Omit<EventOut, "type" | "data"> & { type: "chat.unreacted"; data: MessageUnreactedTo })
  | (Omit<EventOut, "type" | "data"> & { type: "chat.pinned"; data: MessagePinned })
  | (Omit<EventOut, "type" | "data"> & { type: "chat.unpinned"; data: MessageUnpinned })
  | (Omit<EventOut, "type" | "data"> & { type: "question.asked"; data: QuestionAsked })
  | (Omit<EventOut, "type" | "data"> & { type: "question.opened"; data: QuestionOpened })
  | (Omit<EventOut, "type" | "data"> & { type: "question.edited"; data: QuestionEdited })
  | (Omit<EventOut, "type" | "data"> & { type: "question.withdrawn"; data: QuestionWithdrawn })
  | (Omit<EventOut, "type" | "data"> & { type: "question.vote_cast"; data: VoteCast })
  | (Omit<EventOut, "type" | "data"> & { type: "question.vote_taken_back"; data: VoteTakenBack })
  | (Omit<EventOut, "type" | "data"> & { type: "question.votes_counted"; data: VotesCounted })
  | (Omit<EventOut, "type" | "data"> & { type: "question.answering_started"; data: AnsweringStarted })
  | (Omit<EventOut, "type" | "data"> & { type: "question.answered"; data: QuestionAnswered })
  | (Omit<EventOut, "type" | "data"> & { type: "question.dismissed"; data: QuestionDismissed })
  | (Omit<EventOut, "type" | "data"> & { type: "question.hidden"; data: QuestionHidden })
  | (Omit<EventOut, "type" | "data"> & { type: "question.reopened"; data: QuestionReopened })
  | (Omit<EventOut, "type" | "data"> & { type: "question.merged"; data: QuestionsMerged })
  | (Omit<EventOut, "type" | "data"> & { type: "poll.created"; data: PollCreated })
  | (Omit<EventOut, "type" | "data"> & { type: "poll.edited"; data: PollEdited })
  | (Omit<EventOut, "type" | "data"> & { type: "poll.deleted"; data: PollDeleted })
  | (Omit<EventOut, "type" | "data"> & { type: "poll.shelved"; data: PollShelved })
  | (Omit<EventOut, "type" | "data"> & { type: "poll.opened"; data: PollOpened })
  | (Omit<EventOut, "type" | "data"> & { type: "poll.answered"; data: PollAnswered })
  | (Omit<EventOut, "type" | "data"> & { type: "poll.counted"; data: PollCounted })
  | (Omit<EventOut, "type" | "data"> & { type: "poll.closed"; data: PollClosed })
  | (Omit<EventOut, "type" | "data"> & { type: "poll.reopened"; data: PollReopened })
  | (Omit<EventOut, "type" | "data"> & { type: "poll.published"; data: PollPublished })
  | (Omit<EventOut, "type" | "data"> & { type: "pulse.sent"; data: PulseSent })
  | (Omit<EventOut, "type" | "data"> & { type: "pulse.faded"; data: PulseFaded })
  | (Omit<EventOut, "type" | "data"> & { type: "studio.scene_saved"; data: SceneSaved })
  | (Omit<EventOut, "type" | "data"> & { type: "studio.scene_deleted"; data: SceneDeleted })
  | (Omit<EventOut, "type" | "data"> & { type: "studio.scene_activated"; data: SceneActivated })
  | (Omit<EventOut, "type" | "data"> & { type: "studio.deck_added"; data: DeckAdded })
  | (Omit<EventOut, "type" | "data"> & { type: "studio.deck_removed"; data: DeckRemoved })
  | (Omit<EventOut, "type" | "data"> & { type: "studio.deck_shown"; data: DeckShown })
  | (Omit<EventOut, "type" | "data"> & { type: "studio.page_turned"; data: PageTurned })
  | (Omit<EventOut, "type" | "data"> & { type: "studio.deck_hidden"; data: DeckHidden })
  | (Omit<EventOut, "type" | "data"> & { type: "studio.call_shown"; data: CallShown })
  | (Omit<EventOut, "type" | "data"> & { type: "studio.call_hidden"; data: CallHidden })
  | (Omit<EventOut, "type" | "data"> & { type: "notes.written"; data: NotesWritten })
  | (Omit<EventOut, "type" | "data"> & { type: "notes.cleared"; data: NotesCleared })
  | (Omit<EventOut, "type" | "data"> & { type: "timer.started"; data: TimerStarted })
  | (Omit<EventOut, "type" | "data"> & { type: "timer.paused"; data: TimerPaused })
  | (Omit<EventOut, "type" | "data"> & { type: "timer.resumed"; data: TimerResumed })
  | (Omit<EventOut, "type" | "data"> & { type: "timer.extended"; data: TimerExtended })
  | (Omit<EventOut, "type" | "data"> & { type: "timer.ended"; data: TimerEnded })
  | (Omit<EventOut, "type" | "data"> & { type: "timer.stopped"; data: TimerStopped })
  | (Omit<EventOut, "type" | "data"> & { type: "board.created"; data: BoardCreated })
  | (Omit<EventOut, "type" | "data"> & { type: "board.renamed"; data: BoardRenamed })
  | (Omit<EventOut, "type" | "data"> & { type: "board.deleted"; data: BoardDeleted })
  | (Omit<EventOut, "type" | "data"> & { type: "board.page_added"; data: BoardPageAdded })
  | (Omit<EventOut, "type" | "data"> & { type: "board.page_removed"; data: BoardPageRemoved })
  | (Omit<EventOut, "type" | "data"> & { type: "board.shown"; data: BoardShown })
  | (Omit<EventOut, "type" | "data"> & { type: "board.hidden"; data: BoardHidden })
  | (Omit<EventOut, "type" | "data"> & { type: "board.drawing_allowed"; data: DrawingAllowed })
  | (Omit<EventOut, "type" | "data"> & { type: "board.drawn"; data: Drawn })
  | (Omit<EventOut, "type" | "data"> & { type: "board.page_cleared"; data: PageCleared })
  | (Omit<EventOut, "type" | "data"> & { type: "board.drawings_withdrawn"; data: DrawingsWithdrawn })
  | (Omit<EventOut, "type" | "data"> & { type: "file.added"; data: FileAdded })
  | (Omit<EventOut, "type" | "data"> & { type: "file.renamed"; data: FileRenamed })
  | (Omit<EventOut, "type" | "data"> & { type: "file.removed"; data: FileRemoved })
  | (Omit<EventOut, "type" | "data"> & { type: "breakouts.planned"; data: BreakoutsPlanned })
  | (Omit<EventOut, "type" | "data"> & { type: "breakouts.moved"; data: ParticipantMoved })
  | (Omit<EventOut, "type" | "data"> & { type: "breakouts.opened"; data: BreakoutsOpened })
  | (Omit<EventOut, "type" | "data"> & { type: "breakouts.door_opened"; data: DoorOpened })
  | (Omit<EventOut, "type" | "data"> & { type: "breakouts.activity"; data: BreakoutActivity })
  | (Omit<EventOut, "type" | "data"> & { type: "breakouts.help_queued"; data: HelpQueued })
  | (Omit<EventOut, "type" | "data"> & { type: "breakouts.help_unqueued"; data: HelpUnqueued })
  | (Omit<EventOut, "type" | "data"> & { type: "breakouts.visit_started"; data: VisitStarted })
  | (Omit<EventOut, "type" | "data"> & { type: "breakouts.visit_ended"; data: VisitEnded })
  | (Omit<EventOut, "type" | "data"> & { type: "breakouts.speaking_to_all_started"; data: SpeakingToAllStarted })
  | (Omit<EventOut, "type" | "data"> & { type: "breakouts.speaking_to_all_stopped"; data: SpeakingToAllStopped })
  | (Omit<EventOut, "type" | "data"> & { type: "breakouts.closed"; data: BreakoutsClosed })
  | (Omit<EventOut, "type" | "data"> & { type: "breakouts.children_closed"; data: ChildrenClosed })
  | (Omit<EventOut, "type" | "data"> & { type: "breakouts.announced"; data: AnnouncementMade })
  | (Omit<EventOut, "type" | "data"> & { type: "breakouts.end_moved"; data: BreakoutsEndMoved })
  | (Omit<EventOut, "type" | "data"> & { type: "breakouts.opened_as_child"; data: OpenedAsChild })
  | (Omit<EventOut, "type" | "data"> & { type: "breakouts.members_changed"; data: MembersChanged })
  | (Omit<EventOut, "type" | "data"> & { type: "breakouts.staff_changed"; data: ChildStaffChanged })
  | (Omit<EventOut, "type" | "data"> & { type: "breakouts.visitor_came"; data: VisitorCame })
  | (Omit<EventOut, "type" | "data"> & { type: "breakouts.visitor_went"; data: VisitorWent })
  | (Omit<EventOut, "type" | "data"> & { type: "breakouts.help_called"; data: HelpCalled })
  | (Omit<EventOut, "type" | "data"> & { type: "breakouts.help_ended"; data: HelpEnded })
  | (Omit<EventOut, "type" | "data"> & { type: "breakouts.directed"; data: Directed })
  | (Omit<EventOut, "type" | "data"> & { type: "breakouts.closed_as_child"; data: ClosedAsChild })
  | (Omit<EventOut, "type" | "data"> & { type: "recording.started"; data: RecordingStarted })
  | (Omit<EventOut, "type" | "data"> & { type: "recording.paused"; data: RecordingPaused })
  | (Omit<EventOut, "type" | "data"> & { type: "recording.resumed"; data: RecordingResumed })
  | (Omit<EventOut, "type" | "data"> & { type: "recording.stopped"; data: RecordingStopped })
  | (Omit<EventOut, "type" | "data"> & { type: "recording.renamed"; data: RecordingRenamed })
  | (Omit<EventOut, "type" | "data"> & { type: "recording.retention_set"; data: RetentionSet })
  | (Omit<EventOut, "type" | "data"> & { type: "recording.expired"; data: RecordingExpired })
  | (Omit<EventOut, "type" | "data"> & { type: "recording.deleted"; data: RecordingDeleted })
  | (Omit<EventOut, "type" | "data"> & { type: "recording.erased"; data: RecordingErased })
  | (Omit<EventOut, "type" | "data"> & { type: "recording.consent_answered"; data: ConsentAnswered })
  | (Omit<EventOut, "type" | "data"> & { type: "recording.person_left_out"; data: PersonLeftOut })
  | (Omit<EventOut, "type" | "data"> & { type: "recording.person_taken_in"; data: PersonTakenIn })
  | (Omit<EventOut, "type" | "data"> & { type: "recording.step_reported"; data: RecordingStepReported })
  | (Omit<EventOut, "type" | "data"> & { type: "recording.artifact_added"; data: ArtifactAdded })
  | (Omit<EventOut, "type" | "data"> & { type: "recording.completed"; data: RecordingCompleted })
  | (Omit<EventOut, "type" | "data"> & { type: "redaction.redacted"; data: Redacted })
  | (Omit<EventOut, "type" | "data"> & { type: "redaction.reason_given"; data: ReasonGiven })
  | (Omit<EventOut, "type" | "data"> & { type: "media.placed"; data: RoomPlaced })
  | (Omit<EventOut, "type" | "data"> & { type: "media.node_lost"; data: NodeLost })
  | (Omit<EventOut, "type" | "data"> & { type: "media.quality_reported"; data: QualityReported });

export interface Commands {
  create_room: CreateRoom;
  schedule_session: ScheduleSession;
  schedule_series: ScheduleSeries;
  move_session: MoveSession;
  rename_session: RenameSession;
  cancel_session: CancelSession;
  cancel_series: CancelSeries;
  start_session: StartSession;
  extend_session: ExtendSession;
  end_session: EndSession;
  change_settings: ChangeSettings;
  rename_room: RenameRoom;
  assign_course: AssignCourse;
  archive_room: ArchiveRoom;
  restore_room: RestoreRoom;
  grant_permission: GrantPermission;
  revoke_permission: RevokePermission;
  reset_permissions: ResetPermissions;
  lock_permission: LockPermission;
  unlock_permission: UnlockPermission;
  admit: Admit;
  admit_all: AdmitAll;
  deny: Deny;
  deny_all: DenyAll;
  tell_lobby: TellLobby;
  leave_lobby: LeaveLobby;
  join_session: JoinSession;
  leave_session: LeaveSession;
  remove_participant: RemoveParticipant;
  readmit_participant: ReadmitParticipant;
  change_role: ChangeRole;
  add_member: AddMember;
  remove_member: RemoveMember;
  raise_hand: RaiseHand;
  lower_hand: LowerHand;
  lower_all_hands: LowerAllHands;
  next_hand: NextHand;
  give_floor: GiveFloor;
  take_floor: TakeFloor;
  ask_to_unmute: AskToUnmute;
  spotlight: Spotlight;
  react: React;
  mute_track: MuteTrack;
  mute_all: MuteAll;
  unmute_track: UnmuteTrack;
  close_track: CloseTrack;
  post_message: PostMessage;
  edit_message: EditMessage;
  delete_message: DeleteMessage;
  react_to_message: ReactToMessage;
  unreact_to_message: UnreactToMessage;
  pin_message: PinMessage;
  unpin_message: UnpinMessage;
  approve_message: ApproveMessage;
  reject_message: RejectMessage;
  ask_question: AskQuestion;
  edit_question: EditQuestion;
  withdraw_question: WithdrawQuestion;
  upvote_question: UpvoteQuestion;
  withdraw_vote: WithdrawVote;
  approve_question: ApproveQuestion;
  start_answering: StartAnswering;
  answer_question: AnswerQuestion;
  dismiss_question: DismissQuestion;
  reopen_question: ReopenQuestion;
  merge_questions: MergeQuestions;
  create_poll: CreatePoll;
  edit_poll: EditPoll;
  delete_poll: DeletePoll;
  open_poll: OpenPoll;
  ask_poll: AskPoll;
  answer_poll: AnswerPoll;
  close_poll: ClosePoll;
  reopen_poll: ReopenPoll;
  publish_results: PublishResults;
  send_pulse: SendPulse;
  save_scene: SaveScene;
  delete_scene: DeleteScene;
  activate_scene: ActivateScene;
  add_deck: AddDeck;
  remove_deck: RemoveDeck;
  show_deck: ShowDeck;
  turn_page: TurnPage;
  hide_deck: HideDeck;
  show_call: ShowCall;
  hide_call: HideCall;
  write_notes: WriteNotes;
  clear_notes: ClearNotes;
  start_timer: StartTimer;
  pause_timer: PauseTimer;
  resume_timer: ResumeTimer;
  add_time: AddTime;
  stop_timer: StopTimer;
  create_board: CreateBoard;
  rename_board: RenameBoard;
  delete_board: DeleteBoard;
  add_board_page: AddBoardPage;
  remove_board_page: RemoveBoardPage;
  show_board: ShowBoard;
  hide_board: HideBoard;
  allow_drawing: AllowDrawing;
  draw: Draw;
  clear_page: ClearPage;
  clear_mine: ClearMine;
  rename_file: RenameFile;
  remove_file: RemoveFile;
  plan_breakouts: PlanBreakouts;
  plan_by_number: PlanByNumber;
  plan_at_random: PlanAtRandom;
  plan_like_last_time: PlanLikeLastTime;
  move_participant: MoveParticipant;
  open_breakouts: OpenBreakouts;
  choose_breakout: ChooseBreakout;
  leave_breakout: LeaveBreakout;
  broadcast_to_breakouts: BroadcastToBreakouts;
  extend_breakouts: ExtendBreakouts;
  close_breakouts: CloseBreakouts;
  call_for_help: CallForHelp;
  withdraw_help: WithdrawHelp;
  answer_help: AnswerHelp;
  visit_breakout: VisitBreakout;
  speak_to_all: SpeakToAll;
  stop_speaking_to_all: StopSpeakingToAll;
  start_recording: StartRecording;
  stop_recording: StopRecording;
  pause_recording: PauseRecording;
  resume_recording: ResumeRecording;
  rename_recording: RenameRecording;
  set_retention: SetRetention;
  delete_recording: DeleteRecording;
  agree_to_recording: AgreeToRecording;
  decline_recording: DeclineRecording;
  leave_out: LeaveOut;
  take_in: TakeIn;
  redact: Redact;
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
  full: 4011,
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
  BREAKOUT_TEXTS_KEPT_MAX: 3,
  QUESTIONS_ANSWERED_MAX: 20,
  CHAT_ASIDES_PER_THREAD_MAX: 20,
  CHAT_ASIDES_MAX: 100,
  SCHEDULED_SESSIONS_MAX: 100,
  PARTICIPANTS_MAX: 2000,
  RECORDINGS_KEPT_MAX: 10,
  POLL_TEXTS_KEPT_MAX: 30,
  RECORDING_PAUSES_MAX: 50,
  ARTIFACTS_KEPT_MAX: 48,
  CONNECTION_COMMANDS_IN_FLIGHT_MAX: 32,
  CONSUMERS_PER_TRANSPORT_MAX: 200,
  HELLO_TIMEOUT_S: 10.0,
  HEARTBEAT_S: 5.0,
  COMMAND_BYTES_MAX: 60000,
  ELEMENTS_PER_DRAW_MAX: 100,
  ELEMENT_BYTES_MAX: 40000,
  PAGE_ELEMENTS_MAX: 1500,
  NOTES_CHARS_MAX: 40000,
  NOTES_PARAGRAPHS_MAX: 500,
  NOTES_PARAGRAPHS_PER_COMMAND_MAX: 50,
  DECK_PAGES_MAX: 500,
  SCENE_SOURCES_MAX: 50,
  URL_CHARS_MAX: 2000,
  TIMER_S_MAX: 43200,
  TIMER_LABEL_CHARS_MAX: 80,
} as const;
