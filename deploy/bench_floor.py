"""``floor.c`` where there is no C compiler: the same loop of send(2), called through ctypes.

A call costs a third of a microsecond more than in C; the figure is the floor of this machine all the same.
"""

import ctypes
import socket
import sys
import time

from deploy.bench_fanout import raise_file_limit

_MSG_NOSIGNAL, _MSG_DONTWAIT = 0x4000, 0x40


def main() -> None:
    """Prints its port, then ``ready``, then for each line that it reads when it began and the CPU it took."""
    raise_file_limit()
    clients, size = int(sys.argv[1]), int(sys.argv[2])
    send, frame = ctypes.CDLL(None).send, b"x" * size
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
        print(listener.getsockname()[1], flush=True)
        lines = [listener.accept()[0] for _ in range(clients)]
        numbers = [line.fileno() for line in lines]
        print("ready", flush=True)
        for _ in sys.stdin:
            began, used = time.monotonic(), time.thread_time()
            for number in numbers:
                send(number, frame, size, _MSG_NOSIGNAL | _MSG_DONTWAIT)
            print(f"{began:.9f} {time.thread_time() - used:.9f}", flush=True)


if __name__ == "__main__":
    main()
