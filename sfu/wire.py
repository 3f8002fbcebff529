"""One UDP socket on the event loop.

The socket is read and written directly: asyncio's datagram transport costs about as much per packet
as the encryption. Works with asyncio and uvloop. Where the kernel can tell (Linux), each datagram
comes with how long it waited here, so that a busy node does not look like a slow line.
"""

import asyncio
import socket
import sys
import time
from collections.abc import Callable
from struct import Struct as Layout

from schemas import limits
from sfu.ice import Address

_READS_PER_TURN = 64  # Then other tasks get their turn.
_SO_TIMESTAMPNS = 35  # Linux; the module ``socket`` has no name for it.
_TIMESPEC = Layout("@ll")
_ANCILLARY_BYTES = socket.CMSG_SPACE(_TIMESPEC.size)
_BYTES_MAX = 2_048  # Longer datagrams are cut and fail their authentication.


class UdpSocket:
    """A bound socket; ``::`` listens on IPv6 and IPv4."""

    def __init__(self, listen: str, port: int, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        family = socket.AF_INET6 if ":" in listen else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            if family == socket.AF_INET6:
                self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
                self._socket.setsockopt(socket.SOL_SOCKET, option, limits.SOCKET_BUFFER_BYTES)
            if sys.platform == "linux":
                self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            self._socket.setblocking(False)
            self._socket.bind((listen, port))
        except OSError:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]

    def start(
        self, receive: Callable[[bytes, Address, float, float], None], now: Callable[[], float]
    ) -> None:
        """Hands every datagram and its time to ``receive``."""
        read = self._socket.recvmsg
        wall = time.time

        def readable() -> None:
            for _ in range(_READS_PER_TURN):
                try:
                    datagram, ancillary, _, address = read(_BYTES_MAX, _ANCILLARY_BYTES)
                except BlockingIOError:
                    return
                except OSError:
                    # An ICMP answer to something we sent; the next read is fine.
                    continue
                waited_s = 0.0
                if ancillary:
                    seconds, nanoseconds = _TIMESPEC.unpack_from(ancillary[0][2])
                    # Within bounds: the wall clock may have been set meanwhile.
                    waited_s = min(1.0, max(0.0, wall() - seconds - nanoseconds / 1e9))
                receive(datagram, address, now(), waited_s)

        self._loop.add_reader(self._socket, readable)

    def send(self, datagram: bytes, address: Address) -> bool:
        """Sends at once; False when the kernel's buffer is full or the way is closed."""
        try:
            self._socket.sendto(datagram, address)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Nothing is received or sent any more."""
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._socket.close()
