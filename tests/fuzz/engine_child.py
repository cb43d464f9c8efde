"""The document engine alone in a process of its own: no validator stands before it.

Request: u32 length | LoadRequest, of which the snapshot (where there is one) and the updates are applied as
they are. Reply: u32 length | u8 status | u32 processor ms | u32 peak memory in KiB | digest 32 | state.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

from cryptpad_relay.protocol.labels import u8, u32
from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.child_wire import LoadRequest
from cryptpad_tui.host.keyless_child import bound

FINE, RAISED = 0, 1


def apply(request: LoadRequest) -> bytes:
    """Status, digest and state; the digest is of what a person reads."""
    document = CanonicalDocument(request.kind)
    if request.snapshot:
        document._call_engine(request.snapshot)
    for _, updates in request.entries:
        document._call_engine(*updates)
    return document.content_digest() + document.encode()


def main() -> None:
    bound(int(sys.argv[1]))
    while head := sys.stdin.buffer.read(4):
        request = LoadRequest.decode(sys.stdin.buffer.read(int.from_bytes(head, "big")))
        started = time.process_time()
        try:
            status, body = FINE, apply(request)
        except BaseException as error:
            status, body = RAISED, bytes(32) + repr(error).encode()
        spent_ms = int((time.process_time() - started) * 1000)
        peak_kib = _peak_kib()
        reply = u8(status) + u32(spent_ms) + u32(peak_kib) + body
        sys.stdout.buffer.write(u32(len(reply)) + reply)
        sys.stdout.buffer.flush()


def _peak_kib() -> int:
    """Of this program alone: what getrusage says of a child may be the peak of whoever started it."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(status.partition("VmHWM:")[2].split()[0])


if __name__ == "__main__":
    main()
