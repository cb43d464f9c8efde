"""A hostile client in a process of its own: very many raw connections to a relay on this machine.

    python flood.py PORT COUNT MODE

It opens COUNT connections, says "open N" after each hundred, "done" at the end, and holds what it has until
its standard input closes. It never connects anywhere but to the loopback.
"""

from __future__ import annotations

import contextlib
import resource
import socket
import sys

UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
BROKEN_DEFLATE = b"\xc2\xfe\x40\x00abcd" + bytes(16_000)
MODES = {
    "silent": b"",
    "loris": b"GET / HTTP/1.1\r\nX-Slow: ",
    "upgraded": UPGRADE,
    "headers": b"GET / HTTP/1.1\r\n" + b"X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 200,
    "gigabyte": UPGRADE + b"\x82\xff" + (1 << 30).to_bytes(8, "big") + b"abcd" + bytes(60_000),
    "fragments": UPGRADE + b"\x02\x80abcd" + b"\x00\x81abcdx" * 8_000,
    "compressed": UPGRADE + BROKEN_DEFLATE,
    "pings": UPGRADE + b"\x89\xfd" + (b"abcd" + bytes(125)) + (b"\x89\xfdabcd" + bytes(125)) * 400,
    "oversize": UPGRADE + b"\x82\xff" + (1_048_577).to_bytes(8, "big") + b"abcd" + bytes(60_000),
}


def main() -> None:
    port, count, mode = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    modes = list(MODES) if mode == "all" else [mode]
    held = []
    for number in range(count):
        with contextlib.suppress(OSError):
            sock = socket.create_connection(("127.0.0.1", port), timeout=5)
            sock.setblocking(False)
            held.append(sock)
            sock.send(MODES[modes[number % len(modes)]])
        if number % 100 == 99:
            print(f"open {number + 1}", flush=True)
    print("done", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
