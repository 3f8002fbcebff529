"""Wishes about breakouts: of a parent room, and of a room that has become a child."""

from random import Random

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
from schemas.commands.roster import JoinSession, RemoveParticipant
from schemas.ids import GroupId, OpeningId, RoomId, RoomKey, SessionId, UserId, participant_id
from schemas.media import Role
from tests.wishes.cast import SERVICE, Cast, Wish

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
    if of is not None and not of.closed:
        return [*joins, *_in_a_child(state, of, chance, cast)]
    if opening is not None:
        return [*joins, *_while_open(state, opening, chance, cast)]
    return [*joins, *_before(state, chance, cast)]


def _before(state: RoomState, chance: Random, cast: Cast) -> list[Wish]:
    staff = chance.choice((cast.host, cast.host, cast.assistant))
    people = [person.participant for person in cast.others if person.participant is not None]
    groups = [*(g.id for g in state.breakouts.groups), GONE]
    plan = PlanBreakouts((GroupPlan("Red", tuple(people[:1])), GroupPlan("Blue", tuple(people[1:]))))
    become = _directive(state, OpeningId(f"o{state.seq}"), chance, cast)
    return [
        (staff, plan),
        (staff, PlanByNumber(chance.randrange(1, 4))),
        (staff, PlanAtRandom(size=chance.randrange(1, 4))),
        (staff, PlanLikeLastTime()),
        (cast.anyone(chance), MoveParticipant(chance.choice(people), chance.choice([*groups, None]))),
        *[(staff, OpenBreakouts(chance.choice((None, 1, 5)), ("f1",), free_choice=chance.random() < 0.3))]
        * 4,
        (cast.anyone(chance), CallForHelp()),
        *[(SERVICE, ConfirmClosed(tuple(c.room for c in state.breakouts.closing)))] * 2,
        *([(SERVICE, become)] if state.breakouts.last and chance.random() < 0.15 else []),
    ]


def _while_open(state: RoomState, opening: Opening, chance: Random, cast: Cast) -> list[Wish]:
    staff = chance.choice((cast.host, cast.host, cast.assistant))
    anyone = cast.anyone(chance)
    people = [person.participant for person in cast.everyone if person.participant is not None]
    groups = [*(g.id for g in state.breakouts.groups), GONE]
    group = chance.choice(groups)
    told = ReportBreakout(
        opening.id,
        group,
        tuple(p for p in people if chance.random() < 0.5),
        chance.randrange(3),
        chance.randrange(4),
        over=chance.random() < 0.1,
    )
    rare: list[Wish] = [
        (staff, CloseBreakouts(0)),
        (staff, RemoveParticipant(chance.choice(people), ban=False)),
        (SERVICE, _directive(state, OpeningId("other"), chance, cast)),
    ]
    return [
        *[(SERVICE, told)] * 8,
        (staff, MoveParticipant(chance.choice(people), chance.choice([*groups, None]))),
        (staff, PlanByNumber(2)),
        (anyone, ChooseBreakout(group)),
        (anyone, LeaveBreakout()),
        (staff, BroadcastToBreakouts(f"Text {state.seq}.")),
        (staff, ExtendBreakouts(chance.randrange(1, 5))),
        (staff, CloseBreakouts(chance.choice((20, 300)))),
        (staff, AnswerHelp(group)),
        (staff, VisitBreakout(group, chance.choice(MODES))),
        (anyone, VisitBreakout(group, chance.choice(MODES))),
        (staff, SpeakToAll()),
        (anyone, StopSpeakingToAll()),
        *([chance.choice(rare)] if chance.random() < 0.2 else []),
    ]


def _in_a_child(state: RoomState, of: Parentage, chance: Random, cast: Cast) -> list[Wish]:
    anyone = cast.anyone(chance)
    return [
        (anyone, CallForHelp()),
        (anyone, WithdrawHelp()),
        (cast.host, OpenBreakouts()),
        *[(SERVICE, _directive(state, of.opening, chance, cast))] * 2,
        *([(SERVICE, EndBreakout(of.opening))] if chance.random() < 0.3 else []),
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
