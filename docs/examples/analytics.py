"""Counts talk, hands and poll answers of each lesson of a school: an example of a consumer of its own.

    classwire tenant analytics demo > school.json
    python docs/examples/analytics.py school.json counts.db          # goes on for ever
    python docs/examples/analytics.py school.json counts.db --once   # until nothing is left

It needs nats-py and nothing of Classwire. Every message is a commit (schemas/PROTOCOL.md): what one
command caused, as JSON. The durable subscription remembers how far we are, and brings again what we did
not acknowledge; so what a message changes is stored together with its place in the log, and a message
that comes twice is counted once.
"""

import asyncio
import json
import sqlite3
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nats
from nats.aio.msg import Msg
from nats.errors import TimeoutError as NothingLeft

TABLES = """
create table if not exists place (stream_seq integer not null);
create table if not exists lesson (
    room text, session text, title text, talk_ms integer default 0, hands integer default 0,
    answers integer default 0, ended integer default 0, primary key (room, session)
);
create table if not exists microphone (room text, track text, since integer, primary key (room, track));
"""


def count(db: sqlite3.Connection, message: Msg) -> None:
    """Stores what a commit changes, with its place, in one transaction."""
    stream_seq = message.metadata.sequence.stream
    with db:
        place = db.execute("select max(stream_seq) from place").fetchone()[0] or 0
        if stream_seq <= place:
            return
        _, _, room, *_ = message.subject.split(".")  # class.<tenant>.<room>.evt.<topic>
        commit = json.loads(message.data)
        for event in commit["events"]:
            apply(db, room, event["type"], event["data"], commit["at"])
        db.execute("delete from place")
        db.execute("insert into place values (?)", (stream_seq,))


def apply(db: sqlite3.Connection, room: str, type_: str, data: Mapping[str, Any], at: int) -> None:
    """One event. Types that are not here are none of our business."""
    match type_:
        case "lifecycle.session_started":
            row = (room, data["session"], data["title"])
            db.execute("insert into lesson (room, session, title) values (?, ?, ?)", row)
        case "lifecycle.session_ended":
            for (track,) in db.execute("select track from microphone where room = ?", (room,)).fetchall():
                silent(db, room, track, at)
            db.execute("update lesson set ended = 1 where room = ? and not ended", (room,))
        case "floor.hand_raised":
            db.execute("update lesson set hands = hands + 1 where room = ? and not ended", (room,))
        case "poll.answered":
            new = 0 if data.get("before") is not None else 1  # An answer that was changed counts once.
            db.execute("update lesson set answers = answers + ? where room = ? and not ended", (new, room))
        case "track.published" if data["source"] == "microphone":
            since = None if data["muted"] else at
            db.execute("insert or replace into microphone values (?, ?, ?)", (room, data["track"], since))
        case "track.unmuted":
            where = (at, room, data["track"])
            db.execute("update microphone set since = ? where room = ? and track = ?", where)
        case "track.muted" | "track.closed":
            silent(db, room, data["track"], at)


def silent(db: sqlite3.Connection, room: str, track: str, at: int) -> None:
    """A microphone that was open is not any more."""
    found = db.execute("select since from microphone where room = ? and track = ?", (room, track)).fetchone()
    if found and found[0] is not None:
        talked = (at - found[0], room)
        db.execute("update lesson set talk_ms = talk_ms + ? where room = ? and not ended", talked)
        db.execute("update microphone set since = null where room = ? and track = ?", (room, track))


async def run(granted: Mapping[str, str], db: sqlite3.Connection, *, once: bool) -> None:
    """Reads the durable subscription."""
    connection = await nats.connect(
        granted["servers"].split(","), user=granted["user"], password=granted["password"]
    )
    log = await connection.jetstream().pull_subscribe_bind(
        consumer=granted["durable"], stream=granted["stream"]
    )
    try:
        while True:
            try:
                messages = await log.fetch(500, timeout=2)
            except NothingLeft:
                if once:
                    return
                continue
            for message in messages:
                count(db, message)
                await message.ack()
    finally:
        await connection.flush()
        await connection.close()


def main() -> None:
    """Counts, then shows."""
    credentials, file, *options = sys.argv[1:]
    db = sqlite3.connect(file)
    db.executescript(TABLES)
    asyncio.run(run(json.loads(Path(credentials).read_text()), db, once="--once" in options))
    print("room  lesson  talk_s  hands  answers")
    for room, title, talk, hands, answers in db.execute(
        "select room, title, talk_ms / 1000, hands, answers from lesson order by rowid"
    ):
        print(f"{room}  {title}  {talk}  {hands}  {answers}")
    db.close()


if __name__ == "__main__":
    main()
