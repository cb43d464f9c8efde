"""Taking people out from the screen: who is in, a sentence about what it does, and the word."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot
from ui.test_screens_real import make_vault, pad_of, running, sees, until

from cryptpad_tui.engine import membership
from cryptpad_tui.engine.member_lines import MemberLine, Membership
from cryptpad_tui.host.embedded_relay import EmbeddedRelay
from cryptpad_tui.ui.app import CryptpadApp
from cryptpad_tui.ui.members import _list_of
from cryptpad_tui.ui.screens.dialogs import ChooseDialog
from cryptpad_tui.ui.screens.pad import PadScreen


@pytest.fixture
def homes(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    yield make_vault(tmp_path / "a", "ANNA", "local"), make_vault(tmp_path / "b", "BOB")
    EmbeddedRelay(tmp_path / "a" / "relay").stop()


def test_two_of_one_name_are_told_apart_by_their_keys() -> None:
    """An editor says their own name, and can try keys until a few characters are another's."""
    ben, other = bytes.fromhex("ab12cd34" + "00" * 28), bytes.fromhex("ab12ff34" + "00" * 28)
    me = MemberLine(bytes(32), "Anna", "owner", "me")
    lines = (me, *[MemberLine(key, "Ben", "edit", "link") for key in (ben, other)])
    dialog = _list_of("Plan", Membership(0, lines, 0, unfinished=False))
    offered = [option.text for option in dialog._options if option.name.startswith("keep ")]
    assert len(set(offered)) == 2


async def choose(app: CryptpadApp, keys: Pilot[int], text: str) -> None:
    """The answer of an open dialog that begins so."""
    dialog = app.screen
    assert isinstance(dialog, ChooseDialog)
    at = next(at for at, option in enumerate(dialog._options) if option.text.startswith(text))
    await keys.press(*["down"] * at, "enter")


async def test_the_owner_ends_every_link_and_who_came_by_one_reads_why(homes: tuple[Path, Path]) -> None:
    async with running(homes[0]) as (anna, keys_a), running(homes[1]) as (bob, keys_b):
        await keys_a.press("ctrl+n")
        await keys_a.press("P", "enter")
        await until(lambda: isinstance(anna.screen, PadScreen), anna)
        pad_of(anna).view.editor.paste("written by ANNA\n")
        pad_id = pad_of(anna).session.pad_id
        assert anna.engine
        assert bob.engine
        link = await anna.engine.make_link(pad_id, view=False)
        await bob.engine.join(link)
        await bob.open_pad(pad_id)
        await until(lambda: isinstance(bob.screen, PadScreen), bob)
        await keys_b.press("B", "o", "b")
        await until(sees(anna, "Bobwritten by ANNA"), anna)
        await keys_a.press("ctrl+p")
        await keys_a.press(*"taking", "enter")
        await until(sees(anna, "came by a link"), anna)
        await choose(anna, keys_a, "End every link")
        await until(sees(anna, "nobody can take back"), anna)
        await until(sees(anna, "Out from then on: BOB"), anna)
        await keys_a.press("down", "enter")
        await until(sees(anna, "The keys changed"), anna)
        await until(lambda: bool(pad_of(bob).session.standing), bob)
        await until(sees(bob, "owner changed its keys"), bob)
        await keys_b.press("x")
        pad_of(anna).view.editor.paste("after\n")
        await until(lambda: not pad_of(anna).session.waiting, anna)
        assert "after" not in pad_of(bob).session.view.text()


async def test_a_named_link_is_made_and_ended_on_the_screen(homes: tuple[Path, Path]) -> None:
    """By the keys: share, a name, a right, the link; then the members, one link, the last question."""
    async with running(homes[0]) as (anna, keys):
        await keys.press("ctrl+n")
        await keys.press("P", "enter")
        await until(lambda: isinstance(anna.screen, PadScreen), anna)
        pad_id = pad_of(anna).session.pad_id
        await keys.press("ctrl+t")
        await until(sees(anna, "which can be ended alone"), anna)
        await keys.press("down", "down", "enter")
        await until(sees(anna, "What do you call this link?"), anna)
        await keys.press(*"Boris", "enter")
        await until(sees(anna, "What may they do?"), anna)
        await keys.press("down", "enter")
        await until(sees(anna, "pad1:"), anna)
        await until(sees(anna, "Draw this link"), anna)
        await keys.press("enter")
        await until(sees(anna, "needs a window of"), anna)
        await keys.press("escape")
        await keys.press("ctrl+p")
        await keys.press(*"taking", "enter")
        await until(sees(anna, "link “Boris”"), anna)
        await choose(anna, keys, "End the link “Boris”")
        await until(sees(anna, "members and the other named links"), anna)
        await keys.press("down", "enter")
        await until(sees(anna, "“Boris” is ended"), anna)
        assert anna.engine
        assert membership.links(anna.engine, pad_id) == []
