"""What a person may want to know of a pad that is nobody's attack: kept until it is told, and for `status`.

Of all pads together, bounded, in the vault: the window that meets it may have no screen on that pad.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Final

from cryptpad_tui.engine.files.book import FileBook
from cryptpad_tui.engine.files.kept import KeptFiles
from cryptpad_tui.pad.alarms import RESTORED, Notice

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

MAX_KEPT: Final = 64
_SETTING: Final = "notices"


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """One of them; raw names may be in its text."""

    pad: str
    """The pad's id in hex."""
    code: str
    text: str
    at_ms: int
    told: bool = False

    @property
    def line(self) -> str:
        return Notice(self.text, code=self.code).line


def kept(engine: Engine) -> list[NoticeLine]:
    """All that are kept, the oldest first."""
    stored = engine.vault.setting(_SETTING)
    return [NoticeLine(**line) for line in json.loads(stored)] if stored else []


def keep(engine: Engine, pad_id: bytes, notice: Notice) -> None:
    """Remember it. The same one again is a new one only where the last was told."""
    line = NoticeLine(pad_id.hex(), notice.code, notice.text, engine.wall_ms())
    lines = kept(engine)
    if not any(replace(other, at_ms=line.at_ms) == line for other in lines):
        _store(engine, [*lines, line][-MAX_KEPT:])
    if notice.code == RESTORED:
        # Files lie beside the log, and were in no backup that it was not in.
        FileBook(engine.vault).doubt(pad_id, KeptFiles(engine.vault.directory).has)


def untold_pads(engine: Engine) -> frozenset[str]:
    """The pads, in hex, with something that nobody was told yet: opening one tells it."""
    return frozenset([line.pad for line in kept(engine) if not line.told])


def take_untold(engine: Engine, pad_id: bytes) -> list[Notice]:
    """Those of a pad that nobody was told yet; from here on they are."""
    lines, pad = kept(engine), pad_id.hex()
    untold = [line for line in lines if line.pad == pad and not line.told]
    if untold:
        _store(engine, [replace(line, told=line.told or line.pad == pad) for line in lines])
    return [Notice(line.text, code=line.code) for line in untold]


def _store(engine: Engine, lines: list[NoticeLine]) -> None:
    engine.vault.set_setting(_SETTING, json.dumps([asdict(line) for line in lines]))
