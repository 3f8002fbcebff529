import { useEffect, useRef, useSyncExternalStore } from "react";
import { t } from "../messages";
import type { DeviceKind, DeviceState, Devices } from "../room/devices";
import { Icon } from "./icons";
import { Field } from "./parts";

/** Camera preview, level meter and pickers, before class. Refused or absent devices get words, not errors. */
export function DeviceCheck({ devices, name }: { devices: Devices; name: string }) {
  const state = useSyncExternalStore(devices.watch, devices.get);
  useEffect(() => {
    void devices.start();
  }, [devices]);
  const { microphone, camera, asking } = state;
  return (
    <section className="device-check" aria-label={t("device.title")}>
      <div className="preview">
        {camera.track ? (
          <Preview track={camera.track} />
        ) : (
          <NoPreview asking={asking} camera={camera} name={name} />
        )}
        <div className="preview-controls">
          <Toggle devices={devices} kind="microphone" state={microphone} />
          <Toggle devices={devices} kind="camera" state={camera} />
        </div>
      </div>
      <LevelMeter track={microphone.on ? microphone.track : null} />
      <Problems microphone={microphone} camera={camera} />
      <DevicePickers devices={devices} />
    </section>
  );
}

function Preview({ track }: { track: MediaStreamTrack }) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (video.current) video.current.srcObject = new MediaStream([track]);
  }, [track]);
  return (
    <video ref={video} className="mirrored" autoPlay playsInline muted aria-label={t("device.preview")} />
  );
}

function NoPreview({ asking, camera, name }: { asking: boolean; camera: DeviceState; name: string }) {
  return (
    <div className="preview-empty">
      <Icon name="cameraOff" size={34} />
      <p>{asking ? t("device.asking") : camera.problem ? name : t("device.cameraOff")}</p>
    </div>
  );
}

function Toggle({ devices, kind, state }: { devices: Devices; kind: DeviceKind; state: DeviceState }) {
  const on = state.on;
  const label =
    kind === "microphone"
      ? on
        ? "control.mute"
        : "control.unmute"
      : on
        ? "control.cameraOff"
        : "control.cameraOn";
  return (
    <button
      type="button"
      className="round"
      data-on={on}
      aria-label={t(label)}
      title={t(label)}
      onClick={() => void devices.prefer(kind, !on)}
    >
      <Icon name={on ? kind : `${kind}Off`} />
    </button>
  );
}

function Problems({ microphone, camera }: { microphone: DeviceState; camera: DeviceState }) {
  const words = [];
  if (microphone.problem) words.push(t(`device.microphone.${microphone.problem}`));
  if (camera.problem) words.push(t(`device.camera.${camera.problem}`));
  if (words.length === 0) return null;
  return (
    <div className="note" role="note">
      <Icon name="warning" size={20} />
      <div>
        {words.map((sentence) => (
          <p key={sentence}>{sentence}</p>
        ))}
      </div>
    </div>
  );
}

export function DevicePickers({ devices }: { devices: Devices }) {
  const state = useSyncExternalStore(devices.watch, devices.get);
  return (
    <div className="pickers">
      {(["microphone", "camera"] as const).map((kind) => (
        <Field key={kind} label={t(`device.${kind}`)}>
          {(ids) => (
            <select
              {...ids}
              disabled={state[kind].choices.length === 0}
              value={state[kind].chosen ?? ""}
              onChange={(event) => void devices.choose(kind, event.target.value)}
            >
              {state[kind].choices.length === 0 && (
                <option value="">
                  {t(state[kind].problem === "refused" ? "device.blocked" : "device.none")}
                </option>
              )}
              {state[kind].choices.map((choice) => (
                <option key={choice.deviceId} value={choice.deviceId}>
                  {choice.label || t("device.default")}
                </option>
              ))}
            </select>
          )}
        </Field>
      ))}
    </div>
  );
}

/** Eight looks a second are smooth enough for the eye and cheap enough for a phone. */
const METER_INTERVAL_MS = 125;

function LevelMeter({ track }: { track: MediaStreamTrack | null }) {
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!track) return;
    const audio = new AudioContext();
    const analyser = audio.createAnalyser();
    analyser.fftSize = 1024;
    audio.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    // A page that nobody has touched may not run audio yet.
    const wake = () => void audio.resume();
    addEventListener("pointerdown", wake);
    const timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const percent = Math.round(100 * loudness(samples));
      bar.current?.style.setProperty("--level", `${percent}%`);
      bar.current?.setAttribute("aria-valuenow", String(percent));
    }, METER_INTERVAL_MS);
    return () => {
      clearInterval(timer);
      removeEventListener("pointerdown", wake);
      bar.current?.style.setProperty("--level", "0%");
      void audio.close();
    };
  }, [track]);
  return (
    <div className="level">
      <Icon name={track ? "microphone" : "microphoneOff"} size={18} />
      {/* biome-ignore lint/a11y/useSemanticElements: a meter element cannot be drawn the same everywhere. */}
      <div
        ref={bar}
        className="level-bar"
        role="meter"
        aria-label={t("device.level")}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={0}
      />
      <span className="field-hint">{t("device.level.hint")}</span>
    </div>
  );
}

/** From -60 dB (0) to -6 dB (1): the range of speech before a laptop. */
function loudness(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const db = 10 * Math.log10(sum / samples.length + 1e-10);
  return Math.min(1, Math.max(0, (db + 60) / 54));
}
