"""The keys of a pad's epochs that this person holds, and how those of a new epoch are found in its record.

An owner computes them, a member opens a slot, a link's holder has those of one epoch and those before it that
its owner put into the records. Keys count only where they are the ones that the record names. Nothing here
ever shows a seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.owner_records import EpochRecord
from cryptpad_tui.crypto.errors import CryptoError
from cryptpad_tui.crypto.keys import EditKeys, ViewKeys, edit_seed_of, keys_match
from cryptpad_tui.crypto.sealing import open_sealed
from cryptpad_tui.crypto.slots import BoxOpener, open_slot
from cryptpad_tui.pad.epochs import EpochMark
from cryptpad_tui.pad.roster import Roster


class KeyRing:
    """Keys by epoch; at least those of one."""

    def __init__(
        self,
        keys: Mapping[int, ViewKeys],
        kind: int,
        *,
        owner_root: bytes | None = None,
        openers: Iterable[BoxOpener] = (),
        learned: Callable[[int, ViewKeys], None] = lambda epoch, keys: None,
        recall: Callable[[], Mapping[int, ViewKeys]] = dict,
    ) -> None:
        """`learned` makes keys durable; it may be called again with what it knows. `recall` reads all that
        are durable: another window of the same vault may have found some. `openers` is read each time.
        """
        self._keys = dict(keys)
        self._kind = kind
        self._owner_root = owner_root
        self._openers = openers
        self._learned = learned
        self._recall = recall
        self.marks: dict[int, EpochMark] = {}
        """What verified records said of epochs."""

    def __repr__(self) -> str:
        return f"KeyRing(epochs {sorted(self._keys)})"

    @property
    def newest(self) -> int:
        """The latest epoch whose keys are here."""
        return max(self._keys)

    @property
    def newest_keys(self) -> ViewKeys:
        return self._keys[self.newest]

    @property
    def epochs(self) -> list[int]:
        return sorted(self._keys)

    def known(self, epoch: int) -> ViewKeys | None:
        if epoch not in self._keys:
            self._keys = {**self._recall(), **self._keys}
        return self._keys.get(epoch)

    def find(self, record: EpochRecord) -> ViewKeys | None:
        """The keys of the epoch that this record begins, where they are this person's; None otherwise."""
        for keys in self._candidates(record):
            if keys_match(keys, record, self._kind):
                if self._keys.get(record.epoch) != keys:
                    self._add(record.epoch, keys)
                self.marks[record.epoch] = EpochMark.of(record)
                return keys
        return None

    def offer(self, record: EpochRecord, keys: ViewKeys) -> bool:
        """Take keys from anywhere, where they are the ones that this verified record names."""
        if not keys_match(keys, record, self._kind):
            return False
        if not isinstance(self._keys.get(record.epoch), EditKeys):
            self._add(record.epoch, keys)
        return True

    def learn(self, records: Iterable[EpochRecord]) -> None:
        """Find what there is in verified records, and in the newest ones the keys of before them."""
        known = sorted(records, key=lambda record: record.epoch, reverse=True)
        for record in known:
            keys = self.find(record)
            previous = self.roster(record).previous_view_seed if keys else None
            if previous is not None and record.epoch - 1 not in self._keys:
                self._add(record.epoch - 1, ViewKeys(previous))

    def roster(self, record: EpochRecord) -> Roster:
        """Who the epoch was made for; empty where this person cannot read it, or it is broken."""
        keys = self._keys.get(record.epoch)
        if keys is None:
            return Roster(())
        try:
            return Roster.decode(open_sealed(keys.meta_key, record.associated_data, record.sealed))
        except (CryptoError, Malformed):
            return Roster(())

    def _candidates(self, record: EpochRecord) -> Iterable[ViewKeys]:
        known = self.known(record.epoch)
        # View keys of an epoch may have come from the one after it: a slot can hold more.
        if isinstance(known, EditKeys):
            yield known
        if self._owner_root is not None:
            seed = edit_seed_of(self._owner_root, record.epoch, record.record_salt)
            yield EditKeys.from_seed(seed)
        for opener in self._openers:
            for sealed in record.slots:
                slot = open_slot(sealed, record.pad_id, record.epoch, opener)
                if slot is not None:
                    yield slot.keys()
        if known is not None:
            yield known

    def _add(self, epoch: int, keys: ViewKeys) -> None:
        self._learned(epoch, keys)
        self._keys[epoch] = keys
