"""Wishes about lifecycle."""

from random import Random

from rooms.state import RoomState
from schemas.commands import Command
from schemas.commands.lifecycle import (
    ArchiveRoom,
    AssignCourse,
    CancelSeries,
    CancelSession,
    ChangeSettings,
    ExtendSession,
    MoveSession,
    RenameRoom,
    RenameSession,
    RestoreRoom,
    ScheduleSeries,
    ScheduleSession,
    StartSession,
)
from schemas.ids import CourseId, SeriesId, SessionId
from schemas.media import Role
from schemas.room_settings import RoomSettings
from tests.wishes.cast import Cast, Wish

EXAMPLES: tuple[Command, ...] = (
    ScheduleSeries("Fractions", (1, 2), 45),
    MoveSession(SessionId("s"), 1, 45),
    RenameSession(SessionId("s"), "Fractions"),
    CancelSession(SessionId("s")),
    CancelSeries(SeriesId("ss")),
    ExtendSession(15),
    ChangeSettings(RoomSettings(capacity=30)),
    RenameRoom("Algebra II"),
    AssignCourse(CourseId("maths")),
    ArchiveRoom(),
    RestoreRoom(),
)

_MINUTE = 60_000


def wishes(state: RoomState, chance: Random, cast: Cast) -> list[Wish]:
    """What somebody may want now."""
    who = cast.anyone(chance)
    known = [s.id for s in state.scheduled] + ([state.session.id] if state.session else [])
    session = chance.choice([*known, SessionId("gone")])
    series = chance.choice([*(s.series for s in state.scheduled if s.series), SeriesId("gone")])
    soon = state.at + chance.randrange(1, 90) * _MINUTE
    minutes = chance.choice((1, 20, 45))
    starts = tuple(soon + week * 7 * 24 * 60 * _MINUTE for week in range(3))
    commands: list[Command] = [
        ScheduleSession("Fractions", soon, minutes),
        ScheduleSeries("Every week", starts, minutes),
        MoveSession(session, soon, minutes),
        RenameSession(session, chance.choice(("Fractions", "Decimals"))),
        CancelSession(session),
        CancelSeries(series),
        StartSession(session),
        ExtendSession(chance.choice((5, 180))),
        ChangeSettings(_settings(state, chance)),
        RenameRoom(chance.choice(("Algebra", "Geometry"))),
        AssignCourse(chance.choice((None, CourseId("maths")))),
        ArchiveRoom(),
        RestoreRoom(),
    ]
    by_host: list[Wish] = [(cast.host, command) for command in commands]
    if state.archived and chance.random() < 0.8:
        return [(cast.host, RestoreRoom())]  # Nothing would happen here any more.
    return [*by_host, *((who, command) for command in commands)]


def _settings(state: RoomState, chance: Random) -> RoomSettings:
    """Mostly what is, so that a class can go on."""
    return RoomSettings(
        default_role=chance.choice((Role.SPEAKER, Role.VIEWER)),
        lobby=chance.choice((state.settings.lobby, "off", "guests", "everyone")),
        capacity=chance.choice((2, 2_000)),
        end_at_time=chance.random() < 0.5,
    )
