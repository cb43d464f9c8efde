"""A long rich text is on the screen before its document is loaded, and never shows what it does not hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine.conftest import MakeEngine

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Attributes, Position
from cryptpad_tui.engine import Engine, PadSession, pictures
from cryptpad_tui.pad import flows
from cryptpad_tui.pad.outgoing import SealResult
from cryptpad_tui.pad.peers import NO_CURSOR
from cryptpad_tui.vault.backup import make_backup, open_backup
from cryptpad_tui.vault.errors import DiskFull
from cryptpad_tui.vault.padstore import VaultPadStore
from cryptpad_tui.vault.restore import restore_new
from cryptpad_tui.vault.sealed_file import SealedReader
from cryptpad_tui.vault.vault import Vault
from support.pads import ListRelay
from support.relay import RelayProcess

RUNS: list[tuple[str, Attributes]] = [
    run for n in range(300) for run in ((f"row {n} ", {"bold": True}), ("é", {}), ("\n", {"header": 2}))
]
START = Position(0, 0)


@pytest.fixture(autouse=True)
def everything_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "LONG_BYTES", 1_000)


def type_at_start(session: PadSession, text: str) -> None:
    session.view.replace(START, START, text)
    session.flush()


def assert_as_held(session: PadSession) -> None:
    """What is shown is what the engine says, as far as it was not asked yet."""
    view = session.view
    shown, runs = view.text(), view.runs()
    assert "".join(text for text, _ in runs) == shown
    assert view.marks is not None
    before = view.marks.lines(0, len(view.lines))
    view.marks.reset(runs)
    assert view.marks.lines(0, len(view.lines)) == before


async def leave(engine: Engine, session: PadSession) -> None:
    session.close()
    await engine.close()


async def test_a_pad_that_was_left_is_shown_before_it_is_loaded(make_engine: MakeEngine) -> None:
    anna = make_engine("Anna")
    pad = anna.create_pad("Long", kind=PadKind.RICHTEXT, runs=RUNS)
    session = anna.open_pad(pad.pad_id)
    type_at_start(session, "typed ")
    text = session.view.text()
    await leave(anna, session)
    again = make_engine("Anna")
    session = again.open_pad(pad.pad_id)
    assert not session.view.is_loaded
    assert session.view.text() == text
    assert session.title() == "Long"
    type_at_start(session, "and ")
    assert session.view.text() == "and " + text
    assert_as_held(session)
    await leave(again, session)
    third = make_engine("Anna").open_pad(pad.pad_id)
    assert not third.view.is_loaded
    assert third.view.text() == "and " + text
    assert_as_held(third)


async def test_a_synced_pad_with_edits_of_others_is_shown_as_it_was_left(
    make_engine: MakeEngine, relay: RelayProcess
) -> None:
    anna, bert = make_engine("Anna", relay_url=relay.url), make_engine("Bert", relay_url=relay.url)
    pad = anna.create_pad("Long", kind=PadKind.RICHTEXT, runs=RUNS)
    await anna.sync()
    joined = await bert.join(await anna.make_link(pad.pad_id, view=False))
    with bert.borrowed(joined.pad_id) as theirs:
        theirs.view.replace(START, Position(0, 3), "Bert's ", {"italic": True})
        theirs.flush()
        await bert.sync()
    session = anna.open_pad(pad.pad_id)
    await anna.sync()
    assert session.view.text().startswith("Bert's ")
    text = session.view.text()
    await leave(anna, session)
    again = make_engine("Anna").open_pad(pad.pad_id)
    assert not again.view.is_loaded
    assert again.view.text() == text
    assert_as_held(again)


async def test_what_another_window_typed_after_it_is_shown_too(make_engine: MakeEngine) -> None:
    anna = make_engine("Anna")
    pad = anna.create_pad("Long", kind=PadKind.RICHTEXT, runs=RUNS)
    session, other = anna.open_pad(pad.pad_id), make_engine("Anna")
    await leave(anna, session)
    with other.borrowed(pad.pad_id) as theirs:
        type_at_start(theirs, "later ")
        text = theirs.view.text()
        # Killed: what changed behind the picture was kept with each save.
        again = make_engine("Anna").open_pad(pad.pad_id)
    assert again.pending.beyond_picture == 0
    assert not again.view.is_loaded
    assert again.view.text() == text
    assert again.view.take_updates() == []
    assert_as_held(again)


async def test_edits_that_are_still_on_their_way_are_in_the_picture(make_engine: MakeEngine) -> None:
    anna = make_engine("Anna")
    pad = anna.create_pad("Long", kind=PadKind.RICHTEXT, runs=RUNS)
    session, other = anna.open_pad(pad.pad_id), make_engine("Anna")
    with other.borrowed(pad.pad_id) as theirs:
        theirs.view.replace(START, Position(0, 3), "theirs ")
        theirs.flush()
    type_at_start(session, "ours ")
    session.view.replace(Position(0, 2), Position(0, 4), "")
    session.flush()
    text = session.view.text()
    await leave(anna, session)
    again = make_engine("Anna").open_pad(pad.pad_id)
    assert not again.view.is_loaded
    assert again.view.text() == text
    assert_as_held(again)


async def test_a_view_that_may_show_something_else_is_not_kept(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = make_engine("Anna")
    pad = anna.create_pad("Long", kind=PadKind.RICHTEXT, runs=RUNS)
    session, other = anna.open_pad(pad.pad_id), make_engine("Anna")
    type_at_start(session, "ours ")
    monkeypatch.setattr(session.pending, "take_in_others", lambda: None)
    with other.borrowed(pad.pad_id) as theirs:
        theirs.view.replace(START, Position(0, 3), "")
        theirs.flush()
    kept = anna.vault.picture_digest(pad.pad_id)
    assert session.pending.as_left() is None
    await leave(anna, session)
    again = make_engine("Anna")
    assert again.vault.picture_digest(pad.pad_id) == kept
    assert_as_held(again.open_pad(pad.pad_id))


async def test_a_command_leaves_a_picture_where_the_next_opening_would_find_none(
    make_engine: MakeEngine,
) -> None:
    command = make_engine("Anna")
    command.open_pads.short_lived = True
    pad = command.create_pad("Long", kind=PadKind.RICHTEXT, runs=RUNS)
    await command.close()
    anna = make_engine("Anna")
    made = anna.vault.picture_digest(pad.pad_id)
    assert made is not None
    for _ in range(3):
        append = make_engine("Anna")
        append.open_pads.short_lived = True
        with append.borrowed(pad.pad_id) as session:
            session.view.replace(session.view.lines.end, session.view.lines.end, "one line\n")
        await append.close()
    assert anna.vault.picture_digest(pad.pad_id) == made
    session = anna.open_pad(pad.pad_id)
    assert session.pending.beyond_picture is not None
    assert session.view.text().endswith("one line\n" * 3)
    assert_as_held(session)


async def test_what_a_command_brought_in_is_in_a_picture(
    make_engine: MakeEngine, relay: RelayProcess
) -> None:
    anna, command = make_engine("Anna", relay_url=relay.url), make_engine("Bert", relay_url=relay.url)
    pad = anna.create_pad("Long", kind=PadKind.RICHTEXT, runs=RUNS)
    await anna.sync()
    command.open_pads.short_lived = True
    joined = await command.join(await anna.make_link(pad.pad_id, view=False))
    await command.close()
    bert = make_engine("Bert")
    first, steps = bert.vault.picture_digest(joined.pad_id), bert.vault.picture_steps(joined.pad_id)
    with anna.borrowed(pad.pad_id) as session:
        type_at_start(session, "more ")
    await anna.sync()
    again = make_engine("Bert")
    again.open_pads.short_lived = True
    await again.sync()
    await again.close()
    assert first is not None
    assert bert.vault.picture_digest(joined.pad_id) == first
    assert len(bert.vault.picture_steps(joined.pad_id)) > len(steps)
    session = bert.open_pad(joined.pad_id)
    assert not session.view.is_loaded
    assert session.view.text().startswith("more ")
    assert_as_held(session)


async def test_what_could_not_be_saved_is_in_no_picture(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = make_engine("Anna")
    pad = anna.create_pad("Long", kind=PadKind.RICHTEXT, runs=RUNS)
    session = anna.open_pad(pad.pad_id)
    anna.vault.drop_picture(pad.pad_id)

    def full(*parts: object) -> list[int]:
        raise DiskFull

    with monkeypatch.context() as patched:
        patched.setattr(VaultPadStore, "append_journal", full)
        with pytest.raises(DiskFull):
            type_at_start(session, "typed ")
        assert session.not_saved
        pictures.keep(anna, session)
    assert anna.vault.picture_digest(pad.pad_id) is None


async def test_a_view_that_went_on_behind_an_unproven_start_is_not_kept(make_engine: MakeEngine) -> None:
    """The pad is left before the way around an entry is proved: the next opening begins before all that."""
    anna = make_engine("Anna")
    pad = anna.create_pad("Long", kind=PadKind.RICHTEXT, runs=RUNS)
    session = anna.open_pad(pad.pad_id)
    replica, relay = session.replica, ListRelay(pad.pad_id, session.record.genesis)

    def send() -> None:
        session.flush()
        while replica.queue.seal_pending() is SealResult.SEALED:
            relay.play(flows.send(replica, replica.store.outbox()))

    send()
    relay.play(flows.catch_up(replica, len(relay.entries), relay.heads[-1]))
    session.folded()
    replica.save_checkpoint()
    text = session.view.text()
    _, around = replica.queue.snapshot_writer()
    relay.append(around.raw)
    beside = replica.restored_fold({})
    row = beside.step(around.raw).row
    session.view.replace(START, Position(0, 4), "")
    send()
    replica.start_from(beside, row)
    relay.play(flows.catch_up(replica, len(relay.entries), relay.heads[-1]))
    await leave(anna, session)
    again = make_engine("Anna").open_pad(pad.pad_id)
    assert again.view.text() == again.replica.fold.document.text() == text


async def test_a_short_text_has_none_and_loses_the_one_it_had(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = make_engine("Anna")
    pad = anna.create_pad("Long", kind=PadKind.RICHTEXT, runs=RUNS)
    anna.open_pad(pad.pad_id).close()
    await anna.close()
    monkeypatch.setattr(pictures, "LONG_BYTES", 1 << 20)
    again = make_engine("Anna")
    assert again.vault.picture_digest(pad.pad_id) is not None
    again.open_pad(pad.pad_id).close()
    await again.close()
    assert make_engine("Anna").vault.picture_digest(pad.pad_id) is None


async def test_a_cursor_that_is_told_to_others_loads_nothing(make_engine: MakeEngine) -> None:
    anna = make_engine("Anna")
    pad = anna.create_pad("Long", kind=PadKind.RICHTEXT, runs=RUNS)
    session = anna.open_pad(pad.pad_id)
    session.set_cursor(Position(3, 1), Position(3, 1))
    session.company.next_frame()
    assert not session.view.is_loaded
    session.view.load()
    first, _ = session.company._cursor_pair()
    assert first != NO_CURSOR


async def test_a_vault_that_comes_back_from_a_backup_has_its_pictures_before_it_is_used(
    make_engine: MakeEngine, tmp_path: Path
) -> None:
    """A backup holds none: what it shows is made of the documents that are in it, and of nothing else."""
    anna = make_engine("Anna")
    pad_id = anna.create_pad("Long", kind=PadKind.RICHTEXT, runs=RUNS).pad_id
    key = anna.vault.sealing_key()
    make_backup(anna.vault, tmp_path / "b", version="1")
    with open_backup(tmp_path / "b") as file:
        reader = SealedReader(file)
        restore_new(tmp_path / "home", reader, key)
    vault = Vault.open_held(tmp_path / "home", reader.header.vault_id, key)
    back = Engine(vault)
    assert vault.picture_digest(pad_id) is None
    pictures.keep_missing(back)
    with back.borrowed(pad_id) as session:
        assert not session.view.is_loaded
        assert_as_held(session)
    await back.close()
    vault.close()
