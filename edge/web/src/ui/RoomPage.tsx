import { useEffect, useState } from "react";
import { t } from "../messages";
import type { User } from "../net/api";
import { RoomClient } from "../room/client";
import { installDebug } from "../room/debug";
import { Devices } from "../room/devices";
import Classroom from "./Classroom";
import { Ending } from "./Ending";
import { Gate } from "./Gate";
import { GuestGate } from "./GuestGate";
import { Loading } from "./parts";
import { RoomContext, useRoom } from "./room";
import { navigate } from "./router";

/** Everything under `/r/<room>`: the invited guest's door, the room before class, the class itself. */
export default function RoomPage({ room, user }: { room: string; user: User | null }) {
  // The invitation stays in the address until it was used: a reload must not lose it.
  const [invite] = useState(() => new URLSearchParams(location.hash.slice(1)).get("guest"));
  const [devices] = useState(() => new Devices());
  const [joinAtOnce, setJoinAtOnce] = useState(false);
  useEffect(() => () => devices.stop(), [devices]);

  const strangeGuest = user?.kind === "guest" && user.room != null && user.room !== room;
  if (!user || strangeGuest) {
    if (!invite) return <GoSignIn room={room} />;
    return (
      <GuestGate
        room={room}
        invite={invite}
        devices={devices}
        onSignedIn={() => {
          history.replaceState(null, "", location.pathname);
          setJoinAtOnce(true);
        }}
      />
    );
  }
  return <Room room={room} user={user} devices={devices} joinAtOnce={joinAtOnce} />;
}

function GoSignIn({ room }: { room: string }) {
  useEffect(() => navigate(`/signin?next=${encodeURIComponent(`/r/${room}`)}`, "replace"), [room]);
  return <Loading />;
}

function Room(props: { room: string; user: User; devices: Devices; joinAtOnce: boolean }) {
  const { room, user, devices, joinAtOnce } = props;
  const [client, setClient] = useState<RoomClient | null>(null);
  const [visit, setVisit] = useState(0);

  // A new visit is a new line: after another window had taken the place.
  // biome-ignore lint/correctness/useExhaustiveDependencies: visit is the reason to begin anew.
  useEffect(() => {
    const made = new RoomClient(room, devices);
    const uninstall = installDebug(made);
    if (joinAtOnce) made.join(user.display_name);
    setClient(made);
    return () => {
      uninstall();
      made.close();
    };
  }, [room, devices, user.display_name, joinAtOnce, visit]);

  if (!client) return <Loading words={t("room.connecting")} />;
  return (
    <RoomContext value={client}>
      <Screen user={user} onUseHere={() => setVisit((n) => n + 1)} />
    </RoomContext>
  );
}

function Screen({ user, onUseHere }: { user: User; onUseHere: () => void }) {
  const ending = useRoom((s) => s.ending);
  const hasView = useRoom((s) => s.view !== null);
  const stage = useRoom((s) => s.stage);
  const title = useRoom((s) => s.view?.title);
  useEffect(() => {
    if (title) document.title = `${title} · ${t("app.name")}`;
  }, [title]);
  if (ending) return <Ending ending={ending} onUseHere={onUseHere} />;
  if (!hasView) return <Loading words={t("room.connecting")} />;
  return stage === "inside" ? <Classroom user={user} /> : <Gate user={user} />;
}
