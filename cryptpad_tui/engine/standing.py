"""Whether this person is still in a pad: not where its owner changed the keys without them, or ended it.

By the owner's signed word alone. What was here stays, with what was typed since; nothing more is sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.engine.values import SessionEvent, SyncWord
from cryptpad_tui.pad.alarms import Notice
from cryptpad_tui.pad.epochs import Ended, Expired, Removed

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession

_PREFIX: Final = "standing/"
SENTENCES: dict[SyncWord, str] = {
    SyncWord.REMOVED: " ".join((Removed.__doc__ or "").split()),
    SyncWord.DELETED: " ".join((Ended.__doc__ or "").split()),
    SyncWord.EXPIRED: " ".join((Expired.__doc__ or "").split()),
}

DEVICE_REMOVED: Final = (
    "This device was taken out of its account, on another of your machines. What was here by then stays here,"
    " and nothing new comes, nor goes out. If that is a mistake, let it in again: `cryptpad-tui device add`"
    " there, `device join` in an empty home here."
)


def sentence_of(kind: PadKind, word: SyncWord) -> str:
    """What a person is told; of the drive, that it is this device which is out."""
    out = kind is PadKind.DRIVE and word is SyncWord.REMOVED
    return DEVICE_REMOVED if out else SENTENCES[word]


def close_off(engine: Engine, session: PadSession, word: Removed | Ended) -> None:
    """Say it, once, and remember it for lists that open no pad."""
    if isinstance(word, Removed) and session.replica.ring.known(word.record.epoch) is not None:
        # Another device of this account told the keys meanwhile: it is tried again with them.
        return
    said = SyncWord.REMOVED
    if isinstance(word, Ended):
        said = SyncWord.EXPIRED if isinstance(word, Expired) else SyncWord.DELETED
    sentence = sentence_of(session.kind, said)
    if standing_of(engine, session.pad_id) is not said:
        engine.vault.set_setting(_name(session.pad_id), said.value)
        session.noticed(Notice(sentence, code=said.value.upper()))
    session.standing = said
    session.problem = sentence
    session.tell(SessionEvent.STATUS)


def back_in(engine: Engine, session: PadSession) -> None:
    """The relay took this person's proof again: a link or a slot brought new keys."""
    session.standing = None
    if standing_of(engine, session.pad_id):
        engine.vault.set_setting(_name(session.pad_id), None)


def standing_of(engine: Engine, pad_id: bytes) -> SyncWord | None:
    """Why this person is no longer in the pad; None where they are."""
    stored = engine.vault.setting(_name(pad_id))
    return SyncWord(stored) if stored else None


def standings(engine: Engine) -> dict[str, SyncWord]:
    """The same for all pads that have one, by id in hex: a list must not ask ten thousand times."""
    found = engine.vault.settings_under(_PREFIX)
    return {name.removeprefix(_PREFIX): SyncWord(word) for name, word in found.items()}


def forget(engine: Engine, pad_id: bytes) -> None:
    engine.vault.set_setting(_name(pad_id), None)


def _name(pad_id: bytes) -> str:
    return f"{_PREFIX}{pad_id.hex()}"
