"""Moving a pad to another relay from the screen, with somebody else in it who only goes on typing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ui.test_screens_real import make_vault, pad_of, running, sees, until

from cryptpad_tui.ui.screens.pad import PadScreen
from support.relay import RelayProcess


@pytest.fixture
def relays(tmp_path: Path) -> Iterator[tuple[RelayProcess, RelayProcess]]:
    both = RelayProcess(tmp_path / "one"), RelayProcess(tmp_path / "two")
    yield both
    for each in both:
        each.stop()


async def test_the_owner_moves_a_pad_and_who_is_in_it_types_on(
    tmp_path: Path, relays: tuple[RelayProcess, RelayProcess]
) -> None:
    one, two = relays
    homes = make_vault(tmp_path / "a", "ANNA", one.url), make_vault(tmp_path / "b", "BOB")
    async with running(homes[0]) as (anna, keys_a), running(homes[1]) as (bob, keys_b):
        await keys_a.press("ctrl+n")
        await keys_a.press("P", "enter")
        await until(lambda: isinstance(anna.screen, PadScreen), anna)
        pad_of(anna).view.editor.paste("written by ANNA\n")
        pad_id = pad_of(anna).session.pad_id
        assert anna.engine
        assert bob.engine
        await until(lambda: pad_of(anna).session.attached_here, anna)
        await bob.engine.join(await anna.engine.make_link(pad_id, view=False))
        await bob.open_pad(pad_id)
        await until(lambda: isinstance(bob.screen, PadScreen), bob)
        await keys_a.press("ctrl+p")
        await keys_a.press(*"another relay for this", "enter")
        await until(sees(anna, "The relay to move"), anna)
        await keys_a.press(*"two", "enter")
        await until(sees(anna, "address starts with wss://"), anna)
        await keys_a.press("ctrl+u")
        for _ in range(3):
            await keys_a.press("backspace")
        await keys_a.press(*two.url, "enter")
        await until(sees(anna, "everybody goes on there"), anna)
        await keys_a.press("down", "enter")
        await until(sees(anna, "The pad is at the other relay"), anna)
        await until(sees(bob, "ts owner moved “P” to the relay"), bob)
        one.stop()
        await keys_b.press("B", "o", "b")
        await until(lambda: "Bob" in pad_of(anna).session.view.text(), anna)
        assert pad_of(bob).session.record.relay_url == two.url
