"""Wishes about breakouts: of a parent room, and of a room that has become a child."""

from random import Random

from msgspec.structs import replace

from rooms.state import RoomState
from rooms.state.breakouts import Opening, Parentage
from schemas.breakouts import Announcement, GroupPlan, StaffMember, VisitMode, VisitorPass
from schemas.commands import Command
from schemas.commands.breakouts import (
    AnswerHelp,
    BroadcastToBreakouts,
    CallForHelp,
    ChooseBreakout,
    CloseBreakouts,
    ConfirmClosed,
    DirectBreakout,
    EndBreakout,
    ExtendBreakouts,
    LeaveBreakout,
    MoveParticipant,
    OpenBreakouts,
    PlanAtRandom,
    PlanBreakouts,
    PlanByNumber,
    PlanLikeLastTime,
    ReportBreakout,
    SpeakToAll,
    StopSpeakingToAll,
    VisitBreakout,
    WithdrawHelp,
)
from schemas.commands.roster import JoinSession, LeaveSession, RemoveParticipant
from schemas.ids import GroupId, OpeningId, RoomId, RoomKey, SessionId, UserId, participant_id
from schemas.media import Role
from tests.wishes.cast import SERVICE, Cast, Wish

_SECOND_ACT = 60  # Events; after these a story's room becomes a child.
GONE = GroupId("gone")
PARENT = RoomId("parent")
MODES: tuple[VisitMode, ...] = ("listen", "speak", "visit")

EXAMPLES: tuple[Command, ...] = (
    PlanBreakouts((GroupPlan("Red"),)),
    PlanByNumber(2),
    PlanAtRandom(groups=2),
    PlanLikeLastTime(),
    MoveParticipant(participant_id(RoomKey("t", "r"), "sam"), GONE),  # type: ignore[arg-type]  # Any ids.
    OpenBreakouts(),
    ChooseBreakout(GONE),
    LeaveBreakout(),
    BroadcastToBreakouts("Five minutes left."),
    ExtendBreakouts(5),
    CloseBreakouts(),
    CallForHelp(),
    WithdrawHelp(),
    AnswerHelp(GONE),
    VisitBreakout(GONE),
    SpeakToAll(),
    StopSpeakingToAll(),
    DirectBreakout(
        title="Red",
        owner=UserId("tess"),
        parent=PARENT,
        session=SessionId("s"),
        opening=OpeningId("o"),
        group=GONE,
        group_name="Red",
        members=(),
    ),
    EndBreakout(OpeningId("o")),
    ReportBreakout(OpeningId("o"), GONE),
    ConfirmClosed((RoomId("b"),)),
)


def wishes(state: RoomState, chance: Random, cast: Cast) -> list[Wish]:
    """What somebody may want now."""
    absent = [person for person in cast.everyone if person.participant not in state.participants]
    joins: list[Wish] = [(person, JoinSession(person.display_name)) for person in absent]
    if state.live is not None and len(absent) > len(cast.everyone) - 2:
        return joins
    of, opening = state.breakouts.of, state.breakouts.opening
    is_late = state.seq > _SECOND_ACT
    if of is not None and not of.closed:
        return _in_a_child(state, of, chance, cast, joins)
    if opening is not None:
        return [*joins, *_while_open(state, opening, chance, cast, is_late=is_late)]
    return [*joins, *_before(state, chance, cast, is_late=is_late)]


def _before(state: RoomState, chance: Random, cast: Cast, *, is_late: bool) -> list[Wish]:
    staff = chance.choice((cast.host, cast.host, cast.assistant))
    people = [person.participant for person in cast.others if person.participant is not None]
    groups = [*(g.id for g in state.breakouts.groups), GONE]
    plan = PlanBreakouts((GroupPlan("Red", tuple(people[:1])), GroupPlan("Blue", tuple(people[1:]))))
    closing = tuple(c.room for c in state.breakouts.closing)
    if closing and chance.random() < 0.5:
        return [(SERVICE, ConfirmClosed(closing))]
    carry = tuple(state.studio.decks)[:1]
    become = _directive(state, OpeningId(f"o{state.seq}"), chance, cast)
    return [
        (staff, plan),
        (staff, PlanByNumber(chance.randrange(1, 4))),
        (staff, PlanAtRandom(size=chance.randrange(1, 4))),
        (staff, PlanLikeLastTime()),
        (cast.anyone(chance), MoveParticipant(chance.choice(people), chance.choice([*groups, None]))),
        *[(staff, OpenBreakouts(chance.choice((None, 1, 5)), carry, free_choice=chance.random() < 0.3))] * 4,
        (cast.anyone(chance), CallForHelp()),
        (SERVICE, ConfirmClosed(closing)),
        *[(SERVICE, become)] * (9 if is_late else chance.randrange(20) // 19),
    ]


def _while_open(
    state: RoomState, opening: Opening, chance: Random, cast: Cast, *, is_late: bool
) -> list[Wish]:
    staff = chance.choice((cast.host, cast.host, cast.assistant))
    anyone = cast.anyone(chance)
    people = [person.participant for person in cast.everyone if person.participant is not None]
    groups = [*(g.id for g in state.breakouts.groups), GONE]
    group = chance.choice(groups)
    visiting = [visit.participant for visit in state.breakouts.visits]
    told = ReportBreakout(
        opening.id,
        group,
        tuple(p for p in people if chance.random() < 0.5),
        chance.randrange(3),
        chance.randrange(4),
        over=chance.random() < 0.1,
    )
    first, host = groups[0], cast.host
    room = opening.children[0]
    script: list[Wish] = [
        (host, VisitBreakout(first, "listen")),
        (host, LeaveBreakout()),
        (host, SpeakToAll()),
        (host, StopSpeakingToAll()),
        (SERVICE, ReportBreakout(opening.id, first, tuple(people[:2]), 1, room.helped + 1)),
        (host, AnswerHelp(first)),
        (host, MoveParticipant(chance.choice(people), first)),
        (host, BroadcastToBreakouts(f"Text {state.seq}.")),
    ]
    if is_late:
        return [(host, CloseBreakouts(0))]
    if chance.random() < 0.5:
        return [script[state.seq % len(script)]]
    rare: list[Wish] = [
        (staff, CloseBreakouts(0)),
        (staff, RemoveParticipant(chance.choice(people), ban=False)),
        (SERVICE, _directive(state, OpeningId("other"), chance, cast)),
    ]
    return [
        *[(SERVICE, told)] * 6,
        (staff, MoveParticipant(chance.choice(people), chance.choice([*groups, None]))),
        (staff, PlanByNumber(2)),
        (anyone, ChooseBreakout(group)),
        (anyone, LeaveBreakout()),
        (staff, BroadcastToBreakouts(f"Text {state.seq}.")),
        (staff, ExtendBreakouts(chance.randrange(1, 5))),
        (staff, CloseBreakouts(chance.choice((20, 300)))),
        (staff, AnswerHelp(group)),
        (anyone, VisitBreakout(group, chance.choice(MODES))),
        (anyone, StopSpeakingToAll()),
        *[(actor, LeaveBreakout()) for actor in cast.everyone if actor.participant in visiting] * 2,
        *[(staff, StopSpeakingToAll() if state.breakouts.speaking else SpeakToAll())] * 2,
        *[(staff, VisitBreakout(groups[0], "listen"))] * (0 if visiting else 2),
        *([chance.choice(rare)] if chance.random() < 0.2 else []),
    ]


def _in_a_child(state: RoomState, of: Parentage, chance: Random, cast: Cast, joins: list[Wish]) -> list[Wish]:
    """Who saw the end from outside saw all of it, so the host goes before."""
    if of.calls and not of.help and chance.random() < 0.6:
        is_host_here = cast.host.participant in state.participants
        return [(cast.host, LeaveSession()) if is_host_here else (SERVICE, EndBreakout(of.opening))]
    here = [person for person in cast.everyone if person.participant in state.participants]
    present = chance.choice(here or cast.everyone)
    plain = replace(_directive(state, of.opening, chance, cast), version=state.seq)
    script: list[Wish] = [
        (SERVICE, replace(plain, members=(), staff=(), visitors=())),
        (SERVICE, plain),
        (present, CallForHelp()),
        (present, WithdrawHelp()),
    ]
    if chance.random() < 0.5:
        return [script[state.seq % len(script)]]
    return [
        *joins,
        *[(present, WithdrawHelp() if of.help else CallForHelp())] * 4,
        (cast.host, OpenBreakouts()),
        *[(SERVICE, _directive(state, of.opening, chance, cast))] * 4,
    ]


def _directive(state: RoomState, opening: OpeningId, chance: Random, cast: Cast) -> DirectBreakout:
    """What a parent may say; ``version`` mostly grows."""
    parent = RoomKey(state.key.tenant, PARENT)
    of = state.breakouts.of
    some = [person for person in cast.others if chance.random() < 0.9]
    texts = of.announced if of is not None and of.opening == opening else 0
    visitor = VisitorPass(
        cast.assistant.id, cast.assistant.display_name, chance.choice(MODES), to_all=chance.random() < 0.3
    )
    return DirectBreakout(
        title="Red",
        owner=UserId(cast.host.id),
        parent=PARENT,
        session=SessionId("s1"),
        opening=opening,
        group=GroupId("g1"),
        group_name="Red",
        members=tuple(participant_id(parent, person.id) for person in some),
        staff=(StaffMember(cast.assistant.id, Role.CO_HOST),) if chance.random() < 0.7 else (),
        visitors=(visitor,) if chance.random() < 0.5 else (),
        announcements=(Announcement(texts + 1, f"Text {state.seq}.", "Tess"),)
        if chance.random() < 0.3
        else (),
        ends_at=chance.choice((None, state.at + 60_000)),
        closing=chance.random() < 0.3,
        carry=("f1",),
        helped=of.help if of is not None and chance.random() < 0.3 else 0,
        version=state.seq - chance.randrange(3),
    )
