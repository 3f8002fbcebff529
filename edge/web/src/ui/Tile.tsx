import { memo, type RefObject, useEffect, useRef } from "react";
import { t } from "../messages";
import type { ParticipantView, TrackView } from "../schema";
import { Icon } from "./icons";
import { Avatar } from "./parts";
import { useClient, useDevices, useRoom, useSpeaking, useView } from "./room";

/** One person: picture or initials, name, microphone, hand, and a ring while speaking. */
export const Tile = memo(function Tile({
  person,
  small = false,
}: {
  person: ParticipantView;
  small?: boolean;
}) {
  const view = useView();
  const mine = person.id === view.me.participant;
  const camera = view.tracks.find((track) => track.participant === person.id && track.source === "camera");
  const microphone = view.tracks.find((tr) => tr.participant === person.id && tr.source === "microphone");
  const hand = view.hands.some((h) => h.participant === person.id);
  const ownCamera = useDevices().camera;
  const speaking = useSpeaking(person.id) && microphone !== undefined && !microphone.muted;
  const silent = mine ? false : microphone === undefined || microphone.muted;
  const ownMuted = useDevices().microphone;
  const muted = mine ? !ownMuted.on || ownMuted.track === null : silent;
  return (
    // A group, not a figure: tests and screen readers find a person by name.
    // biome-ignore lint/a11y/useSemanticElements: fieldset is for forms.
    <div
      role="group"
      aria-label={person.display_name}
      className={small ? "tile tile-small" : "tile"}
      data-speaking={speaking}
      data-away={!person.connected}
    >
      {mine ? (
        ownCamera.on && ownCamera.track ? (
          <LocalPicture track={ownCamera.track} mirrored />
        ) : (
          <Avatar id={person.id} name={person.display_name} />
        )
      ) : camera && !camera.muted ? (
        <RemotePicture track={camera} person={person} />
      ) : (
        <Avatar id={person.id} name={person.display_name} />
      )}
      {hand && (
        <span className="tile-hand" role="img" aria-label={t("class.handUp")}>
          <Icon name="hand" size={20} />
        </span>
      )}
      {!person.connected && <span className="tile-away">{t("class.away")}</span>}
      <span className="tile-name">
        {muted && (
          <span className="tile-muted" role="img" aria-label={t("class.muted")}>
            <Icon name="microphoneOff" size={15} />
          </span>
        )}
        <span className="tile-name-text">
          {mine && !small ? t("class.you", { name: person.display_name }) : person.display_name}
        </span>
      </span>
    </div>
  );
});

/** A shared screen. One's own is not shown: a window inside itself helps nobody. */
export function ScreenTile(props: {
  track: TrackView;
  owner: string;
  own: MediaStreamTrack | null;
  onStop: () => void;
}) {
  const { track, owner, own } = props;
  const name = t("class.screenOf", { name: owner });
  const view = useView();
  const mine = track.participant === view.me.participant;
  return (
    // biome-ignore lint/a11y/useSemanticElements: fieldset is for forms.
    <div role="group" aria-label={name} className="tile tile-screen">
      {mine ? (
        <>
          {own && <LocalPicture track={own} />}
          <div className="own-screen">
            <Icon name="screen" size={30} />
            <p>{t("class.yourScreen")}</p>
          </div>
        </>
      ) : (
        <RemotePicture track={track} person={null} />
      )}
      <span className="tile-name">
        <span className="tile-name-text">{name}</span>
      </span>
    </div>
  );
}

function LocalPicture({ track, mirrored = false }: { track: MediaStreamTrack; mirrored?: boolean }) {
  const video = useRef<HTMLVideoElement>(null);
  usePicture(video, track);
  return <video ref={video} className={mirrored ? "mirrored" : undefined} autoPlay playsInline muted />;
}

/** Initials stand in until the first frame has come. */
function RemotePicture({ track, person }: { track: TrackView; person: ParticipantView | null }) {
  const client = useClient();
  const video = useRef<HTMLVideoElement>(null);
  const stream = useRoom((s) => s.remote.get(track.id));
  usePicture(video, stream);
  useTileSize(video, track.id);
  useEffect(() => {
    const element = video.current;
    if (!element || !stream) return;
    element.dataset.painted = "false";
    const handle = element.requestVideoFrameCallback?.(() => {
      element.dataset.painted = "true";
      client.mark("first-remote-frame");
    });
    return () => {
      if (handle !== undefined) element.cancelVideoFrameCallback?.(handle);
    };
  }, [stream, client]);
  return (
    <>
      {person && <Avatar id={person.id} name={person.display_name} />}
      <video ref={video} data-painted="false" autoPlay playsInline muted />
    </>
  );
}

function usePicture(video: RefObject<HTMLVideoElement | null>, track: MediaStreamTrack | undefined): void {
  useEffect(() => {
    const element = video.current;
    if (!element) return;
    element.srcObject = track ? new MediaStream([track]) : null;
    // Autoplay of a muted picture is allowed everywhere; an interrupted start repeats by itself.
    if (track) element.play().catch(() => {});
  }, [video, track]);
}

/** A tab that nobody looks at needs no pictures; a glance at another one should not stop them. */
const HIDDEN_AFTER_MS = 10_000;

/** Tells the media how large this track is shown, in device pixels; out of sight it is 0 by 0. */
function useTileSize(element: RefObject<HTMLElement | null>, track: string): void {
  const client = useClient();
  useEffect(() => {
    const shown = element.current;
    if (!shown) return;
    const place = {};
    let inSight = true;
    let pageShown = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tell = () => {
      const scale = inSight && pageShown ? devicePixelRatio : 0;
      client.setTile(track, place, shown.clientWidth * scale, shown.clientHeight * scale);
    };
    const resized = new ResizeObserver(tell);
    const moved = new IntersectionObserver((entries) => {
      inSight = entries.at(-1)?.isIntersecting ?? true;
      tell();
    });
    const onVisibility = () => {
      clearTimeout(timer);
      const visible = document.visibilityState === "visible";
      timer = setTimeout(
        () => {
          pageShown = visible;
          tell();
        },
        visible ? 0 : HIDDEN_AFTER_MS,
      );
    };
    resized.observe(shown);
    moved.observe(shown);
    document.addEventListener("visibilitychange", onVisibility);
    tell();
    return () => {
      clearTimeout(timer);
      resized.disconnect();
      moved.disconnect();
      document.removeEventListener("visibilitychange", onVisibility);
      client.removeTile(track, place);
    };
  }, [client, element, track]);
}
