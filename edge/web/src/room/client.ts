import { liveUrl, renewLogin } from "../net/api";
import { SCREEN_CONSTRAINTS } from "../net/constraints";
import { foldAll, foldMe, foldPeople } from "../net/fold";
import type { Media, MediaCondition } from "../net/media";
import { type Ending, type Line, type Outcome, RoomSocket, token } from "../net/socket";
import type {
  Commands,
  Levels,
  MeFrame,
  PeopleFrame,
  Role,
  RoomEvent,
  RoomView,
  SignalOut,
  Source,
} from "../schema";
import type { DeviceKind, Devices } from "./devices";
import { Store } from "./store";

/**
 * One person in one room: the socket, the folded view, the devices and the media, held together.
 *
 * The screen reads `state` and `sound` and calls the verbs below; it never touches the wire.
 */

export interface OutgoingMessage {
  id: string;
  text: string;
  status: "sending" | "failed";
  problem: string | null;
  /** Where it is on the log, once that is known; it waits here until the view has come as far. */
  seq: number | null;
}

export type Notice =
  | { id: string; kind: "muted_by_host"; source: Source }
  | { id: string; kind: "refused"; code: string; message: string }
  | { id: string; kind: "screen_failed" }
  | { id: string; kind: "moved" }
  | { id: string; kind: "recording_started" }
  | { id: string; kind: "role"; role: Role };

export interface RoomState {
  line: Line;
  view: RoomView | null;
  ending: Ending | null;
  trouble: string | null;
  /** Whether this page means to be in the class; `view.me.role` says whether it is. */
  stage: "outside" | "waiting" | "joining" | "inside" | "left";
  joinProblem: { code: string; message: string } | null;
  media: MediaCondition;
  remote: ReadonlyMap<string, MediaStreamTrack>;
  screen: MediaStream | null;
  outbox: readonly OutgoingMessage[];
  unread: number;
  notices: readonly Notice[];
}

/** Who is heard now; apart from the rest because it changes many times a second. */
export interface Sound {
  levels: ReadonlyMap<string, number>;
  activeSpeaker: string | null;
}

export interface Timings {
  [mark: string]: number;
}

/** A message keeps its sense for minutes; a raised hand does not. */
const MESSAGE_PATIENCE_MS = 5 * 60_000;
const JOIN_PATIENCE_MS = 30_000;

export class RoomClient {
  readonly state = new Store<RoomState>({
    line: "connecting",
    view: null,
    ending: null,
    trouble: null,
    stage: "outside",
    joinProblem: null,
    media: "idle",
    remote: new Map(),
    screen: null,
    outbox: [],
    unread: 0,
    notices: [],
  });
  readonly sound = new Store<Sound>({ levels: new Map(), activeSpeaker: null });
  readonly timings: Timings = {};
  readonly seqs: number[] = [];
  private readonly socket: RoomSocket;
  private media: Media | null = null;
  private displayName = "";
  private chatOpen = false;
  /** The last media epoch that was not 0: another one means that the class has moved. */
  private epoch = 0;
  private stopDevices: (() => void) | null = null;
  private soundTimer: ReturnType<typeof setTimeout> | undefined;
  /** What is half typed; it outlives a lost line and a closed panel. */
  draft = "";

  constructor(
    room: string,
    readonly devices: Devices,
  ) {
    this.socket = new RoomSocket(
      liveUrl(room),
      {
        onLine: (line) => this.onLine(line),
        onWelcome: () => {},
        onView: (view) => this.onView(view),
        onEvents: (events, through) => this.onEvents(events, through),
        onMe: (me) => this.onMe(me),
        onPeople: (people) => this.onPeople(people),
        onSignal: (signal) => this.onSignal(signal),
        onTrouble: (trouble) => this.state.set({ trouble }),
        onEnding: (ending) => this.onEnding(ending),
      },
      { renewLogin },
    );
  }

  // --- coming and going ------------------------------------------------------------------------

  /** Enters the class; when it has not begun yet, as soon as it begins. */
  join(displayName: string): void {
    this.displayName = displayName;
    this.mark("join-clicked");
    this.state.set({ stage: "waiting", joinProblem: null });
    this.joinIfLive();
  }

  async start(): Promise<Outcome> {
    return this.told(await this.socket.command("start_session", {}));
  }

  /** Leaves; the page stays and shows how to come back. */
  async leave(): Promise<void> {
    this.goOut("left");
    await this.socket.command("leave_session", {});
  }

  async end(): Promise<void> {
    await this.command("end_session", {});
  }

  close(): void {
    this.goOut("left");
    this.socket.close();
  }

  private joinIfLive(): void {
    const { view, stage } = this.state.get();
    if (stage !== "waiting" || view?.session?.status !== "live") return;
    this.state.set({ stage: "joining" });
    void this.enter();
  }

  private async enter(): Promise<void> {
    // The media library is large; it loads while the log answers.
    const [{ Media }, outcome] = await Promise.all([
      import("../net/media"),
      this.socket.command("join_session", { display_name: this.displayName }, JOIN_PATIENCE_MS),
    ]);
    if (this.state.get().stage !== "joining") return;
    if (!outcome.accepted) {
      this.state.set({ stage: "outside", joinProblem: outcome });
      return;
    }
    this.media = new Media(
      {
        media: (method, epoch, data) => this.socket.media(method, epoch, data),
        mute: (track) => this.socket.command("mute_track", { track }, MESSAGE_PATIENCE_MS),
        unmute: (track) => this.socket.command("unmute_track", { track }),
        closeTrack: (track) => this.socket.command("close_track", { track }, MESSAGE_PATIENCE_MS),
      },
      {
        onRemote: (remote) => this.state.set({ remote }),
        onCondition: (media) => this.state.set({ media }),
        onMutedByHost: (source) => this.mutedByHost(source),
        onRefused: (source, code) => this.sourceRefused(source, code),
        onMark: (name, ms) => {
          this.timings[name] ??= ms;
        },
      },
    );
    this.state.set({ stage: "inside", unread: 0 });
    this.stopDevices = this.devices.watch(() => this.sendDevices());
    this.sendDevices();
    const { view } = this.state.get();
    if (view) this.media.follow(view);
  }

  private goOut(stage: "left" | "outside"): void {
    this.epoch = 0;
    this.stopDevices?.();
    this.stopDevices = null;
    this.stopScreen();
    this.media?.close();
    this.media = null;
    this.state.set({ stage, remote: new Map(), media: "idle" });
    this.silence();
  }

  private silence(): void {
    clearTimeout(this.soundTimer);
    this.sound.set({ levels: new Map(), activeSpeaker: null });
  }

  // --- what comes from the line ----------------------------------------------------------------

  private onLine(line: Line): void {
    this.state.set({ line });
    if (line === "connected") this.media?.lineUp();
  }

  private onView(view: RoomView): void {
    this.seqs.push(view.seq);
    this.took(this.state.get().view, view);
  }

  private onEvents(events: RoomEvent[], through: number): void {
    const before = this.state.get().view;
    if (!before) return;
    for (const event of events) this.seqs.push(event.seq);
    if (this.seqs.length > SEQS_KEPT) this.seqs.splice(0, this.seqs.length - SEQS_KEPT);
    const me = before.me.participant;
    const posted = events.flatMap((e) => (e.type === "chat.posted" ? [e.data] : []));
    const news = posted.filter((m) => m.participant !== me).length;
    if (!this.chatOpen && news > 0) this.state.set({ unread: this.state.get().unread + news });
    const sentOut = events.some(
      (e) => e.type === "roster.left" && e.data.participant === me && e.data.reason === "removed",
    );
    if (sentOut) this.goOut("left");
    if (events.some((e) => e.type === "recording.started") && this.media)
      this.notify({ kind: "recording_started" });
    this.took(before, foldAll(before, events, through));
    this.clearOutbox(posted.filter((m) => m.participant === me).map((m) => m.text));
  }

  private onMe(me: MeFrame): void {
    const before = this.state.get().view;
    if (before) this.took(before, foldMe(before, me));
  }

  private onPeople(people: PeopleFrame): void {
    const before = this.state.get().view;
    if (before) this.took(before, foldPeople(before, people));
  }

  private took(before: RoomView | null, view: RoomView): void {
    const { stage } = this.state.get();
    const isLive = view.session?.status === "live";
    if (view.epoch > 0 && view.epoch !== this.epoch) {
      if (this.epoch > 0 && stage === "inside") this.notify({ kind: "moved" });
      this.epoch = view.epoch;
    }
    this.state.set({ view });
    if (stage === "inside" && before?.me.role && !view.me.role) {
      // Away for longer than the grace time: we did not mean to leave, so we come back.
      this.goOut(isLive ? "outside" : "left");
      if (isLive) this.state.set({ stage: "waiting" });
    } else {
      const [was, is] = [before?.me.role, view.me.role];
      if (stage === "inside" && was && is && was !== is) this.notify({ kind: "role", role: is });
      if (before?.me.permissions.join() !== view.me.permissions.join()) this.sendDevices();
      this.media?.follow(view);
    }
    this.clearOutbox();
    this.joinIfLive();
  }

  private onSignal(signal: SignalOut): void {
    if (signal.kind === "levels") {
      const { levels, activeSpeaker } = signal.data as Levels;
      this.sound.set({
        levels: new Map(levels.map((l) => [l.participant, l.level])),
        activeSpeaker: activeSpeaker ?? null,
      });
      clearTimeout(this.soundTimer);
      this.soundTimer = setTimeout(() => this.silence(), SILENCE_MS);
    } else if (signal.kind === "layer" || signal.kind === "transport_closed") {
      this.media?.signal(signal.kind, signal.data as never);
    }
  }

  private onEnding(ending: Ending): void {
    this.goOut("left");
    this.state.set({ ending });
  }

  // --- media -----------------------------------------------------------------------------------

  toggle(kind: DeviceKind): void {
    void this.devices.setOn(kind, !this.devices.get()[kind].on);
  }

  private sendDevices(): void {
    const { microphone, camera } = this.devices.get();
    const me = this.state.get().view?.me;
    // The answer to joining overtakes the event: until the log tells our role, permissions are those from outside.
    if (!me?.role) return;
    const may = new Set(me.permissions);
    // Who may only watch is not filmed or heard by the own computer either.
    if (this.media && !may.has("speak") && microphone.on) return this.devices.withdraw("microphone");
    if (this.media && !may.has("camera") && camera.on) return this.devices.withdraw("camera");
    this.media?.setLocal("microphone", may.has("speak") ? microphone.track : null, !microphone.on);
    this.media?.setLocal("camera", may.has("camera") && camera.on ? camera.track : null);
  }

  private mutedByHost(source: Source): void {
    if (source === "screen" || source === "screen_audio") return;
    this.devices.switchOff(source);
    this.notify({ kind: "muted_by_host", source });
  }

  private sourceRefused(source: Source, code: string): void {
    if (source === "screen" || source === "screen_audio") this.stopScreen();
    else this.devices.switchOff(source);
    this.notify({ kind: "refused", code, message: "" });
  }

  async shareScreen(): Promise<void> {
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getDisplayMedia(SCREEN_CONSTRAINTS);
    } catch (error) {
      // Closing the browser's own chooser is an answer, not a fault.
      if (!(error instanceof DOMException && error.name === "NotAllowedError")) {
        this.notify({ kind: "screen_failed" });
      }
      return;
    }
    const [picture] = stream.getVideoTracks();
    const [sound] = stream.getAudioTracks();
    if (!picture || !this.media) {
      for (const track of stream.getTracks()) track.stop();
      return;
    }
    picture.contentHint = "detail";
    picture.onended = () => this.stopScreen();
    this.state.set({ screen: stream });
    this.media.setLocal("screen", picture);
    if (sound) this.media.setLocal("screen_audio", sound);
  }

  stopScreen(): void {
    const { screen } = this.state.get();
    if (!screen) return;
    for (const track of screen.getTracks()) {
      track.onended = null;
      track.stop();
    }
    this.media?.setLocal("screen", null);
    this.media?.setLocal("screen_audio", null);
    this.state.set({ screen: null });
  }

  setTile(track: string, place: object, widthPx: number, heightPx: number): void {
    this.media?.setTile(track, place, widthPx, heightPx);
  }

  removeTile(track: string, place: object): void {
    this.media?.removeTile(track, place);
  }

  async stats() {
    return this.media?.stats() ?? [];
  }

  /** Keeps when something happened for the first time, in milliseconds since the page was opened. */
  mark(name: string): void {
    this.timings[name] ??= performance.now();
  }

  // --- chat and floor --------------------------------------------------------------------------

  setChatOpen(open: boolean): void {
    this.chatOpen = open;
    if (open) this.state.set({ unread: 0 });
  }

  async say(text: string, id: string = token()): Promise<void> {
    const others = this.state.get().outbox.filter((m) => m.id !== id);
    this.state.set({ outbox: [...others, { id, text, status: "sending", problem: null, seq: null }] });
    const outcome = await this.socket.command("post_message", { text }, MESSAGE_PATIENCE_MS);
    const { outbox } = this.state.get();
    const change: Partial<OutgoingMessage> = outcome.accepted
      ? { seq: outcome.seq }
      : { status: "failed", problem: outcome.message };
    this.state.set({ outbox: outbox.map((m) => (m.id === id ? { ...m, ...change } : m)) });
    this.clearOutbox();
  }

  /** Takes out what the view now shows: an answer may overtake its event, and the other way round. */
  private clearOutbox(posted: readonly string[] = []): void {
    const seq = this.state.get().view?.seq ?? 0;
    const texts = [...posted];
    const outbox = this.state.get().outbox.filter((message) => {
      if (message.seq !== null) return message.seq > seq;
      const shown = message.status === "sending" ? texts.indexOf(message.text) : -1;
      if (shown >= 0) texts.splice(shown, 1);
      return shown < 0;
    });
    if (outbox.length !== this.state.get().outbox.length) this.state.set({ outbox });
  }

  toggleHand(): void {
    const { view } = this.state.get();
    const raised = view?.hands.some((h) => h.participant === view.me.participant);
    void (raised ? this.command("lower_hand", {}) : this.command("raise_hand", {}));
  }

  discard(id: string): void {
    this.state.set({ outbox: this.state.get().outbox.filter((m) => m.id !== id) });
  }

  /** Sends a command and shows a refusal as a notice. */
  async command<N extends keyof Commands>(name: N, data: Commands[N]): Promise<Outcome> {
    return this.told(await this.socket.command(name, data));
  }

  private told(outcome: Outcome): Outcome {
    if (!outcome.accepted) this.notify({ kind: "refused", code: outcome.code, message: outcome.message });
    return outcome;
  }

  dismiss(id: string): void {
    this.state.set({ notices: this.state.get().notices.filter((n) => n.id !== id) });
  }

  private notify(notice: DistributiveOmit<Notice, "id">): void {
    const id = token();
    const notices = [...this.state.get().notices, { ...notice, id } as Notice].slice(-NOTICES_MAX);
    this.state.set({ notices });
    setTimeout(() => this.dismiss(id), NOTICE_MS);
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** A node that has nothing to report reports nothing. */
const SILENCE_MS = 2_000;
/** Long enough to be read twice. */
const NOTICE_MS = 8_000;
const NOTICES_MAX = 3;
/** For support: the last events this page has seen. */
const SEQS_KEPT = 5_000;
