"""Making a pad of one's own: wholly, or not at all.

All of it is one transaction, so that a disk that fills on the way leaves no half of a pad; and what this
process remembered of it goes with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cryptpad_relay.protocol.labels import keyed_hash
from cryptpad_relay.protocol.records import Genesis
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Attributes, Position, TextEdit
from cryptpad_tui.crypto.keys import drive_root_of, make_genesis
from cryptpad_tui.engine.errors import NoRelay, RelayUnreachable
from cryptpad_tui.engine.folders import placing
from cryptpad_tui.engine.limited import as_kept_here
from cryptpad_tui.engine.records import own_record
from cryptpad_tui.engine.values import PadListing
from cryptpad_tui.vault.records import PadRecord

if TYPE_CHECKING:
    from cryptpad_tui.engine.composing import Composed
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession

_START = Position(0, 0)
EXPECTED_RELAY = "kit/relay_pk"
"""The setting with the key of the relay that has this account's drive, as a kit or another device told it."""


def new_record(engine: Engine, kind: PadKind, owner_root: bytes) -> PadRecord:
    """The record of a pad with this root, of which nothing is stored yet."""
    genesis = make_genesis(owner_root, kind, rng=engine.rng)
    return own_record(genesis, kind, owner_root, created_ms=engine.wall_ms())


def drive_genesis(account_root: bytes) -> Genesis:
    """The birth of an account's drive: the same wherever it is made, so that the account leads to it."""

    def derived(size: int) -> bytes:
        return keyed_hash(account_root, "pad1/drivesalt", size=size)

    return make_genesis(drive_root_of(account_root), PadKind.DRIVE, rng=derived)


def require_relay(engine: Engine) -> str:
    """Where what needs a relay is asked for; raises NoRelay."""
    url = engine.relay_url()
    if url is None:
        raise NoRelay
    return url


async def drive_at_relay(engine: Engine) -> PadRecord:
    """The drive's record, once all of it is at its relay, since a new machine has nothing else; raises
    RelayUnreachable."""
    report = await engine.sync([drive_record(engine).pad_id], wait_s=10.0)
    drive = drive_record(engine)
    if report.unreachable or not drive.relay_pk:
        raise RelayUnreachable("the relay cannot be reached, so a new machine would find nothing there")
    return drive


def own_drive(engine: Engine) -> PadRecord:
    """The record of the drive that the account's root leads to, of which nothing is stored yet."""
    root = engine.vault.account_root
    genesis, made_ms = drive_genesis(root), engine.wall_ms()
    record = own_record(genesis, PadKind.DRIVE, drive_root_of(root), created_ms=made_ms)
    return replace(record, relay_pk=bytes.fromhex(engine.vault.setting(EXPECTED_RELAY) or ""))


def drive_record(engine: Engine) -> PadRecord:
    """The record of this account's drive, made when it is first asked for."""
    stored = engine.vault.setting("drive")
    record = engine.vault.pad(bytes.fromhex(stored)) if stored else None
    if record is None:
        record = own_drive(engine)
        engine.vault.put_pad(record)
        engine.vault.set_setting("drive", record.pad_id.hex())
    return record


def create_pad(
    engine: Engine,
    title: str,
    *,
    kind: PadKind,
    text: str,
    runs: Sequence[tuple[str, Attributes]],
    folder: str,
    record: PadRecord | None = None,
    composed: Composed | None = None,
    beside: Callable[[PadSession], None] = lambda session: None,
) -> PadListing:
    """See `Engine.create_pad`; `beside` writes what else belongs to the pad of `record` in the same
    transaction, `composed` is its text where that is written already."""
    engine.drive_session.flush()
    made = record or new_record(engine, kind, engine.rng(32))
    record = as_kept_here(engine.vault, made)
    try:
        with engine.drive_session.replica.store.transaction():
            engine.vault.put_pad(record)
            if composed:
                engine.open_pads.write_ahead(record.pad_id, composed)
            session = engine.open_pad(record.pad_id)
            session.set_title(title)
            if text:
                session.view.replace(_START, _START, text)
            if runs and not composed:
                session.view.replace_all([TextEdit(_START, _START, *run) for run in runs])
            beside(session)
            session.flush()
            engine.add(record, owner_root=made.secret)
            if folder:
                placing.move_pads(engine, [record.pad_id], placing.make_path(engine, folder))
    except BaseException:
        unmake(engine, record.pad_id)
        raise
    session.close()
    return engine.listing_of(record.pad_id)


def unmake(engine: Engine, pad_id: bytes) -> None:
    """Forget here what a transaction that failed has taken back."""
    session = engine.open_pads.take_out(pad_id, keep_writer=False)
    if session:
        session.pending.stop_saving()
        engine.relays.let_go(session)
    engine.open_pads.register_again()
    engine.drive_session.pending.go_back()
