"""The inbox and contacts on the screen: what came is told, answered and compared without the command line."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot
from ui.test_screens_members import choose
from ui.test_screens_real import make_vault, pad_of, running, sees, text_of, until

from cryptpad_tui.engine import contacts, owning
from cryptpad_tui.engine.contacts import ContactLine
from cryptpad_tui.engine.inbox import InboxLine
from cryptpad_tui.host.embedded_relay import EmbeddedRelay
from cryptpad_tui.pad.writers import WriterState
from cryptpad_tui.people.contacts import Standing
from cryptpad_tui.ui import contact_words
from cryptpad_tui.ui.app import CryptpadApp
from cryptpad_tui.ui.screens.drive import DriveScreen
from cryptpad_tui.ui.screens.pad import PadScreen
from cryptpad_tui.ui.screens.people_list import PeopleList
from cryptpad_tui.ui.screens.safety import SafetyScreen

HOSTILE = "\x1b]0;pwned\x07[bold]Ben[/]\u202e"


@pytest.fixture
def homes(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    anna = make_vault(tmp_path / "a", "ANNA", "local")
    relay = EmbeddedRelay(tmp_path / "a" / "relay")
    yield anna, make_vault(tmp_path / "b", "BOB", relay.start_or_find())
    relay.stop()


async def test_what_is_no_card_is_called_so_and_the_app_goes_on(tmp_path: Path) -> None:
    async with running(make_vault(tmp_path / "a", "ANNA", "local")) as (anna, keys):
        await keys.press("ctrl+p")
        await keys.press(*"safety numbers", "enter")
        await until(sees(anna, "Your card"), anna)
        await keys.press("enter")
        await until(sees(anna, "Copy it"), anna)
        await keys.press("ctrl+c")
        await until(lambda: anna.clipboard.startswith("padc1:"), anna)
        await until(sees(anna, "Contacts: 0"), anna)
        await keys.press("down", "enter")
        await until(sees(anna, "It starts with padc1:"), anna)
        await keys.press(*"padc1:nonsense", "enter")
        await until(sees(anna, "That is no contact card"), anna)
    EmbeddedRelay(tmp_path / "a" / "relay").stop()


async def test_asked_accepted_compared_invited_and_in_the_pad(homes: tuple[Path, Path]) -> None:
    async with running(homes[0]) as (anna, keys_a), running(homes[1]) as (bob, keys_b):
        hers, his = anna.engine, bob.engine
        assert hers
        assert his
        await contacts.card(hers)
        contacts.add(hers, (await contacts.card(his)).text)
        await until(sees(bob, "asks to be your contact"), bob)
        await until(sees(bob, "✉ 1"), bob)
        await keys_a.press("ctrl+p")
        await keys_a.press(*"safety numbers", "enter")
        # The list is as it is at each moment: he does not answer yet, and then he has.
        await until(sees(anna, "asked, no answer yet"), anna)
        assert "Your card" in text_of(anna)
        await keys_b.press("f10")
        await until(lambda: isinstance(bob.screen, PeopleList), bob)
        await keys_b.press("enter")
        await until(sees(bob, "not verified"), bob)
        # It stands on her screen for some seconds alone.
        told = asyncio.create_task(until(sees(anna, "is your contact now"), anna))
        await keys_b.press("enter")
        await until(sees(bob, "Nothing here"), bob)
        await keys_b.press("escape")
        await told
        await until(sees(anna, "not verified"), anna)
        await keys_a.press("down", "down", "enter")
        await until(sees(anna, "Compare the safety number"), anna)
        await keys_a.press("enter")
        await until(lambda: isinstance(anna.screen, SafetyScreen), anna)
        number = contacts.number_with(his, contacts.find(his, "ANNA"))
        await until(sees(anna, " ".join(number.split()[:3])), anna)
        await keys_a.press("down", "enter")
        await until(sees(anna, "✓ verified"), anna)
        assert "Your card" in text_of(anna), "the list is shown from its beginning, whichever row is chosen"
        await keys_a.press("escape")

        hers.create_pad("Plan", text="together\n")
        await until(sees(anna, "Plan"), anna)
        await keys_a.press("ctrl+t")
        await until(sees(anna, "Invite one of your contacts"), anna)
        await keys_a.press("up", *["down"] * 9, "enter")
        await until(sees(anna, "Invite into “Plan”"), anna)
        await keys_a.press("enter")
        await until(sees(anna, "They may write"), anna)
        await keys_a.press("down", "enter")
        await until(sees(bob, "invites you to “Plan”"), bob)
        assert isinstance(bob.screen, DriveScreen)
        await keys_b.press("f10")
        await until(lambda: isinstance(bob.screen, PeopleList), bob)
        await keys_b.press("enter")
        await until(sees(bob, "Open the pad"), bob)
        await keys_b.press("enter")
        await until(lambda: isinstance(bob.screen, PadScreen), bob)
        await until(sees(bob, "together"), bob)
        await see_who_is_there(anna, keys_a, bob, keys_b)
        await own_it_too(anna, bob, keys_b)


async def see_who_is_there(
    anna: CryptpadApp, keys_a: Pilot[int], bob: CryptpadApp, keys_b: Pilot[int]
) -> None:
    """Whom she verified, that he is there, as whom he appears, and where he writes."""
    await until(lambda: isinstance(anna.screen, DriveScreen), anna)
    await keys_a.press("enter")
    await until(lambda: isinstance(anna.screen, PadScreen), anna)
    await keys_b.press("end")
    await until(sees(anna, "● BOB ✓"), anna)
    await keys_a.press("ctrl+p")
    await keys_a.press(*"taking", "enter")
    await until(sees(anna, "your contact BOB, ✓ verified  ● here now"), anna)
    await until(sees(anna, "Go to BOB, and follow"), anna)
    await keys_a.press("down", "enter")
    await until(sees(anna, "Following BOB"), anna)
    await keys_b.press("ctrl+p")
    await keys_b.press(*"taking", "enter")
    await until(sees(bob, "Appear as the identity of my card"), bob)
    await choose(bob, keys_b, "Appear as the identity of my card")
    await until(sees(bob, "knows that it is you"), bob)
    await keys_b.press("down", "enter")
    await keys_b.press("B", "o", "b")
    await until(sees(anna, "Bob"), anna)
    card = contacts.find(anna.engine, "BOB").card.ident_pk  # type: ignore[arg-type]
    await until(lambda: card in {each.ident_pk for each in writers(anna)}, anna)
    await until(sees(anna, "● BOB ✓"), anna)


async def own_it_too(anna: CryptpadApp, bob: CryptpadApp, keys_b: Pilot[int]) -> None:
    """He is in the pad while he becomes its owner: his screen goes on with what he may do from then on."""
    assert anna.engine
    before = pad_of(bob).session
    await owning.offer(anna.engine, before.pad_id, "BOB")
    await until(sees(bob, "offers to make you an owner"), bob)
    await keys_b.press("f10")
    await until(lambda: isinstance(bob.screen, PeopleList), bob)
    await keys_b.press("enter")
    await until(sees(bob, "Accept"), bob)
    await keys_b.press("enter")
    await until(sees(bob, "You own the pad"), bob)
    await until(lambda: pad_of(bob).session is not before and pad_of(bob).session.attached_here, bob)
    await keys_b.press("!")
    await until(lambda: "!" in pad_of(anna).session.view.text(), anna)
    await keys_b.press("escape")
    await until(lambda: isinstance(bob.screen, DriveScreen), bob)


def writers(app: CryptpadApp) -> list[WriterState]:
    return list(pad_of(app).session.replica.fold.writers.values())


def line(**changes: object) -> InboxLine:
    values: dict[str, object] = {
        "number": 1, "mail_id": bytes(16), "kind": "mention", "sender": HOSTILE, "contact_id": "ab" * 16,
        "verified": False, "sent_ms": 0, "sentence": HOSTILE, "needs_answer": False, "warning": HOSTILE,
    }  # fmt: skip
    return InboxLine(**(values | changes))  # type: ignore[arg-type]


def test_nothing_of_a_stranger_reaches_the_terminal_as_it_came() -> None:
    contact = ContactLine("ab" * 16, HOSTILE, Standing.ASKS, False, False, False, HOSTILE)
    rows = [contact_words.inbox_row(line(), 0), contact_words.contact_row(contact)]
    parts = [part[0] for row in rows for part in (*row.left, *row.right)]
    told = [
        *contact_words.told(line()),
        *contact_words.about(contact),
        contact_words.who(HOSTILE, verified=False),
    ]
    for text in (*parts, *told):
        assert not [char for char in text if ord(char) < 32 or char in "\u202e\x9b"]


def test_changed_keys_are_offered_to_be_compared_first_and_refused_before_accepted() -> None:
    names = [option.name for option in contact_words.answers(line(kind="changed-keys", needs_answer=True))]
    assert names == ["compare", "later", "decline", "accept"]


def test_a_terminal_is_rung_only_where_that_was_chosen() -> None:
    from cryptpad_tui.settings.table import UserSettings
    from cryptpad_tui.ui.bell import SOUNDS

    assert SOUNDS[UserSettings().bell] == ""
    assert SOUNDS["bell"] == "\a"
    assert SOUNDS["osc9"].startswith("\x1b]9;")
