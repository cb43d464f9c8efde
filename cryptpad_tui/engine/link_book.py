"""The owner's list of a pad's named links, in the drive: what each is called, gives, and which key it holds.

A named link has a key pair of its own; the list has the public half, so that later keys can be sealed to it,
or not. Private to the account, on all its devices, and in its backups. The link itself is kept nowhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from cryptpad_tui.crypto.keys import Role
from cryptpad_tui.engine.errors import BadLinkName, LinkNameTaken, TooManyLinks, UnknownLink
from cryptpad_tui.pad.flows_epoch import Kept

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

MAX_LABEL_CHARS: Final = 64
MAX_LINKS: Final = 256
MAX_MADE_MS: Final = 253_402_300_800_000
ID_CHARS: Final = 8
_NOTE: Final = "link:"


@dataclass(frozen=True, slots=True)
class BookLink:
    """A link that can be ended alone. The label is raw."""

    key: bytes
    """The public half of its own key."""
    label: str
    role: str
    """edit or view."""
    locked: bool
    made_ms: int
    epoch: int
    """The latest epoch whose keys it leads to."""

    @property
    def id(self) -> str:
        return self.key.hex()[:ID_CHARS]

    @property
    def name(self) -> str:
        return self.label or self.id

    def kept(self) -> Kept:
        return Kept(self.key, Role.EDIT if self.role == "edit" else Role.VIEW)


def links(engine: Engine, pad_id: bytes) -> list[BookLink]:
    """Every named link of the pad, the oldest first; opens the drive."""
    found = []
    for value in engine.drive.notes(pad_id, _NOTE).values():
        try:
            found.append(_link(json.loads(value)))
        except (ValueError, KeyError, TypeError, RecursionError):
            # Another version's device wrote it: a link that cannot be read cannot be kept either.
            continue
    return sorted(found, key=lambda link: (link.made_ms, link.id))


def checked_label(engine: Engine, pad_id: bytes, label: str) -> str:
    """A name for one more link of this pad; raises BadLinkName, LinkNameTaken or TooManyLinks."""
    present = links(engine, pad_id)
    if len(label) > MAX_LABEL_CHARS or not label.isprintable() or label != label.strip():
        raise BadLinkName
    if label and any(label in (link.label, link.id) for link in present):
        raise LinkNameTaken
    if len(present) >= MAX_LINKS:
        raise TooManyLinks
    return label


def find(engine: Engine, pad_id: bytes, reference: str) -> BookLink:
    """By its name, or the beginning of its id; raises UnknownLink."""
    present = links(engine, pad_id)
    named = [link for link in present if link.label and link.label == reference]
    if len(reference) >= ID_CHARS // 2:
        named = named or [link for link in present if link.key.hex().startswith(reference.lower())]
    if len(named) != 1:
        raise UnknownLink
    return named[0]


def write(engine: Engine, pad_id: bytes, link: BookLink) -> None:
    """Durable when this returns."""
    _put(engine, pad_id, link)
    engine.drive_session.flush()


def forget(engine: Engine, pad_id: bytes, gone: Iterable[BookLink]) -> None:
    """They are not sealed to any more: the next keys end them. Durable when this returns."""
    for link in gone:
        engine.drive.set_note(pad_id, _NOTE + link.id, None)
    engine.drive_session.flush()


def led_on(engine: Engine, pad_id: bytes, kept: Sequence[BookLink], epoch: int) -> None:
    """An epoch was sealed to these."""
    for link in kept:
        _put(engine, pad_id, replace(link, epoch=epoch))
    if kept:
        engine.drive_session.flush()


def _put(engine: Engine, pad_id: bytes, link: BookLink) -> None:
    facts = {
        "key": link.key.hex(),
        "label": link.label,
        "role": link.role,
        "locked": link.locked,
        "made": link.made_ms,
        "epoch": link.epoch,
    }
    engine.drive.set_note(pad_id, _NOTE + link.id, json.dumps(facts))


def _link(facts: dict[str, object]) -> BookLink:
    key, role = bytes.fromhex(str(facts["key"])), str(facts["role"])
    if len(key) != 32 or role not in ("edit", "view"):
        raise ValueError("link")
    made_ms, epoch = int(str(facts["made"])), int(str(facts["epoch"]))
    if not (0 <= made_ms < MAX_MADE_MS and 0 <= epoch < 2**32):
        raise ValueError("link")
    return BookLink(key, str(facts["label"]), role, bool(facts["locked"]), made_ms, epoch)
