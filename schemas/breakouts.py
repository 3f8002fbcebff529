"""Values of breakouts that are in commands, events, state and view."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.ids import TOKEN_PATTERN, DeckToken, FileToken, GroupId, ParticipantToken
from schemas.limits import (
    BREAKOUT_CARRY_MAX,
    BREAKOUT_MEMBERS_MAX,
    BREAKOUT_NAME_CHARS_MAX,
    BREAKOUT_TEXT_CHARS_MAX,
    CUSTOM_ROLE_NAME_CHARS_MAX,
    DECK_PAGES_MAX,
    NAME_CHARS_MAX,
    TITLE_CHARS_MAX,
)
from schemas.media import Role

GroupName = Annotated[str, Meta(min_length=1, max_length=BREAKOUT_NAME_CHARS_MAX)]
Members = Annotated[tuple[ParticipantToken, ...], Meta(max_length=BREAKOUT_MEMBERS_MAX)]
BreakoutText = Annotated[str, Meta(min_length=1, max_length=BREAKOUT_TEXT_CHARS_MAX)]
Person = Annotated[str, Meta(min_length=1, max_length=80)]
CustomRole = Annotated[str, Meta(max_length=CUSTOM_ROLE_NAME_CHARS_MAX)]
Shown = Annotated[str, Meta(max_length=NAME_CHARS_MAX)]
Carry = Annotated[
    tuple[Annotated[str, Meta(pattern=TOKEN_PATTERN)], ...], Meta(max_length=BREAKOUT_CARRY_MAX)
]
"""Files and slide decks of the parent room that its child rooms show too. A child room has the decks as its
own, to draw on; the bytes of all of them are the parent's, where everybody in a group is in class too."""

VisitMode = Literal["listen", "speak", "visit"]
"""What a visitor publishes in a child room: nothing, the microphone, everything that the role grants."""


class GroupPlan(Struct, frozen=True, forbid_unknown_fields=True):
    """A group as somebody plans it by hand. People need not be in class yet."""

    name: GroupName
    participants: Members = ()


class Group(Struct, frozen=True):
    """A group with its people, by their participant ids in the parent room."""

    id: GroupId
    name: str
    participants: tuple[ParticipantToken, ...]


class Announcement(Struct, frozen=True):
    """A text for all child rooms; ``number`` counts those of one opening from 1."""

    number: Annotated[int, Meta(ge=1)]
    text: BreakoutText
    display_name: Shown


class CarriedDeck(Struct, frozen=True):
    """Slides of the parent; ``file`` is opened under the parent's address."""

    deck: DeckToken
    title: Annotated[str, Meta(min_length=1, max_length=TITLE_CHARS_MAX)]
    pages: Annotated[int, Meta(ge=1, le=DECK_PAGES_MAX)]
    file: FileToken


class StaffMember(Struct, frozen=True):
    """Somebody of the parent's staff who may enter every child room. ``person`` is a user or guest."""

    person: Person
    role: Role
    custom_role: CustomRole = ""


class VisitorPass(Struct, frozen=True):
    """Somebody whom the parent lets into a child room; ``to_all``: they speak to all rooms at once."""

    person: Person
    display_name: Shown
    mode: VisitMode
    to_all: bool = False
