import { Device } from "mediasoup-client";
import type { Consumer, Producer, RtpCapabilities, Transport } from "mediasoup-client/types";
import {
  type ConsumerOptions,
  LIMITS,
  type MediaAnswers,
  type MediaRequests,
  type RoomView,
  type Signals,
  type Source,
} from "../schema";
import { codecOptionsOf, encodingsOf } from "./encodings";
import { Lane } from "./lane";
import { withoutNulls } from "./nulls";
import type { Outcome } from "./socket";
import { MediaRequestError } from "./socket";

/**
 * The media of one person in one class: follows the room's view and makes it so.
 *
 * What is wanted comes from three sides: the view (which tracks there are, on which media epoch),
 * the screen (how large each picture is shown) and the person (what to send). Three lanes compare
 * that with what there is and close the difference; each may fail and simply runs again. Everything
 * below a transport dies with it, and both transports die with the epoch.
 */

export interface MediaLink {
  media<N extends keyof MediaRequests>(
    method: N,
    epoch: number,
    data: MediaRequests[N],
  ): Promise<MediaAnswers[N]>;
  mute(track: string): Promise<Outcome>;
  unmute(track: string): Promise<Outcome>;
  closeTrack(track: string): Promise<Outcome>;
}

export type MediaCondition = "idle" | "connecting" | "connected" | "trouble";

export interface MediaListener {
  onRemote(tracks: ReadonlyMap<string, MediaStreamTrack>): void;
  onCondition(condition: MediaCondition): void;
  /** A host closed our microphone or camera: the person should know, and may open it again. */
  onMutedByHost(source: Source): void;
  /** The room does not take this source from us. */
  onRefused(source: Source, code: string): void;
  onMark(name: "consume-connected", ms: number): void;
}

interface Opened {
  epoch: number;
  send: Transport;
  recv: Transport;
  /**
   * Whether nothing is sent yet. Starting encoders takes the processor that the handshake of the
   * receiving side needs: that side connects first, so that who joins hears and sees first.
   */
  held: boolean;
}

interface Local {
  track: MediaStreamTrack;
  muted: boolean;
}

interface Sending {
  producer: Producer;
  /** Whether the log has it muted, as far as we know. */
  toldMuted: boolean;
}

interface Receiving {
  consumer: Consumer;
  widthPx: number;
  heightPx: number;
  paused: boolean;
}

interface Size {
  widthPx: number;
  heightPx: number;
}

/** Layout settles within a few frames; the node should not follow every one of them. */
const TILE_SETTLE_MS = 120;
/** ICE often heals a short break by itself. */
const ICE_PATIENCE_MS = 1_500;
/** After a restart that did not help in this time, both transports are made anew. */
const ICE_RESTART_MS = 6_000;

export class Media {
  private view: RoomView | null = null;
  private opened: Opened | null = null;
  private device: { device: Device; capabilities: string } | null = null;
  private closed = false;
  /** When this receive transport was first asked to consume: what connecting costs is measured from it. */
  private consumedAt: number | null = null;
  private readonly locals = new Map<Source, Local>();
  private readonly sending = new Map<Source, Sending>();
  private readonly receiving = new Map<string, Receiving>();
  private readonly tiles = new Map<string, Map<object, Size>>();
  private tileTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly iceTimers = new Map<string, ReturnType<typeof setTimeout>>();

  private readonly opening = new Lane(
    () => this.open(),
    (error) => this.failed(error),
  );
  private readonly producing = new Lane(
    () => this.produceAll(),
    (error) => this.failed(error),
  );
  private readonly consuming = new Lane(
    () => this.consumeAll(),
    (error) => this.failed(error),
  );

  constructor(
    private readonly link: MediaLink,
    private readonly listener: MediaListener,
  ) {}

  /** Takes the newest view; the viewer's place in the class decides whether there is media at all. */
  follow(view: RoomView): void {
    this.view = view;
    this.obeyMutes(view);
    const epoch = this.wantedEpoch();
    if (this.opened?.epoch !== epoch) this.opening.poke();
    this.dropGone(view);
    this.consuming.poke();
  }

  /** The line is back: transports that died in silence are made anew. */
  lineUp(): void {
    for (const transport of this.transports()) {
      if (transport.connectionState === "failed" || transport.connectionState === "disconnected") {
        this.restartIce(transport);
      }
    }
    this.opening.poke();
    this.producing.poke();
    this.consuming.poke();
  }

  signal<K extends keyof Signals>(kind: K, data: Signals[K]): void {
    if (kind !== "transport_closed") return;
    const { transport } = data as Signals["transport_closed"];
    if (this.transports().some((t) => t.id === transport)) this.reopen();
  }

  /** What this person sends as this source; null ends it. */
  setLocal(source: Source, track: MediaStreamTrack | null, muted = false): void {
    if (track === null) this.locals.delete(source);
    else this.locals.set(source, { track, muted });
    // At once, without waiting for any lane: a person who mutes means now.
    const sent = this.sending.get(source);
    if (sent && track !== null && muted) sent.producer.pause();
    this.producing.poke();
  }

  /** A place on the screen shows this track at this size in device pixels; 0 by 0 is hidden. */
  setTile(track: string, place: object, widthPx: number, heightPx: number): void {
    const places = this.tiles.get(track) ?? new Map<object, Size>();
    this.tiles.set(track, places);
    places.set(place, { widthPx: Math.round(widthPx), heightPx: Math.round(heightPx) });
    this.tilesChanged(track);
  }

  removeTile(track: string, place: object): void {
    this.tiles.get(track)?.delete(place);
    this.tilesChanged(track);
  }

  close(): void {
    this.closed = true;
    for (const lane of [this.opening, this.producing, this.consuming]) lane.stop();
    clearTimeout(this.tileTimer);
    this.shut();
    this.listener.onCondition("idle");
  }

  /** Raw statistics of every consumer and producer, by track. */
  async stats(): Promise<{ track: string; direction: "recv" | "send"; report: RTCStatsReport }[]> {
    const receiving = [...this.receiving].map(async ([track, { consumer }]) => ({
      track,
      direction: "recv" as const,
      report: await consumer.getStats(),
    }));
    const sending = [...this.sending.values()].map(async ({ producer }) => ({
      track: producer.id,
      direction: "send" as const,
      report: await producer.getStats(),
    }));
    return Promise.all([...receiving, ...sending]);
  }

  // --- transports ------------------------------------------------------------------------------

  private wantedEpoch(): number {
    return this.view && this.view.me.role !== null && this.view.session?.status === "live"
      ? this.view.epoch
      : 0;
  }

  private async open(): Promise<void> {
    const epoch = this.wantedEpoch();
    if (this.opened?.epoch === epoch) return;
    this.shut();
    if (epoch === 0) {
      this.listener.onCondition(this.view?.me.role ? "connecting" : "idle");
      return;
    }
    this.listener.onCondition("connecting");
    const answer = withoutNulls(await this.link.media("open", epoch, {}));
    if (this.closed || epoch !== this.wantedEpoch()) return this.opening.poke();
    const device = await this.deviceFor(answer.routerRtpCapabilities);
    const send = device.createSendTransport(answer.send as Parameters<Device["createSendTransport"]>[0]);
    const recv = device.createRecvTransport(answer.recv as Parameters<Device["createRecvTransport"]>[0]);
    this.opened = { epoch, send, recv, held: true };
    this.wire(send, epoch);
    this.wire(recv, epoch);
    send.on("produce", ({ kind, rtpParameters, appData }, done, failed) => {
      const { source, muted, widthPx, heightPx } = appData as {
        source: Source;
        muted: boolean;
        widthPx: number;
        heightPx: number;
      };
      const request = { transport: send.id, kind, source, rtpParameters, muted, widthPx, heightPx };
      this.link
        .media("produce", epoch, request as MediaRequests["produce"])
        .then(({ track }) => done({ id: track }), failed);
    });
    this.consuming.poke();
    await this.warm(this.opened, device);
  }

  /**
   * The library connects a transport with its first consumer. This one carries nothing and is known to nobody
   * else: the handshake is over before the first track comes, or under way while the node makes it ready.
   */
  private async warm(opened: Opened, device: Device): Promise<void> {
    this.consumedAt = performance.now();
    await opened.recv.consume(silenceFor(device.recvRtpCapabilities));
  }

  /** One device serves every epoch as long as the nodes speak the same codecs. */
  private async deviceFor(capabilities: object): Promise<Device> {
    const text = JSON.stringify(capabilities);
    if (this.device?.capabilities === text) return this.device.device;
    const device = new Device();
    await device.load({ routerRtpCapabilities: capabilities as RTCCapabilities });
    this.device = { device, capabilities: text };
    return device;
  }

  private wire(transport: Transport, epoch: number): void {
    transport.on("connect", ({ dtlsParameters }, done) => {
      const request = { transport: transport.id, dtlsParameters };
      this.link
        .media("connect_transport", epoch, request as MediaRequests["connect_transport"])
        .catch((error: unknown) => {
          if (!this.transports().includes(transport)) return;
          this.failed(error);
          this.reopen();
        });
      // The answer says nothing that the handshake needs: both go on at once.
      done();
    });
    transport.on("connectionstatechange", (state) => {
      clearTimeout(this.iceTimers.get(transport.id));
      if (state === "disconnected") this.iceLater(transport, ICE_PATIENCE_MS);
      else if (state === "failed") this.restartIce(transport);
      else if (state === "connected" && transport === this.opened?.recv && this.consumedAt !== null) {
        this.listener.onMark("consume-connected", performance.now() - this.consumedAt);
      }
      if (transport === this.opened?.recv && state !== "new" && state !== "connecting") this.release();
      this.report();
    });
  }

  private iceLater(transport: Transport, ms: number): void {
    clearTimeout(this.iceTimers.get(transport.id));
    this.iceTimers.set(
      transport.id,
      setTimeout(() => this.restartIce(transport), ms),
    );
  }

  /** New credentials for the same transport; when that does not help, everything anew. */
  private restartIce(transport: Transport): void {
    const opened = this.opened;
    if (!opened || !this.transports().includes(transport)) return;
    const giveUp = () => {
      if (this.transports().includes(transport) && transport.connectionState !== "connected") this.reopen();
    };
    clearTimeout(this.iceTimers.get(transport.id));
    this.iceTimers.set(transport.id, setTimeout(giveUp, ICE_RESTART_MS));
    this.link
      .media("restart_ice", opened.epoch, { transport: transport.id })
      .then((answer) => transport.restartIce({ iceParameters: withoutNulls(answer.iceParameters) }))
      .catch((error: unknown) => {
        // With the line down nothing can be asked; `lineUp` comes back to it.
        if (!(error instanceof MediaRequestError && error.code === "connection_lost")) giveUp();
      });
  }

  private reopen(): void {
    this.shut();
    this.opening.poke();
  }

  private shut(): void {
    const opened = this.opened;
    this.opened = null;
    this.consumedAt = null;
    for (const timer of this.iceTimers.values()) clearTimeout(timer);
    this.iceTimers.clear();
    opened?.send.close();
    opened?.recv.close();
    this.sending.clear();
    if (this.receiving.size > 0) {
      this.receiving.clear();
      this.tellRemote();
    }
  }

  private transports(): Transport[] {
    return this.opened ? [this.opened.send, this.opened.recv] : [];
  }

  // --- sending ---------------------------------------------------------------------------------

  private release(): void {
    if (!this.opened?.held) return;
    this.opened.held = false;
    this.producing.poke();
  }

  private async produceAll(): Promise<void> {
    if (this.opened?.held) return;
    for (const [source, sent] of [...this.sending]) {
      if (!this.locals.has(source)) await this.stopSending(source, sent);
    }
    await Promise.all([...this.locals].map(([source, local]) => this.sendOne(source, local)));
  }

  private async sendOne(source: Source, local: Local): Promise<void> {
    const sent = this.sending.get(source) ?? (await this.startSending(source, local));
    if (!sent || sent.producer.closed) return;
    const wanted = this.locals.get(source);
    if (!wanted) return this.producing.poke();
    if (sent.producer.track !== wanted.track) await sent.producer.replaceTrack({ track: wanted.track });
    if (wanted.muted && !sent.producer.paused) sent.producer.pause();
    if (!wanted.muted && sent.producer.paused) sent.producer.resume();
    if (wanted.muted !== sent.toldMuted) await this.tellMuted(source, sent, wanted.muted);
  }

  private async startSending(source: Source, local: Local): Promise<Sending | null> {
    const opened = this.opened;
    if (!opened || local.track.readyState === "ended") return null;
    const settings = local.track.getSettings();
    try {
      const producer = await opened.send.produce({
        track: local.track,
        encodings: encodingsOf(source, settings),
        codecOptions: codecOptionsOf(source),
        stopTracks: false,
        appData: {
          source,
          muted: local.muted,
          widthPx: settings.width ?? 0,
          heightPx: settings.height ?? 0,
        },
      });
      if (this.opened !== opened) return null;
      const sent = { producer, toldMuted: local.muted };
      this.sending.set(source, sent);
      return sent;
    } catch (error) {
      if (error instanceof MediaRequestError && REFUSALS.has(error.code)) {
        this.locals.delete(source);
        this.listener.onRefused(source, error.code);
        return null;
      }
      if (this.opened !== opened) return null;
      throw error;
    }
  }

  private async tellMuted(source: Source, sent: Sending, muted: boolean): Promise<void> {
    sent.toldMuted = muted;
    const track = sent.producer.id;
    const outcome = await (muted ? this.link.mute(track) : this.link.unmute(track));
    if (outcome.accepted || outcome.code === "no_such_track" || muted) return;
    // Nobody hears us although the button says so: show the truth.
    const local = this.locals.get(source);
    if (!local || local.muted) return;
    sent.toldMuted = true;
    local.muted = true;
    sent.producer.pause();
    this.listener.onRefused(source, outcome.code);
  }

  private async stopSending(source: Source, sent: Sending): Promise<void> {
    this.sending.delete(source);
    sent.producer.close();
    await this.link.closeTrack(sent.producer.id);
  }

  /** A track of ours that somebody else muted or closed. */
  private obeyMutes(view: RoomView): void {
    for (const [source, sent] of this.sending) {
      const track = view.tracks.find((t) => t.id === sent.producer.id);
      const local = this.locals.get(source);
      if (!track?.muted || !local || local.muted || track.muted_by === view.me.participant) continue;
      sent.toldMuted = true;
      local.muted = true;
      sent.producer.pause();
      this.listener.onMutedByHost(source);
    }
  }

  // --- receiving -------------------------------------------------------------------------------

  private wantedTracks(): string[] {
    const view = this.view;
    if (!view) return [];
    return view.tracks
      .filter((t) => t.participant !== view.me.participant && (t.kind === "audio" || this.isShown(t.id)))
      .map((t) => t.id)
      .slice(0, LIMITS.CONSUMERS_PER_TRANSPORT_MAX);
  }

  private isShown(track: string): boolean {
    const size = this.sizeOf(track);
    return size.widthPx > 0 && size.heightPx > 0;
  }

  private async consumeAll(): Promise<void> {
    const opened = this.opened;
    if (!opened || !this.device) return;
    const tracks = this.wantedTracks().filter((id) => !this.receiving.has(id));
    if (tracks.length === 0) return;
    const { consumers } = await this.link.media("consume", opened.epoch, {
      transport: opened.recv.id,
      rtpCapabilities: this.device.device.recvRtpCapabilities as MediaRequests["consume"]["rtpCapabilities"],
      tracks,
    });
    if (this.opened !== opened) return;
    await Promise.all(consumers.map((options) => this.receive(opened, options)));
    if (this.opened !== opened) return;
    if (consumers.length === 0) return;
    this.tellRemote();
    const sized = this.sendTiles(opened);
    const flowing = consumers.map((c) => c.id).filter((id) => !this.isPaused(id));
    const resumed =
      flowing.length > 0 && this.link.media("resume_consumers", opened.epoch, { consumers: flowing });
    await Promise.all([sized, resumed]);
    // A track that the answer left out is on its way out, or not followed yet: look again.
    const missing = new Set(tracks);
    for (const { producerId } of consumers) missing.delete(producerId);
    if (this.wantedTracks().some((id) => missing.has(id))) throw new MediaRequestError("left_out", "");
  }

  private async receive(opened: Opened, options: ConsumerOptions): Promise<void> {
    const consumer = await opened.recv.consume(withoutNulls(options) as Parameters<Transport["consume"]>[0]);
    if (this.opened !== opened) return;
    this.receiving.set(options.producerId, { consumer, widthPx: -1, heightPx: -1, paused: false });
  }

  private isPaused(consumerId: string): boolean {
    return [...this.receiving.values()].some((r) => r.consumer.id === consumerId && r.paused);
  }

  private dropGone(view: RoomView): void {
    const present = new Set(view.tracks.map((t) => t.id));
    let changed = false;
    for (const [track, { consumer }] of this.receiving) {
      if (present.has(track)) continue;
      consumer.close();
      this.receiving.delete(track);
      this.tiles.delete(track);
      changed = true;
    }
    if (changed) this.tellRemote();
  }

  private tellRemote(): void {
    this.listener.onRemote(new Map([...this.receiving].map(([track, r]) => [track, r.consumer.track])));
  }

  // --- tiles -----------------------------------------------------------------------------------

  private sizeOf(track: string): Size {
    let largest = { widthPx: 0, heightPx: 0 };
    for (const size of this.tiles.get(track)?.values() ?? []) {
      if (size.widthPx * size.heightPx > largest.widthPx * largest.heightPx) largest = size;
    }
    return largest;
  }

  private tilesChanged(track: string): void {
    if (!this.receiving.has(track) && this.isShown(track)) this.consuming.poke();
    clearTimeout(this.tileTimer);
    this.tileTimer = setTimeout(() => {
      if (this.opened) this.sendTiles(this.opened).catch((error: unknown) => this.failed(error));
    }, TILE_SETTLE_MS);
  }

  /** Tells the node the sizes that changed; hidden pictures pause, shown ones flow again. */
  private async sendTiles(opened: Opened): Promise<void> {
    const sizes: MediaRequests["set_tile_sizes"]["tiles"] = [];
    const pause: string[] = [];
    const resume: string[] = [];
    for (const [track, receiving] of this.receiving) {
      if (receiving.consumer.kind !== "video") continue;
      const { widthPx, heightPx } = this.sizeOf(track);
      if (widthPx === receiving.widthPx && heightPx === receiving.heightPx) continue;
      const hidden = widthPx === 0 || heightPx === 0;
      sizes.push({ consumer: receiving.consumer.id, widthPx, heightPx });
      if (hidden && !receiving.paused) pause.push(receiving.consumer.id);
      if (!hidden && receiving.paused) resume.push(receiving.consumer.id);
      Object.assign(receiving, { widthPx, heightPx, paused: hidden });
    }
    if (sizes.length === 0) return;
    await this.link.media("set_tile_sizes", opened.epoch, { tiles: sizes });
    if (pause.length > 0) await this.link.media("pause_consumers", opened.epoch, { consumers: pause });
    if (resume.length > 0) await this.link.media("resume_consumers", opened.epoch, { consumers: resume });
  }

  // --- condition -------------------------------------------------------------------------------

  private report(): void {
    const states = this.transports().map((t) => t.connectionState);
    if (states.some((s) => s === "failed" || s === "disconnected")) this.listener.onCondition("trouble");
    else if (states.some((s) => s === "connecting")) this.listener.onCondition("connecting");
    else if (states.some((s) => s === "connected")) this.listener.onCondition("connected");
  }

  private failed(error: unknown): void {
    if (this.closed) return;
    this.release();
    const code = error instanceof MediaRequestError ? error.code : "";
    // The node knows nothing (any more) of what we hold: begin anew.
    if (VOID.has(code)) this.reopen();
    if (!EXPECTED.has(code)) console.warn("media:", error);
  }
}

const REFUSALS = new Set(["forbidden", "track_limit", "limit_reached", "unsupported", "not_a_participant"]);
const VOID = new Set(["no_such_transport", "no_such_consumer", "not_here"]);

/** What happens in a healthy class while the line or the room moves. */
const EXPECTED = new Set(["connection_lost", "stale_epoch", "left_out", "no_such_track"]);

/** Options of a consumer of sound that never comes. */
function silenceFor(capabilities: RtpCapabilities): Parameters<Transport["consume"]>[0] {
  const codecs = (capabilities.codecs ?? [])
    .filter((codec) => codec.mimeType.toLowerCase() === "audio/opus")
    .map(({ mimeType, preferredPayloadType = 0, clockRate, channels }) => {
      return {
        mimeType,
        payloadType: preferredPayloadType,
        clockRate,
        channels,
        parameters: {},
        rtcpFeedback: [],
      };
    });
  const rtpParameters = { mid: "silence", codecs, encodings: [{ ssrc: 1 }], rtcp: { cname: "silence" } };
  return { id: "silence", producerId: "silence", kind: "audio", rtpParameters };
}

type RTCCapabilities = Parameters<Device["load"]>[0]["routerRtpCapabilities"];
