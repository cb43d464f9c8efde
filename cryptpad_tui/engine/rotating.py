"""Another root for the account, where somebody may have the present one: begun in one step, then carried on.

The step is one transaction of the vault: another root, another drive made from it with every entry of the
one before, and a sealed word for each device that is to come along. Nothing is ever in neither drive. What
follows is `moving`'s, remembered, and done by asking again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol.labels import hash_parts, keyed_hash
from cryptpad_tui.crdt.kinds import ENTRIES_ROOT, PadKind
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.crypto.account import (
    DEVICE_SIGNATURE,
    MOVE_WORD,
    account_box_of,
    device_key_of,
    former_key,
    open_owner_root,
    seal_box,
    seal_owner_root,
)
from cryptpad_tui.crypto.errors import SealBroken
from cryptpad_tui.crypto.keys import drive_root_of, edit_seed_of, identity_of
from cryptpad_tui.crypto.sealing import open_sealed, seal
from cryptpad_tui.drive.entry_fields import OWN, bytes_of, text_of
from cryptpad_tui.engine import creating, devices, kits, limited, login_memory
from cryptpad_tui.engine.account_word import Word
from cryptpad_tui.engine.devices import PREFIX, DeviceLine
from cryptpad_tui.engine.errors import EngineError, NoRelay, RelayUnreachable
from cryptpad_tui.engine.keyrings import FORMER_ROOTS
from cryptpad_tui.engine.records import own_record
from cryptpad_tui.pad.code_words import WORDS
from cryptpad_tui.vault.records import PadRecord

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

PLAN: Final = "account/moving"
"""The setting of what a change of the root still has to do."""
OWED: Final = "account/move/"
"""How the settings begin that name the pads which are to begin anew."""
AT: Final = "account/rotated-ms"
DAY_MS: Final = 86_400_000
FORMER: Final = FORMER_ROOTS
"""The roots of before: others' pads keep their owner's slots for the identities that follow from them."""
WORD_COUNT: Final = 4
WHAT_IT_DOES: Final = (
    "The account gets another root, and a drive made from it. Pads and files of yours that nobody else is"
    " in begin anew, with keys that nobody else has; those of before go into the trash.",
    "It cannot undo this: what the lost machine has read it keeps; pads of yours that others are in it goes"
    " on reading and changing, until you begin them anew and share them again; to other people's pads it has"
    " your links, until their owners change the keys. To your contacts you are somebody new: they compare"
    " words with you again.",
    "The recovery kit and a login of before bring nothing back any more: make both again.",
)
_PEOPLE: Final = ("contact-", "mail-", "known-")
_LOGIN: Final = "login"


class JustDone(EngineError):
    """The account got another root less than a day ago, and everything about that is done. Nothing was
    changed; `--again` gives it one more."""


class NotInStep(EngineError):
    """The drive has not everything from its relay yet, or the relay not everything of it. Nothing was
    changed; try again when `cryptpad-tui sync` is done."""


@dataclass(frozen=True, slots=True)
class Moving:
    """A change of the account's root that was begun here."""

    old_drive: bytes
    waits_for: tuple[str, ...]
    """The ids of the devices that are to come along and have not come."""
    words: str = field(repr=False)
    """What a person enters on those."""


async def ready(engine: Engine, keep: Sequence[DeviceLine]) -> None:
    """See that everything is here before it begins; raises LimitedDevice, NoRelay or NotInStep."""
    limited.require_account(engine)
    if engine.relay_url() is None:
        raise NoRelay
    if any(not devices.pinned_key(engine, line) for line in keep):
        raise UnknownKey
    report = await engine.sync(wait_s=60.0)
    if report.unreachable:
        raise RelayUnreachable("the relay cannot be reached, so nothing was changed")
    if report.waiting or report.alarms:
        raise NotInStep


class UnknownKey(EngineError):
    """A device that is to come along never said its own key here, or says another one than before. Nothing
    was changed; leave it out, and let it in by `cryptpad-tui device add` afterwards."""


def switch(engine: Engine, keep: Sequence[DeviceLine]) -> str:
    """The one step, all or nothing; the words for the devices that come. The engine must end after it."""
    vault, old = engine.vault, engine.drive_session
    for each in engine.drive.unsealed():
        engine.drive.put(each)
    before, root, device_root = vault.account_root, engine.rng(32), engine.rng(32)
    record = _drive_of(engine, root, old.record)
    words = words_of(engine.rng(16))
    fields = _carried(engine, root) | login_memory.ended_for(engine, root)
    fields |= _own_line(engine, device_root) | _vouched_again(engine, record.pad_id, root, keep)
    former = [*json.loads(vault.setting(FORMER) or "[]"), before.hex()]
    for at, each in enumerate(former):
        sealed = seal(former_key(root), b"", bytes.fromhex(each), rng=engine.rng)
        fields[f"{devices.FORMER}{at}/root"] = text_of(sealed)
    view = ViewDocument(client_id=int.from_bytes(engine.rng(6)), kind=PadKind.DRIVE)
    view.set_maps(ENTRIES_ROOT, fields)
    settings = _settings(engine, record, device_root, former, keep, words)
    with old.replica.store.transaction():
        for line in keep:
            word = _word_for(engine, line, record, root, words)
            devices.write(engine, line.id, {"moved": text_of(word)})
        vault.put_pad(record)
        vault.store(record.pad_id).append_journal(bytes(32), view.take_updates())
        for name, value in settings.items():
            vault.set_setting(name, value)
        vault.set_account_root(root)
    return words


def _settings(
    engine: Engine,
    record: PadRecord,
    device_root: bytes,
    former: Sequence[str],
    keep: Sequence[DeviceLine],
    words: str,
) -> dict[str, str | None]:
    """What this vault is to remember, and to forget, in the same step."""
    old_drive = engine.drive_session.pad_id
    plan = {"old": old_drive.hex(), "keep": [line.id for line in keep], "words": words}
    owed = [
        OWED + pad.pad_id.hex()
        for pad in engine.vault.pads()
        if pad.role == "owner" and pad.kind != PadKind.DRIVE
    ]
    return {
        "drive": record.pad_id.hex(),
        "drive/adopted": None,
        creating.EXPECTED_RELAY: record.relay_pk.hex() or None,
        devices.OWN_ROOT: device_root.hex(),
        PLAN: json.dumps(plan),
        AT: str(engine.wall_ms()),
        FORMER: json.dumps(former),
        kits.MADE: None,
        kits.NEVER: None,
        kits.STALE: "1",
        **dict.fromkeys(("login/record", "login/pending", "login/signed-in")),
        **dict.fromkeys(owed, "1"),
    }


def require_not_just_done(engine: Engine) -> None:
    """Who asks again to go on must not begin again; raises JustDone."""
    if engine.wall_ms() - int(engine.vault.setting(AT) or 0) < DAY_MS:
        raise JustDone


def moving(engine: Engine) -> Moving | None:
    """What was begun here and is not done; None where nothing was."""
    plan = json.loads(engine.vault.setting(PLAN) or "null")
    if plan is None:
        return None
    lines = {line.id: line for line in devices.devices(engine)}
    gone = {line.id for line in devices.devices(engine, gone=True)} - lines.keys()
    waits = [each for each in plan["keep"] if each not in gone and not (each in lines and lines[each].came)]
    return Moving(bytes.fromhex(plan["old"]), tuple(waits), plan["words"])


def words_of(raw: bytes) -> str:
    """What a person compares or types."""
    return " ".join(WORDS[byte] for byte in hash_parts("pad1/movewords", raw)[:WORD_COUNT])


# -- what the other drive is made of


def _drive_of(engine: Engine, root: bytes, old: PadRecord) -> PadRecord:
    genesis = creating.drive_genesis(root)
    record = own_record(genesis, PadKind.DRIVE, drive_root_of(root), created_ms=engine.wall_ms())
    return replace(record, relay_url=old.relay_url, relay_pk=old.relay_pk)


def _carried(engine: Engine, root: bytes) -> dict[str, object]:
    """Every field of the drive but devices and logins, with what is sealed sealed again."""
    before, found = engine.vault.account_root, dict[str, object]()
    weaker: dict[str, object] = {}
    for key, value in engine.drive_session.view.map_items(ENTRIES_ROOT).items():
        entry, _, name = key.partition("/")
        if entry.startswith((PREFIX, devices.FORMER, _LOGIN)):
            continue
        if name == OWN and (value := _sealed_again(engine, entry, value, before, root)) is None:
            # Somebody without the account's root wrote it: what is left is the edit right beside it.
            weaker[f"{entry}/role"] = "edit"
            continue
        if entry.startswith(_PEOPLE) and isinstance(value, str):
            value = _people_again(engine, key, value, before, root)
        found[key] = value
    return found | weaker


def _sealed_again(engine: Engine, entry: str, value: object, before: bytes, root: bytes) -> str | None:
    try:
        pad_id = bytes.fromhex(entry)
        owner_root = open_owner_root(before, pad_id, bytes_of(value))
    except ValueError:
        return None
    if owner_root is None:
        return None
    return text_of(seal_owner_root(root, pad_id, owner_root, rng=engine.rng))


def _people_again(engine: Engine, key: str, value: str, before: bytes, root: bytes) -> str:
    """Contacts and mail are sealed to the root; what is not sealed stays as it is."""
    try:
        plain = open_sealed(keyed_hash(before, "pad1/people"), key.encode(), bytes_of(value))
    except (SealBroken, ValueError):
        return value
    return text_of(seal(keyed_hash(root, "pad1/people"), key.encode(), plain, rng=engine.rng))


def _own_line(engine: Engine, device_root: bytes) -> dict[str, object]:
    own = devices.own_id(engine.vault) or ""
    view = engine.drive_session.view
    key = device_key_of(device_root).public.hex()
    values = {
        "name": devices.own_name(engine.vault),
        "added": view.map_value(ENTRIES_ROOT, f"{PREFIX}{own}/added") or engine.wall_ms(),
        "holds": devices.HOLDS_ROOT,
        "key": key,
    }
    return {f"{PREFIX}{own}/{name}": value for name, value in values.items()}


def _vouched_again(
    engine: Engine, drive: bytes, root: bytes, keep: Sequence[DeviceLine]
) -> dict[str, object]:
    """Limited devices that come along, vouched for by the other root."""
    found: dict[str, object] = {}
    for line in keep:
        if line.holds == devices.HOLDS_PADS:
            signature = identity_of(root).sign(DEVICE_SIGNATURE, drive, line.id.encode(), line.key)
            values = {
                "added": line.added_ms,
                "holds": line.holds,
                "key": line.key.hex(),
                "vouched": signature.hex(),
            }
            found |= {f"{PREFIX}{line.id}/{name}": value for name, value in values.items()}
    return found


def _word_for(engine: Engine, line: DeviceLine, drive: PadRecord, root: bytes, words: str) -> bytes:
    """What one device is told, sealed to its own key, and the words: who was lost cannot know them."""
    is_limited = line.holds == devices.HOLDS_PADS
    word = Word(
        is_limited=is_limited,
        root=edit_seed_of(drive.secret, 0) if is_limited else root,
        drive_id=drive.pad_id,
        genesis=drive.genesis,
        relay_pk=drive.relay_pk,
        box=account_box_of(root).public,
        relay_url=drive.relay_url or "",
        words=words,
    )
    claim = engine.drive_session.pad_id, line.id.encode(), word.claim()
    signature = identity_of(engine.vault.account_root).sign(MOVE_WORD, *claim)
    word = replace(word, signature=signature)
    return seal_box(devices.pinned_key(engine, line), word.encode(), rng=engine.rng)
