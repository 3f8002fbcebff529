import { type FormEvent, useEffect, useState } from "react";
import { t } from "../messages";
import { Problem } from "../net/api";
import * as rest from "../net/rest";
import type { Devices } from "../room/devices";
import { LIMITS } from "../schema";
import { DeviceCheck } from "./DeviceCheck";
import { signedIn } from "./login";
import { Alert, Button, Field, Page } from "./parts";
import { wordsFor } from "./words";

/** The door for somebody with an invite link: a name, the devices, and in. */
export function GuestGate(props: { room: string; invite: string; devices: Devices; onSignedIn: () => void }) {
  const [name, setName] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    document.title = `${t("room.guest.title")} · ${t("app.name")}`;
  }, []);

  async function submit(event: FormEvent) {
    event.preventDefault();
    const display = name.trim();
    if (display === "") return setProblem(t("room.guest.nameMissing"));
    setBusy(true);
    setProblem(null);
    try {
      const user = await rest.signInAsGuest(props.invite, display);
      props.onSignedIn();
      signedIn(user);
    } catch (error) {
      const refused = error instanceof Problem && error.status >= 400 && error.status < 500;
      setProblem(refused && error.status !== 429 ? t("room.guest.invalid") : wordsFor(error));
      setBusy(false);
    }
  }

  return (
    <Page>
      <div className="gate">
        <DeviceCheck devices={props.devices} name={name} />
        <form className="card form gate-card" onSubmit={submit}>
          <div>
            <h1>{t("room.guest.title")}</h1>
            <p className="muted">{t("room.guest.hint")}</p>
          </div>
          {problem && <Alert>{problem}</Alert>}
          <Field label={t("room.yourName")} hint={t("room.yourName.hint")}>
            {(ids) => (
              <input
                {...ids}
                autoComplete="name"
                maxLength={LIMITS.NAME_CHARS_MAX}
                value={name}
                onChange={(e) => setName(e.target.value)}
              />
            )}
          </Field>
          <Button type="submit" tone="primary" busy={busy}>
            {t("room.join")}
          </Button>
        </form>
      </div>
    </Page>
  );
}
