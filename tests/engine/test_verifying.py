"""`verify` finds what was changed here and what a snapshot hid; `void` is the owner's alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from engine.test_snapshots import compacted

from cryptpad_tui.engine import Engine, NotAllowed
from cryptpad_tui.engine.verifying import verify, void
from cryptpad_tui.pad import flows_void
from support.relay import RelayProcess

MakeEngine = Callable[..., Engine]


async def test_an_untouched_history_checks_out(relay: RelayProcess, make_engine: MakeEngine) -> None:
    anna = make_engine("Anna", relay_url=relay.url)
    pad_id = anna.create_pad("Plan", text="one\n").pad_id
    assert not (await anna.sync()).waiting
    report = await verify(anna, pad_id)
    assert (report.first_n, report.last_n, report.text_checked, report.is_right) == (1, 2, True, True)
    assert (await verify(anna, pad_id, deep=True)).is_right


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE log SET entry=zeroblob(600) WHERE n=2", "does not check out"),
        ("UPDATE log SET void=1 WHERE n=2", "marked wrongly"),
        ("UPDATE log SET head=zeroblob(32) WHERE n=1", "not the one"),
        ("DELETE FROM log WHERE n=2", "the end of the log is missing"),
        ("DELETE FROM log WHERE n=1", "not the one"),
    ],
)
async def test_what_was_changed_here_is_found(
    relay: RelayProcess, make_engine: MakeEngine, change: str, said: str
) -> None:
    anna = make_engine("Anna", relay_url=relay.url)
    pad_id = anna.create_pad("Plan", text="one\n").pad_id
    await anna.sync()
    session = anna.open_pad(pad_id)
    session.replica.save_checkpoint()
    anna.vault.store(pad_id)._database.execute(change, ())
    report = await verify(anna, pad_id)
    assert not report.is_right
    assert said in report.found[0].sentence


async def test_another_text_than_the_logs_is_found(relay: RelayProcess, make_engine: MakeEngine) -> None:
    anna = make_engine("Anna", relay_url=relay.url)
    pad_id = anna.create_pad("Plan", text="one\n").pad_id
    await anna.sync()
    session = anna.open_pad(pad_id)
    fold = session.replica.fold
    fold.document = type(fold.document)(fold.kind)
    report = await verify(anna, pad_id)
    assert [found.sentence for found in report.found] == [
        "the text here is not the one that the log leads to"
    ]


async def test_a_start_is_checked_from_the_pads_birth(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, boris = make_engine("Anna", relay_url=relay.url), make_engine("Boris")
    session, link = await compacted(anna, monkeypatch)
    await boris.join(link)
    report = await verify(boris, session.pad_id)
    assert report.is_right
    assert report.first_n > 1
    assert not report.text_checked
    assert report.start
    assert "nobody else has checked it yet" in report.start.sentence
    report = await verify(boris, session.pad_id, deep=True)
    assert (report.first_n, report.text_checked, report.is_right) == (1, True, True)
    assert report.start
    assert "checked here against the whole log" in report.start.sentence
    assert boris.open_pad(session.pad_id).view.text() == session.view.text()


async def test_the_owner_alone_voids(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, boris = make_engine("Anna", relay_url=relay.url), make_engine("Boris")
    pad_id = anna.create_pad("Plan", text="good\n").pad_id
    await boris.join(await anna.make_link(pad_id, view=False))
    theirs, mine = boris.open_pad(pad_id), anna.open_pad(pad_id)
    theirs.view.replace(theirs.view.lines.end, theirs.view.lines.end, "bad\n")
    theirs.flush()
    assert not (await boris.sync()).waiting
    await anna.sync()
    bad_n = mine.replica.fold.n
    assert mine.view.text() == "good\nbad\n"
    with pytest.raises(NotAllowed):
        await void(boris, pad_id, bad_n)
    with pytest.raises(flows_void.NotVoidable):
        await void(anna, pad_id, 1)
    await void(anna, pad_id, bad_n)
    await boris.sync()
    assert mine.view.text() == theirs.view.text() == "good\n"
    assert [line.kind for line in anna.log(pad_id)][-1] == "void"
    assert list(anna.log(pad_id))[-1].author == "the pad's owner"
    assert (await verify(anna, pad_id)).is_right
    assert (await verify(boris, pad_id, deep=True)).is_right
    theirs.view.replace(theirs.view.lines.end, theirs.view.lines.end, "sorry\n")
    theirs.flush()
    assert not (await boris.sync()).waiting
    await anna.sync()
    assert mine.view.text() == theirs.view.text() == "good\nsorry\n"
    with pytest.raises(flows_void.NotVoidable):
        await void(anna, pad_id, bad_n)
