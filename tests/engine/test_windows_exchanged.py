"""Two windows of one vault, one of which puts another fold in place of the first: nothing typed is lost."""

from __future__ import annotations

import pytest

from cryptpad_tui.engine import Engine, PadSession, verdicts
from cryptpad_tui.pad.stored_fold import Replaced
from cryptpad_tui.vault.errors import DiskFull
from cryptpad_tui.vault.padstore import VaultPadStore
from support.sessions import MakeEngine, append

Window = tuple[Engine, PadSession]


def windows(make_engine: MakeEngine) -> tuple[Window, Window]:
    first = make_engine("Anna")
    line = first.create_pad("Pad", text="start\n")
    second = make_engine("Anna")
    return (first, first.open_pad(line.pad_id)), (second, second.open_pad(line.pad_id))


def exchange(session: PadSession, why: Replaced) -> None:
    """What `rederive` does. The text of the log is empty here, so that all that is pending is on a lie."""
    replica = session.replica
    try:
        replica.replace_fold(replica.new_fold(), set(), 0, why)
    finally:
        session.folded()


def copies(engine: Engine) -> list[str]:
    named = [pad for pad in engine.listing() if "(kept copy)" in pad.title]
    return [engine.open_pad(pad.pad_id).view.text() for pad in named]


async def test_an_exchange_is_followed_once_by_each_window(make_engine: MakeEngine) -> None:
    (engine, one), (_, two) = windows(make_engine)
    exchange(one, Replaced.VOIDED)
    seen = set()
    for _ in range(4):
        for session in (two, one):
            session.follow_vault()
            seen.add(engine.generation(one.pad_id))
    assert len(seen) == 1
    assert one.view.text() == two.view.text() == "start\n"


async def test_what_another_window_typed_on_a_lie_is_in_the_copy(make_engine: MakeEngine) -> None:
    """Its rows are in the queue that is given up, and this window had not looked at them yet."""
    (engine, one), (_, two) = windows(make_engine)
    append(two, "typed in two\n")
    two.flush()
    exchange(one, Replaced.TRUTH)
    assert copies(engine) == ["start\ntyped in two\n"]
    assert one.replica.store.journal_after(0) == []


async def test_what_a_window_had_not_saved_yet_is_in_a_copy_of_its_own(make_engine: MakeEngine) -> None:
    (engine, one), (_, two) = windows(make_engine)
    append(two, "just typed\n")
    exchange(one, Replaced.TRUTH)
    two.flush()
    assert sorted(copies(engine)) == ["start\n", "start\njust typed\n"]
    assert one.view.text() == two.view.text() == ""
    append(two, "and on\n")
    two.flush()
    one.follow_vault()
    assert one.view.text() == two.view.text() == "and on\n"


async def test_a_window_that_looks_late_still_finds_out_about_the_exchange(make_engine: MakeEngine) -> None:
    """The other one made its queue again in between."""
    (_, one), (_, two) = windows(make_engine)
    exchange(one, Replaced.TRUTH)
    append(one, "true\n")
    one.remake(with_outbox=False)
    before = two.replica.fold
    two.follow_vault()
    assert two.replica.fold is not before
    assert two.view.text() == one.view.text() == "true\n"


@pytest.mark.parametrize("step", ["copy", "queue", "checkpoint"])
async def test_an_exchange_that_cannot_be_kept_changes_nothing(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Else the lie would be made again as a difference to the truth, in this person's name."""
    (engine, one), _ = windows(make_engine)
    append(one, "typed\n")
    one.flush()
    append(one, "and more\n")
    before = one.replica.fold

    def full(*parts: object, **named: object) -> None:
        raise DiskFull

    with monkeypatch.context() as patched:
        if step == "copy":
            patched.setattr(verdicts, "keep_copy", full)
        else:
            method = {"queue": "replace_pending", "checkpoint": "set_checkpoint"}[step]
            patched.setattr(VaultPadStore, method, full)
        with pytest.raises(DiskFull):
            exchange(one, Replaced.TRUTH)
    assert one.replica.fold is before
    assert one.replica.replaced is None
    assert copies(engine) == []
    one.flush()
    assert one.view.text() == "start\ntyped\nand more\n"
    assert make_engine("Anna").open_pad(one.pad_id).view.text() == one.view.text()


async def test_a_death_right_after_the_exchange_loses_nothing(make_engine: MakeEngine) -> None:
    """Who opens the pad next finds the copy, and nothing pending that nobody can show."""
    (_, one), _ = windows(make_engine)
    append(one, "typed\n")
    one.flush()
    replica = one.replica
    replica.replace_fold(replica.new_fold(), set(), 0, Replaced.TRUTH)
    again = make_engine("Anna")
    assert copies(again) == ["start\ntyped\n"]
    assert again.open_pad(one.pad_id).view.text() == ""
