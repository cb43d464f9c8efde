"""What happened to a pad is told once, whichever window met it, and stays to be looked up."""

from __future__ import annotations

from cryptpad_tui.engine import notices
from cryptpad_tui.pad.alarms import RESTORED, Notice
from support.sessions import MakeEngine


def test_a_notice_of_a_window_that_nobody_looked_at_is_told_in_the_next_and_only_once(
    make_engine: MakeEngine,
) -> None:
    first = make_engine("Anna")
    pad, other = (first.create_pad(title).pad_id for title in ("Pad", "Other"))
    session = first.open_pad(pad)
    for _ in range(2):
        session.noticed(Notice("the relay had lost 2 entries", code=RESTORED))
    later = make_engine("Anna")
    assert later.open_pad(other).take_notices() == []
    told = later.open_pad(pad).take_notices()
    assert [notice.line for notice in told] == ["RESTORED: the relay had lost 2 entries"]
    assert session.take_notices() == []
    assert [(line.pad, line.code) for line in notices.kept(first)] == [(pad.hex(), RESTORED)]


def test_notices_are_bounded(make_engine: MakeEngine) -> None:
    engine = make_engine("Anna")
    session = engine.open_pad(engine.create_pad("Pad").pad_id)
    for number in range(notices.MAX_KEPT + 3):
        session.noticed(Notice(f"number {number}"))
    kept = notices.kept(engine)
    assert (len(kept), kept[0].text) == (notices.MAX_KEPT, "number 3")


def test_the_drive_shows_which_pad_has_something_to_tell(make_engine: MakeEngine) -> None:
    engine = make_engine("Anna")
    pad, other = (engine.create_pad(title).pad_id for title in ("Pad", "Other"))
    session = engine.open_pad(pad)
    session.noticed(Notice("the relay had lost 2 entries", code=RESTORED))
    assert {line.pad_id: line.has_news for line in engine.listing()} == {pad: True, other: False}
    assert engine.listing_of(pad).has_news
    session.take_notices()
    assert not any(line.has_news for line in engine.listing())
