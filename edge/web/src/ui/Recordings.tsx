import { useEffect, useState } from "react";
import { formatDateTime, formatLength, t, tCode } from "../messages";
import * as rest from "../net/rest";
import type { RecordingView, StepView } from "../schema";
import { Icon } from "./icons";
import { onLinkClick, recordingPath } from "./router";

/** A room's recordings, newest first. The list comes from the read model, the progress from the live view. */
export function Recordings({ room, live }: { room: string; live: readonly RecordingView[] }) {
  const [listed, setListed] = useState<rest.Recording[]>([]);
  const news = live.map((r) => `${r.id}${r.status}${r.artifacts.length}`).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: news is the reason to look again.
  useEffect(() => {
    let current = true;
    // The read model follows the log within moments; a second look finds what the first was too early for.
    const look = () =>
      rest.recordings(room).then(
        (found) => current && setListed(found),
        () => {},
      );
    void look();
    const later = setTimeout(look, SECOND_LOOK_MS);
    return () => {
      current = false;
      clearTimeout(later);
    };
  }, [room, news]);
  const making = live.length === 0 && listed.some((r) => r.status !== "ready" && r.status !== "failed");
  useEffect(() => {
    if (!making) return;
    // At the door nobody tells us how the making goes on.
    const again = setInterval(() => rest.recordings(room).then(setListed, () => {}), LOOK_AGAIN_MS);
    return () => clearInterval(again);
  }, [room, making]);
  const all = merged(listed, live);
  return (
    <section className="recordings" aria-labelledby="recordings-heading">
      <h2 id="recordings-heading">{t("recordings.title")}</h2>
      {all.length === 0 ? (
        <p className="muted">
          {t("recordings.empty")}. {t("recordings.empty.hint")}
        </p>
      ) : (
        <ul className="recording-list">
          {all.map((recording) => (
            <li key={recording.id}>
              <Card room={room} recording={recording} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

const SECOND_LOOK_MS = 1_500;
const LOOK_AGAIN_MS = 5_000;

/** What the view knows is newer; what only the list knows (picture, title, age) is kept. */
function merged(listed: readonly rest.Recording[], live: readonly RecordingView[]): rest.Recording[] {
  const known = new Map(listed.map((r) => [r.id, r]));
  for (const { id, session, status, started_at, duration_ms, steps } of live) {
    const row = known.get(id) ?? { id, session, title: "", tracks: [], started_at };
    known.set(id, { ...row, status, steps, duration_ms, started_at });
  }
  return [...known.values()].sort((a, b) => b.started_at - a.started_at);
}

function Card({ room, recording }: { room: string; recording: rest.Recording }) {
  const title = recording.title || t("recordings.untitled");
  return (
    <a className="card recording-card" href={recordingPath(room, recording.id)} onClick={onLinkClick}>
      <span className="sr-only">{t("recordings.watch")}</span>
      <span className="poster">
        {recording.poster_url ? (
          <img src={recording.poster_url} alt="" loading="lazy" />
        ) : (
          <Icon name={recording.status === "ready" ? "play" : "clock"} size={30} />
        )}
        {recording.duration_ms !== null && (
          <span className="poster-length">{formatLength(recording.duration_ms)}</span>
        )}
      </span>
      <span className="recording-text">
        <span className="recording-title">{title}</span>
        <span className="muted">{formatDateTime(recording.started_at)}</span>
        <Progress recording={recording} />
      </span>
    </a>
  );
}

/** Where the making of a recording stands. */
export function Progress({ recording }: { recording: Pick<rest.Recording, "status" | "steps"> }) {
  const { status, steps } = recording;
  if (status === "ready") return null;
  const step = steps.findLast((s) => s.status !== "finished") ?? steps.at(-1);
  return (
    <span className="progress" data-status={status}>
      <span>
        {t(`recordings.status.${status}`)}
        {status === "processing" &&
          step &&
          ` · ${tCode("recordings.step", step.step, "recordings.step.other")}`}
      </span>
      {status === "processing" && step && <StepBar step={step} />}
    </span>
  );
}

function StepBar({ step }: { step: StepView }) {
  const percent = step.status === "finished" ? 100 : step.progress_percent;
  const name = tCode("recordings.step", step.step, "recordings.step.other");
  return <progress value={percent} max={100} aria-label={name} />;
}
