"""Contacts and the inbox where all devices of an account have them: in the drive, sealed once more.

Rows and nothing else; `mailbox` and `contacts` say what they mean. A device that holds the drive and not the
account's root can neither read them nor put another key in a contact's place.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol.labels import keyed_hash
from cryptpad_tui.crdt.kinds import ENTRIES_ROOT
from cryptpad_tui.crdt.values import Change, Origin
from cryptpad_tui.crypto.errors import SealBroken
from cryptpad_tui.crypto.sealing import open_sealed, seal
from cryptpad_tui.people.card import read_card
from cryptpad_tui.people.contacts import Contact, Standing
from cryptpad_tui.people.errors import BadCard
from cryptpad_tui.people.inbox import InboxItem
from cryptpad_tui.people.messages import Message, Request

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

CONTACT: Final = "contact-"
MAIL: Final = "mail-"
KNOWN: Final = "known-"
NUMBERS: Final = "people-numbers/"
_PREFIXES: Final = (CONTACT, MAIL, KNOWN, NUMBERS)
_RECORD, _ITEM, _DONE, _AT = "record", "item", "done", "at"
_HEARD: Final = "heard-"
MAX_NUMBER: Final = 2**53 - 1


class PeopleBook:
    """Reads and writes them. Opens the drive when it is first asked for anything."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._key = keyed_hash(engine.vault.account_root, "pad1/people")
        self._rows: dict[str, object] | None = None
        self.changes = 0
        """Another number after every change, by this device or another."""
        self._asking_at = -1
        self._asking: dict[str, Contact] = {}

    # -- the drive's map, of which a part is followed

    def _all(self) -> dict[str, object]:
        if self._rows is None:
            view = self._engine.drive_session.view
            self._rows = _ours(self._engine)
            view.observe_maps(self._follow)
            view.observe(self._reload)
        return self._rows

    def _follow(self, root: str, keys: frozenset[str]) -> None:
        if root != ENTRIES_ROOT or self._rows is None:
            return
        view = self._engine.drive_session.view
        for key in keys:
            if key.startswith(_PREFIXES):
                self._rows[key] = view.map_value(ENTRIES_ROOT, key)
                self.changes += 1

    def _reload(self, change: Change) -> None:
        if change.origin is Origin.RELOAD:
            self._rows = _ours(self._engine)
            self.changes += 1

    def _set(self, values: dict[str, object]) -> None:
        rows = self._all()
        changed = {key: value for key, value in values.items() if rows.get(key) != value}
        if changed:
            self._engine.drive_session.view.set_maps(ENTRIES_ROOT, changed)

    @contextmanager
    def durable(self) -> Iterator[None]:
        """All that is written in the block, here and in settings, or none of it."""
        session = self._engine.drive_session
        self._all()
        with session.replica.store.transaction():
            yield
            session.flush()

    # -- contacts

    def contacts(self) -> list[Contact]:
        """By name."""
        rows = [key for key in self._all() if key.startswith(CONTACT) and key.endswith(_RECORD)]
        found = {each.id: each for key in rows if (each := self._contact(key))}
        found |= {each.id: each for each in self._who_asks().values() if _may_ask(found.get(each.id))}
        return sorted(found.values(), key=lambda each: (each.name.casefold(), each.id))

    def contact(self, contact_id: str) -> Contact | None:
        written = self._contact(f"{CONTACT}{contact_id}/{_RECORD}")
        return self._who_asks().get(contact_id, written) if _may_ask(written) else written

    def _who_asks(self) -> dict[str, Contact]:
        """Nothing is written about who asks before they are answered: another device may have answered."""
        if self._asking_at != self.changes:
            self._asking_at = self.changes
            asking = [item for item in self.items() if isinstance(item.message, Request) and not item.says]
            self._asking = {item.contact_id: _asker(item.contact_id, item.message) for item in asking}
        return self._asking

    def put_contact(self, contact: Contact, *, instead_of: str | None = None) -> None:
        """`instead_of`: the id that they had before their identity changed."""
        if instead_of and instead_of != contact.id and (old := self.contact(instead_of)):
            self._put(Contact(old.id, old.card, Standing.REMOVED))
        self._put(contact)

    def _put(self, contact: Contact) -> None:
        if contact.standing is not Standing.ASKS and self.contact(contact.id) != contact:
            key = f"{CONTACT}{contact.id}/{_RECORD}"
            self._set({key: self._sealed(key, _plain(contact))})

    def _contact(self, key: str) -> Contact | None:
        plain = self._opened(key)
        return _contact_from(key.partition("/")[0].removeprefix(CONTACT), plain) if plain else None

    # -- how far the messages of each device of a contact have come

    def heard(self, contact_id: str, chain: bytes) -> int:
        return _number(self._all().get(f"{CONTACT}{contact_id}/{_HEARD}{chain.hex()}"))

    def set_heard(self, contact_id: str, chain: bytes, n: int) -> None:
        if n > self.heard(contact_id, chain):
            self._set({f"{CONTACT}{contact_id}/{_HEARD}{chain.hex()}": n})

    # -- mail

    def has_mail(self, mail_id: bytes) -> bool:
        """Whether this message was taken before, by whichever device."""
        return self._all().get(f"{MAIL}{mail_id.hex()}/{_AT}") is not None

    def put_mail(self, mail_id: bytes, sent_ms: int, item: InboxItem | None) -> None:
        """Note that a message was taken; `item` where a person is shown it."""
        entry = f"{MAIL}{mail_id.hex()}"
        values: dict[str, object] = {f"{entry}/{_AT}": sent_ms}
        if item is None:
            values[f"{entry}/{_DONE}"] = "taken"
        else:
            values[f"{entry}/{_ITEM}"] = self._sealed(f"{entry}/{_ITEM}", item.encode())
        self._set(values)

    def items(self) -> list[InboxItem]:
        """What nobody dealt with yet, oldest first."""
        found = []
        for key in list(self._all()):
            entry, _, field = key.partition("/")
            if entry.startswith(MAIL) and field == _ITEM and not self._all().get(f"{entry}/{_DONE}"):
                plain = self._opened(key)
                item = InboxItem.decode(bytes.fromhex(entry.removeprefix(MAIL)), plain) if plain else None
                found += [item] if item else []
        return sorted(found, key=lambda item: (item.sent_ms, item.mail_id))

    def open_count(self) -> int:
        """How many these are; opens none of them."""
        rows = self._all()
        items = [key.partition("/")[0] for key, value in rows.items() if value and key.endswith(f"/{_ITEM}")]
        return sum([not rows.get(f"{entry}/{_DONE}") for entry in items])

    def finish(self, mail_id: bytes, how: str) -> None:
        """Its content goes; that it came stays, so that it never comes again."""
        entry = f"{MAIL}{mail_id.hex()}"
        self._set({f"{entry}/{_DONE}": how})
        self._engine.drive_session.view.delete_map(ENTRIES_ROOT, f"{entry}/{_ITEM}")

    def forget_mail_before(self, sent_ms: int) -> None:
        """Ids of messages that are refused for their date."""
        view = self._engine.drive_session.view
        for key, value in list(self._all().items()):
            entry, _, field = key.partition("/")
            if field == _AT and isinstance(value, int | float) and value < sent_ms:
                for each in (_AT, _DONE, _ITEM):
                    view.delete_map(ENTRIES_ROOT, f"{entry}/{each}")

    def number(self, name: str) -> int:
        """A number of the account; 0 where there is none."""
        return _number(self._all().get(NUMBERS + name))

    def set_number(self, name: str, value: int) -> None:
        self._set({NUMBERS + name: value})

    # -- who is who in a pad

    def set_known(self, pad_id: bytes, key: bytes, contact_id: str) -> None:
        """The contact proved that this key is theirs in this pad."""
        row = f"{KNOWN}{pad_id.hex()[:32]}/{key.hex()}"
        self._set({row: self._sealed(row, contact_id)})

    def known_in(self, pad_id: bytes) -> dict[bytes, str]:
        """Contacts by their keys in this pad."""
        prefix = f"{KNOWN}{pad_id.hex()[:32]}/"
        found = {}
        for row in self._all():
            if row.startswith(prefix) and (plain := self._opened(row)):
                found[bytes.fromhex(row.removeprefix(prefix))] = plain
        return found

    # -- sealing

    def _sealed(self, key: str, plain: str) -> str:
        raw = seal(self._key, key.encode(), plain.encode(), rng=self._engine.rng)
        return base64.b64encode(raw).decode("ascii")

    def _opened(self, key: str) -> str | None:
        try:
            raw = base64.b64decode(str(self._all().get(key) or ""), validate=True)
            return open_sealed(self._key, key.encode(), raw).decode()
        except (SealBroken, ValueError):
            return None


def _number(value: object) -> int:
    """A device that holds the drive alone may have written anything."""
    return int(value) if isinstance(value, int | float) and 0 <= value <= MAX_NUMBER else 0


def _ours(engine: Engine) -> dict[str, object]:
    side = [engine.drive.side_rows.starting(prefix.rstrip("/")) for prefix in _PREFIXES]
    return {
        f"{entry}/{name}": value
        for each in side
        for entry, rows in each.items()
        for name, value in rows.items()
    }


def _may_ask(written: Contact | None) -> bool:
    return written is None or written.standing is Standing.REMOVED


def _asker(contact_id: str, message: Message) -> Contact:
    assert isinstance(message, Request)
    return Contact(contact_id, message.card, Standing.ASKS, pass_=message.pass_)


def _plain(contact: Contact) -> str:
    return json.dumps(
        {
            "card": contact.card.text,
            "standing": contact.standing.value,
            "label": contact.label,
            "pass": contact.pass_.hex(),
            "verified": contact.verified.hex(),
            "offered": contact.offered.text if contact.offered else "",
            "muted": contact.muted,
        }
    )


def _contact_from(contact_id: str, plain: str) -> Contact | None:
    """None for what no version of this program wrote."""
    try:
        values = json.loads(plain)
        return Contact(
            contact_id,
            read_card(values["card"]),
            Standing(values["standing"]),
            str(values["label"]),
            bytes.fromhex(values["pass"]),
            bytes.fromhex(values["verified"]),
            read_card(values["offered"]) if values["offered"] else None,
            bool(values["muted"]),
        )
    except (ValueError, KeyError, TypeError, BadCard):
        return None
