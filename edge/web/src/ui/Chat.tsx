import { type FormEvent, type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from "react";
import { formatTime, t } from "../messages";
import type { OutgoingMessage } from "../room/client";
import { LIMITS, type MessageView } from "../schema";
import { Icon } from "./icons";
import { Button } from "./parts";
import { useClient, useMay, useRoom, useView } from "./room";

/** The chat: everybody's messages, those on their way, and the box to write. */
export function Chat({ onClose }: { onClose: () => void }) {
  return (
    <>
      <PanelHead title={t("chat.title")} onClose={onClose} />
      <Log />
      <Composer />
    </>
  );
}

export function PanelHead({ title, onClose }: { title: string; onClose: () => void }) {
  return (
    <div className="panel-head">
      <h2>{title}</h2>
      <button type="button" className="icon-button" aria-label={t("app.close")} onClick={onClose}>
        <Icon name="close" size={20} />
      </button>
    </div>
  );
}

/** Within this of the end, new messages keep scrolling in; further up somebody is reading. */
const NEAR_END_PX = 80;

function Log() {
  const { messages, session, me } = useView();
  const outbox = useRoom((s) => s.outbox);
  const list = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const [behind, setBehind] = useState(false);
  const startedAt = session?.started_at ?? 0;
  const firstNow = messages.findIndex((m) => m.at >= startedAt);

  const toEnd = () => {
    if (list.current) list.current.scrollTop = list.current.scrollHeight;
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was added is the reason to scroll.
  useLayoutEffect(() => {
    if (atEnd.current) toEnd();
    else setBehind(true);
  }, [messages, outbox]);

  return (
    <div className="log-frame">
      <div
        ref={list}
        className="log"
        role="log"
        aria-label={t("chat.messages")}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keys.
        tabIndex={0}
        onScroll={(event) => {
          const { scrollHeight, scrollTop, clientHeight } = event.currentTarget;
          atEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
          if (atEnd.current) setBehind(false);
        }}
      >
        {messages.length === 0 && outbox.length === 0 && (
          <div className="log-empty">
            <Icon name="chat" size={28} />
            <p>{t("chat.empty")}</p>
            <p className="muted">{t("chat.empty.hint")}</p>
          </div>
        )}
        {messages.map((message, index) => (
          <Posted
            key={message.id}
            message={message}
            mine={message.participant === me.participant}
            follows={follows(messages[index - 1], message) && index !== firstNow}
            divider={index === 0 && message.at < startedAt ? t("chat.before") : null}
          />
        ))}
        {outbox.map((message) => (
          <Outgoing key={message.id} message={message} />
        ))}
      </div>
      {behind && (
        <button
          type="button"
          className="log-behind"
          onClick={() => {
            atEnd.current = true;
            setBehind(false);
            toEnd();
          }}
        >
          {t("chat.newMessages")}
        </button>
      )}
    </div>
  );
}

const TOGETHER_MS = 120_000;

/** Consecutive messages of one person stand under one name. */
function follows(before: MessageView | undefined, message: MessageView): boolean {
  return (
    before?.participant === message.participant &&
    before.to === message.to &&
    message.at - before.at < TOGETHER_MS
  );
}

function Posted(props: { message: MessageView; mine: boolean; follows: boolean; divider: string | null }) {
  const { message, mine } = props;
  return (
    <>
      {props.divider && <p className="log-divider">{props.divider}</p>}
      <div className="post" data-mine={mine} data-follows={props.follows}>
        {!props.follows && (
          <p className="post-head">
            <span className="post-name">{message.display_name}</span>
            <time dateTime={new Date(message.at).toISOString()}>{formatTime(message.at)}</time>
          </p>
        )}
        <p className="post-text">{message.text}</p>
        <Standing message={message} />
      </div>
    </>
  );
}

/** Who else can read a message, where that is not everybody. */
function Standing({ message }: { message: MessageView }) {
  const { participants, me } = useView();
  const reader = participants.find((p) => p.id === message.to)?.display_name ?? "";
  const notes = [
    message.to === "staff" && t("chat.toStaff"),
    message.to === me.participant && t("chat.toYou"),
    reader !== "" && message.to !== me.participant && t("chat.toOne", { name: reader }),
    message.held && t("chat.held"),
    message.edited_at !== null && t("chat.edited"),
  ].filter((note) => note !== false);
  return notes.length > 0 ? <p className="post-note">{notes.join(" · ")}</p> : null;
}

function Outgoing({ message }: { message: OutgoingMessage }) {
  const client = useClient();
  const line = useRoom((s) => s.line);
  return (
    <div className="post" data-mine="true" data-status={message.status}>
      <p className="post-text">{message.text}</p>
      {message.status === "sending" ? (
        <p className="post-note">{t(line === "connected" ? "chat.sending" : "chat.waiting")}</p>
      ) : (
        <p className="post-note post-failed">
          {t("chat.failed")} {message.problem}{" "}
          <button
            type="button"
            className="text-button"
            onClick={() => void client.say(message.text, message.id)}
          >
            {t("chat.again")}
          </button>{" "}
          <button type="button" className="text-button" onClick={() => client.discard(message.id)}>
            {t("chat.discard")}
          </button>
        </p>
      )}
    </div>
  );
}

function Composer() {
  const client = useClient();
  const may = useMay();
  const [text, setText] = useState(client.draft);
  const box = useRef<HTMLTextAreaElement>(null);
  const over = [...text].length - LIMITS.MESSAGE_CHARS_MAX;
  const sendable = text.trim() !== "" && over <= 0;
  useEffect(() => {
    client.draft = text;
  }, [client, text]);
  useEffect(() => box.current?.focus(), []);

  function submit(event?: FormEvent) {
    event?.preventDefault();
    if (!sendable) return;
    void client.say(text.trim());
    setText("");
    box.current?.focus();
  }
  function onKeyDown(event: KeyboardEvent) {
    // Enter during an input method's composition chooses a word, it does not send.
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) submit(event);
  }

  if (!may("chat")) return <p className="composer-closed muted">{t("chat.readOnly")}</p>;
  return (
    <form className="composer" onSubmit={submit}>
      <textarea
        ref={box}
        aria-label={t("chat.message")}
        placeholder={t("chat.placeholder")}
        rows={Math.min(5, text.split("\n").length + Math.floor(text.length / 40))}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <Button type="submit" tone="primary" icon="send" aria-label={t("chat.send")} disabled={!sendable} />
      {over > 0 && (
        <p className="field-error" role="alert">
          {t("chat.tooLong", { count: over })}
        </p>
      )}
    </form>
  );
}
