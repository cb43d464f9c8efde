"""What a person sees and can do when somebody was caught, and how fresh a pad is said to be."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.cells import cell_len
from ui.fake_engine import HOSTILE, listing
from ui.test_screens_fake import World, world

from cryptpad_tui.engine import AlarmLine, AlarmView, PadStatus, SessionEvent, SyncWord
from cryptpad_tui.engine.status import status_of
from cryptpad_tui.pad.alarms import ADVICE, SAFE, SENTENCES, AlarmCode, safe_and_advice
from cryptpad_tui.pad.freshness import Freshness, FreshnessState
from cryptpad_tui.ui import standing_words
from cryptpad_tui.ui.screens.pad import PadScreen
from cryptpad_tui.ui.widgets.text_line import StatusLine
from cryptpad_tui.vault import errors as vault_errors

CAUGHT_MS = 1_795_000_000_000
LINE = listing("Plan", number=1)
PLACE = " line 123, column 45 "


def caught(code: AlarmCode = AlarmCode.CHAIN_GAP, **changes: Any) -> AlarmView:
    view = AlarmView(
        1, LINE.pad_id, code.value, SENTENCES[code], "", SAFE[code], ADVICE[code], CAUGHT_MS, "open",
        False, 0, b"",
    )  # fmt: skip
    return replace(view, **changes)


def line_of(code: AlarmCode) -> AlarmLine:
    return AlarmLine(LINE.pad_id, code.value, SENTENCES[code], safe_and_advice(code))


def status(text: str, *, word: SyncWord = SyncWord.SYNCED, **changes: Any) -> PadStatus:
    how = PadStatus(word, 0, True, FreshnessState(Freshness.RELAY_ONLY), None, text)
    return replace(how, **changes)


async def open_pad(there: World, code: AlarmCode, *views: AlarmView) -> Any:
    session = there.engine.session(LINE, "our text")
    session.alarm = line_of(code)
    there.engine.alarm_views = list(views)
    await there.press("enter")
    await there.until(lambda: isinstance(there.app.screen, PadScreen))
    await there.sees("F8 says what to do")
    return session


def flat(there: World) -> str:
    return " ".join(there.text().replace("│", " ").replace("▁", " ").replace("▊", " ").split())


async def test_every_alarm_says_what_happened_and_what_is_safe_in_a_window_of_80_cells() -> None:
    async with world(LINE) as there:
        session = await open_pad(there, AlarmCode.FORK, caught())
        for code in AlarmCode:
            session.alarm = line_of(code)
            there.app.screen.look()  # type: ignore[attr-defined]
            await there.pilot.pause()
            shown = flat(there)
            assert f"{code.value}: {standing_words.sentence(SENTENCES[code])}" in shown
            assert SAFE[code].split(";")[0][1:] in shown
            assert standing_words.in_short(session.status())[0] == f"ALARM {code.value}: F8 says what to do"


async def test_f8_tells_everything_and_the_answers_stay_in_view() -> None:
    async with world(LINE) as there:
        await open_pad(
            there, AlarmCode.EQUIVOCATION_RELAY, caught(AlarmCode.EQUIVOCATION_RELAY, lasting=True)
        )
        await there.press("f8")
        await there.sees("How “Plan” stands")
        assert "takes no edits and sends nothing" in flat(there)
        for answer in ("Keep a copy", "Save the text", "Save the proof", "Go on with this pad", "Close"):
            assert answer in there.text()


async def test_what_is_long_is_scrolled_by_the_page_keys_in_a_low_window() -> None:
    async with world(LINE, size=(60, 14)) as there:
        await open_pad(there, AlarmCode.FORK, caught(AlarmCode.FORK))
        await there.press("f8")
        await there.sees("Close")
        assert "Stop using" not in flat(there)
        for _ in range(4):
            await there.press("pagedown")
        await there.sees("Stop using")
        assert "`cryptpad-tui" not in there.text(), "the answers below do it"
        assert "Close" in there.text()


async def test_a_copy_is_another_pad_with_the_text() -> None:
    async with world(LINE) as there:
        await open_pad(there, AlarmCode.FORK, caught(AlarmCode.FORK))
        await there.press("f8", "enter")
        await there.until(lambda: ("create", "Plan (kept copy)", "our text") in there.engine.calls)
        await there.sees("Kept as “Plan (kept copy)”")


async def test_a_file_is_private_and_what_exists_is_never_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Plan.md").write_text("theirs")
    async with world(LINE) as there:
        await open_pad(there, AlarmCode.FORK, caught(AlarmCode.FORK))
        await there.press("f8", "down", "enter")
        await there.sees("Save as")
        await there.press("end", "enter")
        await there.sees("Not saved: File exists")
        await there.press("end", *"2", "enter")
        await there.sees("Saved as")
    assert (tmp_path / "Plan.md").read_text() == "theirs"
    assert (tmp_path / "Plan.md2").read_text() == "our text"
    assert stat.S_IMODE((tmp_path / "Plan.md2").stat().st_mode) == 0o600


async def test_the_proof_is_a_file_named_after_pad_and_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with world(LINE) as there:
        await open_pad(there, AlarmCode.FORK, caught(AlarmCode.FORK, id=7))
        await there.press("f8", "down", "down", "enter")
        await there.sees("Save as")
        await there.press("enter")
        await there.sees("Saved as")
    assert (tmp_path / "Plan-fork.proof").read_bytes() == b"-----BEGIN of 7-----"


async def test_going_on_is_asked_twice() -> None:
    async with world(LINE) as there:
        await open_pad(there, AlarmCode.FORK, caught(AlarmCode.FORK))
        await there.press("f8", *["down"] * 4, "enter")
        await there.sees("Go on in spite of it?")
        await there.press("enter")
        await there.until(lambda: isinstance(there.app.screen, PadScreen))
        assert ("dismiss", LINE.pad_id) not in there.engine.calls
        await there.press("f8", *["down"] * 4, "enter")
        await there.sees("Go on in spite of it?")
        await there.press("down", "enter")
        await there.until(lambda: ("dismiss", LINE.pad_id) in there.engine.calls)


async def test_an_edit_of_a_halted_pad_names_the_key_that_helps() -> None:
    async with world(LINE) as there:
        session = await open_pad(there, AlarmCode.FORK, caught(AlarmCode.FORK, lasting=True))
        session.halted = session.view.read_only = True
        await there.press("x")
        await there.sees("takes no edits until you have answered its alarm: F8")


async def test_past_alarms_are_one_quiet_line_and_no_banner() -> None:
    async with world(LINE) as there:
        there.engine.session(LINE, "text").text = "synced, confirmed by BEN just now"
        there.engine.alarm_views = [caught(state="past", ended_ms=CAUGHT_MS + 60_000)]
        await there.press("enter")
        await there.sees("confirmed by BEN")
        assert "CHAIN_GAP" not in there.text()
        await there.press("f8")
        await there.sees("Was caught")
        assert "nothing is wrong since" in flat(there)
        assert "Go on" not in there.text()


async def test_a_start_that_nobody_checked_is_said() -> None:
    async with world(LINE) as there:
        there.engine.session(
            LINE, "text"
        ).start = "starts from a snapshot by BEN; nobody else has checked it yet"
        await there.press("enter", "f8")
        await there.sees("How “Plan” stands")
        assert "This pad starts from a snapshot by BEN; nobody else has checked it yet" in flat(there)
        assert standing_words.NOTHING in flat(there)


async def test_the_drive_counts_alarms_and_f8_finds_them_also_of_pads_that_are_gone() -> None:
    line = replace(LINE, alarms=("CHAIN_GAP",), sync=SyncWord.ALARM)
    async with world(line) as there:
        there.engine.alarm_views = [caught(), caught(id=2, pad_id=b"gone" * 8, state="past", detail=HOSTILE)]
        await there.sees("ALARM in 1 pad: your text is safe here. F8 says what was caught.")
        await there.press("f8")
        await there.sees("Plan: CHAIN_GAP, ALARM")
        await there.press("down", "enter")
        await there.sees("a pad that is not in this drive")
        assert "Keep a copy" not in there.text()
        assert not set(there.text()) & {"\x1b", "\x07", "\x9b", "\u202e"}


async def test_hostile_details_reach_the_screen_as_plain_characters() -> None:
    async with world(LINE) as there:
        await open_pad(there, AlarmCode.FORK, caught(AlarmCode.FORK, detail=HOSTILE))
        await there.press("f8")
        await there.sees("[bold red]x[/]")
        assert not set(there.text()) & {"\x1b", "\x07", "\x9b", "\u202e"}


async def test_a_sentence_that_is_too_long_for_the_line_is_shown_whole() -> None:
    async with world(LINE, pad="Plan") as there:
        session = there.engine.sessions[LINE.pad_id]
        session.disk_full = True
        await there.press("ctrl+s")
        await there.sees("room and go on.")
        assert "the last change was not saved; make room and go on." in flat(there)
        session.disk_full = False


async def test_what_is_not_saved_stands_over_the_text_until_it_is() -> None:
    async with world(LINE, pad="Plan") as there:
        session = there.engine.sessions[LINE.pad_id]
        session.text = f"NOT SAVED: {' '.join((vault_errors.DiskFull.__doc__ or '').split())}"
        session.alarm = line_of(AlarmCode.FORK)
        session.tell(SessionEvent.STATUS)
        await there.sees("make room and go on.")
        line = there.app.screen.query_one(StatusLine)
        await there.until(lambda: line.text.startswith(" NOT SAVED: There is no room left on the disk"))
        session.text, session.alarm = "saved here", None
        session.tell(SessionEvent.STATUS)
        await there.until(lambda: "NOT SAVED" not in there.text())


@pytest.mark.parametrize("error", [vault_errors.DiskFull, vault_errors.StorageFailed, vault_errors.VaultBusy])
def test_the_short_form_fits_beside_the_place_of_the_caret(error: type[Exception]) -> None:
    text, role = standing_words.in_short(status(f"NOT SAVED: {' '.join((error.__doc__ or '').split())}"))
    assert role == "alarm"
    assert cell_len(f" {text}") + 1 + cell_len(PLACE) <= 80


def test_only_what_a_relay_alone_says_is_called_unconfirmed() -> None:
    relay = standing_words.of_status(status("synced (relay says so)"), problem="", start="")
    assert any("a relay can hold text back" in text for text, _ in relay)
    peer = standing_words.of_status(
        status("synced, confirmed by BEN just now", word=SyncWord.CONFIRMED,
               freshness=FreshnessState(Freshness.CONFIRMED, b"k", 1.0)),
        problem="", start="",
    )  # fmt: skip
    assert not any("hold text back" in text for text, _ in peer)


@pytest.mark.parametrize(
    ("disagrees", "words"),
    [
        (b"", "stale: somebody has seen newer text"),
        (b"s", "BEN disagrees about this pad's history (unproven)"),
    ],
)
def test_newer_text_and_another_history_are_not_one_thing(disagrees: bytes, words: str) -> None:
    seen = FreshnessState(Freshness.STALE, disagrees=disagrees)
    session: Any = SimpleNamespace(
        attached_here=True, followed=False, waiting=0, not_saved="", alarm=None, standing="",
        presence=SimpleNamespace(sessions={b"s": SimpleNamespace(ident_pk=b"ben")}),
        company=SimpleNamespace(
            freshness=SimpleNamespace(state=lambda **_: seen), name_of={b"ben": "BEN"}.__getitem__
        ),
    )  # fmt: skip
    assert status_of(session, now=0.0, has_relay=True).text == words
