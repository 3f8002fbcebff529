"""JetStream's API in memory: acknowledgements, direct get, durable subscriptions that are pulled.

It answers the requests that our own files send and no others; an unknown one finds no responder.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from bus.api import NANOSECONDS
from bus.memory_streams import Record, Stream, StreamError

Send = Callable[[str, str, bytes, Mapping[str, str], str], bool]
"""Delivers to an inbox: (inbox, subject shown, data, headers, reply subject) -> whether somebody listens."""

Listens = Callable[[str], bool]
"""Whether somebody listens on an inbox."""


MULTI_LAST_MAX = 1_024
"""As many subjects the server names in one answer."""


class _Pull:
    """A waiting request for messages."""

    def __init__(self, inbox: str, batch: int, expires_s: float, heartbeat_s: float) -> None:
        self.inbox = inbox
        self.left = batch
        self.expires_s = expires_s
        self.heartbeat_s = heartbeat_s
        self.is_over = False


class _InHand(Struct, frozen=True):
    """A delivered and unacknowledged message."""

    attempt: int
    delivery: int


class Consumer:
    """A durable or ephemeral subscription (the server's "consumer")."""

    def __init__(self, stream: Stream, config: Mapping[str, Any], send: Send, listens: Listens) -> None:
        self.name: str = config.get("durable_name") or config["name"]
        self._stream = stream
        self._config = config
        self._send = send
        self._listens = listens
        self._filter: str = config["filter_subject"]
        self._acks = config.get("ack_policy", "explicit") != "none"
        self._cursor = 0  # Delivered up to here.
        self._delivery = 0
        self._first: list[int] = []  # "Last per subject": the present state, before anything newer.
        self._again: list[int] = []
        self._attempts: dict[int, int] = {}
        self._in_hand: dict[int, _InHand] = {}
        self._pulls: list[_Pull] = []
        match config.get("deliver_policy", "all"):
            case "last_per_subject":
                self._first = sorted(record.seq for record in stream.last_per_subject(self._filter))
                self._cursor = stream.last_seq
            case "by_start_sequence":
                self._cursor = config["opt_start_seq"] - 1

    @property
    def pending(self) -> int:
        """How many messages wait to be delivered."""
        return len(self._first) + sum(1 for _ in self._stream.after(self._cursor, self._filter))

    def info(self) -> dict[str, Any]:
        """What the API says of it."""
        return {
            "name": self.name,
            "delivered": {"stream_seq": self._cursor, "consumer_seq": self._delivery},
            "num_pending": self.pending,
        }

    def delete(self) -> None:
        """It is gone; who waits for messages is told."""
        del self._stream.consumers[self.name]
        for pull in self._pulls:
            pull.is_over = True
            headers = {"Status": "409", "Description": "Consumer Deleted"}
            self._send(pull.inbox, pull.inbox, b"", headers, "")
        self._pulls = []
        self._in_hand = {}

    def pull(self, inbox: str, request: Mapping[str, int]) -> None:
        """Somebody wants messages."""
        pull = _Pull(
            inbox,
            request["batch"],
            request["expires"] / NANOSECONDS,
            request["idle_heartbeat"] / NANOSECONDS,
        )
        self._pulls.append(pull)
        loop = asyncio.get_running_loop()
        loop.call_later(pull.expires_s, self._expire, pull)
        loop.call_later(pull.heartbeat_s, self._beat, pull)
        self.pump()

    def pump(self) -> None:
        """Delivers as long as somebody waits and something is there."""
        while self._pulls:
            pull = self._pulls[0]
            if pull.left == 0 or not self._listens(pull.inbox):
                pull.is_over = True
                self._pulls.pop(0)
                continue
            record = self._take()
            if record is None:
                return
            self._deliver(pull, record)

    def acknowledge(self, seq: int, delivery: int, answer: bytes) -> bool:
        """Handles an acknowledgement. False: this delivery is not known (any more)."""
        held = self._in_hand.get(seq)
        if held is None or held.delivery != delivery:
            return False
        if answer.startswith(b"+WPI"):
            self._guard(seq, held)
            return True
        del self._in_hand[seq]
        if answer.startswith(b"-NAK"):
            body = answer[4:].strip()
            delay_s = msgspec.json.decode(body)["delay"] / NANOSECONDS if body else 0.0
            asyncio.get_running_loop().call_later(delay_s, self._return, seq)
        elif self._stream.config["retention"] == "workqueue":
            self._stream.remove(seq)
        return True

    def _take(self) -> Record | None:
        if self._acks and len(self._in_hand) >= self._config.get("max_ack_pending", 1_000):
            return None
        while self._again or self._first:
            record = self._stream.get((self._again or self._first).pop(0))
            if record is not None:
                return record
        for record in self._stream.after(self._cursor, self._filter):
            self._cursor = record.seq
            return record
        return None

    def _deliver(self, pull: _Pull, record: Record) -> None:
        self._delivery += 1
        attempt = self._attempts[record.seq] = self._attempts.get(record.seq, 0) + 1
        reply = (
            f"$JS.ACK.{self._stream.name}.{self.name}.{attempt}.{record.seq}.{self._delivery}.0"
            f".{0 if self._acks else self.pending}"
        )
        self._send(pull.inbox, record.subject, record.data, record.headers, reply)
        pull.left -= 1
        if self._acks:
            held = self._in_hand[record.seq] = _InHand(attempt, self._delivery)
            self._guard(record.seq, held)

    def _guard(self, seq: int, held: _InHand) -> None:
        """Takes the message back when it is not acknowledged in time."""
        renewed = self._in_hand[seq] = msgspec.structs.replace(held)

        def late() -> None:
            if self._in_hand.get(seq) is renewed:
                del self._in_hand[seq]
                self._return(seq)

        wait_s = self._config.get("ack_wait", 30 * NANOSECONDS) / NANOSECONDS
        asyncio.get_running_loop().call_later(wait_s, late)

    def _return(self, seq: int) -> None:
        if self._stream.consumers.get(self.name) is self:
            self._again.append(seq)
            self.pump()

    def _expire(self, pull: _Pull) -> None:
        if not pull.is_over and pull.left > 0:
            pull.is_over = True
            self._pulls.remove(pull)
            headers = {"Status": "408", "Description": "Request Timeout"}
            self._send(pull.inbox, pull.inbox, b"", headers | {"Nats-Pending-Messages": str(pull.left)}, "")

    def _beat(self, pull: _Pull) -> None:
        if not pull.is_over and pull.left > 0:
            headers = {"Status": "100", "Description": "Idle Heartbeat"}
            self._send(pull.inbox, pull.inbox, b"", headers, "")
            asyncio.get_running_loop().call_later(pull.heartbeat_s, self._beat, pull)


class JetStream:
    """The streams, and what answers on their subjects."""

    def __init__(
        self,
        send: Send,
        listens: Listens,
        publish: Callable[[str, bytes, Mapping[str, str]], bool],
        clock: Callable[[], float],
    ) -> None:
        self._send = send
        self._listens = listens
        self._publish = publish
        self._clock = clock
        self._streams: dict[str, Stream] = {}

    def add_stream(self, config: Mapping[str, Any]) -> None:
        """Creates a stream."""
        self._streams[config["name"]] = Stream(config)

    def add_consumer(self, stream: str, config: Mapping[str, Any]) -> Consumer:
        """Creates a subscription, or finds it."""
        on = self._streams[stream]
        name = config.get("durable_name")
        if name in on.consumers:
            found: Consumer = on.consumers[name]
            return found
        consumer = Consumer(on, config, self._send, self._listens)
        on.consumers[consumer.name] = consumer
        return consumer

    def handle(self, subject: str, data: bytes, headers: Mapping[str, str], reply: str) -> bool:
        """Handles a publish, if it is for JetStream. False: it is not."""
        if subject.startswith("$JS.API."):
            return self._api(subject.split(".")[2:], data, reply)
        if subject.startswith("$JS.ACK."):
            return self._acknowledge(subject.split("."), data, reply)
        for stream in self._streams.values():
            if stream.takes(subject):
                self._store(stream, subject, data, headers, reply)
                return True
        return False

    def _store(
        self, stream: Stream, subject: str, data: bytes, headers: Mapping[str, str], reply: str
    ) -> None:
        try:
            seq, duplicate = stream.store(subject, data, headers)
        except StreamError as error:
            self._answer(reply, {"stream": stream.name, "seq": 0, "error": error.answer})
            return
        self._answer(reply, {"stream": stream.name, "seq": seq, "duplicate": duplicate})
        if duplicate:
            return
        record = stream.get(seq)
        if record is not None and (target := stream.republished(record)) is not None:
            self._publish(target, data, dict(headers) | _place(stream, record))
        stream.changed()

    def _api(self, request: list[str], data: bytes, reply: str) -> bool:
        body = msgspec.json.decode(data) if data else {}
        match request:
            case ["DIRECT", "GET", name] if name in self._streams:
                self._get(self._streams[name], body, reply)
                return True
            case ["STREAM", "INFO", name] if name in self._streams:
                now = datetime.fromtimestamp(self._clock(), UTC)
                self._answer(reply, {"config": self._streams[name].config, "ts": now.isoformat()})
                return True
            case ["STREAM", "PURGE", name] if name in self._streams:
                purged = self._streams[name].purge(body["filter"], body["seq"])
                self._answer(reply, {"success": True, "purged": purged})
                return True
            case ["CONSUMER", "CREATE", name, *_] if name in self._streams:
                self._answer(reply, self.add_consumer(name, body["config"]).info())
                return True
            case ["CONSUMER", verb, name, durable] if name in self._streams:
                return self._consumer(verb, self._streams[name].consumers.get(durable), reply)
            case ["CONSUMER", "MSG", "NEXT", name, durable] if name in self._streams:
                consumer = self._streams[name].consumers.get(durable)
                if consumer is not None:
                    consumer.pull(reply, body)
                return consumer is not None
        return False

    def _consumer(self, verb: str, consumer: Consumer | None, reply: str) -> bool:
        if consumer is None:
            self._answer(reply, {"error": {"code": 404, "err_code": 10014, "description": "not found"}})
            return True
        match verb:
            case "INFO":
                self._answer(reply, consumer.info())
            case "DELETE":
                consumer.delete()
                self._answer(reply, {"success": True})
            case _:
                return False
        return True

    def _get(self, stream: Stream, body: Mapping[str, Any], reply: str) -> None:
        if "last_by_subj" in body:
            last = stream.last(body["last_by_subj"])
            if last is None:
                self._send(reply, reply, b"", {"Status": "404", "Description": "Message Not Found"}, "")
            else:
                self._send(reply, reply, last.data, dict(last.headers) | _place(stream, last), "")
            return
        if "multi_last" in body:
            found = sorted(stream.last_per_subject(body["multi_last"][0]), key=lambda record: record.seq)
            if len(found) > MULTI_LAST_MAX:
                self._send(reply, reply, b"", {"Status": "413", "Description": "Too Many Results"}, "")
                return
        else:
            found = list(stream.after(body["seq"] - 1, body["next_by_subj"]))
        batch = found[: body.get("batch", len(found))]
        for record in batch:
            self._send(reply, reply, record.data, dict(record.headers) | _place(stream, record), "")
        end = {"Status": "204", "Description": "EOB", "Nats-Num-Pending": str(len(found) - len(batch))}
        self._send(reply, reply, b"", end if batch else {"Status": "404"}, "")

    def _acknowledge(self, tokens: list[str], data: bytes, reply: str) -> bool:
        stream = self._streams.get(tokens[2])
        consumer = stream.consumers.get(tokens[3]) if stream else None
        if consumer is not None and consumer.acknowledge(int(tokens[5]), int(tokens[6]), data) and reply:
            self._send(reply, reply, b"", {}, "")
        return True

    def _answer(self, reply: str, body: Mapping[str, Any]) -> None:
        if reply:
            self._send(reply, reply, msgspec.json.encode(body), {}, "")


def _place(stream: Stream, record: Record) -> dict[str, str]:
    return {
        "Nats-Stream": stream.name,
        "Nats-Subject": record.subject,
        "Nats-Sequence": str(record.seq),
    }
