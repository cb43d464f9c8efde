"""What is fuzzed: a function for each parser of foreign bytes, F1 to F10 of the threat table and more.

A target takes any bytes and returns. It lets through no exception that its parser may raise by contract, and
asserts what must hold of everything that parses.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from fuzz.choices import Choices
from fuzz.conversations import fuzz_flows
from fuzz.documents import fuzz_snapshot, fuzz_update
from fuzz.drives import fuzz_drive, fuzz_words
from fuzz.foreign import fuzz_document
from fuzz.ownership import fuzz_owner
from fuzz.people import fuzz_card, fuzz_locked, fuzz_login, fuzz_mail
from fuzz.rooms import fuzz_rooms
from fuzz.teams import fuzz_roster
from fuzz.wire import fuzz_entry, fuzz_frames, fuzz_presence, fuzz_record

from cryptpad_relay.protocol.labels import hash_parts
from cryptpad_relay.protocol.term_safe import MAX_NAME_BYTES, term_safe, term_safe_name
from cryptpad_tui.crypto.errors import BadLink
from cryptpad_tui.crypto.links import SCHEME, _base64, as_text, encode_link
from cryptpad_tui.crypto.locked_links import LockedLink, read_link
from cryptpad_tui.vault.database import Database
from cryptpad_tui.vault.errors import MistypedRecoveryKey, VaultError
from cryptpad_tui.vault.header import CHECKSUM_LABEL, Header, encode_header, parse_header
from cryptpad_tui.vault.records import ListingRow
from cryptpad_tui.vault.recovery import format_recovery_key, parse_recovery_key
from cryptpad_tui.vault.tables import Tables

Target = Callable[[bytes], None]
DATABASE_KEY = bytes(range(32))
_KEPT = frozenset("\t\n")


def fuzz_link(data: bytes) -> None:
    """F3: links and recovery keys, as typed, and with the checksum that makes the inside count."""
    choices = Choices(data)
    mode, raw = choices.below(4), choices.rest()
    text = raw.decode("utf-8", "surrogateescape")
    if mode == 3:
        fuzz_locked(raw, raw[-20:])
        return
    if mode == 1:
        text = SCHEME + _base64(raw + hash_parts("pad1/link", raw, size=4))
    if mode == 2:
        with contextlib.suppress(MistypedRecoveryKey):
            assert parse_recovery_key(format_recovery_key(parse_recovery_key(text)))
        return
    try:
        link = read_link(text)
    except BadLink:
        return
    again = as_text(link.header + link.sealed) if isinstance(link, LockedLink) else encode_link(link)
    if isinstance(link, LockedLink):
        # A gigabyte ten times is what anybody's link may cost this machine.
        assert 3 <= link.passes <= 10
        assert 26 <= link.log2_memory <= 30
    assert again == text.strip(), "a link has two spellings"
    assert text.strip()[len(SCHEME) :][:80] not in repr(link)


def fuzz_term_safe(data: bytes) -> None:
    """F8: nothing comes out that a terminal obeys, and what is safe stays as it is."""
    choices = Choices(data)
    width, raw = choices.pick((1, 2, 3)), choices.rest()
    # Code points of one, two or three bytes, so that lone halves of characters come too.
    points = [int.from_bytes(raw[at : at + width], "little") for at in range(0, len(raw), width)]
    text = "".join([chr(point % 0x110000) for point in points])
    for safe in (term_safe, term_safe_name):
        shown = safe(text)
        kept = _KEPT if safe is term_safe else frozenset()
        commands = {char for char in shown if ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0} - kept
        assert not commands, f"{safe.__name__} lets {commands} through"
        assert not any(0xD800 <= ord(char) < 0xE000 for char in shown)
        assert safe(shown) == shown, f"{safe.__name__} is not idempotent"
    assert len(term_safe_name(text).encode()) <= MAX_NAME_BYTES


def fuzz_vault(data: bytes) -> None:
    """F9: vault.hdr, with and without a right checksum, and a vault.db that somebody wrote into."""
    choices = Choices(data)
    mode = choices.below(3)
    if mode == 2:
        _damaged_database(choices)
        return
    raw = choices.rest()
    if mode == 1:
        raw += hash_parts(CHECKSUM_LABEL, raw, size=16)
    try:
        header = parse_header(raw)
    except VaultError:
        return
    assert isinstance(header, Header)
    assert encode_header(header) == raw, "vault.hdr has two spellings"


@cache
def _database_bytes() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "vault.db")
        database = Database.create(path, DATABASE_KEY)
        tables = Tables(database)
        tables.set_setting("name", "Anna")
        tables.put_listing(ListingRow(bytes(32), "Title", 0, "owner", 0, 5, False))
        database.close()
        return path.read_bytes()


def _damaged_database(choices: Choices) -> None:
    """Every failure is one of the vault's own; what can be read is what was written."""
    image = bytearray(_database_bytes())
    for _ in range(1 + choices.below(4)):
        at = (choices.byte() << 16 | choices.byte() << 8 | choices.byte()) % len(image)
        image[at] ^= choices.byte()
    if choices.below(4) == 3:
        del image[(choices.byte() << 8 | choices.byte()) % len(image) :]
    folder = Path(tempfile.mkdtemp())
    try:
        path = folder / "vault.db"
        path.touch(mode=0o600)
        path.write_bytes(image)
        try:
            database = Database.open(path, DATABASE_KEY)
        except VaultError:
            return
        try:
            tables = Tables(database)
            assert tables.setting("name") == "Anna"
            assert [row.title for row in tables.listing()] == ["Title"]
        except VaultError:
            pass
        finally:
            database.close()
    finally:
        shutil.rmtree(folder)


TARGETS: dict[str, Target] = {
    "f1_entry": fuzz_entry,
    "f2_record": fuzz_record,
    "f3_link": fuzz_link,
    "f4_frames": fuzz_frames,
    "f5_update": fuzz_update,
    "f6_snapshot": fuzz_snapshot,
    "f7_presence": fuzz_presence,
    "f8_term_safe": fuzz_term_safe,
    "f9_vault": fuzz_vault,
    "f10_login": fuzz_login,
    "f11_flows": fuzz_flows,
    "f12_card": fuzz_card,
    "f13_mail": fuzz_mail,
    "f14_words": fuzz_words,
    "f15_drive": fuzz_drive,
    "f16_owner": fuzz_owner,
    "f17_rooms": fuzz_rooms,
    "f18_roster": fuzz_roster,
    "f19_document": fuzz_document,
}
CORPUS = Path(__file__).with_name("corpus")


def corpus_of(name: str) -> list[bytes]:
    """The kept inputs of a target, in a fixed order."""
    return [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]
