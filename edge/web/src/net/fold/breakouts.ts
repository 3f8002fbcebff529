import {
  type Announcement,
  type BreakoutsView,
  type ChildView,
  type Group,
  LIMITS,
  type OpenGroupView,
  type OpeningView,
  type RoomEvent,
  type RoomView,
} from "../../schema";

export function breakouts(view: RoomView, event: RoomEvent): RoomView {
  const before = view.breakouts;
  const after = folded(before, event, view.me.participant);
  return after === before ? view : { ...view, breakouts: after };
}

function folded(view: BreakoutsView, event: RoomEvent, me: string | null): BreakoutsView {
  switch (event.type) {
    case "breakouts.planned":
      return { ...view, plan: event.data.groups };
    case "breakouts.moved":
      return moved(view, event.data.participant, event.data.group, me);
    case "breakouts.opened": {
      const { groups } = event.data;
      return { ...view, plan: view.sees_all ? groups : [], opening: opened(event.data, me) };
    }
    case "breakouts.closed":
    case "lifecycle.session_ended":
      return view.opening ? { ...view, opening: null } : view;
    case "roster.left": {
      const { participant, reason } = event.data;
      const left = visitless(view, participant);
      return reason === "removed" ? moved(left, participant, null, me) : left;
    }
    case "breakouts.announced":
    case "breakouts.end_moved":
      return inBoth(view, event);
    default:
      return asChild(opening(view, event), event);
  }
}

/** What changes while child rooms are open. */
function opening(view: BreakoutsView, event: RoomEvent): BreakoutsView {
  const open = view.opening;
  if (!open) return view;
  const is = (change: Partial<OpeningView>) => ({ ...view, opening: { ...open, ...change } });
  const one = (id: string, change: Partial<OpenGroupView>) =>
    is({ groups: open.groups.map((g) => (g.id === id ? { ...g, ...change } : g)) });
  switch (event.type) {
    case "breakouts.door_opened":
      return one(event.data.group, { child: event.data.child });
    case "breakouts.activity": {
      const { group, present, hands, over } = event.data;
      return one(group, { present, hands, over });
    }
    case "breakouts.help_queued":
      return one(event.data.group, { help: event.data.number, help_at: event.at });
    case "breakouts.help_unqueued":
      return one(event.data.group, { help: 0, help_at: 0 });
    case "breakouts.visit_started": {
      const { participant, group, mode } = event.data;
      const others = open.visits.filter((v) => v.participant !== participant);
      return is({ visits: [...others, { participant, group, mode }] });
    }
    case "breakouts.visit_ended":
      return is({ visits: open.visits.filter((v) => v.participant !== event.data.participant) });
    case "breakouts.speaking_to_all_started":
      return is({ speaking: event.data.participant });
    case "breakouts.speaking_to_all_stopped":
      return is({ speaking: null });
    default:
      return view;
  }
}

/** What changes in a child room. */
function asChild(view: BreakoutsView, event: RoomEvent): BreakoutsView {
  if (event.type === "breakouts.opened_as_child") {
    const { parent, opening, group, group_name, members, ends_at, carry } = event.data;
    const none = { closing: false, visitors: [], announcements: [], help: 0, closed: false };
    return { ...view, of: { parent, opening, group, group_name, members, ends_at, carry, ...none } };
  }
  const of = view.of;
  if (!of) return view;
  const is = (change: Partial<ChildView>) => ({ ...view, of: { ...of, ...change } });
  switch (event.type) {
    case "breakouts.members_changed":
      return is({ members: event.data.members });
    case "breakouts.visitor_came": {
      const others = of.visitors.filter((v) => v.participant !== event.data.participant);
      return is({ visitors: [...others, event.data] });
    }
    case "breakouts.visitor_went":
      return is({ visitors: of.visitors.filter((v) => v.participant !== event.data.participant) });
    case "breakouts.help_called":
      return is({ help: event.data.number });
    case "breakouts.help_ended":
      return is({ help: 0 });
    case "breakouts.closed_as_child":
      return is({ closed: true, help: 0, visitors: [] });
    default:
      return view;
  }
}

/** Texts and the end are told in the parent room and in its children. */
function inBoth(view: BreakoutsView, event: RoomEvent): BreakoutsView {
  const of = view.of;
  const change = (announcements: Announcement[]) => {
    if (event.type === "breakouts.announced")
      return { announcements: [...announcements, event.data].slice(-LIMITS.BREAKOUT_TEXTS_KEPT_MAX) };
    if (event.type === "breakouts.end_moved")
      return { ends_at: event.data.ends_at, closing: event.data.closing };
    return {};
  };
  if (view.opening) return { ...view, opening: { ...view.opening, ...change(view.opening.announcements) } };
  return of ? { ...view, of: { ...of, ...change(of.announcements) } } : view;
}

function opened(
  data: Extract<RoomEvent, { type: "breakouts.opened" }>["data"],
  me: string | null,
): OpeningView {
  const nothing = { child: null, present: [], hands: 0, over: false, help: 0, help_at: 0 };
  return {
    id: data.opening,
    ends_at: data.ends_at,
    closing: false,
    carry: data.carry,
    free_choice: data.free_choice,
    group: groupOf(data.groups, me),
    groups: data.groups.map((g) => ({ ...g, ...nothing })),
    visits: [],
    speaking: null,
    announcements: [],
  };
}

/** A person in one group and in no other. Whose group it is no more sees its door no more. */
function moved(view: BreakoutsView, who: string, to: string | null, me: string | null): BreakoutsView {
  const plan = view.plan.map((g) => placed(g, who, to));
  const open = view.opening;
  if (!open) return { ...view, plan };
  const shut = who === me && !view.sees_all && !open.free_choice;
  const groups = open.groups.map((g) => {
    const group = placed(g, who, to);
    return shut && g.id !== to ? { ...group, child: null } : group;
  });
  return { ...view, plan, opening: { ...open, groups, group: groupOf(groups, me) } };
}

function placed<G extends Group>(group: G, who: string, to: string | null): G {
  const here = group.id === to;
  if (here === group.participants.includes(who)) return group;
  const others = group.participants.filter((p) => p !== who);
  return { ...group, participants: here ? [...others, who] : others };
}

function visitless(view: BreakoutsView, who: string): BreakoutsView {
  const open = view.opening;
  if (!open) return view;
  const visits = open.visits.filter((v) => v.participant !== who);
  const speaking = open.speaking === who ? null : open.speaking;
  return { ...view, opening: { ...open, visits, speaking } };
}

function groupOf(groups: readonly Group[], who: string | null): string | null {
  return groups.find((g) => who !== null && g.participants.includes(who))?.id ?? null;
}
