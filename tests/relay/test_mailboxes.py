"""Mailboxes: bound by a key, filled by anybody, read by their owner alone, bounded in room and in pace."""

from __future__ import annotations

import pytest

from cryptpad_relay.limits import Limits
from cryptpad_relay.protocol import labels
from cryptpad_relay.protocol.errors import Code
from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.protocol.labels import u64
from cryptpad_relay.protocol.mail_frames import (
    NO_PASS,
    SEALED_MAIL_BYTES,
    WORK_BITS,
    WORK_BITS_FULL,
    MailBind,
    MailBound,
    MailCame,
    MailDrop,
    MailFetch,
    MailFetched,
    MailPut,
    bind_parts,
    has_worked,
    mailbox_id_of,
    pass_id_of,
    work,
)
from cryptpad_relay.store.base import Store
from support.forge import Desk, DeskClient, Forge

KEY, PASS = bytes(range(32)), b"contacts' pass 1"
BOX = mailbox_id_of(labels.public_key(KEY))
DAY_S = 86_400


@pytest.fixture(autouse=True)
def little_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a bit costs is measured once, below."""
    monkeypatch.setattr("cryptpad_relay.mailboxes.WORK_BITS", 4)
    monkeypatch.setattr("cryptpad_relay.mailboxes.WORK_BITS_FULL", 8)


def bind_body(client: DeskClient, key: bytes = KEY, pass_: bytes = PASS) -> bytes:
    pass_id, greeting = pass_id_of(pass_), client.greeting
    parts = bind_parts(pass_id, greeting.relay_nonce, greeting.relay_pk)
    return MailBind(
        labels.public_key(key), pass_id, labels.sign_parts(key, labels.MAILBOX_BIND, *parts)
    ).encode()


def bound(desk: Desk, key: bytes = KEY, pass_: bytes = PASS) -> DeskClient:
    client = desk.connect("home")
    assert client.ask(Op.MBOX_BIND, bind_body(client, key, pass_)).op == Op.MBOX_BIND | 0x80
    return client


def mail(desk: Desk, pass_: bytes = NO_PASS, bits: int = 4, box: bytes = BOX) -> MailPut:
    put = MailPut(box, pass_, int(desk.unix_s) // DAY_S, 0, desk.forge.bytes(SEALED_MAIL_BYTES))
    return put if pass_ != NO_PASS else put._replace(nonce=work(put, bits))


def put(desk: Desk, message: MailPut, address: str = "stranger") -> Code:
    answer = desk.connect(address).ask(Op.MBOX_PUT, message.encode())
    return Code.OK if answer.op == Op.MBOX_PUT | 0x80 else Code(int.from_bytes(answer.body[:2]))


def fetch(client: DeskClient, after: int = 0, box: bytes = BOX) -> tuple[tuple[int, bytes], ...]:
    return MailFetched.decode(client.ask(Op.MBOX_FETCH, MailFetch(box, after).encode()).body).mails


def test_what_a_stranger_leaves_its_owner_hears_of_reads_and_drops(desk: Desk) -> None:
    owner, first, second = bound(desk), mail(desk), mail(desk, PASS)
    assert put(desk, first) is Code.OK
    assert put(desk, second) is Code.OK
    assert [MailCame.decode(body).newest for body in owner.pushes(Op.MAIL)] == [1, 2]
    assert fetch(owner) == ((1, first.mail), (2, second.mail))
    assert fetch(owner, 1) == ((2, second.mail),)
    owner.ask(Op.MBOX_DROP, MailDrop(BOX, (1, 7)).encode())
    assert fetch(owner) == ((2, second.mail),)
    again = desk.connect()
    assert MailBound.decode(again.ask(Op.MBOX_BIND, bind_body(again)).body) == MailBound(1, 2)


def test_nobody_reads_drops_or_closes_without_the_key(desk: Desk) -> None:
    bound(desk)
    put(desk, mail(desk))
    stranger = desk.connect()
    for op, body in (
        (Op.MBOX_FETCH, MailFetch(BOX, 0).encode()),
        (Op.MBOX_DROP, MailDrop(BOX, (1,)).encode()),
        (Op.MBOX_CLOSE, BOX),
    ):
        assert stranger.refusal(op, body).code is Code.NOT_SUBSCRIBED
    # A proof made for another connection, or with another key, is none.
    assert stranger.refusal(Op.MBOX_BIND, bind_body(bound(desk))).code is Code.NOT_AUTHORISED
    forged = bind_body(stranger, bytes(32))
    assert stranger.refusal(Op.MBOX_BIND, labels.public_key(KEY) + forged[32:]).code is Code.NOT_AUTHORISED
    assert len(fetch(bound(desk))) == 1


def test_a_mailbox_that_nobody_bound_takes_nothing(desk: Desk) -> None:
    assert put(desk, mail(desk)) is Code.NOT_FOUND
    owner = bound(desk)
    owner.ask(Op.MBOX_CLOSE, BOX)
    assert put(desk, mail(desk)) is Code.NOT_FOUND
    assert fetch(owner) == ()


def test_a_message_from_anybody_costs_work_for_it_alone(desk: Desk) -> None:
    bound(desk)
    honest = mail(desk)
    for wrong in (
        honest._replace(nonce=next(n for n in range(9_999) if not has_worked(honest._replace(nonce=n), 4))),
        honest._replace(day=honest.day + 2),
        honest._replace(mail=desk.forge.bytes(SEALED_MAIL_BYTES - 1) + b"?"),
    ):
        if not has_worked(wrong, 4) or wrong.day != honest.day:
            assert put(desk, wrong) is Code.WORK
    assert put(desk, mail(desk, b"not the right 16")) is Code.NOT_AUTHORISED


def test_the_same_message_twice_is_one(desk: Desk) -> None:
    owner, message = bound(desk), mail(desk)
    assert [put(desk, message), put(desk, message)] == [Code.OK, Code.OK]
    assert len(fetch(owner)) == 1


def test_strangers_fill_the_door_and_contacts_still_get_through(store: Store) -> None:
    """A flood: the door asks for more work, then is full; the lane of contacts is another."""
    desk = Desk(store, Forge(), limits=Limits()._replace(mails_at_door=4, mails_by_pass=2))
    owner = bound(desk)
    assert [put(desk, mail(desk)) for _ in range(2)] == [Code.OK] * 2
    assert put(desk, mail(desk)._replace(nonce=0)) is Code.WORK
    assert [put(desk, mail(desk, bits=8)) for _ in range(3)] == [Code.OK, Code.OK, Code.QUOTA]
    assert [put(desk, mail(desk, PASS)) for _ in range(3)] == [Code.OK, Code.OK, Code.QUOTA]
    owner.ask(Op.MBOX_DROP, MailDrop(BOX, (1, 2, 3)).encode())
    assert put(desk, mail(desk)) is Code.OK


def test_room_is_taken_before_the_disk_has_it(desk: Desk) -> None:
    """Or as many as fit one batch would fit a full mailbox."""
    desk.hub.mailboxes._limits = Limits()._replace(mails_by_pass=1)
    bound(desk)
    two = [desk.connect(), desk.connect()]
    for client in two:
        client.say(Op.MBOX_PUT, mail(desk, PASS).encode())
    while desk.commit():
        pass
    ops = sorted(frame.op for client in two for frame in client.peer.take())
    assert ops == [Op.MBOX_PUT | 0x80, Op.ERR]


@pytest.mark.parametrize("limit", ["mails_per_connection", "mails_per_address", "mails_per_pass"])
def test_messages_have_their_pace(store: Store, limit: str) -> None:
    desk = Desk(store, Forge(), limits=Limits()._replace(**{limit: Limits().guests_per_address}))
    bound(desk)
    client = desk.connect("stranger")
    codes = []
    for n in range(12):
        address = "stranger" if limit == "mails_per_address" else f"stranger {n}"
        sender = client if limit == "mails_per_connection" else desk.connect(address)
        answer = sender.ask(Op.MBOX_PUT, mail(desk, PASS).encode())
        codes.append(Code.OK if answer.op != Op.ERR else Code(int.from_bytes(answer.body[:2])))
    assert codes == [Code.OK] * 10 + [Code.RETRY] * 2


def test_old_messages_go_and_so_do_mailboxes_that_nobody_opens(desk: Desk) -> None:
    put(desk, mail(desk)) if bound(desk) else None
    housekeep(desk, Limits().mail_days)
    assert len(fetch(bound(desk))) == 1
    housekeep(desk, 1)
    assert fetch(bound(desk)) == ()
    housekeep(desk, Limits().mailbox_days + 1)
    assert put(desk, mail(desk)) is Code.NOT_FOUND


def housekeep(desk: Desk, days: int) -> None:
    desk.unix_s += days * DAY_S
    desk.now += 3_600
    desk.hub.tick(desk.now)
    while desk.commit():
        pass


def test_a_lost_batch_leaves_the_room_free_and_the_message_unsaid(desk: Desk) -> None:
    owner = bound(desk)
    client = desk.connect()
    client.say(Op.MBOX_PUT, mail(desk, PASS).encode())
    desk.hub.take_batch(desk.now)
    desk.hub.failed()
    assert [frame.op for frame in client.peer.take()] == [Op.ERR]
    assert desk.hub.mailboxes.room(BOX, 1)[0] == 0  # type: ignore[arg-type]
    assert fetch(owner) == ()


@pytest.mark.parametrize(
    ("op", "body", "code"),
    [
        (Op.MBOX_BIND, bytes(127), Code.MALFORMED),
        (Op.MBOX_PUT, bytes(60 + SEALED_MAIL_BYTES - 1), Code.MALFORMED),
        (Op.MBOX_PUT, bytes(60 + SEALED_MAIL_BYTES + 1), Code.TOO_LARGE),
        (Op.MBOX_FETCH, bytes(39), Code.MALFORMED),
        (Op.MBOX_DROP, bytes(32) + b"\0\x41" + bytes(8 * 65), Code.TOO_LARGE),
        (Op.MBOX_DROP, bytes(32) + b"\0\x01" + u64(2**63), Code.MALFORMED),
        (Op.MBOX_CLOSE, bytes(31), Code.MALFORMED),
    ],
)
def test_what_is_no_mail_is_refused(desk: Desk, op: Op, body: bytes, code: Code) -> None:
    assert desk.connect().refusal(op, body).code is code


def test_work_is_found_and_found_right() -> None:
    message = MailPut(BOX, NO_PASS, 20_000, 0, bytes(SEALED_MAIL_BYTES))
    assert has_worked(message._replace(nonce=work(message, WORK_BITS)), WORK_BITS)
    assert WORK_BITS < WORK_BITS_FULL


def test_mailboxes_outlive_a_restart(tmp_path: object) -> None:
    from pathlib import Path

    from cryptpad_relay.store.sqlite import SqliteStore

    path = Path(str(tmp_path)) / "relay.db"
    store = SqliteStore(path)
    desk = Desk(store, Forge())
    bound(desk)
    message = mail(desk)
    put(desk, message)
    store.close()
    assert SqliteStore(path).mails(BOX, 0, 9) == [(1, message.mail)]
