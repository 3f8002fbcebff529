"""What a browser can do wrong.

::

    RemoteError
     ├── RemotePacketError      a datagram: dropped and counted (``sfu/path.py``)
     ├── RemoteParametersError  RTP or DTLS parameters in a request: the request is refused
     └── RemoteDtlsError        a handshake: its transport closes

Raised where bytes or parameters enter, caught where the datagram, the request or the transport is
owned; nobody else notices.
"""

from typing import Literal


class RemoteError(Exception):
    """A peer sent something that it may not send."""


class RemotePacketError(RemoteError):
    """A datagram that is not what its first bytes promise; it is dropped and counted by ``reason``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class RemoteParametersError(RemoteError):
    """Parameters that this node cannot use; ``code`` is that of the answer."""

    def __init__(self, code: Literal["malformed", "unsupported"], message: str) -> None:
        super().__init__(message)
        self.code = code


class RemoteDtlsError(RemoteError):
    """The DTLS handshake with a browser failed."""
