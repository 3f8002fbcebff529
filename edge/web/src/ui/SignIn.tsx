import { type FormEvent, useEffect, useRef, useState } from "react";
import { t } from "../messages";
import { Problem } from "../net/api";
import * as rest from "../net/rest";
import { signedIn, signedOut } from "./login";
import { Alert, Button, Field, Loading, Page } from "./parts";
import { navigate, takeFragment } from "./router";
import { wordsFor } from "./words";

export function SignIn() {
  const [token, setToken] = useState(() => takeFragment("token"));
  const [failed, setFailed] = useState(false);
  const asked = useRef<string | null>(null);
  useEffect(() => {
    // A link opened in a window that already stands here changes the fragment only.
    const look = () => setToken((known) => takeFragment("token") ?? known);
    addEventListener("hashchange", look);
    return () => removeEventListener("hashchange", look);
  }, []);
  useEffect(() => {
    if (!token || asked.current === token) return;
    asked.current = token;
    rest.signInByLink(token).then(
      (user) => {
        signedIn(user);
        navigate(nextPath(), "replace");
      },
      () => {
        signedOut();
        setFailed(true);
        setToken(null);
      },
    );
  }, [token]);
  if (token) return <Loading words={t("signin.link.busy")} />;
  return <SignInForm key={String(failed)} note={failed ? t("signin.link.failed") : null} />;
}

function SignInForm({ note }: { note: string | null }) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(note);
  useEffect(() => {
    document.title = `${t("signin.title")} · ${t("app.name")}`;
  }, []);

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (email.trim() === "" || password === "") return setProblem(t("signin.missing"));
    setBusy(true);
    setProblem(null);
    try {
      signedIn(await rest.signIn(email.trim(), password));
      navigate(nextPath(), "replace");
    } catch (error) {
      setProblem(wordsForSignIn(error));
      setBusy(false);
    }
  }

  return (
    <Page>
      <div className="narrow">
        <form className="card form" onSubmit={submit} noValidate>
          <div>
            <h1>{t("signin.title")}</h1>
            <p className="muted">{t("signin.intro")}</p>
          </div>
          {problem && <Alert>{problem}</Alert>}
          <Field label={t("signin.email")}>
            {(ids) => (
              <input
                {...ids}
                type="email"
                autoComplete="username"
                required
                value={email}
                onChange={(e) => setEmail(e.target.value)}
              />
            )}
          </Field>
          <Field label={t("signin.password")}>
            {(ids) => (
              <input
                {...ids}
                type="password"
                autoComplete="current-password"
                required
                value={password}
                onChange={(e) => setPassword(e.target.value)}
              />
            )}
          </Field>
          <Button type="submit" tone="primary" busy={busy}>
            {t("signin.submit")}
          </Button>
        </form>
        <p className="muted below">{t("signin.guestHint")}</p>
      </div>
    </Page>
  );
}

function wordsForSignIn(error: unknown): string {
  if (error instanceof Problem) {
    if (error.status === 429) return t("signin.slow");
    if (error.status === 401 || error.status === 422 || error.status === 400) return t("signin.wrong");
  }
  return wordsFor(error);
}

/** Only a path of our own: a link must not lead elsewhere after signing in. */
function nextPath(): string {
  const next = new URLSearchParams(location.search).get("next") ?? "/";
  return next.startsWith("/") && !next.startsWith("//") && !next.includes("\\") ? next : "/";
}
