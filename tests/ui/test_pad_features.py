"""Author colours, counts, focus, following somebody, and standing again where one was."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ui.fake_engine import FakeSession, listing, person
from ui.test_screens_fake import World, world
from ui.test_screens_real import make_vault, running, until

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.editor.counting import Count, count_text
from cryptpad_tui.engine import Engine, SessionEvent
from cryptpad_tui.engine.authors import Author
from cryptpad_tui.settings.reading import Loaded
from cryptpad_tui.settings.table import UserSettings
from cryptpad_tui.ui.app import CryptpadApp
from cryptpad_tui.ui.backend import VaultBackend
from cryptpad_tui.ui.habits import Habits
from cryptpad_tui.ui.pads.place import OPEN_PAD, decode_place, encode_place, place_key
from cryptpad_tui.ui.screens.drive import DriveScreen
from cryptpad_tui.ui.screens.pad import PadScreen
from cryptpad_tui.vault.vault import Vault

LINE = listing("Minutes", number=1)
LONG = "".join(f"line {n}\n" for n in range(200))


async def opened(there: World, text: str) -> FakeSession:
    session = there.engine.session(LINE, text)
    await there.app.open_pad(LINE.pad_id)
    await there.until(lambda: isinstance(there.app.screen, PadScreen) and there.app.screen.view.size.width)
    return session


def pad(there: World) -> PadScreen:
    screen = there.app.screen
    assert isinstance(screen, PadScreen)
    return screen


def styles(there: World) -> dict[str, set[str]]:
    frame = pad(there).view._frame
    assert frame is not None
    return {span.text: set(span.styles) for row in frame.rows for span in row.spans}


async def test_the_text_has_its_authors_colours_and_a_line_tells_its_writers() -> None:
    async with world(LINE) as there:
        session = await opened(there, "mine \n")
        session.known = {
            7: Author(b"m", "ME", "6d00", (1, 2, 3), me=True),
            99: Author(b"b", "BORIS", "6200", (224, 108, 117)),
        }
        boris = ViewDocument(client_id=99, kind=session.kind, state=session.view.encode())
        boris.replace(Position(0, 5), Position(0, 5), "his 漢")
        for update in boris.take_updates():
            session.view.apply(update)
        await there.press("alt+shift+w")
        await there.sees("Line 1: ME (you) 5, BORIS 5.")
        await there.press("alt+shift+x")
        await there.until(lambda: styles(there).get("his 漢") == {"fg.#e06c75"})
        assert styles(there)["mine "] == {"fg.#010203"}
        await there.press("alt+shift+x")
        await there.until(lambda: "fg.#e06c75" not in str(styles(there)))
        await there.press("down", "alt+shift+w")
        await there.sees("Line 2 is empty.")


async def test_every_cell_of_a_table_has_its_authors_colours() -> None:
    line = listing("Minutes", number=1, kind=PadKind.RICHTEXT)
    async with world(line) as there:
        session = there.engine.session(line, "above\n")
        session.known = {7: Author(b"m", "ME", "6d00", (1, 2, 3), me=True)}
        await there.app.open_pad(line.pad_id)
        await there.until(lambda: isinstance(there.app.screen, PadScreen) and pad(there).view.size.width)
        pad(there).view.command("format.table", "12x4")
        for at in range(48):
            session.view.replace(Position(at + 1, 0), Position(at + 1, 0), f"cell{at}")
        await there.press("alt+shift+x")
        view = pad(there).view
        view.begin_at(Position(1, 0), Position(1, -1))
        await there.until(lambda: styles(there).get("cell0") == {"fg.#010203"})
        shown = [name for name in styles(there) if name.startswith("cell")]
        assert len(shown) > 24
        assert all(styles(there)[name] == {"fg.#010203"} for name in shown)


async def test_words_are_counted_of_the_pad_and_of_the_selection() -> None:
    async with world(LINE) as there:
        session = await opened(there, "one two\nthree's 漢字\n" * 300)
        await there.press("alt+shift+k")
        await there.sees("1,500 words, 5,700 chars, 7 min")
        session.view.replace(Position(0, 0), Position(0, 0), "more ")
        await there.sees("1,501 words")
        pad(there).view.reveal(Position(0, 0), select_to=Position(0, 8))
        await there.sees("selected: 2 words, 8 chars, 1 min")
        await there.press("alt+shift+k")
        await there.until(lambda: "words" not in there.text())


@pytest.mark.parametrize(
    ("text", "words"),
    [("", 0), ("it's a well-known fact", 4), ("漢字かな", 4), ("a漢b", 3), ("— … !", 0), ("naïve 3.5 ß", 4)],
)
def test_what_a_word_is(text: str, words: int) -> None:
    assert count_text(text) == Count(words, len(text))


@given(st.text(alphabet="ab' \n漢-", max_size=60), st.integers(1, 5))
def test_slices_count_the_same_as_the_whole(text: str, size: int) -> None:
    lines, counted = text.split("\n"), Count()
    for begin in range(0, len(lines), size):
        counted = counted.with_lines(lines[begin : begin + size])
    assert Count(counted.words, counted.chars - 1) == count_text(text)


async def test_focus_leaves_nothing_but_the_text_and_answers_still_come() -> None:
    async with world(LINE) as there:
        await opened(there, "the text")
        await there.press("alt+shift+z")
        await there.sees("brings the rest back")
        assert "Minutes" not in there.text()
        assert pad(there).view.size.height == 24
        await there.press("alt+shift+z")
        await there.sees("Minutes")
        await there.sees("^P Commands")


async def test_a_second_press_follows_a_person_until_a_key_is_pressed() -> None:
    async with world(LINE) as there:
        session = await opened(there, LONG)

        async def moves(line: int) -> None:
            session.here = [person("BORIS", caret=Position(line, 0))]
            session.tell(SessionEvent.PEOPLE)

        await moves(50)
        await there.sees("● BORIS")
        await there.press("f5")
        await there.sees("line 50")
        await moves(100)
        await there.pilot.pause(0.3)
        assert "line 100" not in there.text(), "shown once"
        await there.press("f5")
        await there.sees("Following BORIS")
        await moves(150)
        await there.sees("line 150")
        assert pad(there).view.position == Position(0, 0), "our own caret stays"
        await there.press("down")
        await moves(180)
        await there.pilot.pause(0.3)
        assert "line 180" not in there.text()


async def test_a_pad_opens_where_it_was_left() -> None:
    async with world(LINE) as there:
        await opened(there, LONG)
        pad(there).view.reveal(Position(120, 3))
        top = pad(there).view.editor.state.viewport.top
        await there.press("escape")
        await there.until(lambda: isinstance(there.app.screen, DriveScreen))
        assert there.engine.settings[OPEN_PAD] is None, "it was left for the list"
        assert there.engine.settings[place_key(LINE.pad_id)] == encode_place(Position(120, 3), top)
        await opened(there, LONG)
        assert (pad(there).view.position, pad(there).view.editor.state.viewport.top) == (
            Position(120, 3),
            top,
        )
        await there.press("escape")
        await opened(there, "short")
        assert pad(there).view.position == Position(0, 5), "the text is shorter by now"


@given(st.text(max_size=20) | st.from_regex(r"[0-9]{1,13}(:[0-9]{1,3}){2,4}"))
def test_a_broken_place_is_none(value: str) -> None:
    found = decode_place(value)
    assert found is None or decode_place(encode_place(*found)) == found


async def test_the_app_opens_where_it_was_left(tmp_path: Path) -> None:
    home = make_vault(tmp_path / "v", "ANNA")
    engine = Engine(Vault.open(home, passphrase=b"pw"))
    engine.create_pad("T", text=LONG)
    await engine.close()
    async with running(home, pad="T") as (app, _):
        app.screen.view.reveal(Position(77, 2))  # type: ignore[attr-defined]
    vault = Vault.open(home, passphrase=b"pw")
    kept = [value for value in (vault.setting(OPEN_PAD),) if value]
    vault.close()
    assert len(kept) == 1
    in_list = Habits(Loaded(UserSettings(open_last=False)))
    app = CryptpadApp(home, passphrase=b"pw", environ={}, backend=VaultBackend(home), habits=in_list)
    async with app.run_test(size=(80, 24)):
        await until(lambda: isinstance(app.screen, DriveScreen), app)
        assert len(app.screen_stack) == 2
    app = CryptpadApp(home, passphrase=b"pw", environ={}, backend=VaultBackend(home))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: isinstance(app.screen, PadScreen), app)
        await until(lambda: app.screen.view.position == Position(77, 2), app)  # type: ignore[attr-defined]
        await pilot.press("escape")
        await until(lambda: isinstance(app.screen, DriveScreen), app)
    async with running(home) as (again, _):
        assert isinstance(again.screen, DriveScreen), "left in the list"


async def test_what_an_edit_of_somebody_else_began_is_ended_between_keys() -> None:
    async with world(LINE) as there:
        session = await opened(there, "text\n")
        session.left_to_do = 3
        session.tell(SessionEvent.STATUS)
        await there.until(lambda: not session.left_to_do)
