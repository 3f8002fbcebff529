"""The operator's door: ``nats req ctl.<tenant>.<room>.<command> '{…}'``.

The request becomes a command like any other, with an operator as its actor; the reply is its outcome
with the events that it caused. Headers may name the operator (``Cw-Actor``) and the command
(``Cw-Command-Id``, for repeating safely).
"""

import re
import secrets

from bus.interface import Message, Unavailable
from rooms.service.context import Context
from schemas.envelope import Actor, Envelope, Outcome, Rejected, decode_command, encode_outcome
from schemas.ids import TOKEN_PATTERN, CommandId
from schemas.rejections import SENTENCES, Code, Rejection
from schemas.subjects import ACTOR, COMMAND_ID, parse_control

_OPERATOR = re.compile(r"^[A-Za-z0-9_.@-]{1,80}$")
_TOKEN = re.compile(TOKEN_PATTERN)


class Control:
    """Answers operators."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def answer(self, message: Message) -> bytes:
        """The outcome of one request, JSON."""
        return encode_outcome(await self._outcome(message))

    async def _outcome(self, message: Message) -> Outcome:
        parsed = parse_control(message.subject)
        if parsed is None:
            return Rejected(Code.MALFORMED, SENTENCES[Code.MALFORMED])
        key, name = parsed
        command = decode_command(name, message.data)
        if isinstance(command, Rejection):
            return Rejected(command.code, command.message)
        operator = message.headers.get(ACTOR, "ops")
        command_id = message.headers.get(COMMAND_ID) or secrets.token_hex(8)
        if not _OPERATOR.match(operator) or not _TOKEN.match(command_id):
            return Rejected(Code.MALFORMED, "The headers name no operator or no command.")
        envelope = Envelope(
            key, command, CommandId(command_id), Actor("operator", operator), self._context.deadline()
        )
        try:
            return await self._context.bus.commands.submit(envelope)
        except Unavailable:
            return Rejected(Code.LOG_UNAVAILABLE, SENTENCES[Code.LOG_UNAVAILABLE])
