"""F1, F2, F4, F7: entries, owner records, frames on both sides, and presence."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

from fuzz.choices import Choices

from cryptpad_relay import websocket
from cryptpad_relay.diagnostics import LOG
from cryptpad_relay.protocol import (
    file_frames,
    frames,
    freeze,
    labels,
    login_frames,
    mail_frames,
    meeting_frames,
    move_frames,
    owner_records,
    records,
    restore,
)
from cryptpad_relay.protocol.entry import (
    SEAL_OVERHEAD,
    Kind,
    header_bytes,
    parse_entry,
    parse_presence,
    presence_id_of,
)
from cryptpad_relay.protocol.errors import Malformed, Refused
from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.protocol.records import Genesis
from cryptpad_relay.store.memory import MemoryStore
from cryptpad_relay.voids import parse_log_entry
from cryptpad_tui.crypto.keys import EditKeys, SigningSeed, edit_seed_of, make_genesis
from cryptpad_tui.crypto.sealing import pad, padded_length, seal
from cryptpad_tui.pad.epochs import EpochMark
from cryptpad_tui.pad.payloads import Hello, PresencePayload, SnapshotSeal, Update, Verdict
from cryptpad_tui.pad.peers import NO_CURSOR
from cryptpad_tui.pad.presence import Presence
from cryptpad_tui.pad.writer import Base
from support.forge import Desk, DeskClient, Forge, ForgedPad

_FRAMES = (frames, restore, freeze, file_frames, mail_frames, login_frames, move_frames, meeting_frames)
PLAINTEXTS: tuple[Any, ...] = (Hello, Update, SnapshotSeal, Verdict, PresencePayload)


def _named(module: ModuleType) -> list[tuple[str, Any]]:
    return sorted(vars(module).items())


RECORD_PARSERS: tuple[Callable[[bytes], Any], ...] = tuple(
    dict.fromkeys(
        parse
        for module in (records, owner_records)
        for name, parse in _named(module)
        if name.startswith("parse_")
    )
)
"""Of these modules, and with them of each record kind that comes."""
FORMS: tuple[Any, ...] = tuple(
    dict.fromkeys(
        form
        for module in _FRAMES
        for _, form in _named(module)
        if hasattr(form, "decode") and hasattr(form, "encode")
    )
)
MAX_MESSAGES = 24


def fuzz_entry(data: bytes) -> None:
    """F1: the envelope, and the plaintexts inside it."""
    for parse in (parse_entry, parse_presence, parse_log_entry):
        try:
            entry = parse(data)
        except (Malformed, Refused):
            continue
        assert entry.associated_data + entry.sealed + entry.signature == data
        if entry.snapshot is not None:
            assert entry.associated_data.endswith(entry.snapshot.encode())
        entry.signature_ok()
    for form in PLAINTEXTS:
        _one_spelling(form, data)


def fuzz_record(data: bytes) -> None:
    """F2: whatever is an owner's record."""
    kind = records.record_kind(data)
    assert kind is None or data[:4] == b"PAD1"
    for parse in RECORD_PARSERS:
        try:
            record = parse(data)
        except (Malformed, Refused):
            continue
        assert record.raw == data


def fuzz_frames(data: bytes) -> None:
    """F4: what either side reads off the wire: WebSocket bytes, forms, and a relay's session."""
    choices = Choices(data)
    mode = choices.below(3)
    if mode == 0:
        form, body = choices.pick(FORMS), choices.rest()
        _one_spelling(form, body)
    elif mode == 1:
        _websocket(choices.rest())
    else:
        _session(choices)


def _one_spelling(form: Any, body: bytes) -> None:
    try:
        value = form.decode(body)
    except Malformed:
        return
    assert value.encode() == body, f"{form.__name__} has two spellings"


def _websocket(data: bytes) -> None:
    """Whole or byte by byte, the messages are the same, and nothing is kept beyond the limit."""
    limit, outcomes = 2_048, []
    for size in (len(data) or 1, 1):
        reader, seen = websocket.MessageReader(limit), list[object]()
        try:
            for at in range(0, len(data), size):
                seen += reader.feed(data[at : at + size])
                assert len(reader._parts) <= limit
        except websocket.BrokenWebSocket as broken:
            seen.append(broken.code)
        outcomes.append(seen)
    whole, single = outcomes
    # What stood before a broken frame in the same piece of bytes is given up with the connection.
    is_broken = bool(whole) and isinstance(whole[-1], int)
    assert single[-1:] == whole if is_broken else single == whole


class _Faults(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        raise AssertionError(f"the relay's own fault: {record.getMessage()}")


@cache
def watch_for_faults() -> None:
    LOG.addHandler(_Faults(logging.ERROR))
    LOG.propagate = False


def _session(choices: Choices) -> None:
    """Each request has exactly one answer, and whatever comes is no fault of the relay's."""
    watch_for_faults()
    desk = Desk(MemoryStore(), Forge(3))
    known = desk.forge.pad()
    client = desk.connect()
    client.create(known)
    if choices.below(4):
        client.subscribe(known)
    asked = []
    for req in range(1_000, 1_000 + MAX_MESSAGES):
        if not choices or client.peer.close_code is not None:
            break
        op = choices.pick((*Op, 0x0A, 0x10, 0x7F))
        client.say(op, _body(choices, client, known), req=0 if op == Op.PRES else req)
        asked.append((req, op))
        while desk.commit() or client.peer.woken:
            client.work()
    if client.peer.close_code is None:
        answered = [frame.req for frame in client.peer.take() if frame.req]
        assert answered == [req for req, op in asked if op != Op.PRES], "an answer is missing or twice"


def _body(choices: Choices, client: DeskClient, known: ForgedPad) -> bytes:
    """Half of a plausible request, then bytes."""
    writer = known.writer()
    prefixes = (
        b"",
        known.pad_id,
        known.genesis,
        client.sub_body(known),
        frames.Append((writer.hello(known.start), writer.update(known.start))).encode(),
        frames.Fetch(known.pad_id, 0, 5).encode(),
        known.presence(bytes(32), 1),
    )
    prefix = choices.pick(prefixes)
    if choices.below(3) == 2 and prefix:
        at = choices.below(len(prefix))
        prefix = prefix[:at] + bytes([prefix[at] ^ (choices.byte() or 1)]) + prefix[at + 1 :]
    return prefix + choices.take(choices.below(200))


@cache
def _pad_keys() -> tuple[EditKeys, Genesis]:
    root = bytes(range(32))
    return EditKeys.from_seed(edit_seed_of(root, 0)), make_genesis(root, 0, rng=bytes)


def fuzz_presence(data: bytes) -> None:
    """F7: plaintexts, sealed and signed as a colluding editor or viewer would, and received."""
    _one_spelling(PresencePayload, data[1:])
    keys, genesis = _pad_keys()
    me = SigningSeed(bytes([5]) * 32)
    presence = Presence(genesis.pad_id, EpochMark.first(genesis), keys, me, None, rng=Forge(5).bytes)
    choices = Choices(data)
    head = choices.byte()
    parts = (
        [choices.rest()] if head < 128 else [choices.take(choices.below(400)) for _ in range(1 + head % 4)]
    )
    for counter, plaintext in enumerate(parts, 1):
        presence.receive(
            _presence_frame(keys, genesis.pad_id, plaintext, counter, viewer=bool(head & 4)), 1.0
        )
    assert len(presence.sessions) <= len(parts)
    presence.tick(2.0, Base(0, bytes(32)), (NO_CURSOR, NO_CURSOR), typing=False)


def _presence_frame(keys: EditKeys, pad_id: bytes, plaintext: bytes, counter: int, *, viewer: bool) -> bytes:
    session = SigningSeed(bytes([1 + counter % 2]) * 32)
    clear = keys.viewer_cert(pad_id, 0, session.public) if viewer else b""
    kind = Kind.VIEWER_PRESENCE if viewer else Kind.PRESENCE
    size = len(clear) + SEAL_OVERHEAD + padded_length(len(plaintext) + 1)
    header = header_bytes(kind, pad_id, 0, session.public, counter, bytes(32), 0, bytes(32), size) + clear
    unsigned = header + seal(keys.presence_key, header, pad(plaintext), rng=bytes)
    return unsigned + session.sign(labels.PRESENCE_SIGNATURE, presence_id_of(unsigned))
