"""The loading child: folds foreign snapshots and tails where a crash costs nothing.

It is confined as every process without keys (`host/keyless_child.py`), and answers verdicts only. It must
never be given a key or a file name.
"""

from __future__ import annotations

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
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.host.keyless_child import serve

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


def answer(frame: bytes) -> bytes:
    """The reply to one frame."""
    try:
        return load(LoadRequest.decode(frame))
    except (MemoryError, ImportError, OSError):
        return bytes([TOO_LARGE])


def main() -> None:
    memory_bytes, answer_s = int(sys.argv[1]), float(sys.argv[2])
    for kind in PadKind:
        # The engine loads parts of itself with its first document, and later no file can be opened.
        load(LoadRequest(kind, {}, b"", []))
    serve(answer, memory_bytes=memory_bytes, most_asked=MAX_FRAME_BYTES, answer_s=answer_s)


if __name__ == "__main__":
    main()
