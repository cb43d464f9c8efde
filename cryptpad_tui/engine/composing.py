"""A pad's first edits, made in a thread for the writer that will sign them, since long ones take seconds.

It touches neither the vault nor anything of the event loop; what it makes is as valid as what a view makes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.bulk_write import write_many
from cryptpad_tui.crdt.clean import require_clean, require_formats
from cryptpad_tui.crdt.engine_doc import EngineDocument
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Attributes
from cryptpad_tui.engine.files.apart import in_thread

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.pad.writer import Writer
    from cryptpad_tui.vault.records import PadRecord

Runs = Sequence[tuple[str, Attributes]]
LEAST_RUNS: Final = 500
"""Fewer take no time that anybody feels."""


@dataclass(frozen=True, slots=True)
class Composed:
    """The edits of a pad that is not there yet, and whose they are."""

    writer: Writer
    updates: Sequence[bytes] = field(repr=False)


async def compose(engine: Engine, record: PadRecord, runs: Runs) -> Composed | None:
    """None where there is so little that the pad's own view may write it."""
    writer = engine.open_pads.begin_writer(record) if len(runs) >= LEAST_RUNS else None
    if writer is None:
        return None
    kind = PadKind(record.kind)
    return Composed(writer, await in_thread(written, kind, writer.client_id, runs, engine.now))


def written(kind: PadKind, client_id: int, runs: Runs, now: Callable[[], float]) -> list[bytes]:
    """These runs as updates of one client, each short enough to be checked between two keys."""
    for text, marks in runs:
        require_clean(text)
        require_formats(kind, marks)
    document = EngineDocument(kind, client_id, b"", now)
    write_many(document, [(0, 0, text) for text, _ in runs], [marks for _, marks in runs], 0, undoable=False)
    return document.take_updates()
