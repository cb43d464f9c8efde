"""Where a fold began, read from a vault's log: for checkpoints of before it was kept in them.

Such a fold must not pass for one that saw the pad from its birth: it would judge others by what it never
checked. Reads storage once, when the checkpoint is restored.
"""

from __future__ import annotations

from cryptpad_relay.protocol.entry import parse_entry
from cryptpad_relay.protocol.errors import Malformed
from cryptpad_tui.crypto.errors import CryptoError
from cryptpad_tui.crypto.keys import ViewKeys
from cryptpad_tui.crypto.sealing import open_sealed, unpad
from cryptpad_tui.pad.payloads import SnapshotSeal
from cryptpad_tui.pad.ports import LogRow, PadStore
from cryptpad_tui.pad.verdicts import StartMark

PAGE = 1_000


def start_of_log(store: PadStore, keys: ViewKeys) -> StartMark | None:
    """The snapshot whose tail this vault has, unchecked; None where it has the log from the first entry."""
    first = next(iter(store.log_after(0, 1)), None)
    if first is None or first.n == 1:
        return None
    after = first.n - 1
    while rows := store.log_after(after, PAGE):
        for row in rows:
            mark = _mark(row, first.n - 1, keys)
            if mark:
                return mark
        after = rows[-1].n
    return StartMark(bytes(32), first.n - 1, first.n, bytes(32), bytes(32))


def _mark(row: LogRow, snap_n: int, keys: ViewKeys) -> StartMark | None:
    try:
        entry = parse_entry(row.entry)
        if entry.snapshot is None or entry.snapshot.snap_n != snap_n:
            return None
        plaintext = unpad(open_sealed(keys.read_key, entry.associated_data, entry.sealed))
        digest = SnapshotSeal.decode(plaintext).state_digest
    except (Malformed, CryptoError):
        # A record of the owner, or what nobody with the key made.
        return None
    return StartMark(entry.entry_id, snap_n, row.n, entry.writer_pk, digest)
