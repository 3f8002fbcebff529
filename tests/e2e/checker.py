"""The judge: reads a room's log and what each client recorded, and names every broken promise.

It shares no code with the services: the log is taken as decoded JSON, straight from the stream. The
promises are invariants 1, 2 and 4 of reliability §5; the read models (3) are compared by rebuilding.

1. *Acknowledged is on the log*: an accepted command has exactly one commit with its id as cause and
   its seq inside; a rejected one has none.
2. *Once*: no two commits have the same actor and cause.
3. *Contiguous*: commits follow each other in seq without hole or repeat.
4. *Delivered as it is*: a client's spans are contiguous; inside them it saw exactly the visible
   events of the log, each once, with the same content; never one that is not in the log.
   At the door, where the log has it outside the class, it saw nothing of what was said inside; a frame
   in which it came or went counts as the door's, and a view follows.
"""

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Sent:
    """A command as a client sent it, and the answer it got (None: none yet, so: unknown).

    ``certain``: an acceptance must have left an event. What is true already is accepted without one.
    """

    id: str
    name: str
    answer: Json | None
    certain: bool = True


@dataclass
class ClientRecord:
    """Everything one client saw, in order. ``frames`` are ``view`` and ``events`` frames as received."""

    participant: str
    staff: bool = False
    sent: list[Sent] = field(default_factory=list)
    frames: list[Json] = field(default_factory=list)


def check(log: list[Json], clients: list[ClientRecord]) -> list[str]:
    """Every violation as one sentence; empty when all promises hold."""
    by_cause: Causes = {}
    for commit in log:
        by_cause.setdefault((commit["actor"].get("participant"), commit["cause"]), []).append(commit)
    truth = Truth(log)
    return [
        *_contiguous(log),
        *_once(log),
        *(problem for client in clients for problem in _acknowledged(by_cause, client)),
        *(problem for client in clients for problem in _delivered(truth, client)),
    ]


Causes = dict[tuple[str | None, str], list[Json]]


class Truth:
    """The log by seq, and which frames were found true already.

    Many clients share a frame: it is compared once for staff and once for others, unless its span holds
    an event that names participants.
    """

    def __init__(self, log: list[Json]) -> None:
        self.events = {commit["seq"] + i: event for commit in log for i, event in enumerate(commit["events"])}
        self.last = max(self.events, default=0)
        self._named = sorted(s for s, e in self.events.items() if not isinstance(e["audience"], str))
        own = ("lobby.", "roster.")
        self._about_one = sorted(s for s, e in self.events.items() if e["type"].startswith(own))
        self._found_true: set[tuple[int, bool, bool]] = set()
        self._moves = _moves(self.events)

    def is_inside(self, client: ClientRecord, seq: int) -> bool:
        """Whether the log has this client in the class after an event; staff are never at the door."""
        return client.staff or bisect_right(self._moves.get(client.participant, []), seq) % 2 == 1

    def moves(self, client: ClientRecord, frame: Json) -> bool:
        """Whether the client came or went within a frame's span."""
        if client.staff:
            return False
        moves = self._moves.get(client.participant, [])
        return bisect_right(moves, frame["after"]) != bisect_right(moves, frame["through"])

    def sees_inside(self, client: ClientRecord, frame: Json) -> bool:
        """Whether a frame shows the class to this client, and not just its door."""
        return self.is_inside(client, frame["after"]) and not self.moves(client, frame)

    def is_known(self, frame: Json, client: ClientRecord) -> bool:
        """Whether this very frame was compared before for a receiver of this kind."""
        is_inside = self.sees_inside(client, frame)
        single = self._named if is_inside else self._about_one
        first = bisect_right(single, frame["after"])
        if first < len(single) and single[first] <= frame["through"]:
            return False
        kind = (id(frame), client.staff, is_inside)
        known = kind in self._found_true
        self._found_true.add(kind)
        return known


def _span(commit: Json) -> range:
    return range(commit["seq"], commit["seq"] + len(commit["events"]))


def _contiguous(log: list[Json]) -> list[str]:
    problems = []
    expected = 1
    for commit in log:
        if not commit["events"]:
            problems.append(f"commit at seq {commit['seq']} has no event")
        if commit["seq"] != expected:
            problems.append(f"log: expected seq {expected}, found {commit['seq']}")
        expected = commit["seq"] + len(commit["events"])
    return problems


def _once(log: list[Json]) -> list[str]:
    causes = Counter((commit["actor"]["kind"], commit["actor"]["id"], commit["cause"]) for commit in log)
    return [f"{count} commits for command {key}" for key, count in causes.items() if count > 1]


def _acknowledged(by_cause: Causes, client: ClientRecord) -> list[str]:
    problems = []
    answers: dict[str, Json] = {}
    certain = {sent.id for sent in client.sent if sent.certain}
    for sent in client.sent:
        if sent.answer is None:
            continue
        earlier = answers.setdefault(sent.id, sent.answer)
        if _essence(earlier) != _essence(sent.answer):
            problems.append(f"command {sent.id} was answered {earlier} and then {sent.answer}")
    for command, answer in answers.items():
        commits = by_cause.get((client.participant, command), [])
        if answer["accepted"] and not commits and command in certain:
            problems.append(f"command {command} of {client.participant} was accepted but is not on the log")
        # What was so already left nothing to remember it by: redelivered after a takeover it is decided anew.
        decided_anew = command not in certain and commits and answer.get("seq", 0) < commits[0]["seq"]
        if answer["accepted"] and commits and answer["seq"] != _span(commits[0])[-1] and not decided_anew:
            problems.append(f"command {command} was accepted at {answer['seq']}, not {_span(commits[0])[-1]}")
        if not answer["accepted"] and commits and answer.get("code") != "log_unavailable":
            problems.append(f"command {command} was rejected ({answer.get('code')}) but is on the log")
    return problems


def _essence(answer: Json) -> tuple[bool, int | None]:
    return answer["accepted"], answer.get("seq")


def _delivered(truth: Truth, client: ClientRecord) -> list[str]:
    problems = []
    position: int | None = None
    owed = False
    for frame in client.frames:
        if frame["t"] == "view":
            owed = False
            seq = frame["view"]["seq"]
            if position is not None and seq < position:
                problems.append(f"{client.participant}: view went back from {position} to {seq}")
            position = seq
            continue
        if position is None:
            problems.append(f"{client.participant}: events before any view")
        elif frame["after"] != position:
            problems.append(
                f"{client.participant}: at {position}, but the frame starts after {frame['after']}"
            )
        if owed:
            problems.append(f"{client.participant}: came or went before {position} without a fresh view")
        owed = truth.moves(client, frame)
        position = frame["through"]
        if position > truth.last:
            problems.append(f"{client.participant}: told of seq {position}, but the log ends at {truth.last}")
        if not truth.is_known(frame, client):
            problems.extend(_span_is_true(truth, client, frame))
    return problems


def _span_is_true(log: Truth, client: ClientRecord, frame: Json) -> list[str]:
    problems = []
    truth, is_inside = log.events, log.sees_inside(client, frame)
    span = range(frame["after"] + 1, frame["through"] + 1)
    seen = [event["seq"] for event in frame["events"]]
    if seen != sorted(set(seen)):
        problems.append(f"{client.participant}: events repeated or out of order: {seen}")
    for event in frame["events"]:
        fact = truth.get(event["seq"])
        if event["seq"] not in span:
            problems.append(f"{client.participant}: event {event['seq']} lies outside its span")
        elif fact is None:
            problems.append(f"{client.participant}: event {event['seq']} is not in the log")
        elif fact["type"] != event["type"] or not _agrees(fact["data"], event["data"]):
            problems.append(f"{client.participant}: event {event['seq']} differs from the log")
        elif not _visible(fact, client, is_inside):
            problems.append(f"{client.participant}: event {event['seq']} was not for them")
    missing = {s for s in span if s in truth and _visible(truth[s], client, is_inside)} - set(seen)
    problems.extend(f"{client.participant}: event {seq} is missing" for seq in sorted(missing))
    return problems


def _agrees(fact: Json, told: Json) -> bool:
    """Private fields may be left out or emptied for those who are not staff; nothing else may differ."""
    private = {"person", "edge", "connection", "owner", "device"}
    return {k: v for k, v in fact.items() if k not in private} == {
        k: v for k, v in told.items() if k not in private
    }


def _visible(fact: Json, client: ClientRecord, is_inside: bool) -> bool:
    audience = fact["audience"]
    if not is_inside:
        return _visible_at_door(fact, client)
    if audience == "everyone":
        return True
    if audience == "staff":
        return client.staff
    return client.participant in audience or (client.staff and "staff" in audience)


def _visible_at_door(fact: Json, client: ClientRecord) -> bool:
    """That the class begins or ends, and one's own coming, waiting and going."""
    topic, audience = fact["type"].partition(".")[0], fact["audience"]
    if topic == "lobby":
        return not isinstance(audience, str) and client.participant in audience
    is_own: bool = topic == "roster" and fact["data"].get("participant") == client.participant
    return audience == "everyone" and (topic == "lifecycle" or is_own)


def _moves(events: dict[int, Json]) -> dict[str, list[int]]:
    """When each participant came, went, came ...; all who are left go with the end of the class."""
    moves: dict[str, list[int]] = {}
    inside: set[str] = set()
    for seq, event in sorted(events.items()):
        who = event["data"].get("participant")
        match event["type"]:
            case "roster.joined" if who not in inside:
                inside.add(who)
                moves.setdefault(who, []).append(seq)
            case "roster.left" if who in inside:
                inside.remove(who)
                moves[who].append(seq)
            case "lifecycle.session_ended":
                for each in inside:
                    moves[each].append(seq)
                inside.clear()
    return moves
