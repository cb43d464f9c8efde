"""F17: mailboxes, logins, files, meetings and arrivals at a relay's session, as streams of bytes.

Each stream is played at two relays, one over each store: they say the same, whatever comes, and neither
fails of its own or keeps more than its limits allow.
"""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Final
from unittest.mock import patch

from fuzz.choices import Choices
from fuzz.room_requests import DAY_S, KEYS, REQUESTS, Relay
from fuzz.wire import watch_for_faults

from cryptpad_relay import mailboxes
from cryptpad_relay.limits import Limits, Rate
from cryptpad_relay.protocol.labels import public_key
from cryptpad_relay.protocol.mail_frames import (
    mailbox_id_of,
)
from cryptpad_relay.store.base import Store
from cryptpad_relay.store.memory import MemoryStore
from cryptpad_relay.store.sqlite import SqliteStore
from support.forge import Desk, Forge

MAX_ACTS: Final = 40
CONNECTIONS: Final = 3
LIMITS: Final = Limits(
    mails_at_door=3,
    mails_by_pass=4,
    mailboxes_per_connection=2,
    logins=2,
    login_makes_per_address=Rate(6, 0.005),
    meetings=4,
    meetings_per_connection=2,
    meeting_messages=3,
    file_bytes_per_pad=3_000,
    file_bytes=4_000,
    loose_chunk_bytes=2_000,
)


SCRATCH: Final = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""In memory where the machine lets it: nothing here need outlive a power cut."""


@cache
def empty_store() -> bytes:
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
        path = Path(folder, "relay.db")
        SqliteStore(path).close()
        return path.read_bytes()


def fuzz_rooms(data: bytes) -> None:
    """F17: see above."""
    watch_for_faults()
    folder = Path(tempfile.mkdtemp(dir=SCRATCH))
    (folder / "relay.db").write_bytes(empty_store())
    stores: list[Store] = [MemoryStore(), SqliteStore(folder / "relay.db")]
    try:
        # What work costs is not what is tried here.
        with patch.object(mailboxes, "WORK_BITS", 0), patch.object(mailboxes, "WORK_BITS_FULL", 1):
            _play(Choices(data), [_opened(store) for store in stores])
    finally:
        for store in stores:
            store.close()
        shutil.rmtree(folder)


def _opened(store: Store) -> Relay:
    forge = Forge(17)
    relay = Relay(Desk(store, forge, limits=LIMITS), forge.pad())
    relay.clients = [relay.desk.connect(f"address {each % 2}") for each in range(CONNECTIONS)]
    relay.clients[0].create(relay.pad)
    relay.clients[0].subscribe(relay.pad)
    return relay


def _play(choices: Choices, relays: list[Relay]) -> None:
    for _ in range(MAX_ACTS):
        if not choices:
            break
        _act(choices, relays)
        said = [relay.heard() for relay in relays]
        assert said[0] == said[1], f"two stores, two answers: {said}"
        for relay in relays:
            _check_bounds(relay)
    for relay in relays:
        relay.commit()
        hub = relay.desk.hub
        assert not hub.logins._busy
        assert not hub.mailboxes._on_their_way
        assert not hub.announced_bytes
        for client in relay.clients:
            client.session.closed()
        assert not hub.mailboxes._bound, "what is left of who left"
        assert not hub.rendezvous._by_id, "what is left of who left"


def _act(choices: Choices, relays: list[Relay]) -> None:
    act, who = choices.below(16), choices.below(CONNECTIONS)
    if act == 0:
        for relay in relays:
            relay.commit()
    elif act == 1:
        days, seconds = choices.below(80), choices.pick((0.5, 10.0, 700.0))
        for relay in relays:
            relay.desk.unix_s += days * DAY_S
            relay.desk.now += seconds
            relay.desk.hub.tick(relay.desk.now)
    elif act == 2:
        for relay in relays:
            relay.clients[who].session.closed()
            relay.clients[who] = relay.desk.connect(f"address {who % 2}")
    else:
        op, body = choices.pick(list(REQUESTS)), choices.byte()
        twist, rest = choices.below(8), choices.take(choices.below(24))
        for relay in relays:
            asked = REQUESTS[op](relay, relay.clients[who], Choices(bytes([body]) + rest))
            relay.clients[who].say(op, _twisted(asked, twist, rest))
        if choices.below(3):
            for relay in relays:
                relay.commit()


def _twisted(body: bytes, twist: int, rest: bytes) -> bytes:
    """Mostly as it is."""
    if twist == 1 and rest and body:
        at = rest[0] * len(body) // 256
        return body[:at] + bytes([body[at] ^ (rest[-1] or 1)]) + body[at + 1 :]
    if twist == 2:
        return body[: len(rest) * 8] if len(rest) % 2 else body + rest
    return rest if twist == 3 else body


def _check_bounds(relay: Relay) -> None:
    hub, store = relay.desk.hub, relay.desk.hub.store
    for key in KEYS:
        taken = store.mail_count(mailbox_id_of(public_key(key)))
        assert taken <= LIMITS.mails_at_door + LIMITS.mails_by_pass, "a mailbox without bounds"
    assert store.login_count() <= LIMITS.logins, "logins without bounds"
    assert store.all_file_bytes() <= LIMITS.file_bytes, "files without bounds"
    assert len(hub.rendezvous._by_id) <= LIMITS.meetings
    for client in relay.clients:
        assert len(client.session.mailboxes) <= LIMITS.mailboxes_per_connection
