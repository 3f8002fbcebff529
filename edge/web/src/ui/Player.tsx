import { useCallback, useEffect, useRef, useState } from "react";
import { formatBytes, formatDateTime, formatLength, t } from "../messages";
import * as rest from "../net/rest";
import { Account } from "./Account";
import { Icon } from "./icons";
import { useLogin } from "./login";
import { Alert, Button, Loading, Message, Page } from "./parts";
import { Progress } from "./Recordings";
import { onLinkClick, roomPath } from "./router";
import { wordsFor } from "./words";
import "./player.css";

/** While a recording is made its page looks again this often. */
const LOOK_AGAIN_MS = 3_000;

/** One recording: the whole class as a video, and its tracks. */
export default function Player({ room, recording: id }: { room: string; recording: string }) {
  const { user } = useLogin();
  const { recording, missing, problem } = useRecording(room, id);
  const title = recording?.title || t("recordings.untitled");
  useEffect(() => {
    document.title = `${title} · ${t("app.name")}`;
  }, [title]);
  if (!recording && !missing && !problem) return <Loading />;
  return (
    <Page aside={user && <Account user={user} />}>
      <a className="back" href={roomPath(room)} onClick={onLinkClick}>
        <Icon name="back" size={18} /> {t("player.back")}
      </a>
      {problem && <Alert>{problem}</Alert>}
      {missing && <Message icon="warning" title={t("player.missing")} />}
      {recording && (
        <>
          <div className="page-head">
            <div>
              <h1>{title}</h1>
              <p className="muted">
                {formatDateTime(recording.started_at)}
                {recording.duration_ms !== null && ` · ${formatLength(recording.duration_ms)}`}
              </p>
            </div>
          </div>
          {recording.composed ? (
            <Video room={room} recording={recording} artifact={recording.composed.artifact} title={title} />
          ) : (
            <div className="card">
              <Message
                icon={recording.status === "failed" ? "warning" : "clock"}
                title={t(recording.status === "failed" ? "player.failed" : "player.processing")}
                hint={t(recording.status === "failed" ? "recordings.failed.hint" : "player.processing.hint")}
              >
                <Progress recording={recording} />
              </Message>
            </div>
          )}
          <Tracks room={room} recording={recording} />
        </>
      )}
    </Page>
  );
}

function useRecording(room: string, id: string) {
  const [recording, setRecording] = useState<rest.Recording | null>(null);
  const [missing, setMissing] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    let current = true;
    const look = async () => {
      try {
        const found = (await rest.recordings(room)).find((r) => r.id === id) ?? null;
        if (!current) return;
        setProblem(null);
        setMissing(found === null);
        // The same object as long as nothing changed, so that a playing video is left alone.
        setRecording((known) =>
          JSON.stringify(steady(known)) === JSON.stringify(steady(found)) ? known : found,
        );
        if (found?.status === "ready") return;
      } catch (error) {
        if (current) setProblem(wordsFor(error));
      }
      timer = setTimeout(look, LOOK_AGAIN_MS);
    };
    void look();
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [room, id]);
  return { recording, missing, problem };
}

/** Everything but the poster's address, which is signed anew each time. */
const steady = (recording: rest.Recording | null) => recording && { ...recording, poster_url: null };

function Video(props: { room: string; recording: rest.Recording; artifact: string; title: string }) {
  const { room, recording, artifact, title } = props;
  const video = useRef<HTMLVideoElement>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const renewedAt = useRef(0);

  const load = useCallback(async () => {
    const element = video.current;
    if (!element) return;
    try {
      const { url } = await rest.artifactLink(room, recording.id, artifact);
      const { currentTime, paused, src } = element;
      element.src = url;
      setProblem(null);
      if (src === "") return;
      element.currentTime = currentTime;
      if (!paused) void element.play();
    } catch (error) {
      setProblem(wordsFor(error));
    }
  }, [room, recording.id, artifact]);
  useEffect(() => void load(), [load]);

  /** Signed addresses expire while a long class is watched: take a new one and go on where it was. */
  function onError() {
    if (Date.now() - renewedAt.current < RENEW_PAUSE_MS) return setProblem(t("problem.unknown"));
    renewedAt.current = Date.now();
    void load();
  }

  return (
    <div className="player">
      {problem && <Alert>{problem}</Alert>}
      {/* biome-ignore lint/a11y/useMediaCaption: the transcript step adds them; a recording has none yet. */}
      <video
        ref={video}
        controls
        playsInline
        preload="metadata"
        poster={recording.poster_url ?? undefined}
        aria-label={t("player.video", { title })}
        onError={onError}
      />
      <div className="actions">
        <Download room={room} recording={recording.id} artifact={artifact} name={`${title}.mp4`} />
      </div>
    </div>
  );
}

const RENEW_PAUSE_MS = 5_000;

function Download(props: {
  room: string;
  recording: string;
  artifact: string;
  name: string;
  label?: string;
}) {
  const [problem, setProblem] = useState<string | null>(null);
  async function download() {
    try {
      const { url } = await rest.artifactLink(props.room, props.recording, props.artifact);
      const link = document.createElement("a");
      link.href = url;
      link.download = props.name;
      link.click();
      setProblem(null);
    } catch (error) {
      setProblem(wordsFor(error));
    }
  }
  return (
    <>
      {props.label ? (
        <button
          type="button"
          className="icon-button"
          aria-label={props.label}
          title={props.label}
          onClick={() => void download()}
        >
          <Icon name="download" size={20} />
        </button>
      ) : (
        <Button icon="download" onClick={() => void download()}>
          {t("player.download")}
        </Button>
      )}
      {problem && <Alert>{problem}</Alert>}
    </>
  );
}

function Tracks({ room, recording }: { room: string; recording: rest.Recording }) {
  if (recording.tracks.length === 0) return null;
  return (
    <section className="tracks" aria-labelledby="tracks-heading">
      <h2 id="tracks-heading">{t("player.tracks")}</h2>
      <p className="muted">{t("player.tracks.hint")}</p>
      <ul className="track-list">
        {recording.tracks.map((track, index) => {
          const name = nameOf(track, index);
          return (
            <li key={track.artifact} className="card track">
              <Icon name={iconOf(track)} size={20} />
              <span className="track-name">{name}</span>
              <span className="muted">
                {formatLength(track.duration_ms ?? 0)} · {formatBytes(track.bytes)}
              </span>
              <Download
                room={room}
                recording={recording.id}
                artifact={track.artifact}
                name={`${name}.webm`}
                label={t("player.track.download", { name })}
              />
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function nameOf(track: rest.RecordedTrack, index: number): string {
  const name = track.display_name;
  if (!name) return t("player.track.unnamed", { number: index + 1 });
  switch (track.source) {
    case "microphone":
    case "camera":
    case "screen":
    case "screen_audio":
      return t(`player.track.${track.source}`, { name });
    default:
      return name;
  }
}

function iconOf(track: rest.RecordedTrack) {
  if (track.source === "camera") return "camera";
  if (track.source === "screen") return "screen";
  return track.source === "screen_audio" ? "sound" : "microphone";
}
