import { type ButtonHTMLAttributes, type ReactNode, useEffect, useId, useRef } from "react";
import { t } from "../messages";
import { Icon, type IconName, Logo } from "./icons";

/** Small pieces that every page uses. */

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  tone?: "primary" | "plain" | "quiet" | "danger";
  icon?: IconName;
  busy?: boolean;
}

export function Button({
  tone = "plain",
  icon,
  busy = false,
  children,
  className = "",
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={`button button-${tone} ${className}`}
      disabled={rest.disabled || busy}
      aria-busy={busy || undefined}
    >
      {busy ? <Spinner small /> : icon && <Icon name={icon} size={20} />}
      {children}
    </button>
  );
}

export function Spinner({ small = false }: { small?: boolean }) {
  return <span className={small ? "spinner spinner-small" : "spinner"} aria-hidden="true" />;
}

/** A page that has nothing to show yet. */
export function Loading({ words = t("app.loading") }: { words?: string }) {
  return (
    <main className="center" id="content">
      <div className="loading" role="status">
        <Spinner />
        <span>{words}</span>
      </div>
    </main>
  );
}

/** One thing to say and what to do about it: for endings, emptiness and trouble. */
export function Message(props: { icon: IconName; title: string; hint?: string; children?: ReactNode }) {
  return (
    <section className="message">
      <span className="message-icon">
        <Icon name={props.icon} size={28} />
      </span>
      <h1>{props.title}</h1>
      {props.hint && <p>{props.hint}</p>}
      {props.children && <div className="message-actions">{props.children}</div>}
    </section>
  );
}

export function Field(props: {
  label: string;
  hint?: string | undefined;
  error?: string | undefined;
  children: (ids: { id: string; "aria-describedby": string | undefined }) => ReactNode;
}) {
  const id = useId();
  const note = props.error ?? props.hint;
  return (
    <div className="field">
      <label htmlFor={id}>{props.label}</label>
      {props.children({ id, "aria-describedby": note ? `${id}-note` : undefined })}
      {note && (
        <p id={`${id}-note`} className={props.error ? "field-error" : "field-hint"}>
          {note}
        </p>
      )}
    </div>
  );
}

/** A problem in words, read out when it appears. */
export function Alert({ children }: { children: ReactNode }) {
  return (
    <div className="alert" role="alert">
      <Icon name="warning" size={20} />
      <span>{children}</span>
    </div>
  );
}

/** A question before something that cannot be taken back. */
export function Confirm(props: {
  title: string;
  hint: string;
  action: string;
  onConfirm: () => void;
  onCancel: () => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog ref={dialog} className="dialog" aria-labelledby={`${id}-title`} onCancel={props.onCancel}>
      <h2 id={`${id}-title`}>{props.title}</h2>
      <p>{props.hint}</p>
      <div className="dialog-actions">
        <Button onClick={props.onCancel}>{t("app.cancel")}</Button>
        <Button tone="danger" onClick={props.onConfirm}>
          {props.action}
        </Button>
      </div>
    </dialog>
  );
}

/** A person without a picture: initials on a colour that stays theirs. */
export function Avatar({ id, name }: { id: string; name: string }) {
  return (
    <span className="avatar" data-hue={hueOf(id)} aria-hidden="true">
      {initials(name)}
    </span>
  );
}

function hueOf(id: string): number {
  let sum = 0;
  for (const character of id) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 9973;
  return sum % 8;
}

export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const first = [...(words[0] ?? "")][0] ?? "?";
  const last = words.length > 1 ? ([...(words.at(-1) ?? "")][0] ?? "") : "";
  return (first + last).toLocaleUpperCase();
}

/** The frame of the pages outside class. */
export function Page(props: { children: ReactNode; aside?: ReactNode }) {
  return (
    <>
      <a className="skip" href="#content">
        {t("app.skip")}
      </a>
      <header className="masthead">
        <a className="brand" href="/">
          <Logo />
          <span>{t("app.name")}</span>
        </a>
        <div className="masthead-aside">{props.aside}</div>
      </header>
      <main className="page" id="content">
        {props.children}
      </main>
    </>
  );
}
