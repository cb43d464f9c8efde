"""What is still to change when a folder's keys changed: remembered pad by pad, until each is done.

An owner's drive says of each own pad for which keys of a folder its own were made last, so that any of their
machines notices a change, also where somebody else owns the folder. Rows of the vault; it changes no keys.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptpad_tui.crypto.keys import ViewKeys

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

PLAN: Final = "folder/changing/"
"""How the settings begin that name the folders whose own keys are to change first."""
OWED: Final = "folder/owed/"
_TOTAL: Final = "folder/total/"
NOTE: Final = "folder:"
"""How the notes begin by which a drive says that a pad is in a folder by its person's will, and for which of
the folder's keys its own were made last. An entry that somebody wrote about a pad is no such word."""
_CAME: Final = "came:"
"""How the note of a pad begins that somebody else's entry brought."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a change of keys is to be: without whom, and whether newcomers may read what is of before."""

    drop: tuple[bytes, ...] = ()
    history: bool = True
    seen: tuple[bytes, ...] = ()
    """The folders that this change went through: one that lies in itself is changed once."""

    def text(self) -> str:
        drop, seen = [each.hex() for each in self.drop], [each.hex() for each in self.seen]
        return json.dumps({"drop": drop, "history": self.history, "seen": seen})

    @classmethod
    def read(cls, text: str) -> Wanted:
        found = json.loads(text)
        drop, seen = ([bytes.fromhex(each) for each in found[name]] for name in ("drop", "seen"))
        return cls(tuple(drop), bool(found["history"]), tuple(seen))

    def joined(self, other: Wanted) -> Wanted:
        drop, seen = ({*self.drop, *other.drop}, {*self.seen, *other.seen})
        return Wanted(tuple(sorted(drop)), self.history and other.history, tuple(sorted(seen)))


@dataclass(frozen=True, slots=True)
class Row:
    """A pad whose keys are to follow a folder's."""

    folder: bytes
    child: bytes
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class Progress:
    """How many pads of a folder have keys that follow its own: those that this person may change."""

    done: int
    total: int


def begin(engine: Engine, folder: bytes, wanted: Wanted) -> None:
    """The folder's own keys are to change first; inside the transaction that begins that."""
    stored = engine.vault.setting(PLAN + folder.hex())
    merged = wanted.joined(Wanted.read(stored)) if stored else wanted
    engine.vault.set_setting(PLAN + folder.hex(), merged.text())


def turned(engine: Engine, folder: bytes, children: Iterable[bytes]) -> None:
    """The folder's keys changed; one's own in it follows. Inside the transaction that ends that."""
    wanted = Wanted.read(engine.vault.setting(PLAN + folder.hex()) or Wanted().text())
    wanted = wanted.joined(Wanted(seen=(folder,)))
    for child in children:
        record = engine.vault.pad(child)
        is_own = record is not None and record.role == "owner" and record.uploaded
        if is_own and child not in wanted.seen and is_given(engine, child, folder):
            _put(engine, Row(folder, child, wanted))
    engine.vault.set_setting(PLAN + folder.hex(), None)


def give(engine: Engine, child: bytes, folder: bytes, epoch: int) -> None:
    """The pad is in this folder, whose keys these are, by its person's will."""
    known = engine.drive.note(child, NOTE + folder.hex())
    if known is None or known.startswith(_CAME):
        engine.drive.set_note(child, NOTE + folder.hex(), str(epoch))


def came(engine: Engine, child: bytes, folder: bytes, epoch: int) -> None:
    """The pad came by this folder. That is no word of its owner's: another device of theirs may have it as
    such, and what this one was not told yet counts there."""
    record = engine.vault.pad(child)
    is_own = record is not None and record.role == "owner"
    if not is_given(engine, child, folder):
        engine.drive.set_note(child, NOTE + folder.hex(), str(epoch) if is_own else f"{_CAME}{epoch}")


def own(engine: Engine, child: bytes) -> None:
    """A pad that came by folders becomes one's own: their members stay. Inside its transaction."""
    for name, value in engine.drive.notes(child, NOTE).items():
        engine.drive.set_note(child, name, value.removeprefix(_CAME))


def take_back(engine: Engine, child: bytes, folder: bytes) -> None:
    engine.drive.set_note(child, NOTE + folder.hex(), None)


def is_given(engine: Engine, child: bytes, folder: bytes) -> bool:
    """Whether the folder's members are to have the pad's keys, as far as this vault has a say in it."""
    value = engine.drive.note(child, NOTE + folder.hex())
    if value is None or not value.startswith(_CAME):
        return value is not None
    record = engine.vault.pad(child)
    return record is not None and record.role != "owner" and not engine.drive.is_own(child)


def newest_given(engine: Engine, child: bytes) -> Callable[[bytes], ViewKeys | None]:
    """What finds the latest keys of a folder that the pad is in by its person's will; none of another."""

    def newest(folder: bytes) -> ViewKeys | None:
        is_here = engine.vault.pad(folder) is not None and is_given(engine, child, folder)
        return newest_keys(engine, folder)[1] if is_here else None

    return newest


def newest_keys(engine: Engine, folder: bytes) -> tuple[int, ViewKeys | None]:
    """A folder's latest epoch by its owner's records, with its keys. A vault may have others of claimed later
    epochs, by links that were followed: what is sealed to those is sealed to whoever made the link."""
    with engine.borrowed(folder) as session:
        ring = session.replica.ring
        epoch = max(session.replica.fold.epoch, *ring.marks, 0)
        return epoch, ring.known(epoch)


def notice(engine: Engine, child: bytes, folder: bytes, epoch: int) -> None:
    """The folder has keys of this epoch: a pad of one's own that is in it is to follow."""
    record, known = engine.vault.pad(child), engine.drive.note(child, NOTE + folder.hex())
    if record is None or record.role != "owner" or not record.uploaded:
        return
    if known is not None and known.isdigit() and int(known) < epoch and not _is_owed(engine, folder, child):
        _put(engine, Row(folder, child, Wanted(seen=(folder,))))


def rows(engine: Engine) -> list[Row]:
    """What can be done next: nothing of a folder whose own keys have not changed yet."""
    plans = {name.removeprefix(PLAN) for name in engine.vault.settings_under(PLAN)}
    found = []
    for name, value in sorted(engine.vault.settings_under(OWED).items()):
        folder, _, child = name.removeprefix(OWED).partition("/")
        if folder not in plans:
            found.append(Row(bytes.fromhex(folder), bytes.fromhex(child), Wanted.read(value)))
    return found


def done(engine: Engine, row: Row, epoch: int) -> None:
    """The pad's keys were made for these of the folder's; inside the transaction of its entry."""
    engine.drive.set_note(row.child, NOTE + row.folder.hex(), str(epoch))
    give_up(engine, row)


def give_up(engine: Engine, row: Row) -> None:
    engine.vault.set_setting(_name(row.folder, row.child), None)
    if not engine.vault.settings_under(f"{OWED}{row.folder.hex()}/"):
        engine.vault.set_setting(_TOTAL + row.folder.hex(), None)


def is_owed(engine: Engine) -> bool:
    """Whether something was begun here and is not done; opens nothing."""
    return bool(engine.vault.settings_under(OWED) or engine.vault.settings_under(PLAN))


def progress(engine: Engine, folder: bytes) -> Progress | None:
    """How far a change of keys came; None where none is on its way."""
    left = len(engine.vault.settings_under(f"{OWED}{folder.hex()}/"))
    if not left and engine.vault.setting(PLAN + folder.hex()) is None:
        return None
    total = int(engine.vault.setting(_TOTAL + folder.hex()) or 0)
    return Progress(max(total - left, 0), total)


def plans(engine: Engine) -> Sequence[bytes]:
    """Folders whose own keys are to change still."""
    return [bytes.fromhex(name.removeprefix(PLAN)) for name in engine.vault.settings_under(PLAN)]


def forget(engine: Engine, pad_id: bytes) -> None:
    """The pad was taken out of this vault."""
    engine.vault.set_setting(PLAN + pad_id.hex(), None)
    for name in engine.vault.settings_under(OWED):
        if pad_id.hex() in name:
            engine.vault.set_setting(name, None)


def _put(engine: Engine, row: Row) -> None:
    name, total = _name(row.folder, row.child), _TOTAL + row.folder.hex()
    stored = engine.vault.setting(name)
    wanted = row.wanted.joined(Wanted.read(stored)) if stored else row.wanted
    engine.vault.set_setting(name, wanted.text())
    if not stored:
        engine.vault.set_setting(total, str(int(engine.vault.setting(total) or 0) + 1))


def _is_owed(engine: Engine, folder: bytes, child: bytes) -> bool:
    return engine.vault.setting(_name(folder, child)) is not None


def _name(folder: bytes, child: bytes) -> str:
    return f"{OWED}{folder.hex()}/{child.hex()}"
