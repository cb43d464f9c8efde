"""The loading child: folds foreign snapshots and tails where a crash costs nothing.

It has limits on memory, files and processes from its first moment, inherits no environment and no
descriptor but its two pipes, and answers verdicts only. It must never be given a key or a file name.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Sequence

from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.child_wire import (
    MAX_FRAME_BYTES,
    TOO_LARGE,
    Entry,
    Loaded,
    LoadRequest,
    encode_refusal,
)
from cryptpad_tui.crdt.errors import EngineFailure, InvalidUpdate

ENGINE_RAISED = "the engine raised on it"


def load(request: LoadRequest) -> bytes:
    """The reply to one request."""
    try:
        base = _base_of(request)
    except InvalidUpdate as exc:
        return encode_refusal(exc.reason)
    except EngineFailure:
        return encode_refusal(ENGINE_RAISED)
    document, verdicts = base, list[str | None]()
    for n, (client, updates) in enumerate(request.entries):
        try:
            document.apply(document.check(client, updates))
            verdicts.append(None)
        except InvalidUpdate as exc:
            verdicts.append(exc.reason)
        except EngineFailure:
            # Half applied: the document is made again without this entry.
            verdicts.append(ENGINE_RAISED)
            document = _refold(request, request.entries[:n], verdicts)
    return Loaded(tuple(verdicts), document.content_digest(), document.text_bytes()).encode()


def _base_of(request: LoadRequest) -> CanonicalDocument:
    if request.snapshot:
        return CanonicalDocument.from_snapshot(request.kind, request.snapshot, request.clocks)
    return CanonicalDocument(request.kind)


def _refold(
    request: LoadRequest, entries: Sequence[Entry], verdicts: Sequence[str | None]
) -> CanonicalDocument:
    document = _base_of(request)
    for (client, updates), reason in zip(entries, verdicts, strict=False):
        if reason is None:
            document.apply(document.check(client, updates))
    return document


def limit_process(memory_bytes: int) -> None:
    """Bound what this process may take; where a system has no such limit, the parent's clock is left."""
    wanted = {
        resource.RLIMIT_AS: memory_bytes,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: 16,
    }
    for limit, value in wanted.items():
        try:
            resource.setrlimit(limit, (value, value))
        except (ValueError, OSError):
            continue


def _read_exactly(size: int) -> bytes:
    data = sys.stdin.buffer.read(size)
    if len(data) != size:
        # The parent is gone.
        os._exit(0)
    return data


def main() -> None:
    limit_process(int(sys.argv[1]))
    while True:
        size = int.from_bytes(_read_exactly(4), "big")
        if size > MAX_FRAME_BYTES:
            os._exit(1)
        try:
            reply = load(LoadRequest.decode(_read_exactly(size)))
        except MemoryError:
            reply = bytes([TOO_LARGE])
        sys.stdout.buffer.write(len(reply).to_bytes(4, "big") + reply)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
