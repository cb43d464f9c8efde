"""A pad that its owner moved: from which relay its log goes on, and how far another one may still show it.

Plain state; what follows from it is `flows_move`'s and the engine's. A relay that the owner's newest record
does not name adds nothing to the pad, whatever it shows.
"""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING

from cryptpad_relay.protocol.move_record import MoveRecord
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.evidence import head_piece

if TYPE_CHECKING:
    from cryptpad_tui.pad.fold import Fold
    from cryptpad_tui.pad.ports import PadStore
    from cryptpad_tui.pad.witness import Witness
    from cryptpad_tui.pad.writers import WriterState


class MoveError(Exception):
    """A pad that moves from relay to relay stayed where it is. Nothing was changed."""


class Moved(MoveError):
    """The pad's owner moved it to another relay. It goes on there with all that is here."""

    def __init__(self, record: MoveRecord) -> None:
        super().__init__(" ".join((type(self).__doc__ or "").split()))
        self.record = record


class Whereabouts:
    """Which relay a pad is shown by, and which it should be."""

    def __init__(self) -> None:
        self.shown_by = b""
        """The key of the relay that this pad is taken from; empty where nobody asks."""
        self.ahead: MoveRecord | None = None
        """The owner's newest word, where the fold is not there yet."""

    def is_past(self, home: MoveRecord) -> bool:
        """Whether the owner moved the pad on since, to the relay that shows it."""
        ahead = self.ahead
        return ahead is not None and ahead.relay_pk == self.shown_by and ahead.close_n > home.close_n

    def is_left_by(self, fold: Fold) -> bool:
        """Whether the fold holds the owner's word that the pad is at another relay than shows it."""
        home = fold.owner.home
        return bool(home and self.shown_by and home.relay_pk != self.shown_by and not self.is_past(home))

    def check(self, fold: Fold) -> None:
        """Before an entry of this relay is folded: raises Moved where it has nothing more to say."""
        home, ahead = fold.owner.home, self.ahead
        if home is None or not self.shown_by or home.relay_pk == self.shown_by:
            return
        if ahead is None or ahead.relay_pk != self.shown_by or fold.n > ahead.close_n:
            raise Moved(home)
        if fold.n == ahead.close_n and not compare_digest(fold.head, ahead.close_head):
            raise Alarm(AlarmCode.FORK, "its log is not the one that was moved", evidence=(ahead.raw,))


def check_extends(fold: Fold, record: MoveRecord) -> None:
    """What is verified here must be the log that the owner moved, as far as both go; raises Alarm.

    The relay that this client followed instead is the one that hid it.
    """
    known = fold.head_of(record.close_n) if record.close_n <= fold.n else None
    if known is not None and not compare_digest(known, record.close_head):
        detail = f"the pad's owner moved another log at position {record.close_n}"
        raise Alarm(AlarmCode.FORK, detail, evidence=(record.raw,))
    if record.close_n < fold.n and not _is_folded(fold, record):
        names = sorted({each.name or each.ident_pk.hex()[:8] for each in _after(fold, record.close_n)})
        detail = (
            f"it hid that the owner moved the pad after position {record.close_n}; the"
            f" {fold.n - record.close_n} entries after it count for nobody else, by {', '.join(names)}"
        )
        raise Alarm(AlarmCode.FORK, detail[:300], evidence=(record.raw,))


def _is_folded(fold: Fold, record: MoveRecord) -> bool:
    """Whether the record itself stands behind what it closes; a start behind it holds it."""
    home = fold.owner.home
    if home is not None and home.close_n >= record.close_n:
        return home.close_n > record.close_n or compare_digest(home.entry_id, record.entry_id)
    return fold.start is not None and fold.start.snap_n > record.close_n


def _after(fold: Fold, n: int) -> list[WriterState]:
    return [writer for writer in fold.everybody.values() if writer.last_n > n]


def change_relay(witness: Witness, store: PadStore, record: MoveRecord | None) -> None:
    """From here on another relay's word is held against it, beginning with its receipt."""
    witness.go_on_with(record.receipt if record else None)
    store.exchange_signed_head(
        record.close_n if record else 0, head_piece(record.receipt).content if record else None
    )
