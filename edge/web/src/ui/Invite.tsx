import { useEffect, useRef, useState } from "react";
import { formatDateTime, t } from "../messages";
import * as rest from "../net/rest";
import { Button } from "./parts";
import { wordsFor } from "./words";

/** Makes an invite link and puts it on the clipboard; shows it where the clipboard is closed to us. */
export function InviteButton({ room }: { room: string }) {
  const [link, setLink] = useState<rest.SignedLink | null>(null);
  const [said, setSaid] = useState("");
  const [copied, setCopied] = useState(false);
  const [busy, setBusy] = useState(false);
  const box = useRef<HTMLInputElement>(null);

  useEffect(() => {
    if (link && !copied) box.current?.select();
  }, [link, copied]);

  async function copy() {
    setBusy(true);
    try {
      const made = link ?? (await rest.guestLink(room));
      setLink(made);
      const done = await toClipboard(made.url);
      setCopied(done);
      const until = t("room.invite.hint", { time: formatDateTime(made.expires_at) });
      setSaid(done ? `${t("room.invite.copied")}. ${until}` : t("room.invite.manual"));
    } catch (error) {
      setSaid(wordsFor(error));
    }
    setBusy(false);
  }

  return (
    <div className="invite">
      <Button icon={copied ? "check" : "link"} busy={busy} onClick={() => void copy()}>
        {t("room.invite")}
      </Button>
      <p className="invite-said" aria-live="polite">
        {said}
      </p>
      {link && !copied && <input ref={box} readOnly value={link.url} aria-label={t("room.invite.manual")} />}
    </div>
  );
}

async function toClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
