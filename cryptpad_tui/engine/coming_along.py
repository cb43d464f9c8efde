"""A device goes along with its account to another root: told by the drive of before, believed by words.

One transaction of the vault turns it over. Pads that were made here and that the other drive has not are put
into it afterwards, so that nothing made apart is lost.
"""

from __future__ import annotations

import json
from hmac import compare_digest
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.labels import verify_parts
from cryptpad_tui.crdt.kinds import ENTRIES_ROOT, PadKind
from cryptpad_tui.crypto.account import MOVE_WORD, device_key_of
from cryptpad_tui.crypto.keys import drive_root_of, identity_of
from cryptpad_tui.drive.entry_fields import bytes_of
from cryptpad_tui.engine import creating, devices, kits, limited, rotating
from cryptpad_tui.engine.account_word import Word
from cryptpad_tui.engine.errors import EngineError
from cryptpad_tui.engine.listing import tree_of
from cryptpad_tui.pad.alarms import Notice
from cryptpad_tui.vault.records import PadRecord

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

CAME_FROM: Final = "account/came-from"
"""The setting with the drive of before, and where each pad lay in it, until the other one has them all."""
TOLD: Final = "account/told"
NOTICE: Final = (
    "Another machine of yours gave the account another root, since one was lost. If that was you, enter the"
    " words that it shows: close the app, then `cryptpad-tui device follow`. Until then nothing new comes."
)


class NoWord(EngineError):
    """Nobody asked this device to go along to another root of the account. Nothing was changed; if another
    machine shows words, `cryptpad-tui sync` first."""


class WrongWords(EngineError):
    """These are not the words of whoever changed the account's root. Nothing was changed. Look again at the
    machine where you did that; if the words there are others, somebody else put this into your drive."""


def waiting(engine: Engine) -> Word | None:
    """What was put into the drive for this device, and opens by its own key; None where nothing was."""
    own, vault = devices.own_id(engine.vault), engine.vault
    root = vault.setting(limited.ROOT) or vault.setting(devices.OWN_ROOT)
    value = engine.drive_session.view.map_value(ENTRIES_ROOT, f"{devices.PREFIX}{own}/moved")
    if root is None or not isinstance(value, str):
        return None
    try:
        plain = device_key_of(bytes.fromhex(root)).open_box(bytes_of(value))
        word = Word.decode(plain) if plain is not None else None
    except (Malformed, ValueError):
        return None
    if word is None or word.is_limited != limited.is_limited(vault):
        return None
    return word if word.is_limited or _is_signed(engine, own or "", word) else None


def _is_signed(engine: Engine, own: str, word: Word) -> bool:
    """A limited device that came along has the words before this one: it could tell of a root of its own."""
    public = identity_of(engine.vault.account_root).public
    claim = engine.drive_session.pad_id, own.encode(), word.claim()
    return verify_parts(public, word.signature, MOVE_WORD, *claim)


def tell(engine: Engine) -> None:
    """Say, once, that a word is here for this device."""
    word = waiting(engine)
    if word is not None and engine.vault.setting(TOLD) != word.drive_id.hex():
        engine.vault.set_setting(TOLD, word.drive_id.hex())
        engine.drive_session.noticed(Notice(NOTICE, code="ACCOUNT_MOVED"))


def follow(engine: Engine, typed: str) -> None:
    """Turn this vault over, all or nothing; raises NoWord or WrongWords. The engine must end after it."""
    word, vault = waiting(engine), engine.vault
    if word is None:
        raise NoWord
    if not compare_digest(" ".join(typed.lower().split()).encode(), word.words.encode()):
        raise WrongWords
    record, old = _record(engine, word), engine.drive_session
    tree = tree_of(engine)
    places = {
        pad.pad_id.hex(): tree.path(tree.folder_of(pad.pad_id.hex()))
        for pad in vault.pads()
        if pad.kind != PadKind.DRIVE
    }
    settings = {
        "drive": record.pad_id.hex(),
        "drive/adopted": None,
        CAME_FROM: json.dumps({"old": old.pad_id.hex(), "places": places}),
    }
    if word.is_limited:
        settings[limited.BOX] = word.box.hex()
    else:
        former = [*json.loads(vault.setting(rotating.FORMER) or "[]"), vault.account_root.hex()]
        settings |= {
            rotating.FORMER: json.dumps(former),
            creating.EXPECTED_RELAY: word.relay_pk.hex() or None,
            devices.OWN_ROOT: None,
            kits.MADE: None,
            kits.STALE: "1",
            **dict.fromkeys(("login/record", "login/pending", "login/signed-in")),
        }
    with old.replica.store.transaction():
        vault.put_pad(record)
        for name, value in settings.items():
            vault.set_setting(name, value)
        if not word.is_limited:
            vault.set_account_root(word.root)


def _record(engine: Engine, word: Word) -> PadRecord:
    return PadRecord(
        pad_id=word.drive_id,
        genesis=word.genesis,
        kind=int(PadKind.DRIVE),
        role="edit" if word.is_limited else "owner",
        secret=word.root if word.is_limited else drive_root_of(word.root),
        epoch=0,
        relay_url=word.relay_url or None,
        relay_pk=word.relay_pk,
        pin_n=0,
        pin_head=b"",
        uploaded=True,
        created_ms=engine.wall_ms(),
    )


def is_owed(engine: Engine) -> bool:
    return engine.vault.setting(CAME_FROM) is not None


async def go_on(engine: Engine) -> bool:
    """Put into the other drive what it has not, once all of it is here; whether that is done."""
    came = json.loads(engine.vault.setting(CAME_FROM) or "null")
    if came is None:
        return True
    report = await engine.sync(wait_s=30.0)
    if report.unreachable or report.alarms or not engine.drive_session.replica.fold.n:
        return False
    drive, old = engine.drive, bytes.fromhex(came["old"])
    with engine.drive_session.replica.store.transaction():
        for name, folder in came["places"].items():
            record = engine.vault.pad(bytes.fromhex(name))
            is_known = record is None or drive.record_of(record.pad_id) or drive.is_removed(record.pad_id)
            if record is not None and not is_known:
                engine.add(record, folder=folder)
        engine.vault.set_setting(CAME_FROM, None)
        engine.vault.forget_pad(old)
    engine.drive_session.flush()
    await engine.sync(wait_s=30.0)
    return True
