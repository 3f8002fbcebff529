import { type ReactNode, useEffect, useRef, useState } from "react";
import { t, tn } from "../messages";
import type { User } from "../net/api";
import type { Panel } from "./Classroom";
import { DevicePickers } from "./DeviceCheck";
import { HostControls } from "./HostControls";
import { Icon, type IconName } from "./icons";
import { useClient, useDevices, useMay, useRoom, useView } from "./room";

/** One's own controls, always in the same place. */
export function Toolbar(props: {
  user: User;
  panel: Panel;
  wide: boolean;
  onPanel: (panel: "chat" | "people") => void;
}) {
  const { panel, wide, onPanel } = props;
  const client = useClient();
  const may = useMay();
  const view = useView();
  const devices = useDevices();
  const unread = useRoom((s) => s.unread);
  const hand = view.hands.some((h) => h.participant === view.me.participant);
  return (
    <section className="toolbar" aria-label={t("control.toolbar")}>
      <div className="toolbar-own">
        {may("speak") && (
          <Control
            icon={devices.microphone.on ? "microphone" : "microphoneOff"}
            label={t(devices.microphone.on ? "control.mute" : "control.unmute")}
            short={t(devices.microphone.on ? "control.short.mute" : "control.short.unmute")}
            shortcut="M"
            off={!devices.microphone.on}
            warn={devices.microphone.problem !== null}
            onClick={() => client.toggle("microphone")}
          />
        )}
        {may("camera") && (
          <Control
            icon={devices.camera.on ? "camera" : "cameraOff"}
            label={t(devices.camera.on ? "control.cameraOff" : "control.cameraOn")}
            short={t("control.short.camera")}
            shortcut="V"
            off={!devices.camera.on}
            warn={devices.camera.problem !== null}
            onClick={() => client.toggle("camera")}
          />
        )}
        {may("share_screen") && wide && <ShareControl />}
        {may("raise_hand") && (
          <Control
            icon="hand"
            label={t(hand ? "control.lower" : "control.raise")}
            short={t("control.short.hand")}
            shortcut="H"
            lit={hand}
            onClick={() => client.toggleHand()}
          />
        )}
      </div>
      <div className="toolbar-class">
        <Control
          icon="chat"
          label={t("control.chat")}
          short={t("control.chat")}
          shortcut="C"
          pressed={panel === "chat"}
          mark={unread > 0 ? { count: unread, words: tn("control.unread", unread) } : null}
          onClick={() => onPanel("chat")}
        />
        <Control
          icon="people"
          label={t("control.people")}
          short={t("control.people")}
          pressed={panel === "people"}
          mark={
            view.hands.length > 0
              ? { count: view.hands.length, words: t("people.hands"), tone: "hand" }
              : null
          }
          onClick={() => onPanel("people")}
        />
        <More wide={wide} />
      </div>
      <div className="toolbar-leave">
        <Control
          icon="leave"
          label={t("control.leave")}
          short={t("control.short.leave")}
          danger
          onClick={() => void client.leave()}
        />
      </div>
    </section>
  );
}

function ShareControl() {
  const client = useClient();
  const sharing = useRoom((s) => s.screen !== null);
  if (!navigator.mediaDevices?.getDisplayMedia) return null;
  return (
    <Control
      icon="screen"
      label={t(sharing ? "control.stopSharing" : "control.share")}
      short={t(sharing ? "control.short.stop" : "control.short.share")}
      lit={sharing}
      onClick={() => (sharing ? client.stopScreen() : void client.shareScreen())}
    />
  );
}

interface Mark {
  count: number;
  words: string;
  tone?: "hand";
}

function Control(props: {
  icon: IconName;
  label: string;
  short: string;
  /** The letter that does the same (`useShortcuts`). */
  shortcut?: string;
  onClick: () => void;
  off?: boolean;
  lit?: boolean;
  warn?: boolean;
  danger?: boolean;
  pressed?: boolean;
  mark?: Mark | null;
}) {
  const { icon, label, short, mark, shortcut } = props;
  return (
    <span className="control-slot">
      <button
        type="button"
        className="control"
        aria-label={label}
        title={shortcut ? t("control.key", { label, key: shortcut }) : label}
        aria-keyshortcuts={shortcut}
        aria-pressed={props.pressed}
        aria-describedby={mark ? `mark-${icon}` : undefined}
        data-off={props.off}
        data-lit={props.lit}
        data-danger={props.danger}
        onClick={props.onClick}
      >
        <Icon name={icon} size={24} />
        <span className="control-short" aria-hidden="true">
          {short}
        </span>
      </button>
      {props.warn && <span className="control-warn" aria-hidden="true" />}
      {mark && (
        <span className="control-mark" data-tone={mark.tone}>
          <span aria-hidden="true">{mark.count > 99 ? "99+" : mark.count}</span>
          <span className="sr-only" id={`mark-${icon}`}>
            {mark.words}
          </span>
        </span>
      )}
    </span>
  );
}

/** Devices, and on narrow screens everything that has no room elsewhere. */
function More({ wide }: { wide: boolean }) {
  const [open, setOpen] = useState(false);
  return (
    <span className="control-slot">
      <button
        type="button"
        className="control"
        aria-label={t("control.more")}
        title={t("control.more")}
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <Icon name="more" size={24} />
        <span className="control-short" aria-hidden="true">
          {t("control.more")}
        </span>
      </button>
      {open && (
        <Popover onClose={() => setOpen(false)}>
          {!wide && <HostControls withShare={<NarrowShare />} />}
          <MoreDevices />
        </Popover>
      )}
    </span>
  );
}

function NarrowShare() {
  const may = useMay();
  return may("share_screen") ? <ShareControl /> : null;
}

function MoreDevices() {
  const { devices } = useClient();
  return <DevicePickers devices={devices} />;
}

function Popover({ onClose, children }: { onClose: () => void; children: ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  const close = useRef(onClose);
  close.current = onClose;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => event.key === "Escape" && close.current();
    const onPointer = (event: PointerEvent) => {
      const slot = box.current?.parentElement;
      if (event.target instanceof Node && !slot?.contains(event.target)) close.current();
    };
    addEventListener("keydown", onKey);
    addEventListener("pointerdown", onPointer);
    return () => {
      removeEventListener("keydown", onKey);
      removeEventListener("pointerdown", onPointer);
    };
  }, []);
  return (
    <div ref={box} className="popover">
      {children}
    </div>
  );
}
