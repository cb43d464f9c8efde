"""What a view says, kept as bytes: shown at the next opening before the engine has loaded the document.

Loading a long rich text costs the engine a second for 10 MB and reading its marks another; the lines and
marks as they stood cost a tenth of that. A picture goes with the digest of the very bytes that it is of, and
is never used for others. It must never be read from anything but one's own vault: nothing in it is judged.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from cryptpad_tui.crdt.mark_index import ColdLines, LineMarks
from cryptpad_tui.crdt.packed_marks import PackedLines, packed
from cryptpad_tui.crdt.picture_steps import Step

_FORMAT: Final = 1
_SIZE_BYTES: Final = 4


@dataclass(frozen=True, slots=True, repr=False)
class Picture:
    """A rich text as it stood. Secret."""

    text: str
    chunks: tuple[PackedLines, ...]
    clocks: Mapping[int, int]
    maps: Mapping[str, Mapping[str, Any]]
    """Of the roots that can be kept."""
    steps: tuple[Step, ...] = ()
    """What changed behind all that, in order."""

    def clocks_with_steps(self) -> Mapping[int, int]:
        """Those of what is shown."""
        clocks = dict(self.clocks)
        for step in self.steps:
            for said in (step.holding.ends, step.clocks):
                for client, end in said.items():
                    clocks[client] = max(end, clocks.get(client, 0))
        return clocks

    def maps_with_steps(self) -> Mapping[str, Mapping[str, Any]]:
        """The same of the maps."""
        maps = {root: dict(values) for root, values in self.maps.items()}
        for step in self.steps:
            for root, values in step.maps.items():
                if values is None:
                    maps.pop(root, None)
                elif root in maps:
                    maps[root] |= values
            for root, keys in step.gone.items():
                for key in keys:
                    maps.get(root, {}).pop(key, None)
        return maps


def digest_of_state(state: bytes) -> bytes:
    """What stands for a state in `digest_of`."""
    return sha256(state).digest()


def digest_of(state_digest: bytes, updates: Iterable[bytes]) -> bytes:
    """Of the bytes that a view is made of."""
    return digests_of(state_digest, updates)[-1]


def digests_of(state_digest: bytes, updates: Iterable[bytes]) -> list[bytes]:
    """The same of the state with none of the updates, with the first, and so on to all of them."""
    digest = sha256(state_digest)
    made = [digest.digest()]
    for part in updates:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
        made.append(digest.digest())
    return made


def encode_picture(
    text: str,
    chunks: Sequence[list[LineMarks] | ColdLines],
    clocks: Mapping[int, int],
    maps: Mapping[str, Mapping[str, Any]],
) -> bytes:
    """What `read_picture` reads; costs the length of the document."""
    parts = [chunk.raw if isinstance(chunk, PackedLines) else packed(_lines_of(chunk)) for chunk in chunks]
    header = {
        "format": _FORMAT,
        "clocks": {str(client): clock for client, clock in clocks.items()},
        "maps": {root: values for root, values in maps.items() if is_plain(values)},
        "chunks": [[len(chunk), len(part)] for chunk, part in zip(chunks, parts, strict=True)],
    }
    raw = json.dumps(header).encode()
    return b"".join([len(raw).to_bytes(_SIZE_BYTES, "big"), raw, *parts, text.encode()])


def _lines_of(chunk: list[LineMarks] | ColdLines) -> list[LineMarks]:
    return chunk if isinstance(chunk, list) else chunk.worked_out()


def is_plain(value: object) -> bool:
    """Whether JSON gives it back as it is: bytes have no form there."""
    if isinstance(value, Mapping):
        return all(map(is_plain, value.values()))
    if isinstance(value, list):
        return all(map(is_plain, value))
    return value is None or isinstance(value, bool | int | float | str)


def read_picture(raw: bytes) -> Picture | None:
    """The picture; None for one that another version kept."""
    begins = _SIZE_BYTES + int.from_bytes(raw[:_SIZE_BYTES], "big")
    header = json.loads(raw[_SIZE_BYTES:begins])
    if header["format"] != _FORMAT:
        return None
    chunks, at = [], begins
    for lines, size in header["chunks"]:
        chunks.append(PackedLines(raw[at : at + size], lines))
        at += size
    clocks = {int(client): clock for client, clock in header["clocks"].items()}
    return Picture(raw[at:].decode(), tuple(chunks), clocks, header["maps"])
