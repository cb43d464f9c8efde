"""Half honest requests for mailboxes, logins, files, meetings and arrivals: what `rooms` twists and plays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from fuzz.choices import Choices

from cryptpad_relay.protocol import frames, labels
from cryptpad_relay.protocol.entry import ChunkRef
from cryptpad_relay.protocol.file_frames import FileDropped, FilePut
from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.protocol.labels import public_key, sign_parts, u32, u64
from cryptpad_relay.protocol.login_frames import (
    LOGIN_SEALED_BYTES,
    LoginBlock,
    LoginDrop,
    LoginGet,
    LoginMove,
    LoginPut,
)
from cryptpad_relay.protocol.mail_frames import (
    NO_PASS,
    SEALED_MAIL_BYTES,
    MailBind,
    MailDrop,
    MailFetch,
    MailPut,
    bind_parts,
    mailbox_id_of,
    pass_id_of,
)
from cryptpad_relay.protocol.meeting_frames import MAX_MEETING_MESSAGE
from cryptpad_relay.protocol.move_frames import Arrive, Bring, arrive_parts
from support.forge import Desk, DeskClient, Forge, ForgedPad

DAY_S: Final = 86_400
KEYS: Final = tuple([bytes([each]) * 32 for each in (1, 2, 3)])
LARGEST: Final = 600


@dataclass(slots=True)
class Relay:
    """One of the two, and who is connected to it."""

    desk: Desk
    pad: ForgedPad
    clients: list[DeskClient] = field(default_factory=list)

    def commit(self) -> None:
        while self.desk.commit() or any(client.peer.woken for client in self.clients):
            for client in self.clients:
                client.work()

    def heard(self) -> list[object]:
        """What everybody was told since, in order, and who was put out."""
        return [(client.peer.take(), client.peer.close_code) for client in self.clients]


def _key(choices: Choices) -> bytes:
    return choices.pick(KEYS)


def _bind(relay: Relay, client: DeskClient, choices: Choices) -> bytes:
    key, pass_id = _key(choices), pass_id_of(choices.pick((b"1", b"2")) * 16)
    greeting = client.greeting
    parts = bind_parts(pass_id, greeting.relay_nonce, greeting.relay_pk)
    return MailBind(public_key(key), pass_id, sign_parts(key, labels.MAILBOX_BIND, *parts)).encode()


def _box(choices: Choices) -> bytes:
    return mailbox_id_of(public_key(_key(choices)))


def _put_mail(relay: Relay, client: DeskClient, choices: Choices) -> bytes:
    box, pass_ = _box(choices), choices.pick((NO_PASS, b"1" * 16, b"2" * 16))
    day = int(relay.desk.unix_s) // DAY_S + choices.pick((0, 0, 1, 2))
    return MailPut(box, pass_, day, choices.byte(), bytes([choices.byte()]) * SEALED_MAIL_BYTES).encode()


def _fetch_mail(relay: Relay, client: DeskClient, choices: Choices) -> bytes:
    return MailFetch(_box(choices), choices.pick((0, 1, 5, 2**63 - 1, 2**63))).encode()


def _drop_mail(relay: Relay, client: DeskClient, choices: Choices) -> bytes:
    return MailDrop(_box(choices), tuple([choices.byte() for _ in range(choices.below(6))])).encode()


def _close_mail(relay: Relay, client: DeskClient, choices: Choices) -> bytes:
    return _box(choices)


def _block(choices: Choices, key: bytes) -> tuple[int, bytes]:
    had = choices.below(4)
    version = had + choices.pick((1, 1, 0, 2**62))
    bare = LoginBlock(3, 29, version, bytes([choices.byte()]) * LOGIN_SEALED_BYTES, b"")
    return had, bare.signed() + sign_parts(key, labels.LOGIN_BLOCK, bare.signed())


def _signed(client: DeskClient, key: bytes, label: str, *parts: bytes) -> bytes:
    return sign_parts(key, label, *parts, client.greeting.relay_nonce, client.greeting.relay_pk)


def _get_login(relay: Relay, client: DeskClient, choices: Choices) -> bytes:
    key = _key(choices)
    return LoginGet(public_key(key), _signed(client, key, labels.LOGIN_GET)).encode()


def _put_login(relay: Relay, client: DeskClient, choices: Choices) -> bytes:
    key = _key(choices)
    had, block = _block(choices, key)
    signature = _signed(client, key, labels.LOGIN_PUT, *LoginPut.signed_parts(had, block))
    return LoginPut(public_key(key), had, signature, block).encode()


def _move_login(relay: Relay, client: DeskClient, choices: Choices) -> bytes:
    old, key = _key(choices), _key(choices)
    had, block = _block(choices, key)
    parts = LoginMove.signed_parts(had, public_key(key), block)
    one, other = [_signed(client, each, labels.LOGIN_MOVE, *parts) for each in (old, key)]
    return LoginMove(public_key(old), had, one, public_key(key), other, block).encode()


def _drop_login(relay: Relay, client: DeskClient, choices: Choices) -> bytes:
    key, had = _key(choices), choices.below(4)
    return LoginDrop(public_key(key), had, _signed(client, key, labels.LOGIN_DROP, u64(had))).encode()


def _chunk(choices: Choices) -> bytes:
    return bytes([choices.below(6)]) * choices.pick((256, 300, LARGEST, 257))


def _put_file(relay: Relay, client: DeskClient, choices: Choices) -> bytes:
    chunks = list(dict.fromkeys([_chunk(choices) for _ in range(1 + choices.below(4))]))
    listed = tuple([ChunkRef(len(each), labels.hash_parts(labels.CHUNK, each)) for each in chunks])
    put = FilePut(relay.pad.pad_id, 0, listed[-1].chunk_id, bytes(64), listed)
    signature = sign_parts(relay.pad.cap_seed, labels.FILE_PUT, *put.signed_parts())
    return FilePut(relay.pad.pad_id, 0, put.file_id, signature, listed).encode()


def _put_chunk(relay: Relay, client: DeskClient, choices: Choices) -> bytes:
    return frames.ChunkPut(relay.pad.pad_id, _chunk(choices)).encode()


def _named_chunk(relay: Relay, client: DeskClient, choices: Choices) -> bytes:
    chunk_id = labels.hash_parts(labels.CHUNK, _chunk(choices))
    return frames.PadAndHash(relay.pad.pad_id, chunk_id).encode()


def _drop_file(relay: Relay, client: DeskClient, choices: Choices) -> bytes:
    file_id = labels.hash_parts(labels.CHUNK, _chunk(choices))
    signature = sign_parts(relay.pad.owner_seed, labels.FILE_DROP, relay.pad.pad_id, file_id)
    return FileDropped(relay.pad.pad_id, file_id, signature).encode()


def _arrive(relay: Relay, client: DeskClient, choices: Choices) -> bytes:
    parts = arrive_parts(relay.pad.pad_id, client.greeting.relay_nonce, client.greeting.relay_pk)
    return Arrive(relay.pad.pad_id, sign_parts(relay.pad.owner_seed, labels.ARRIVE, *parts)).encode()


def _bring(relay: Relay, client: DeskClient, choices: Choices) -> bytes:
    # By one writer, made anew for each relay, so that both are brought the same.
    pad = Forge(18).pad()
    pad = ForgedPad(Forge(19), relay.pad.pad_id, relay.pad.genesis, relay.pad.cap_seed, pad.fetch_seed)
    writer = pad.writer()
    entries = [writer.hello(pad.start), *[writer.update(pad.start) for _ in range(choices.below(3))]]
    after = choices.pick((0, 0, 1))
    return Bring(pad.pad_id, after, tuple(entries[after:] or entries)).encode()


def _subscribe(relay: Relay, client: DeskClient, choices: Choices) -> bytes:
    return client.sub_body(relay.pad)


def _nothing(relay: Relay, client: DeskClient, choices: Choices) -> bytes:
    return b""


def _join(relay: Relay, client: DeskClient, choices: Choices) -> bytes:
    meetings = sorted(relay.desk.hub.rendezvous._by_number)
    return u32(choices.pick(meetings) if meetings else choices.byte())


def _meeting(relay: Relay, client: DeskClient, choices: Choices) -> bytes:
    meetings = sorted(relay.desk.hub.rendezvous._by_id)
    return choices.pick(meetings) if meetings else bytes(32)


def _say(relay: Relay, client: DeskClient, choices: Choices) -> bytes:
    size = choices.pick((0, 1, MAX_MEETING_MESSAGE, MAX_MEETING_MESSAGE + 1))
    return _meeting(relay, client, choices) + bytes(size)


REQUESTS: Final[dict[Op, Callable[[Relay, DeskClient, Choices], bytes]]] = {
    Op.MBOX_BIND: _bind,
    Op.MBOX_PUT: _put_mail,
    Op.MBOX_FETCH: _fetch_mail,
    Op.MBOX_DROP: _drop_mail,
    Op.MBOX_CLOSE: _close_mail,
    Op.LOGIN_GET: _get_login,
    Op.LOGIN_PUT: _put_login,
    Op.LOGIN_MOVE: _move_login,
    Op.LOGIN_DROP: _drop_login,
    Op.FILE_PUT: _put_file,
    Op.FILE_LOOK: _named_chunk,
    Op.FILE_DROP: _drop_file,
    Op.CHUNK_PUT: _put_chunk,
    Op.CHUNK_GET: _named_chunk,
    Op.ARRIVE: _arrive,
    Op.BRING: _bring,
    Op.SUB: _subscribe,
    Op.MEET_OPEN: _nothing,
    Op.MEET_JOIN: _join,
    Op.MEET_SEND: _say,
    Op.MEET_END: _meeting,
}
