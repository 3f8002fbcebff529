import { type MouseEvent, useSyncExternalStore } from "react";

/** Four pages need no library: the address is the state. */

export type Route =
  | { page: "home" }
  | { page: "signin" }
  | { page: "room"; room: string }
  | { page: "recording"; room: string; recording: string }
  | { page: "unknown" };

export function routeOf(path: string): Route {
  const parts = path.split("/").filter(Boolean).map(decodeURIComponent);
  const [first, room, third, recording] = parts;
  if (parts.length === 0) return { page: "home" };
  if (parts.length === 1 && first === "signin") return { page: "signin" };
  if (parts.length === 2 && first === "r" && room) return { page: "room", room };
  if (parts.length === 4 && first === "r" && third === "recordings" && room && recording) {
    return { page: "recording", room, recording };
  }
  return { page: "unknown" };
}

const watchers = new Set<() => void>();

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  addEventListener("popstate", watcher);
  return () => {
    watchers.delete(watcher);
    removeEventListener("popstate", watcher);
  };
}

export const usePath = (): string => useSyncExternalStore(watch, () => location.pathname);

export function navigate(path: string, how: "push" | "replace" = "push"): void {
  if (how === "push") history.pushState(null, "", path);
  else history.replaceState(null, "", path);
  for (const watcher of [...watchers]) watcher();
  scrollTo(0, 0);
}

/** For `<a>`: stays on the page unless the person asks for a new window. */
export function onLinkClick(event: MouseEvent<HTMLAnchorElement>): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  navigate(event.currentTarget.pathname);
}

/** Takes a secret out of the address as soon as it is read, so that it stays in no history. */
export function takeFragment(name: string): string | null {
  const value = new URLSearchParams(location.hash.slice(1)).get(name);
  if (value !== null) history.replaceState(null, "", location.pathname + location.search);
  return value;
}

export const roomPath = (room: string): string => `/r/${encodeURIComponent(room)}`;
export const recordingPath = (room: string, recording: string): string =>
  `${roomPath(room)}/recordings/${encodeURIComponent(recording)}`;
