import { type FormEvent, useCallback, useEffect, useState } from "react";
import { formatDateTime, t, tn } from "../messages";
import type { User } from "../net/api";
import * as rest from "../net/rest";
import { LIMITS } from "../schema";
import { Account } from "./Account";
import { Alert, Button, Field, Message, Page, Spinner } from "./parts";
import { navigate, onLinkClick, roomPath } from "./router";
import { wordsFor } from "./words";

export function Home({ user }: { user: User }) {
  const mayTeach = user.capabilities.some((c) => c === "teach" || c === "administer");
  const [rooms, setRooms] = useState<rest.RoomListed[] | null>(null);
  const [cursor, setCursor] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  const load = useCallback(async (from: string | null) => {
    try {
      const page = await rest.rooms(from);
      setRooms((known) => (from === null ? page.rooms : [...(known ?? []), ...page.rooms]));
      setCursor(page.cursor);
      setProblem(null);
    } catch (error) {
      setProblem(wordsFor(error));
    }
  }, []);
  useEffect(() => {
    document.title = `${t("home.title")} · ${t("app.name")}`;
    void load(null);
    // Whether a class is live changes while the page stays open in a tab.
    const look = () => document.visibilityState === "visible" && void load(null);
    addEventListener("visibilitychange", look);
    return () => removeEventListener("visibilitychange", look);
  }, [load]);

  return (
    <Page aside={<Account user={user} />}>
      <div className="page-head">
        <div>
          <p className="muted">{t("home.hello", { name: user.display_name })}</p>
          <h1>{t("home.title")}</h1>
        </div>
      </div>
      {problem && (
        <Alert>
          {problem}{" "}
          <button type="button" className="text-button" onClick={() => void load(null)}>
            {t("app.retry")}
          </button>
        </Alert>
      )}
      <div className={mayTeach ? "columns" : undefined}>
        <section aria-labelledby="rooms-heading">
          <h2 id="rooms-heading" className="sr-only">
            {t("home.title")}
          </h2>
          {rooms === null && problem === null && <Spinner />}
          {rooms?.length === 0 && (
            <div className="card">
              <Message
                icon={mayTeach ? "plus" : "people"}
                title={t(mayTeach ? "home.empty.teacher" : "home.empty.learner")}
                hint={t(mayTeach ? "home.empty.teacher.hint" : "home.empty.learner.hint")}
              />
            </div>
          )}
          <ul className="room-list">
            {rooms?.map((room) => (
              <li key={room.room}>
                <RoomCard room={room} />
              </li>
            ))}
          </ul>
          {cursor !== null && <Button onClick={() => void load(cursor)}>{t("home.more")}</Button>}
        </section>
        {mayTeach && <CreateRoom />}
      </div>
    </Page>
  );
}

function RoomCard({ room }: { room: rest.RoomListed }) {
  return (
    <a className="card room-card" href={roomPath(room.room)} onClick={onLinkClick}>
      <span className="room-card-text">
        <span className="room-card-title">{room.title}</span>
        <span className="muted">{whenOf(room)}</span>
      </span>
      {room.live ? (
        <span className="badge badge-live">{t("home.live")}</span>
      ) : (
        <span className="room-card-open">{t("home.open")}</span>
      )}
    </a>
  );
}

function whenOf(room: rest.RoomListed): string {
  const parts = [];
  if (room.live) parts.push(room.live.title === room.title ? "" : room.live.title);
  else if (room.next_scheduled?.starts_at) {
    parts.push(t("home.next", { time: formatDateTime(room.next_scheduled.starts_at) }));
  } else parts.push(t("home.noPlan"));
  if (room.recordings > 0) parts.push(tn("home.recordings", room.recordings));
  return parts.filter(Boolean).join(" · ");
}

function CreateRoom() {
  const [title, setTitle] = useState("");
  const [role, setRole] = useState<"speaker" | "viewer">("speaker");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (title.trim() === "") return setProblem(t("home.create.missing"));
    setBusy(true);
    setProblem(null);
    try {
      const { room } = await rest.createRoom(title.trim(), role);
      navigate(roomPath(room));
    } catch (error) {
      setProblem(wordsFor(error));
      setBusy(false);
    }
  }

  return (
    <form className="card form" onSubmit={submit} noValidate>
      <h2>{t("home.create")}</h2>
      {problem && <Alert>{problem}</Alert>}
      <Field label={t("home.create.title")}>
        {(ids) => (
          <input
            {...ids}
            maxLength={LIMITS.TITLE_CHARS_MAX}
            placeholder={t("home.create.placeholder")}
            value={title}
            onChange={(e) => setTitle(e.target.value)}
          />
        )}
      </Field>
      <Field label={t("home.create.role")}>
        {(ids) => (
          <select {...ids} value={role} onChange={(e) => setRole(e.target.value as "speaker" | "viewer")}>
            <option value="speaker">{t("home.create.role.speaker")}</option>
            <option value="viewer">{t("home.create.role.viewer")}</option>
          </select>
        )}
      </Field>
      <Button type="submit" tone="primary" busy={busy}>
        {t("home.create.submit")}
      </Button>
    </form>
  );
}
