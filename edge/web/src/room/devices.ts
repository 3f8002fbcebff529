import { cameraConstraints, MICROPHONE_CONSTRAINTS } from "../net/constraints";
import { Store } from "./store";

/**
 * The person's microphone and camera, before and in class.
 *
 * Nothing here is needed to attend: a refused, absent or busy device is a `problem` with words on
 * the page, never an obstacle. A camera that is off is really off, its light too; a muted
 * microphone stays open, so that a word is not lost on unmuting.
 */

export type DeviceKind = "microphone" | "camera";
export type DeviceProblem = "refused" | "absent" | "busy" | "insecure";

export interface DeviceState {
  track: MediaStreamTrack | null;
  on: boolean;
  problem: DeviceProblem | null;
  choices: MediaDeviceInfo[];
  chosen: string | null;
}

export interface DevicesState {
  microphone: DeviceState;
  camera: DeviceState;
  asking: boolean;
}

const KIND_NAME: Record<DeviceKind, MediaDeviceKind> = { microphone: "audioinput", camera: "videoinput" };

export class Devices extends Store<DevicesState> {
  private stopped = false;

  constructor() {
    const initial = (kind: DeviceKind): DeviceState => ({
      track: null,
      on: remembered(`${kind}-on`) !== "no",
      problem: null,
      choices: [],
      chosen: remembered(kind),
    });
    super({ microphone: initial("microphone"), camera: initial("camera"), asking: false });
    navigator.mediaDevices?.addEventListener("devicechange", this.onDeviceChange);
  }

  /** Opens what is switched on: both in one question to the person, and each by itself if that fails. */
  async start(): Promise<void> {
    if (!navigator.mediaDevices?.getUserMedia) {
      this.change("microphone", { problem: "insecure", on: false });
      this.change("camera", { problem: "insecure", on: false });
      return;
    }
    const wanted = (["microphone", "camera"] as const).filter((kind) => {
      const { on, track } = this.get()[kind];
      return on && track?.readyState !== "live";
    });
    if (wanted.length === 0) return this.listChoices();
    this.set({ asking: true });
    const first = await this.request(wanted);
    if (first !== null && wanted.length > 1) {
      for (const kind of wanted) await this.retryAlone(kind, first);
    }
    this.set({ asking: false });
    await this.listChoices();
  }

  /** Switched before class, and so kept as a habit; what is switched in class is about that moment. */
  async prefer(kind: DeviceKind, on: boolean): Promise<void> {
    remember(`${kind}-on`, on ? "yes" : "no");
    await this.setOn(kind, on);
  }

  async setOn(kind: DeviceKind, on: boolean): Promise<void> {
    const device = this.get()[kind];
    if (!on) {
      if (kind === "camera") this.release(kind);
      this.change(kind, { on: false });
      return;
    }
    this.change(kind, { on: true });
    if (device.track?.readyState !== "live") await this.request([kind]);
    await this.listChoices();
  }

  /** Off by somebody else's decision. */
  switchOff(kind: DeviceKind): void {
    if (kind === "camera") this.release(kind);
    this.change(kind, { on: false });
  }

  /** Off and closed, because it cannot be used at all. */
  withdraw(kind: DeviceKind): void {
    this.change(kind, { on: false });
    this.release(kind);
  }

  async choose(kind: DeviceKind, deviceId: string): Promise<void> {
    remember(kind, deviceId);
    this.change(kind, { chosen: deviceId });
    if (this.get()[kind].on) await this.request([kind]);
  }

  /** Lets go of both devices; `start` opens again what is switched on. */
  rest(): void {
    this.release("microphone");
    this.release("camera");
  }

  /** Ends everything; the object is not used again. */
  stop(): void {
    this.stopped = true;
    navigator.mediaDevices?.removeEventListener("devicechange", this.onDeviceChange);
    this.release("microphone");
    this.release("camera");
  }

  private async request(kinds: readonly DeviceKind[]): Promise<DeviceProblem | null> {
    if (kinds.length === 0) return null;
    try {
      const stream = await navigator.mediaDevices.getUserMedia({
        audio: kinds.includes("microphone") && this.constraints("microphone"),
        video: kinds.includes("camera") && this.constraints("camera"),
      });
      for (const kind of kinds) {
        const track = kind === "microphone" ? stream.getAudioTracks()[0] : stream.getVideoTracks()[0];
        if (track) this.adopt(kind, track);
      }
      return null;
    } catch (error) {
      const problem = problemOf(error);
      if (kinds.length === 1 && kinds[0]) {
        this.release(kinds[0]);
        this.change(kinds[0], { problem, on: false });
      }
      return problem;
    }
  }

  /** Whoever said no to both questions at once is not asked twice more; one denied device is another matter. */
  private async retryAlone(kind: DeviceKind, problem: DeviceProblem): Promise<void> {
    if (problem === "refused" && !(await isGranted(kind))) this.change(kind, { problem, on: false });
    else await this.request([kind]);
  }

  private constraints(kind: DeviceKind): MediaTrackConstraints {
    const base =
      kind === "microphone" ? MICROPHONE_CONSTRAINTS : cameraConstraints(navigator.hardwareConcurrency);
    const { chosen } = this.get()[kind];
    // `ideal`: a device that was unplugged since last time must not keep the person out.
    return chosen === null ? base : { ...base, deviceId: { ideal: chosen } };
  }

  private adopt(kind: DeviceKind, track: MediaStreamTrack): void {
    if (this.stopped || !this.get()[kind].on) {
      track.stop();
      return;
    }
    this.release(kind);
    if (kind === "microphone") track.contentHint = "speech";
    track.onended = () => this.onEnded(kind, track);
    this.change(kind, {
      track,
      problem: null,
      chosen: track.getSettings().deviceId ?? this.get()[kind].chosen,
    });
  }

  private release(kind: DeviceKind): void {
    const { track } = this.get()[kind];
    if (!track) return;
    track.onended = null;
    track.stop();
    this.change(kind, { track: null });
  }

  /** Unplugged, or taken away by the system: another device may serve. */
  private onEnded(kind: DeviceKind, track: MediaStreamTrack): void {
    if (this.stopped || this.get()[kind].track !== track) return;
    this.change(kind, { track: null });
    void this.request([kind]).then(() => this.listChoices());
  }

  private readonly onDeviceChange = (): void => {
    void this.listChoices().then(() => {
      for (const kind of ["microphone", "camera"] as const) {
        const { problem, choices } = this.get()[kind];
        if (problem === "absent" && choices.length > 0) this.change(kind, { problem: null });
      }
    });
  };

  private async listChoices(): Promise<void> {
    const all = await navigator.mediaDevices.enumerateDevices();
    if (this.stopped) return;
    for (const kind of ["microphone", "camera"] as const) {
      const choices = all.filter((d) => d.kind === KIND_NAME[kind] && d.deviceId !== "");
      this.change(kind, { choices });
    }
  }

  private change(kind: DeviceKind, change: Partial<DeviceState>): void {
    this.set({ [kind]: { ...this.get()[kind], ...change } });
  }
}

async function isGranted(kind: DeviceKind): Promise<boolean> {
  try {
    return (await navigator.permissions.query({ name: kind as PermissionName })).state === "granted";
  } catch {
    return true; // A browser that cannot tell is asked again.
  }
}

function problemOf(error: unknown): DeviceProblem {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "refused";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "absent";
  return "busy";
}

/** Choices outlive the page; a browser that stores nothing is fine too. */
function remembered(key: string): string | null {
  try {
    return localStorage.getItem(`classwire.${key}`);
  } catch {
    return null;
  }
}

function remember(key: string, value: string): void {
  try {
    localStorage.setItem(`classwire.${key}`, value);
  } catch {
    // Private windows may refuse; the choice then lasts as long as the page.
  }
}
