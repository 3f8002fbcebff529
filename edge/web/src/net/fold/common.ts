import { type MeView, OUTSIDE_PERMISSIONS } from "../../schema";

/** What the role in class grants to somebody who stands before the door. */
export function outside(me: MeView): MeView {
  return { ...me, role: null, permissions: me.permissions.filter((p) => OUTSIDE.has(p)) };
}

const OUTSIDE = new Set<string>(OUTSIDE_PERMISSIONS);

/** Replaces the member with this id where it stands, or adds it at the end. */
export function put<T extends { id: string }>(members: T[], member: T): T[] {
  return members.some((m) => m.id === member.id)
    ? members.map((m) => (m.id === member.id ? member : m))
    : [...members, member];
}
