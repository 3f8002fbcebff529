import { t } from "../messages";
import type { Notice } from "../room/client";
import { Icon } from "./icons";
import { Spinner } from "./parts";
import { useClient, useRoom } from "./room";
import { wordsForRefusal } from "./words";

/** What everybody should know now: the line, the log, the media; and short notices. */
export function StatusBar() {
  const client = useClient();
  const line = useRoom((s) => s.line);
  const trouble = useRoom((s) => s.trouble);
  const media = useRoom((s) => s.media);
  const epoch = useRoom((s) => s.view?.epoch ?? 0);
  const notices = useRoom((s) => s.notices);
  return (
    <div className="status" role="status" aria-label={t("class.status")}>
      {line !== "connected" ? (
        <Banner busy>{t("class.reconnecting")}</Banner>
      ) : trouble !== null ? (
        <Banner>{t("class.trouble")}</Banner>
      ) : epoch === 0 ? (
        <Banner busy>{t("class.noNode")}</Banner>
      ) : media === "trouble" ? (
        <Banner busy>{t("class.mediaTrouble")}</Banner>
      ) : null}
      {notices.map((notice) => (
        <div key={notice.id} className="notice">
          <span>{wordsOf(notice)}</span>
          <button
            type="button"
            className="icon-button"
            aria-label={t("app.dismiss")}
            onClick={() => client.dismiss(notice.id)}
          >
            <Icon name="close" size={16} />
          </button>
        </div>
      ))}
    </div>
  );
}

function Banner({ busy = false, children }: { busy?: boolean; children: string }) {
  return (
    <div className="banner">
      {busy ? <Spinner small /> : <Icon name="warning" size={18} />}
      <span>{children}</span>
    </div>
  );
}

function wordsOf(notice: Notice): string {
  switch (notice.kind) {
    case "muted_by_host":
      return t(notice.source === "camera" ? "notice.mutedByHost.camera" : "notice.mutedByHost.microphone");
    case "refused":
      return wordsForRefusal(notice.code, notice.message);
    case "screen_failed":
      return t("notice.screenFailed");
    case "moved":
      return t("notice.moved");
    case "role":
      return t(`notice.role.${notice.role}`);
    case "recording_started":
      return t("notice.recordingStarted");
  }
}
