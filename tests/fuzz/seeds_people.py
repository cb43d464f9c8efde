"""The first inputs of the targets about people, devices and what a relay keeps for them; see `seeds`."""

from __future__ import annotations

from fuzz.drives import ROOT, born
from fuzz.people import ANNA, COST, card

from cryptpad_relay.protocol.labels import u64
from cryptpad_tui.crypto.keys import Role, SigningSeed
from cryptpad_tui.crypto.links import Link, encode_link
from cryptpad_tui.engine.account_word import Word
from cryptpad_tui.engine.codes import Account
from cryptpad_tui.engine.enrolling import LimitedAccount
from cryptpad_tui.people import messages
from cryptpad_tui.people.login_block import LoginContent
from cryptpad_tui.people.login_keys import SecretKey
from cryptpad_tui.people.login_record import LoginMode, LoginRecord
from cryptpad_tui.people.login_sheet import LoginSheet
from cryptpad_tui.people.roster_ops import Kind, sign_operation
from support.forge import Forge

B16, B32, B64 = bytes(16), bytes(range(32)), bytes(64)
LINK = encode_link(Link(Role.EDIT, B32, 0, B32, 5, B16, B16, "wss://relay.example"))


def logins() -> list[bytes]:
    content = LoginContent(ROOT, B32, B32, 7, B16, 5, "wss://relay.example", "Anna é").encode()
    bare = LoginContent(ROOT, B32, B32, 0, b"", 5, "unix:/run/relay", "A").encode().rstrip(b"\0")
    sheet = LoginSheet("wss://relay.example", "anna", SecretKey(COST, B16))
    record = LoginRecord(3, LoginMode.KEY, B32, 5, B32, "anna", (B32, bytes(32)))
    name = record.name.encode()
    plain = b"\1" + u64(3) + b"\1" + B32 + u64(5) + B32 + bytes([len(name)]) + name + b"\2" + B32 + bytes(32)
    return [
        b"\0PADL\1\1\3\x1d" + u64(1) + bytes(1_160),
        b"\1\0" + content.rstrip(b"\0"),
        b"\1\3\3\x1d" + u64(9) + bare,
        b"\2" + sheet.qr_text().encode(),
        b"\2" + "\n".join(["A page", *sheet.lines()]).encode(),
        b"\3\x7d" + B16,
        b"\3" + b" " * 17 + sheet.secret.text().encode(),
        b"\4" + plain,
    ]


def cards() -> list[bytes]:
    raw = card().raw
    return [b"\0" + card().text.encode(), b"\1" + raw, b"\2" + raw[:2] + raw[34:-64]]


def mails() -> list[bytes]:
    note, key = "come", bytes(32)
    said: list[messages.Message] = [
        messages.Request(card(), B16, note),
        messages.Answer(True, card(), B16),
        messages.CardChange(card(), B16),
        messages.Invitation(LINK, "Title", note),
        messages.InvitationAnswer(B32, True, key, B64),
        messages.EditRequest(B32, "Title", key, B64, note),
        messages.EditAnswer(B32, True, LINK, note),
        messages.Mention(B32, "Title", "thread", True, note),
        messages.RemovalNotice(B32, "Title", note),
        messages.TeamLeave(B32, "Title", "QUJD"),
        messages.OwnershipOffer(B32, "Title", LINK, B32, note),
        messages.OwnershipAnswer(B32, False),
        messages.PadMoved(B32, "Title", "wss://other.example"),
        messages.Unknown(15, b"of tomorrow"),
    ]
    kinds = [(each.kind if isinstance(each, messages.Unknown) else each.KIND, each.encode()) for each in said]
    signed = [b"\2\7" + bytes([kind]) + u64(5) + bytes(4) + body for kind, body in kinds]
    bare = [b"\3" + bytes([kind]) + body for kind, body in kinds[::2]]
    return [b"\0" + bytes(40), b"\1\1" + ANNA.ident.public, b"\2\2\1" + u64(5) + bytes(4), *signed, *bare]


def words() -> list[bytes]:
    word = Word(False, ROOT, born().pad_id, born().raw, B32, B32, "wss://relay.example", "two words").encode()
    account = Account(ROOT, B32, B32, "wss://relay.example", "Anna").encode()
    limited = LimitedAccount(ROOT, B16, B32, "Anna é", LINK).encode()
    inside = word[1 + 32 + 32 + 236 :]
    return [b"\0" + account, b"\0" + limited, b"\1" + word, b"\2\1" + inside, b"\2\2" + inside]


def drives() -> list[bytes]:
    rng = Forge(15)
    return [b"\0", b"\1" + bytes([0, 10, 255]), *[rng.bytes(size) for size in range(20, 320, 30)]]


def owners() -> list[bytes]:
    """A record of each kind that is in use, honest; several in a row; and some of anything."""
    rng = Forge(16)
    honest = [bytes([kind, 0, 0, 5, 0, 0, 0]) for kind in (1, 4, 5)]
    moved = bytes([6, 0, 0, 0, 4, 3]) + b"abcd" + bytes(2)
    ends, rest = bytes([1, 0, 0, 0, 5, 0, 0]), bytes([2, 0, 0, 0, 0, 2, 0, 0])
    return [
        *honest,
        moved,
        ends,
        rest,
        bytes(3) + rest + moved,
        *[rng.bytes(size) for size in range(12, 120, 12)],
    ]


def rooms() -> list[bytes]:
    rng, requests = Forge(17), range(21)
    each = [bytes([3, 0, op, 0, 0, 4, 0, 0, 0, 0, 1, 3, 0, op, 1, 0, 2, 1, 2, 1]) for op in requests]
    # A mailbox, mail in it, and its end; a login that is made, changed, exchanged and dropped; a file.
    mail = b"".join([bytes([3, 0, op, 0, 0, 2, 0, 0, 1]) for op in (0, 1, 2, 3, 1, 2, 4)])
    login = b"".join(
        [bytes([3, 1, op, 0, 0, 3, had, 0, 7, 1]) for op, had in ((6, 0), (5, 0), (6, 1), (7, 2), (8, 3))]
    )
    files = b"".join([bytes([3, 0, op, 0, 0, 2, 0, 0, 1]) for op in (9, 12, 10, 13, 11, 13)])
    return [mail, login, files, *each[::3], *[rng.bytes(size) for size in range(60, 400, 60)]]


def rosters() -> list[bytes]:
    """An operation; a first owner who lets somebody in; and people who do as they like."""
    seed = SigningSeed(B32)
    one = sign_operation(seed, Kind.REMOVE, team=B32, previous=B32, subject=bytes(32))
    # Each is kind, author, subject, how far back, role, trick: the fields that its kind has.
    found = bytes([4, 0, 0, 0])
    many = found + b"".join([bytes([0, 0, at, 0, 1 + at % 3, 0]) for at in range(1, 5)])
    wild = b"".join([bytes([0, at % 6, at * 5 % 6, at % 3, 1 + at % 4, 0]) for at in range(8)])
    ends = bytes([2, 2, 1, 0, 0, 1, 2, 3, 1, 4, 0, 3, 3, 3, 0, 0])
    return [b"\0" + one.raw, b"\1" + many, b"\1" + many + wild, b"\1" + many + ends]
