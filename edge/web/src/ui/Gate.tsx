import { useEffect, useState } from "react";
import { formatDateTime, t, tn } from "../messages";
import type { User } from "../net/api";
import * as rest from "../net/rest";
import type { Role, RoomView } from "../schema";
import { Account } from "./Account";
import { DeviceCheck } from "./DeviceCheck";
import { InviteButton } from "./Invite";
import { Alert, Button, Message, Page } from "./parts";
import { Recordings } from "./Recordings";
import { useClient, useMay, useRoom, useView } from "./room";
import { wordsForRefusal } from "./words";

/** The room outside class: before it, waiting for it, and after it. */
export function Gate({ user }: { user: User }) {
  const view = useView();
  const stage = useRoom((s) => s.stage);
  const client = useClient();
  const away = stage === "left";
  useEffect(() => {
    // Who has left is not filmed any more.
    if (away) client.devices.rest();
  }, [away, client]);
  const watches = useWatchesOnly(view);
  return (
    <Page aside={<Account user={user} />}>
      <div className={away ? "gate gate-away" : "gate"}>
        {!away &&
          (watches ? (
            <div className="card">
              <Message icon="eye" title={t("device.viewer")} hint={t("device.viewer.hint")} />
            </div>
          ) : (
            <DeviceCheck devices={client.devices} name={user.display_name} />
          ))}
        <div className="card gate-card">
          <p className="eyebrow">{view.title}</p>
          <Standing view={view} />
          <Actions user={user} view={view} />
        </div>
      </div>
      <Recordings room={view.room} live={view.recordings} />
    </Page>
  );
}

/** Who will only watch is not asked for microphone and camera. */
function useWatchesOnly({ room, settings: { default_role } }: RoomView): boolean {
  const [role, setRole] = useState<Role | null>(null);
  useEffect(() => {
    if (default_role === "viewer") rest.roleIn(room).then(setRole, () => setRole("speaker"));
  }, [room, default_role]);
  return default_role === "viewer" && (role ?? "viewer") === "viewer";
}

/** One headline and one sentence on where the class stands for this person. */
function Standing({ view }: { view: RoomView }) {
  const stage = useRoom((s) => s.stage);
  const may = useMay();
  const isLive = view.session?.status === "live";
  const next = view.scheduled[0]?.starts_at;
  let [title, hint] = [
    t("room.notStarted"),
    t(may("start_session") ? "room.notStarted.host" : "room.notStarted.guest"),
  ];
  if (isLive) [title, hint] = [t("room.running"), running(view)];
  else if (stage === "waiting") [title, hint] = [t("room.waiting.title"), t("room.waiting")];
  if (stage === "left") {
    if (isLive) [title, hint] = [t("room.left"), t("room.left.hint")];
    else {
      const latest = view.recordings.at(-1);
      const recorded = latest !== undefined && latest.session === view.session?.id;
      const making = latest?.status === "ready" ? "room.ended.ready" : "room.ended.recording";
      [title, hint] = [t("room.ended"), t(recorded ? making : "room.ended.hint")];
    }
  }
  return (
    <div aria-live="polite">
      <h1>
        {title} {isLive && <span className="badge badge-live">{t("room.live")}</span>}
      </h1>
      <p className="muted">{hint}</p>
      {!isLive && stage !== "left" && next && (
        <p className="muted">{t("room.planned", { time: formatDateTime(next) })}</p>
      )}
    </div>
  );
}

/** How many are in it is for those who may see who. */
function running({ participants }: RoomView): string {
  return participants.length > 0 ? tn("room.running.people", participants.length) : t("room.running.hint");
}

function Actions({ user, view }: { user: User; view: RoomView }) {
  const client = useClient();
  const stage = useRoom((s) => s.stage);
  const problem = useRoom((s) => s.joinProblem);
  const refused = useRoom((s) => s.notices.findLast((n) => n.kind === "refused"));
  const may = useMay();
  const [starting, setStarting] = useState(false);
  const isLive = view.session?.status === "live";

  async function enter() {
    if (stage === "left") await client.devices.start();
    client.join(user.display_name);
  }

  async function start() {
    setStarting(true);
    const outcome = await client.start();
    setStarting(false);
    if (outcome.accepted || outcome.code === "session_live") await enter();
  }

  return (
    <>
      {problem && <Alert>{wordsForRefusal(problem.code, problem.message)}</Alert>}
      {refused?.kind === "refused" && !isLive && (
        <Alert>{wordsForRefusal(refused.code, refused.message)}</Alert>
      )}
      <div className="actions">
        {isLive && (
          <Button
            tone="primary"
            busy={stage === "joining" || stage === "waiting"}
            onClick={() => void enter()}
          >
            {t("room.join")}
          </Button>
        )}
        {!isLive && may("start_session") && (
          <Button tone="primary" busy={starting} onClick={() => void start()}>
            {t("room.start")}
          </Button>
        )}
        {may("start_session") && <InviteButton room={view.room} />}
      </div>
    </>
  );
}
