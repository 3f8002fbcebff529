import { useEffect, useMemo, useRef, useState } from "react";
import { t } from "../messages";
import { Button } from "./parts";
import { useClient, useRoom, useView } from "./room";

/** What is heard: one element per sound of somebody else. */
export function Sounds() {
  const { tracks } = useView();
  const remote = useRoom((s) => s.remote);
  const [blocked, setBlocked] = useState(false);
  const [attempt, setAttempt] = useState(0);
  const sounds = useMemo(
    () => tracks.flatMap((t) => (t.kind === "audio" ? [[t.id, remote.get(t.id)] as const] : [])),
    [tracks, remote],
  );
  return (
    <>
      {sounds.map(
        ([id, track]) =>
          track && <Sound key={id} track={track} attempt={attempt} onBlocked={() => setBlocked(true)} />,
      )}
      {blocked && (
        <div className="sound-blocked" role="alert">
          <span>{t("class.soundBlocked")}</span>
          <Button
            tone="primary"
            icon="sound"
            onClick={() => {
              setBlocked(false);
              setAttempt((n) => n + 1);
            }}
          >
            {t("class.soundBlocked.action")}
          </Button>
        </div>
      )}
    </>
  );
}

function Sound(props: { track: MediaStreamTrack; attempt: number; onBlocked: () => void }) {
  const { track, attempt, onBlocked } = props;
  const audio = useRef<HTMLAudioElement>(null);
  const blocked = useRef(onBlocked);
  blocked.current = onBlocked;
  const client = useClient();
  useEffect(() => {
    const element = audio.current;
    if (!element) return;
    element.srcObject = new MediaStream([track]);
    element.onplaying = () => client.mark("first-remote-sound");
    return () => {
      element.srcObject = null;
    };
  }, [track, client]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new attempt follows a click of the person.
  useEffect(() => {
    audio.current?.play().catch((error: unknown) => {
      if (error instanceof DOMException && error.name === "NotAllowedError") blocked.current();
    });
  }, [track, attempt]);
  // biome-ignore lint/a11y/useMediaCaption: live speech; captions come from the class, not from the element.
  return <audio ref={audio} autoPlay />;
}
