import type { Role, SessionView, Source, StepView } from "../schema";
import { call, type User } from "./api";

/** The REST resources that the pages use, one function each. */

export interface RoomListed {
  room: string;
  title: string;
  live: SessionView | null;
  next_scheduled: SessionView | null;
  recordings: number;
}

export interface RoomPage {
  rooms: RoomListed[];
  cursor: string | null;
}

export interface RecordedTrack {
  artifact: string;
  source: Source | null;
  participant: string | null;
  display_name: string | null;
  media_type: string;
  bytes: number;
  offset_ms: number;
  duration_ms: number;
}

export interface Recording {
  id: string;
  session: string;
  title: string;
  status: "recording" | "paused" | "processing" | "ready" | "failed";
  started_at: number;
  duration_ms: number | null;
  steps: StepView[];
  tracks: RecordedTrack[];
  poster_url?: string;
  composed?: { artifact: string; bytes: number; duration_ms: number };
}

export interface SignedLink {
  url: string;
  expires_at: number;
}

const room = (id: string) => `/rooms/${encodeURIComponent(id)}`;

export const me = () => call<{ user: User }>("GET", "/me").then((answer) => answer.user);

export const signIn = (email: string, password: string) =>
  call<{ user: User }>("POST", "/login", { email, password }).then((answer) => answer.user);

export const signInByLink = (token: string) =>
  call<{ user: User }>("POST", "/login/link", { token }).then((answer) => answer.user);

export const signInAsGuest = (token: string, display_name: string) =>
  call<{ user: User }>("POST", "/login/guest", { token, display_name }).then((answer) => answer.user);

export const signOut = () => call<void>("POST", "/logout", {});

export const rooms = (cursor: string | null) =>
  call<RoomPage>("GET", cursor === null ? "/rooms" : `/rooms?cursor=${encodeURIComponent(cursor)}`);

export const createRoom = (title: string, default_role: Extract<Role, "speaker" | "viewer">) =>
  call<{ room: string; title: string }>("POST", "/rooms", { title, default_role });

/** The role that the asker has in the room, or would have in class. */
export const roleIn = (id: string) => call<{ role: Role }>("GET", room(id)).then((answer) => answer.role);

export const guestLink = (id: string) => call<SignedLink>("POST", `${room(id)}/guest-links`, {});

export const recordings = (id: string) => call<Recording[]>("GET", `${room(id)}/recordings`);

export const artifactLink = (id: string, recording: string, artifact: string) =>
  call<SignedLink>(
    "POST",
    `${room(id)}/recordings/${encodeURIComponent(recording)}/artifacts/${encodeURIComponent(artifact)}/link`,
    {},
  );
