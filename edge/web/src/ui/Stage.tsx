import { useEffect, useMemo, useRef, useState } from "react";
import { t } from "../messages";
import type { ParticipantView, RoomView, TrackView } from "../schema";
import { gridFor } from "./grid";
import { InviteButton } from "./Invite";
import { Icon } from "./icons";
import { useClient, useMay, useRoom, useView } from "./room";
import { ScreenTile, Tile } from "./Tile";

/** More faces than this at once nobody follows; further ones are a page away. */
const TILES_MAX = 25;
const GAP_PX = 8;

/** The pictures: a shared screen with people beside it, or people only. */
export function Stage() {
  const view = useView();
  const people = useMemo(() => inOrder(view), [view]);
  const screens = useMemo(() => view.tracks.filter((track) => track.source === "screen"), [view.tracks]);
  // The newest screen is what the class should look at.
  const screen = screens.at(-1);
  if (screen) return <Shared screen={screen} people={people} />;
  return <Faces people={people} />;
}

/** Hosts first, then by coming; the viewer's own picture last, so that others do not move for it. */
function inOrder(view: RoomView): ParticipantView[] {
  const rank = (p: ParticipantView) =>
    p.id === view.me.participant ? 2 : p.role === "host" || p.role === "co_host" ? 0 : 1;
  return [...view.participants].sort((a, b) => rank(a) - rank(b) || a.joined_at - b.joined_at);
}

function Faces({ people }: { people: ParticipantView[] }) {
  const stage = useRef<HTMLDivElement>(null);
  const size = useSize(stage);
  const [page, setPage] = useState(0);
  const pages = Math.max(1, Math.ceil(people.length / TILES_MAX));
  const shown = people.slice(TILES_MAX * Math.min(page, pages - 1)).slice(0, TILES_MAX);
  const grid = gridFor(shown.length, size.width, size.height, GAP_PX);
  return (
    <section className="stage" aria-label={t("class.stage")}>
      <div className="faces" ref={stage} data-scrolls={grid.scrolls}>
        {shown.map((person) => (
          <div key={person.id} style={{ width: grid.tileWidth, height: grid.tileHeight }}>
            <Tile person={person} />
          </div>
        ))}
      </div>
      {people.length === 1 && <Alone />}
      {pages > 1 && <Pager page={Math.min(page, pages - 1)} pages={pages} onPage={setPage} />}
    </section>
  );
}

function Alone() {
  const may = useMay();
  const { room } = useView();
  return (
    <div className="alone">
      <p className="alone-title">{t("class.alone")}</p>
      {may("end_session") && (
        <>
          <p>{t("class.alone.host")}</p>
          <AloneInvite room={room} />
        </>
      )}
    </div>
  );
}

/** On narrow screens the header has no invite button; here it is needed most. */
function AloneInvite({ room }: { room: string }) {
  const [narrow] = useState(() => !matchMedia("(min-width: 1000px)").matches);
  return narrow ? <InviteButton room={room} /> : null;
}

function Pager(props: { page: number; pages: number; onPage: (page: number) => void }) {
  const { page, pages, onPage } = props;
  return (
    <div className="pager">
      <button
        type="button"
        className="icon-button"
        aria-label={t("class.prevPage")}
        disabled={page === 0}
        onClick={() => onPage(page - 1)}
      >
        <Icon name="back" />
      </button>
      <span>{t("class.page", { page: page + 1, pages })}</span>
      <button
        type="button"
        className="icon-button"
        aria-label={t("class.nextPage")}
        disabled={page === pages - 1}
        onClick={() => onPage(page + 1)}
      >
        <Icon name="forward" />
      </button>
    </div>
  );
}

function Shared({ screen, people }: { screen: TrackView; people: ParticipantView[] }) {
  const view = useView();
  const client = useClient();
  const own = useRoom((s) => s.screen);
  const owner = people.find((p) => p.id === screen.participant);
  const mine = screen.participant === view.me.participant;
  return (
    <section className="stage stage-shared" aria-label={t("class.stage")}>
      <div className="shared-picture">
        <ScreenTile
          track={screen}
          owner={owner?.display_name ?? ""}
          own={mine ? (own?.getVideoTracks()[0] ?? null) : null}
          onStop={() => client.stopScreen()}
        />
      </div>
      <div className="filmstrip">
        {people.map((person) => (
          <Tile key={person.id} person={person} small />
        ))}
      </div>
    </section>
  );
}

function useSize(element: React.RefObject<HTMLElement | null>) {
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const observed = element.current;
    if (!observed) return;
    const observer = new ResizeObserver(() => {
      setSize({ width: observed.clientWidth, height: observed.clientHeight });
    });
    observer.observe(observed);
    return () => observer.disconnect();
  }, [element]);
  return size;
}
