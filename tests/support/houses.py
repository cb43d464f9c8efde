"""Two relays without sockets, and an owner who moves a pad from one to the other."""

from __future__ import annotations

from typing import TypeVar

from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.errors import Refused
from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.protocol.move_frames import Bring
from cryptpad_relay.protocol.move_record import MoveRecord
from cryptpad_tui.pad import flows, flows_arrive, flows_epoch, flows_move
from cryptpad_tui.pad.asking import Flow
from cryptpad_tui.pad.flows import Pin
from cryptpad_tui.pad.moves import change_relay
from support.epochs import OWNER_ROOT, Guest, Table
from support.forge import DeskClient
from support.pads import load_here

T = TypeVar("T")
URL = "wss://other.example"


def play(client: DeskClient, flow: Flow[T]) -> T:
    try:
        request = next(flow)
        while True:
            answer = client.ask(request.op, request.body)
            if answer.op == Op.ERR:
                error = frames.Error.decode(answer.body)
                request = flow.throw(Refused(error.code, error.retry_ms))
            else:
                request = flow.send(answer.body)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]


def arrive(guest: Guest) -> None:
    """As an open pad does it: raises Moved where the pad goes on elsewhere."""
    guest.connect()
    replica = guest.replica
    replica.place.shown_by = guest.client.greeting.relay_pk
    flow = flows_arrive.arrive(replica, guest.client.greeting, uploaded=True, rng=guest.rng)
    connected, _ = guest.play(flow)
    try:
        guest.play(flows.join(replica, connected, Pin(0, b""), load_here))
    finally:
        guest.show(replica.take_folded())
    replica.place.check(replica.fold)


def follow(guest: Guest, record: MoveRecord, new: Table) -> None:
    """As the engine does it: the other relay's receipt is held against it from here on."""
    guest.table = new
    change_relay(guest.replica.witness, guest.store, record)
    guest.replica.place.ahead = record


def bring(owner: Guest, client: DeskClient) -> None:
    """Everything that the owner has verified."""
    replica = owner.replica
    n = play(client, flows_move.arrive(replica, OWNER_ROOT, client.greeting)).n
    while n < replica.fold.n:
        entries = replica.stored_entries(n, 128)
        count = flows_move.first_frame(entries)
        answer = client.ask(Op.BRING, Bring(replica.pad_id, n, tuple(entries[:count])).encode())
        assert answer.op == Op.BRING | 0x80, frames.Error.decode(answer.body)
        n += count


def move(owner: Guest, new: Table, *, record_too: bool = True) -> MoveRecord:
    """The whole way; without `record_too` the owner dies right after the signature."""
    arrive(owner)
    client = new.desk.connect()
    bring(owner, client)
    greeting, replica = client.greeting, owner.replica
    owner.play(flows_epoch.settle(replica, owner.client.greeting, rng=owner.rng))
    receipt = play(client, flows_move.receipt(replica, greeting, rng=owner.rng))
    record = owner.play(flows_move.sign_off(replica, OWNER_ROOT, receipt, greeting, URL))
    assert record is not None
    if record_too:
        client.ask(Op.BRING, Bring(replica.pad_id, record.close_n, (record.raw,)).encode())
    follow(owner, record, new)
    return record
