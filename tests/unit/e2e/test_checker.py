"""The judge must catch what it is there for: each seeded fault breaks exactly one promise."""

import copy
import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.checker import ClientRecord, Sent, check

Json = dict[str, Any]


JOINS = {0: "p0", 20: "p2"}


def history(seed: int) -> tuple[list[Json], list[ClientRecord]]:
    """A true history: commits of one to three events; one client in class, one of the staff, and one who
    stands at the door and comes in late."""
    chance = random.Random(seed)
    log: list[Json] = []
    clients = [ClientRecord("p0"), ClientRecord("p1", staff=True), ClientRecord("p2")]
    seq = 1
    for n in range(40):
        author = clients[n % 2]
        events = [
            {
                "type": "chat.posted",
                "audience": chance.choice(["everyone", "everyone", "staff", ["p0"]]),
                "data": {"message": f"m{n}.{i}", "text": "x"},
            }
            for i in range(chance.randint(1, 3))
        ]
        if n in JOINS:
            events.insert(
                0, {"type": "roster.joined", "audience": "everyone", "data": {"participant": JOINS[n]}}
            )
        log.append(
            {
                "seq": seq,
                "cause": f"c{n}",
                "actor": {"kind": "user", "id": author.participant, "participant": author.participant},
                "events": events,
            }
        )
        seq += len(events)
        answer = {"id": f"c{n}", "accepted": True, "seq": seq - 1}
        author.sent.append(Sent(f"c{n}", "post_message", answer))
        if n % 7 == 0:
            author.sent.append(Sent(f"c{n}", "post_message", answer))
    clients[0].sent.append(
        Sent("refused", "end_session", {"id": "refused", "accepted": False, "code": "forbidden"})
    )
    clients[0].sent.append(Sent("unanswered", "post_message", None))
    for client in clients:
        client.frames = frames(log, client, chance)
    return log, clients


def frames(log: list[Json], client: ClientRecord, chance: random.Random) -> list[Json]:
    """A view somewhere at the start, then spans of random length."""
    last = log[-1]["seq"] + len(log[-1]["events"]) - 1
    position = chance.randint(1, 5)
    out: list[Json] = [{"t": "view", "view": {"seq": position}}]
    truth = [(c["seq"] + i, e) for c in log for i, e in enumerate(c["events"])]
    came = next((s for s, e in truth if e["data"].get("participant") == client.participant), 0)
    while position < last:
        through = min(last, position + chance.randint(1, 6))
        seen = [
            {"seq": s, "type": e["type"], "data": e["data"]}
            for s, e in truth
            if position < s <= through
            and (
                s == came
                if came > position
                else e["audience"] == "everyone"
                or (e["audience"] == "staff" and client.staff)
                or (isinstance(e["audience"], list) and client.participant in e["audience"])
            )
        ]
        out.append({"t": "events", "after": position, "through": through, "events": seen})
        if position < came <= through:
            out.append({"t": "view", "view": {"seq": through}})
        position = through
    return out


def filled(clients: list[ClientRecord], least: int = 1) -> Json:
    """Some frame with enough events in it."""
    return next(f for f in clients[0].frames if f["t"] == "events" and len(f["events"]) >= least)


Fault = Callable[[list[Json], list[ClientRecord]], None]


def lose_commit(log: list[Json], clients: list[ClientRecord]) -> None:
    del log[20]


def lose_last_commit(log: list[Json], clients: list[ClientRecord]) -> None:
    del log[-1]


def double_commit(log: list[Json], clients: list[ClientRecord]) -> None:
    again = copy.deepcopy(log[-1])
    again["seq"] += len(again["events"])
    log.append(again)


def swap_commits(log: list[Json], clients: list[ClientRecord]) -> None:
    log[10], log[11] = log[11], log[10]


def empty_commit(log: list[Json], clients: list[ClientRecord]) -> None:
    log.append({**log[-1], "seq": log[-1]["seq"] + len(log[-1]["events"]), "cause": "e", "events": []})


def reuse_seq(log: list[Json], clients: list[ClientRecord]) -> None:
    log[15]["seq"] = log[14]["seq"]


def wrong_ack_seq(log: list[Json], clients: list[ClientRecord]) -> None:
    clients[1].sent[5] = Sent(clients[1].sent[5].id, "post_message", {"accepted": True, "seq": 1})


def changed_answer(log: list[Json], clients: list[ClientRecord]) -> None:
    first = clients[0].sent[0]
    clients[0].sent.append(Sent(first.id, "post_message", {"accepted": False, "code": "expired"}))


def ack_of_nothing(log: list[Json], clients: list[ClientRecord]) -> None:
    clients[0].sent.append(Sent("ghost", "post_message", {"accepted": True, "seq": 9}))


def rejected_but_done(log: list[Json], clients: list[ClientRecord]) -> None:
    clients[0].sent = [Sent(log[0]["cause"], "x", {"accepted": False, "code": "forbidden"})]


def stolen_cause(log: list[Json], clients: list[ClientRecord]) -> None:
    log[2]["actor"]["participant"] = "p1"


def drop_event(log: list[Json], clients: list[ClientRecord]) -> None:
    filled(clients)["events"].pop()


def repeat_event(log: list[Json], clients: list[ClientRecord]) -> None:
    frame = filled(clients)
    frame["events"].append(frame["events"][-1])


def reorder_events(log: list[Json], clients: list[ClientRecord]) -> None:
    filled(clients, 2)["events"].reverse()


def drop_frame(log: list[Json], clients: list[ClientRecord]) -> None:
    del clients[0].frames[3]


def repeat_frame(log: list[Json], clients: list[ClientRecord]) -> None:
    clients[0].frames.insert(3, clients[0].frames[3])


def swap_frames(log: list[Json], clients: list[ClientRecord]) -> None:
    f = clients[0].frames
    f[2], f[3] = f[3], f[2]


def invent_event(log: list[Json], clients: list[ClientRecord]) -> None:
    end = clients[0].frames[-1]["through"]
    event = {"seq": end + 1, "type": "chat.posted", "data": {}}
    clients[0].frames.append({"t": "events", "after": end, "through": end + 1, "events": [event]})


def change_content(log: list[Json], clients: list[ClientRecord]) -> None:
    frame = filled(clients)
    frame["events"][0] = {**frame["events"][0], "data": {"message": "m", "text": "forged"}}


def change_type(log: list[Json], clients: list[ClientRecord]) -> None:
    frame = filled(clients)
    frame["events"][0] = {**frame["events"][0], "type": "chat.erased"}


def leak_staff_event(log: list[Json], clients: list[ClientRecord]) -> None:
    seq, event = next(
        (commit["seq"] + i, event)
        for commit in log[8:]
        for i, event in enumerate(commit["events"])
        if event["audience"] == "staff"
    )
    frame = next(f for f in clients[0].frames if f["t"] == "events" and f["after"] < seq <= f["through"])
    frame["events"].append({"seq": seq, "type": event["type"], "data": event["data"]})
    frame["events"].sort(key=lambda e: e["seq"])


def show_through_the_door(log: list[Json], clients: list[ClientRecord]) -> None:
    frame = clients[2].frames[1]
    event = next(e for c in log[1:] for e in c["events"] if e["audience"] == "everyone")
    seq = next(c["seq"] + i for c in log for i, e in enumerate(c["events"]) if e is event)
    frame["through"] = max(frame["through"], seq)
    frame["events"].append({"seq": seq, "type": event["type"], "data": event["data"]})


def hide_from_who_came_in(log: list[Json], clients: list[ClientRecord]) -> None:
    late = [f for f in clients[2].frames if f["t"] == "events" and f["events"]]
    late[-1]["events"].pop()


def no_view_after_coming_in(log: list[Json], clients: list[ClientRecord]) -> None:
    views = [n for n, f in enumerate(clients[2].frames) if f["t"] == "view"]
    del clients[2].frames[views[1]]


def view_goes_back(log: list[Json], clients: list[ClientRecord]) -> None:
    clients[0].frames.append({"t": "view", "view": {"seq": 2}})


def events_before_view(log: list[Json], clients: list[ClientRecord]) -> None:
    del clients[0].frames[0]


def outside_span(log: list[Json], clients: list[ClientRecord]) -> None:
    frame = filled(clients)
    frame["events"][-1] = {**frame["events"][-1], "seq": frame["through"] + 3}


FAULTS: list[Fault] = [
    lose_commit, lose_last_commit, double_commit, swap_commits, empty_commit, reuse_seq, wrong_ack_seq,
    changed_answer, ack_of_nothing, rejected_but_done, stolen_cause, drop_event, repeat_event,
    reorder_events, drop_frame, repeat_frame, swap_frames, invent_event, change_content, change_type,
    leak_staff_event, view_goes_back, events_before_view, outside_span, show_through_the_door,
    hide_from_who_came_in, no_view_after_coming_in,
]  # fmt: skip


@pytest.mark.parametrize("seed", range(20))
def test_a_true_history_has_no_violation(seed: int) -> None:
    log, clients = history(seed)
    assert check(log, clients) == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("seed", range(5))
def test_a_seeded_fault_is_caught(fault: Fault, seed: int) -> None:
    log, clients = history(seed)
    fault(log, clients)
    assert check(log, clients)
