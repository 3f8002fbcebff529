"""Golden vectors of what is on a page: the read model's answer and the events around it give the truth.

Each vector is one browser that opened a page at some moment of a story, was answered by a read model that
had come some way, perhaps not far enough, and heard the events meanwhile. ``Ink`` is the naive model that
the browser (``net/ink.ts``) and the tables (``projectors.boards``) must agree with.
``python -m tests.golden.ink_vectors`` writes the file anew.
"""

import json
import random
from pathlib import Path
from typing import Any

import msgspec

from rooms.boards import view
from rooms.state import RoomState
from rooms.viewer import viewer
from schemas.commands.boards import CreateBoard
from schemas.envelope import Commit, Event, encode_event_data
from schemas.events import EventData
from schemas.events.boards import DrawingsWithdrawn, Drawn, PageCleared
from schemas.ids import BoardId, PageId
from tests.unit.rooms.classroom import CORA, GUS, SAM, TESS, VERA, Class
from tests.wishes.boards import wishes
from tests.wishes.cast import Cast

Json = dict[str, Any]
Place = tuple[BoardId, PageId]
FILE = Path(__file__).parent / "ink.json"
CAST = Cast(TESS, CORA, (SAM, VERA, GUS))
STEPS, VECTORS = 260, 20


class Ink:
    """What is on every page after some events: element id to (seq, author, element)."""

    def __init__(self) -> None:
        self.pages: dict[Place, dict[str, tuple[int, str, Json]]] = {}
        self.heads: dict[Place, tuple[int, int]] = {}

    def hear(self, seq: int, data: EventData) -> None:
        """Puts what the event says in place of what was there."""
        if not isinstance(data, Drawn | PageCleared | DrawingsWithdrawn):
            return
        place = (data.board, data.page)
        there = self.pages.setdefault(place, {})
        generation = self.heads.get(place, (0, 0))[1]
        match data:
            case Drawn(elements=drawn):
                for one in drawn:
                    fields = msgspec.json.decode(one.element)
                    there[fields["id"]] = (seq, one.author, fields)
            case PageCleared(generation=generation):
                there.clear()
            case DrawingsWithdrawn(author=author):
                for gone in [k for k, (_, by, _) in there.items() if by == author]:
                    del there[gone]
        self.heads[place] = (seq, generation)

    def answer(self, place: Place) -> Json:
        """The page as the read model answers it."""
        seq, generation = self.heads.get(place, (0, 0))
        elements = [
            {"author": author, "element": fields}
            for _, author, fields in sorted(
                self.pages.get(place, {}).values(), key=lambda drawn: (drawn[0], drawn[2]["id"])
            )
            if not fields["isDeleted"]
        ]
        return {"seq": seq, "generation": generation, "elements": elements}


def story() -> tuple[list[Commit], list[RoomState]]:
    """A class that draws, clears, takes back, deletes pages: its commits, and the room after each."""
    chance = random.Random("ink")
    room = Class().live(TESS, SAM, VERA)
    begun = len(room.log)
    states: list[RoomState] = []
    room.facts(TESS, CreateBoard("Sketches"))
    states.append(room.state)
    for _ in range(STEPS):
        actor, command = chance.choice(wishes(room.state, chance, CAST))
        facts = room.ask(actor, command)
        if isinstance(facts, tuple) and facts:
            states.append(room.state)
    return room.log[begun:], states


def after(commits: list[Commit]) -> Ink:
    """The naive model after these commits."""
    ink = Ink()
    for commit in commits:
        for i, event in enumerate(commit.events):
            ink.hear(commit.seq + i, event.data)
    return ink


def wire(commit: Commit) -> list[Json]:
    """The events as a browser gets them."""

    def one(seq: int, event: Event) -> Json:
        actor = {"kind": commit.actor.kind, "id": "", "participant": commit.actor.participant}
        data = json.loads(bytes(encode_event_data(event.data)))
        return {"seq": seq, "at": commit.at, "type": event.type, "actor": actor, "data": data}

    return [one(commit.seq + i, event) for i, event in enumerate(commit.events)]


def vectors() -> list[Json]:
    """Browsers that opened pages at random moments, with a read model that lagged at random."""
    chance = random.Random("vectors")
    commits, states = story()
    made: list[Json] = []
    while len(made) < VECTORS:
        opened = chance.randrange(len(commits) - 1)
        open_boards = states[opened].boards.boards
        places = [(b.id, p) for b in open_boards.values() for p in b.pages]
        heard = chance.randrange(1, min(14, len(commits) - opened))
        now = states[opened + heard].boards.boards
        place = chance.choice(places) if places else (BoardId("gone"), PageId("gone"))
        if place[0] not in now or place[1] not in now[place[0]].pages:
            continue  # The page is closed: nobody has it open.
        made.append(_vector(chance, commits, states, place, opened, heard))
    return made


def _vector(
    chance: random.Random,
    commits: list[Commit],
    states: list[RoomState],
    place: Place,
    opened: int,
    heard: int,
) -> Json:
    wanted = states[opened].boards.boards[place[0]].pages[place[1]].seq
    steps: list[Json] = []
    done = False
    for i in range(heard + 1):
        step: Json = {"events": wire(commits[opened + i]) if i else []}
        if i == heard or chance.random() < 0.3:
            reached = opened + i if i == heard else chance.randrange(opened + i + 1)
            answer = after(commits[: reached + 1]).answer(place)
            answer["seq"] = max(answer["seq"], _made(commits[: reached + 1], place))
            step["answer"] = answer
            done = done or answer["seq"] >= wanted
        steps.append({**step, "loaded": done})
    truth = after(commits[: opened + heard + 1]).answer(place)
    boards = json.loads(msgspec.json.encode(view(states[opened], viewer(states[opened], None))))
    return {"board": place[0], "page": place[1], "boards": boards, "steps": steps, "after": truth}


def _made(commits: list[Commit], place: Place) -> int:
    """The seq with which the page came to the room, if it has by now."""
    return max(
        (
            commit.seq + i
            for commit in commits
            for i, event in enumerate(commit.events)
            if event.type in {"board.created", "board.page_added"}
            and (getattr(event.data, "board", ""), getattr(event.data, "page", "")) == place
        ),
        default=0,
    )


def content() -> bytes:
    """The file."""
    return ("[\n" + ",\n".join(json.dumps(v, ensure_ascii=False) for v in vectors()) + "\n]\n").encode()


if __name__ == "__main__":
    FILE.write_bytes(content())
