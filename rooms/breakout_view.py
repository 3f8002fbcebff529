"""What somebody sees of groups and breakout rooms."""

from rooms.grouping import group_of
from rooms.state import RoomState
from rooms.state.breakouts import Breakouts, Child, Opening, Parentage
from rooms.viewer import Viewer
from schemas.breakouts import Group
from schemas.view.breakouts import (
    BreakoutsView,
    ChildView,
    OpenGroupView,
    OpeningView,
    VisitorView,
    VisitView,
)


def view(state: RoomState, viewer: Viewer) -> BreakoutsView:
    """What somebody sees of it."""
    breakouts = state.breakouts
    return BreakoutsView(
        breakouts.groups if viewer.is_staff else (),
        _opening(breakouts, breakouts.opening, viewer) if breakouts.opening else None,
        _of(breakouts.of) if breakouts.of else None,
        viewer.is_staff,
    )


def _opening(breakouts: Breakouts, opening: Opening, viewer: Viewer) -> OpeningView:
    mine = group_of(breakouts.groups, viewer.participant) if viewer.participant else None
    visits = tuple(v for v in breakouts.visits if viewer.is_staff or v.participant == viewer.participant)
    return OpeningView(
        opening.id,
        opening.ends_at,
        opening.closing,
        opening.carry,
        opening.free_choice,
        mine.id if mine else None,
        tuple(
            _open_group(
                group,
                room,
                enters=viewer.is_staff or opening.free_choice or group is mine,
                is_staff=viewer.is_staff,
            )
            for group, room in zip(breakouts.groups, opening.children, strict=True)
        ),
        tuple(VisitView(v.participant, v.group, v.mode) for v in visits),
        breakouts.speaking,
        opening.announcements,
    )


def _open_group(group: Group, room: Child, *, enters: bool, is_staff: bool) -> OpenGroupView:
    shown = room if is_staff else Child(room.group, room.room)
    return OpenGroupView(
        group.id,
        group.name,
        group.participants,
        room.room if room.ready and enters else None,
        shown.present,
        shown.hands,
        shown.over,
        shown.help,
        shown.help_at,
    )


def _of(of: Parentage) -> ChildView:
    return ChildView(
        of.parent,
        of.opening,
        of.group,
        of.group_name,
        of.members,
        of.ends_at,
        of.closing,
        of.carry,
        tuple(VisitorView(v.participant, v.display_name, v.mode, v.to_all) for v in of.visitors),
        of.announcements,
        of.help,
        of.closed,
    )
