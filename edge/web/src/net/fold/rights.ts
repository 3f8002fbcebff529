import type { Exceptions, RemovedView, RightsView, RoomEvent, RoomView } from "../../schema";

/** What rights change for the viewer (`me`) comes as a fresh view: only the server knows every role. */
export function rights(view: RoomView, event: RoomEvent): RoomView {
  switch (event.type) {
    case "rights.granted":
    case "rights.revoked":
      return withRights(view, { people: people(view, event.data.participant, event.data.after) });
    case "rights.reset":
      return withRights(view, { people: people(view, event.data.participant, {}) });
    case "rights.locked":
    case "rights.unlocked":
      return withRights(view, { locks: event.data.after });
    case "rights.policy_applied":
      return withRights(view, { roles: event.data.after.roles ?? [] });
    case "roster.left": {
      const { participant, reason, may_return } = event.data;
      const isBan = reason === "removed" && !may_return;
      return isBan && isStaff(view) ? withRights(view, { removed: removed(view, participant) }) : view;
    }
    case "roster.readmitted":
      return withRights(view, {
        removed: view.rights.removed.filter((p) => p.participant !== event.data.participant),
      });
    case "lifecycle.session_ended":
      return withRights(view, { locks: [], people: [], removed: [] });
    default:
      return view;
  }
}

const isStaff = (view: RoomView) => view.me.role === "host" || view.me.role === "co_host";

function withRights(view: RoomView, change: Partial<RightsView>): RoomView {
  return { ...view, rights: { ...view.rights, ...change } };
}

function people(view: RoomView, participant: string, after: Exceptions): RightsView["people"] {
  const { granted = [], revoked = [] } = after;
  const others = view.rights.people.filter((p) => p.participant !== participant);
  if (granted.length === 0 && revoked.length === 0) return others;
  const changed = { participant, granted, revoked };
  return [...others, changed].sort((a, b) => (a.participant < b.participant ? -1 : 1));
}

/** Heard before the roster forgets the person: the name is still there. */
function removed(view: RoomView, participant: string): RemovedView[] {
  const person = view.participants.find((p) => p.id === participant);
  return person
    ? [...view.rights.removed, { participant, display_name: person.display_name }]
    : view.rights.removed;
}
