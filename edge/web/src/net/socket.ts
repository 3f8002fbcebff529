import {
  type AnswerFrame,
  CLOSE_CODES,
  type ClientFrame,
  type Code,
  type Commands,
  LIMITS,
  type MediaAnswers,
  type MediaRequests,
  type MeFrame,
  type PeopleFrame,
  PROTOCOL_VERSION,
  type RoomEvent,
  type RoomView,
  type ServerFrame,
  type SignalOut,
  type Welcome,
} from "../schema";
import { backoff } from "./backoff";

/**
 * One person's line to one room: a WebSocket that comes back by itself and goes on where it was.
 *
 * Two promises hold for everything above it: the view and the events reach `onView` and `onEvents`
 * without a hole and without a repetition; and a command is answered exactly once, whatever the
 * line does in between, because it is sent again with the same id until its answer comes or its
 * patience ends.
 */

export type Line = "connecting" | "connected" | "reconnecting" | "closed";

export interface Ending {
  code: string;
  message: string;
}

export type Outcome =
  | { accepted: true; seq: number }
  | { accepted: false; code: Code | "unanswered"; message: string };

export interface SocketListener {
  onLine(line: Line): void;
  onWelcome(welcome: Welcome): void;
  onView(view: RoomView): void;
  onEvents(events: RoomEvent[], through: number): void;
  onMe(me: MeFrame): void;
  onPeople(people: PeopleFrame): void;
  onSignal(signal: SignalOut): void;
  onTrouble(message: string | null): void;
  /** The line is over for good: `code` is a key of `CLOSE_CODES`. */
  onEnding(ending: Ending): void;
}

/** What the socket needs from its surroundings; the browser's own by default. */
export interface Surroundings {
  open(url: string): WebSocket;
  /** Called before a new attempt once the server said `not_signed_in`; true when it is worth it. */
  renewLogin(): Promise<boolean>;
  random(): number;
}

interface PendingCommand {
  frame: ClientFrame & { t: "command" };
  sent: boolean;
  /** The last answer that settled nothing; what the person is told when patience ends. */
  refusal: Outcome;
  settle(outcome: Outcome): void;
  timer: ReturnType<typeof setTimeout>;
}

interface PendingRequest {
  resolve(data: unknown): void;
  reject(error: MediaRequestError): void;
  timer: ReturnType<typeof setTimeout>;
}

/** A media request that failed; `code` is the node's or `connection_lost` or `timeout`. */
export class MediaRequestError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = "MediaRequestError";
  }
}

/** Endings that no new attempt can change. */
const FINAL = new Set([
  "replaced",
  "removed",
  "forbidden",
  "unsupported_protocol",
  "no_such_room",
  "malformed",
]);

const CODE_OF_CLOSE = new Map<number, string>(
  Object.entries(CLOSE_CODES).map(([code, number]) => [number, code]),
);

/** Answers after which nobody knows yet whether the command is on the log: the same id asks again. */
const UNKNOWN_YET = new Set<string>(["log_unavailable", "expired"]);
const ANSWER_RETRY_MS = 600;
/** Most wishes lose their sense when they come late; a chat message does not (see `command`). */
const PATIENCE_MS = 20_000;
const MEDIA_TIMEOUT_MS = 10_000;
/** A handshake slower than this is a dead network that has not noticed yet. */
const OPEN_TIMEOUT_MS = 8_000;
const MISSED_HEARTBEATS_MAX = 3;

export class RoomSocket {
  private socket: WebSocket | null = null;
  private line: Line = "connecting";
  private attempt = 0;
  private connection: string | null = null;
  private seq: number | null = null;
  /** Of which seq our view was: the server knows by it whether we missed a newer one. */
  private viewSeq: number | null = null;
  private heartbeatMs: number = LIMITS.HEARTBEAT_S * 1000;
  /** Over which time all who lose this edge with us come back. */
  private spreadMs = 0;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private deadTimer: ReturnType<typeof setTimeout> | undefined;
  private renewed = false;
  private readonly commands = new Map<string, PendingCommand>();
  private readonly requests = new Map<string, PendingRequest>();
  private readonly around: Surroundings;

  constructor(
    private readonly url: string,
    private readonly listener: SocketListener,
    around: Partial<Surroundings> = {},
  ) {
    this.around = {
      open: (address) => new WebSocket(address),
      renewLogin: async () => false,
      random: Math.random,
      ...around,
    };
    globalThis.addEventListener?.("online", this.hurry);
    globalThis.addEventListener?.("offline", this.suspect);
    globalThis.document?.addEventListener("visibilitychange", this.onVisibility);
    this.connect();
  }

  /** Ends the line by our own will. */
  close(): void {
    this.finish({ code: "closed", message: "" }, false);
    this.socket?.close(1000);
    this.socket = null;
  }

  /** Sends a command; resolves with its outcome, never rejects. */
  command<N extends keyof Commands>(name: N, data: Commands[N], patienceMs = PATIENCE_MS): Promise<Outcome> {
    return new Promise((resolve) => {
      const id = token();
      const settle = (outcome: Outcome) => {
        clearTimeout(pending.timer);
        this.commands.delete(id);
        resolve(outcome);
        this.flush();
      };
      const pending: PendingCommand = {
        frame: { t: "command", id, name, data },
        sent: false,
        refusal: { accepted: false, code: "unanswered", message: "" },
        settle,
        timer: setTimeout(() => settle(pending.refusal), patienceMs),
      };
      if (this.line === "closed") return settle(pending.refusal);
      this.commands.set(id, pending);
      this.flush();
    });
  }

  /** Asks the media node. Rejects with MediaRequestError; a lost line fails it, nothing is repeated. */
  media<N extends keyof MediaRequests>(
    method: N,
    epoch: number,
    data: MediaRequests[N],
  ): Promise<MediaAnswers[N]> {
    return new Promise((resolve, reject) => {
      if (this.line !== "connected") {
        reject(new MediaRequestError("connection_lost", "The line is down."));
        return;
      }
      const id = token();
      const timer = setTimeout(() => {
        this.requests.delete(id);
        reject(new MediaRequestError("timeout", `${method} was not answered.`));
      }, MEDIA_TIMEOUT_MS);
      this.requests.set(id, { resolve: (answer) => resolve(answer as MediaAnswers[N]), reject, timer });
      this.send({ t: "media", id, method, epoch, data });
    });
  }

  /** Sends an ephemeral signal; may be lost. */
  signal(kind: string, data: unknown): void {
    if (this.line === "connected") this.send({ t: "signal", kind, data });
  }

  // --- the line --------------------------------------------------------------------------------

  private connect(): void {
    clearTimeout(this.retryTimer);
    clearTimeout(this.deadTimer);
    const socket = this.around.open(this.url);
    this.socket = socket;
    this.deadTimer = setTimeout(() => this.drop(socket, "connection_lost"), OPEN_TIMEOUT_MS);
    socket.onopen = () => {
      if (this.socket !== socket) return;
      socket.send(
        JSON.stringify({
          t: "hello",
          protocol: PROTOCOL_VERSION,
          ...(this.seq === null ? {} : { resume_from: this.seq, view_seq: this.viewSeq ?? this.seq }),
          ...(this.connection === null ? {} : { connection: this.connection }),
        }),
      );
    };
    socket.onmessage = (message: MessageEvent<string>) => {
      if (this.socket !== socket) return;
      this.alive(socket);
      this.receive(JSON.parse(message.data) as ServerFrame);
    };
    socket.onclose = (event: CloseEvent) => {
      if (this.socket === socket) this.lost(CODE_OF_CLOSE.get(event.code) ?? "connection_lost", event.reason);
    };
  }

  private receive(frame: ServerFrame): void {
    switch (frame.t) {
      case "welcome":
        return this.welcome(frame);
      case "view":
        this.seq = frame.view.seq;
        this.viewSeq = frame.view.seq;
        return this.listener.onView(frame.view);
      case "me":
        this.viewSeq = frame.seq;
        return this.listener.onMe(frame);
      case "people":
        this.take([], frame.after, frame.through);
        if (this.socket) this.listener.onPeople(frame);
        return;
      case "events":
        return this.take(frame.events as RoomEvent[], frame.after, frame.through);
      case "answer":
        return this.answered(frame);
      case "media_result": {
        const request = this.requests.get(frame.id);
        if (!request) return;
        this.requests.delete(frame.id);
        clearTimeout(request.timer);
        if (frame.ok) request.resolve(frame.data ?? {});
        else request.reject(new MediaRequestError(frame.code ?? "unknown", frame.message ?? ""));
        return;
      }
      case "signal":
        return this.listener.onSignal(frame);
      case "trouble":
        return this.listener.onTrouble(frame.code === "cleared" ? null : frame.message);
      case "closing":
        return this.closing(frame.code, frame.message, frame.retry_after_ms);
      case "heartbeat":
      case "pong":
        return;
      default:
        // A frame of a newer server: not ours to understand, and no reason to stop.
        return frame satisfies never;
    }
  }

  private welcome(frame: Welcome): void {
    this.connection = frame.connection;
    this.heartbeatMs = frame.heartbeat_s * 1000;
    this.spreadMs = frame.spread_ms ?? 0;
    this.attempt = 0;
    this.renewed = false;
    this.listener.onWelcome(frame);
    this.setLine("connected");
    for (const pending of this.commands.values()) pending.sent = false;
    this.flush();
  }

  /** Applies a span: a repetition is skipped, a hole is healed by resuming from where we are. */
  private take(events: RoomEvent[], after: number, through: number): void {
    const seen = this.seq;
    if (seen === null || through <= seen) return;
    if (after > seen) {
      if (this.socket) this.drop(this.socket, "hole");
      return;
    }
    this.seq = through;
    this.listener.onEvents(
      events.filter((event) => event.seq > seen),
      through,
    );
  }

  private answered(frame: AnswerFrame): void {
    const pending = this.commands.get(frame.id);
    if (!pending) return;
    if (frame.accepted) return pending.settle({ accepted: true, seq: frame.seq ?? 0 });
    const code = frame.code ?? "malformed";
    pending.refusal = { accepted: false, code, message: frame.message ?? "" };
    if (!UNKNOWN_YET.has(code)) return pending.settle(pending.refusal);
    const wait = ANSWER_RETRY_MS * (0.5 + this.around.random());
    setTimeout(() => {
      pending.sent = false;
      this.flush();
    }, wait);
  }

  private closing(code: string, message: string, retryAfterMs: number | null): void {
    const socket = this.socket;
    if (!socket) return;
    this.forget(socket);
    this.lost(code, message, retryAfterMs ?? undefined);
  }

  /** A socket is gone: fail what cannot be repeated, then come back or end. */
  private lost(code: string, message: string, retryAfterMs?: number): void {
    this.socket = null;
    clearTimeout(this.deadTimer);
    for (const [id, request] of this.requests) {
      this.requests.delete(id);
      clearTimeout(request.timer);
      request.reject(new MediaRequestError("connection_lost", "The line was lost."));
    }
    if (this.line === "closed") return;
    if (FINAL.has(code)) return this.finish({ code, message }, true);
    if (code === "not_signed_in") return this.renew(message);
    this.setLine(this.connection === null ? "connecting" : "reconnecting");
    const alone = backoff(this.attempt, this.around.random);
    const together = this.attempt === 0 ? this.spreadMs * this.around.random() : 0;
    const wait = retryAfterMs === undefined ? Math.max(alone, together) : Math.max(alone, retryAfterMs);
    this.attempt += 1;
    this.retryTimer = setTimeout(() => this.connect(), wait);
  }

  /** The access token ran out while we were away: renew it once, then it is for the person to sign in. */
  private renew(message: string): void {
    if (this.renewed) return this.finish({ code: "not_signed_in", message }, true);
    this.renewed = true;
    this.setLine(this.connection === null ? "connecting" : "reconnecting");
    this.around.renewLogin().then(
      (good) => {
        if (this.line === "closed") return;
        if (good) this.connect();
        else this.finish({ code: "not_signed_in", message }, true);
      },
      () => {
        this.renewed = false;
        this.lost("connection_lost", "");
      },
    );
  }

  private finish(ending: Ending, tell: boolean): void {
    if (this.line === "closed") return;
    this.setLine("closed");
    clearTimeout(this.retryTimer);
    clearTimeout(this.deadTimer);
    globalThis.removeEventListener?.("online", this.hurry);
    globalThis.removeEventListener?.("offline", this.suspect);
    globalThis.document?.removeEventListener("visibilitychange", this.onVisibility);
    for (const pending of [...this.commands.values()]) {
      pending.settle(pending.refusal);
    }
    if (tell) this.listener.onEnding(ending);
  }

  private setLine(line: Line): void {
    if (this.line === line) return;
    this.line = line;
    this.listener.onLine(line);
  }

  /** Sends what waits, as far as the server's bound on unanswered commands allows. */
  private flush(): void {
    if (this.line !== "connected") return;
    let inFlight = 0;
    for (const pending of this.commands.values()) {
      if (inFlight >= LIMITS.CONNECTION_COMMANDS_IN_FLIGHT_MAX) return;
      inFlight += 1;
      if (pending.sent) continue;
      pending.sent = true;
      this.send(pending.frame);
    }
  }

  private send(frame: ClientFrame): void {
    if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(frame));
  }

  // --- is anybody there? -----------------------------------------------------------------------

  private alive(socket: WebSocket): void {
    clearTimeout(this.deadTimer);
    this.deadTimer = setTimeout(
      () => this.drop(socket, "connection_lost"),
      this.heartbeatMs * MISSED_HEARTBEATS_MAX,
    );
  }

  /** Gives up a socket that may still believe in itself. */
  private drop(socket: WebSocket, why: string): void {
    if (this.socket !== socket) return;
    this.forget(socket);
    this.lost(why, "");
  }

  private forget(socket: WebSocket): void {
    socket.onopen = socket.onmessage = socket.onclose = null;
    this.socket = null;
    socket.close();
  }

  /** The network is back: do not sit out a back-off that was meant for a server in trouble. */
  private readonly hurry = (): void => {
    if (this.line === "closed") return;
    this.attempt = 0;
    if (this.socket === null) this.connect();
    else this.check();
  };

  private readonly suspect = (): void => this.check();

  private readonly onVisibility = (): void => {
    if (document.visibilityState !== "visible") return;
    if (this.socket === null) this.hurry();
    else this.check();
  };

  /** Asks for a sign of life soon: a phone that slept, a cable that was pulled. */
  private check(): void {
    const socket = this.socket;
    if (socket?.readyState !== 1) return;
    this.send({ t: "ping", sent_at: Date.now() });
    clearTimeout(this.deadTimer);
    this.deadTimer = setTimeout(() => this.drop(socket, "connection_lost"), PING_TIMEOUT_MS);
  }
}

/** An answer to a ping takes a round trip; three seconds cover a poor mobile line. */
const PING_TIMEOUT_MS = 3_000;

/** A random identifier in the alphabet of the contract, of 120 bits. */
export function token(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(20));
  return Array.from(bytes, (byte) => ALPHABET[byte & 63]).join("");
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
