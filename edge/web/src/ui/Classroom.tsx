import { useCallback, useEffect, useState } from "react";
import { formatLength, t } from "../messages";
import type { User } from "../net/api";
import { Chat } from "./Chat";
import "./classroom.css";
import { HostControls } from "./HostControls";
import { Logo } from "./icons";
import { People } from "./People";
import { useClient, useNow, useRoom, useView, useWide } from "./room";
import { Sounds } from "./Sounds";
import { Stage } from "./Stage";
import { StatusBar } from "./StatusBar";
import { Toolbar } from "./Toolbar";
import { useShortcuts } from "./useShortcuts";

export type Panel = "chat" | "people" | null;

/** Where there is room for host controls in the header; below they are in the menu. */
const WIDE_PX = 1000;

/** The class itself: stage, panel, toolbar. */
export default function Classroom({ user }: { user: User }) {
  const client = useClient();
  const [panel, setPanel] = useState<Panel>(null);
  const wide = useWide(WIDE_PX);
  const toggle = useCallback((which: Exclude<Panel, null>) => {
    setPanel((shown) => (shown === which ? null : which));
  }, []);
  useEffect(() => {
    client.setChatOpen(panel === "chat");
    return () => client.setChatOpen(false);
  }, [panel, client]);
  useShortcuts(() => toggle("chat"));
  return (
    <div className="classroom" data-panel={panel ?? "none"}>
      <header className="class-head">
        <Logo size={26} />
        <Title />
        <RecordingMark />
        <div className="class-head-end">{wide && <HostControls />}</div>
      </header>
      <main className="class-main" id="content">
        <StatusBar />
        <Stage />
      </main>
      {panel && (
        <aside className="panel" aria-label={t(panel === "chat" ? "chat.title" : "people.title")}>
          {panel === "chat" ? (
            <Chat onClose={() => setPanel(null)} />
          ) : (
            <People onClose={() => setPanel(null)} />
          )}
        </aside>
      )}
      <Toolbar user={user} panel={panel} onPanel={toggle} wide={wide} />
      <Sounds />
    </div>
  );
}

function Title() {
  const view = useView();
  const now = useNow();
  const startedAt = view.session?.started_at;
  return (
    <div className="class-title">
      <h1>{view.session?.title || view.title}</h1>
      {startedAt && (
        <span
          className="class-clock"
          role="timer"
          title={t("class.elapsed", { time: formatLength(now - startedAt) })}
        >
          {formatLength(now - startedAt)}
        </span>
      )}
    </div>
  );
}

function RecordingMark() {
  const recording = useRoom((s) => s.view?.recordings.some((r) => r.status === "recording"));
  if (!recording) return null;
  return (
    <span className="badge badge-recording" title={t("class.recording.hint")}>
      <span className="recording-dot" aria-hidden="true" />
      {t("class.recording")}
    </span>
  );
}
