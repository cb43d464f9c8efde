"""Keys count only where the epoch names them: whoever else brought them, nothing is opened with others."""

from __future__ import annotations

import pytest

from cryptpad_tui.crypto.keys import ViewKeys
from cryptpad_tui.pad import flows_epoch
from cryptpad_tui.pad.epochs import HistoryClosed
from cryptpad_tui.pad.fold import Fold
from cryptpad_tui.pad.roster import Roster
from support.epochs import Guest, Table


@pytest.mark.parametrize("defended", [True, False])
def test_a_seed_that_is_not_the_epochs_opens_no_history(
    monkeypatch: pytest.MonkeyPatch, defended: bool
) -> None:
    """The owner seals another seed for the epoch before: newcomers would read all of it as void."""
    if not defended:
        monkeypatch.setattr(Fold, "keys", property(lambda self: self.ring.known(self.mark.number)))
    monkeypatch.setattr(
        flows_epoch, "Roster", lambda members, seed, note: Roster(members, bytes(31) + b"\1", note)
    )
    table = Table()
    anna = Guest(table, "Anna", 1, owner=True)
    anna.write("Anna. ")
    anna.rotate()
    epoch, keys = anna.link()
    dora = Guest(table, "Dora", 4, keys=keys, epoch=epoch)
    dora.arrive()
    assert dora.canonical() == "Anna. "
    assert dora.replica.ring.known(0) == ViewKeys(bytes(31) + b"\1")
    fold = dora.replica.new_fold()
    first = anna.store.log_after(0, 1)[0].entry
    if defended:
        with pytest.raises(HistoryClosed):
            fold.step(first)
        assert fold.n == 0
    else:
        assert fold.step(first).void_reason
