import { createContext, useContext, useEffect, useState, useSyncExternalStore } from "react";
import type { RoomClient, RoomState } from "../room/client";
import type { RoomView } from "../schema";

/** How screens of a room read it. */

export const RoomContext = createContext<RoomClient | null>(null);

export function useClient(): RoomClient {
  const client = useContext(RoomContext);
  if (!client) throw new Error("no room around this component");
  return client;
}

/** A part of the room's state; the selector must return what is already there, not make something new. */
export function useRoom<T>(select: (state: RoomState) => T): T {
  const { state } = useClient();
  return useSyncExternalStore(state.watch, () => select(state.get()));
}

/** The folded view; only screens that exist once it is there may ask. */
export function useView(): RoomView {
  const view = useRoom((s) => s.view);
  if (!view) throw new Error("no view yet");
  return view;
}

export function useMay(): (permission: string) => boolean {
  const { me } = useView();
  return (permission) => me.permissions.includes(permission);
}

/** A level of 50 dB below overload is a voice; below that breathe fans and keyboards. */
const VOICE_LEVEL_MAX = 50;

export function useSpeaking(participant: string): boolean {
  const { sound } = useClient();
  return useSyncExternalStore(sound.watch, () => {
    const { levels, activeSpeaker } = sound.get();
    const level = levels.get(participant);
    return level !== undefined && (level <= VOICE_LEVEL_MAX || activeSpeaker === participant) && level < 127;
  });
}

export function useDevices() {
  const { devices } = useClient();
  return useSyncExternalStore(devices.watch, devices.get);
}

/** Whether the window is at least this wide. */
export function useWide(px: number): boolean {
  const [query] = useState(() => matchMedia(`(min-width: ${px}px)`));
  return useSyncExternalStore(
    (watcher) => {
      query.addEventListener("change", watcher);
      return () => query.removeEventListener("change", watcher);
    },
    () => query.matches,
  );
}

/** Draws anew every second, for clocks. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
