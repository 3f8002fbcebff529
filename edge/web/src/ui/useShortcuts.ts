import { useEffect, useRef } from "react";
import { useClient } from "./room";

/** One-letter keys, as long as nobody is typing and no modifier is held. */
export function useShortcuts(onChat: () => void): void {
  const client = useClient();
  const chat = useRef(onChat);
  chat.current = onChat;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || isTyping(event.target)) return;
      const action = { m: mute, v: camera, h: hand, c: () => chat.current() }[event.key.toLowerCase()];
      if (!action) return;
      event.preventDefault();
      action();
    };
    const mute = () => client.toggle("microphone");
    const camera = () => client.toggle("camera");
    const hand = () => client.toggleHand();
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [client]);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest("input, textarea, select, dialog, [contenteditable]") !== null
  );
}
