"""One's other machines from the screen: in by a code that is shown, out after a second choice; destroying."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.widgets import Static
from ui.test_screens_real import make_vault, running, sees, until

from cryptpad_tui.engine import SyncWord, codes, devices, enrolling
from cryptpad_tui.engine.devices import DeviceLine
from cryptpad_tui.engine.removing import Reach
from cryptpad_tui.host.embedded_relay import EmbeddedRelay
from cryptpad_tui.pad.codes import Code, Purpose
from cryptpad_tui.ui.app import CryptpadApp
from cryptpad_tui.ui.devices import last_question, list_of
from cryptpad_tui.ui.screens.code import CodeDialog


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield make_vault(tmp_path / "a", "ANNA", "local")
    EmbeddedRelay(tmp_path / "a" / "relay").stop()


def line(name: str, holds: str) -> DeviceLine:
    return DeviceLine(id="ab" * 16, name=name, added_ms=0, holds=holds, is_this=False)


def test_the_sentence_says_which_of_the_two_cases_it_is() -> None:
    whole = last_question(line("lap\x1b[31m", "account"), Reach(2, 1))
    assert any("rotate-account" in sentence for sentence in whole._sentences)
    assert [option.name for option in whole._options] == ["close", "wiped"]
    assert "\x1b" not in whole._title
    pads = last_question(line("phone", "pads"), Reach(2, 1))
    assert not any("rotate-account" in sentence for sentence in pads._sentences)
    assert [option.name for option in pads._options] == ["close", "out", "links"]
    limited = list_of([line("phone", "pads")], is_limited=True)
    assert [option.name for option in limited._options] == ["close"]


def code_on(app: CryptpadApp) -> str:
    if not isinstance(app.screen, CodeDialog):
        return ""
    return str(app.screen.query_one("#code", Static).content)


async def test_a_machine_is_let_in_and_cut_off_and_a_pad_destroyed(home: Path) -> None:
    async with running(home) as (anna, keys):
        engine = anna.engine
        assert engine
        pad = engine.create_pad("Plan", text="one\n")
        await engine.sync()
        await keys.press("ctrl+p")
        await keys.press(*"machines", "enter")
        await until(sees(anna, "this one"), anna)
        await keys.press("down", "down", "enter")
        await until(lambda: code_on(anna).count("-") == 2, anna)
        url = engine.resolve("local")
        taken = await enrolling.take_device(url, Code.parse(code_on(anna)))
        assert isinstance(taken, enrolling.LetIn)
        await until(sees(anna, "has what it needs"), anna)
        devices.write(engine, taken.account.id.hex(), {"name": "phone", "came": 1})

        await keys.press("ctrl+p")
        await keys.press(*"machines", "enter")
        await until(sees(anna, "holds pads alone"), anna)
        await keys.press("down", "down", "down", "enter")
        await until(sees(anna, "nobody can take back"), anna)
        await keys.press("down", "enter")
        await until(sees(anna, "phone is out"), anna)
        assert [each.name for each in devices.devices(engine) if each.holds == "pads"] == []
        await keys.press("enter")

        await keys.press("ctrl+p")
        await keys.press(*"destroy", "enter")
        await until(sees(anna, "Nobody can take"), anna)
        await keys.press(*"Plon", "enter")
        await until(sees(anna, "not the pad's title"), anna)
        await keys.press("ctrl+p")
        await keys.press(*"destroy", "enter")
        await until(sees(anna, "Nobody can take"), anna)
        await keys.press(*"Plan", "enter")
        await until(sees(anna, "Deleted for everybody"), anna)
        assert engine.listing_of(pad.pad_id).sync is SyncWord.DELETED


async def test_a_pad_is_joined_by_a_code(home: Path, tmp_path: Path) -> None:
    other = make_vault(tmp_path / "b", "BOB")
    async with running(home) as (anna, _keys), running(other) as (bob, _):
        assert anna.engine
        assert bob.engine
        pad = anna.engine.create_pad("Ours", text="both\n")
        await anna.engine.sync()
        link = await anna.engine.make_link(pad.pad_id, view=False)
        bob.engine.set_relay(anna.engine.resolve("local"))
        shown: list[Code] = []
        give = codes.give(
            anna.engine, anna.engine.resolve("local"), Purpose.LINK, link.encode(), shown.append, 30
        )
        giving = anna.run_worker(give)
        await until(lambda: bool(shown), anna)
        joining = bob.run_worker(bob.errands.devices.join_by_code())
        await until(sees(bob, "Join a pad by a code"), bob)
        bob.screen.field.value = shown[0].text()  # type: ignore[attr-defined]
        bob.screen.perform("dialog.choose")  # type: ignore[attr-defined]
        await until(sees(bob, "both"), bob)
        await giving.wait()
        await joining.wait()
