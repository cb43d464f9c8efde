"""Comments on the screen: written, answered, marked, listed; and what a person reads of hostile ones."""

from __future__ import annotations

import pytest
from ui.fake_engine import FakeSession, listing
from ui.test_screens_fake import World, world

from cryptpad_tui.comments.book import Book, Place
from cryptpad_tui.comments.model import Thread
from cryptpad_tui.crdt.kinds import COMMENTS_ROOT, PadKind
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.engine.authors import Author
from cryptpad_tui.ui.pads.comments import Comments
from cryptpad_tui.ui.screens.dialogs import AskDialog, ReportDialog
from cryptpad_tui.ui.screens.pad import PadScreen
from cryptpad_tui.ui.screens.threads import ThreadsScreen

LINE = listing("Minutes", number=1)
TEXT = "Dear all,\nthe meeting is at nine.\nSee you.\n"


async def opened(there: World, *, kind: PadKind = PadKind.TEXT, can_edit: bool = True) -> FakeSession:
    there.engine.lines[0] = line = listing("Minutes", number=1, kind=kind)
    session = there.engine.session(line, TEXT, can_edit=can_edit)
    await there.app.open_pad(line.pad_id)
    await there.until(lambda: isinstance(there.app.screen, PadScreen) and there.app.screen.view.size.width)
    return session


def pad(there: World) -> PadScreen:
    screen = there.app.screen
    assert isinstance(screen, PadScreen)
    return screen


def select(there: World, start: tuple[int, int], end: tuple[int, int]) -> None:
    pad(there).view.reveal(Position(*start), select_to=Position(*end))


def marked(there: World) -> list[str]:
    """The texts that carry the mark of a comment on the screen."""
    frame = pad(there).view._frame
    assert frame is not None
    return [span.text for row in frame.rows for span in row.spans if "remark" in span.styles]


def other(session: FakeSession) -> ViewDocument:
    """A colleague's replica."""
    return ViewDocument(client_id=99, kind=session.kind, state=session.view.encode())


async def test_hundreds_of_comments_are_found_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[int] = []
    places = Book.places

    def counted(self: Book, threads: list[Thread]) -> dict[str, Place]:
        counts.append(len(threads))
        return places(self, threads)

    monkeypatch.setattr(Book, "places", counted)
    async with world(LINE) as there:
        session = there.engine.session(LINE, "".join(f"line {n}\n" for n in range(300)))
        for n in range(300):
            session.comments.comment(Position(n, 0), Position(n, 4), "why?")
        await there.app.open_pad(LINE.pad_id)
        await there.until(lambda: isinstance(there.app.screen, PadScreen))
        await there.sees("300 comments")
        await there.until(lambda: marked(there)[:3] == ["line"] * 3)
        assert max(counts) <= 8
        await there.until(lambda: sum(counts) >= 16)
        pad(there).view.reveal(Position(299, 0))
        await there.press("alt+shift+j")
        await there.sees("why?")
        assert sum(counts) == 300, "who asks for the next one gets it at once, and none is looked for twice"
        assert pad(there).view.position == Position(0, 0)


@pytest.mark.parametrize("kind", [PadKind.TEXT, PadKind.RICHTEXT])
async def test_what_is_selected_can_be_commented_on_answered_and_marked_as_done(kind: PadKind) -> None:
    async with world(LINE) as there:
        session = await opened(there, kind=kind)
        select(there, (1, 18), (1, 22))
        await there.press("alt+r")
        await there.until(lambda: isinstance(there.app.screen, AskDialog))
        assert "Comment on “nine”" in there.text()
        await there.press(*"why?", "enter")
        await there.sees("1 comment ")
        assert marked(there) == ["nine"]
        await there.press("alt+r")
        await there.until(lambda: isinstance(there.app.screen, ReportDialog))
        assert "“nine” (line 2)" in there.text()
        assert "why?" in there.text()
        await there.press("down", "enter", *"train", "enter")
        await there.until(lambda: len(session.comments.threads()[0].answers) == 1)
        await there.press("alt+r")
        await there.sees("train")
        await there.press("down", "down", "enter")
        await there.until(lambda: session.comments.threads()[0].done)
        await there.until(lambda: isinstance(there.app.screen, PadScreen) and not marked(there))
        await there.until(lambda: "comment" not in there.text())
        await there.press("alt+shift+e")
        await there.sees("Comments: 0 open, 1 done")
        await there.press("enter")
        await there.sees("Open it again")


async def test_without_a_selection_the_word_is_meant_and_without_words_nothing() -> None:
    async with world(LINE) as there:
        session = await opened(there)
        pad(there).view.reveal(Position(1, 5))
        await there.press("alt+r")
        await there.sees("Comment on “meeting”")
        await there.press("escape")
        pad(there).view.reveal(Position(3, 0))
        await there.press("alt+r")
        await there.sees("There are no words here")
        assert session.comments.threads() == []


async def test_a_mark_follows_what_others_type_and_goes_with_its_text() -> None:
    async with world(LINE) as there:
        session = await opened(there)
        name = session.comments.comment(Position(1, 18), Position(1, 22), "why?")
        await there.until(lambda: marked(there) == ["nine"])
        colleague = other(session)
        colleague.replace(Position(0, 0), Position(0, 0), "Hello.\n")
        colleague.replace(Position(2, 20), Position(2, 20), "NN")
        for update in colleague.take_updates():
            session.view.apply(update)
        await there.until(lambda: marked(there) == ["niNNne"])
        feature = next(one for one in pad(there).features if isinstance(one, Comments))
        assert feature._places == session.comments.places(session.comments.threads()), "followed as located"
        colleague.replace(Position(2, 0), Position(3, 0), "")
        for update in colleague.take_updates():
            session.view.apply(update)
        await there.until(lambda: marked(there) == [])
        await there.press("alt+shift+e")
        await there.until(lambda: isinstance(there.app.screen, ThreadsScreen))
        assert "“nine” why?" in there.text()
        await there.press("enter")
        await there.sees("The text that this was about is gone.")
        assert session.comments.thread(name) is not None


async def test_a_comment_while_others_type_is_about_the_words_that_were_selected() -> None:
    async with world(LINE) as there:
        session = await opened(there)
        select(there, (1, 18), (1, 22))
        await there.press("alt+r")
        colleague = other(session)
        colleague.replace(Position(0, 0), Position(0, 0), "A line\n")
        for update in colleague.take_updates():
            session.view.apply(update)
        await there.press(*"why?", "enter")
        await there.until(lambda: marked(there) == ["nine"])


async def test_an_over_long_comment_is_refused_with_a_sentence_and_stays_in_the_field() -> None:
    """R25."""
    async with world(LINE) as there:
        session = await opened(there)
        select(there, (1, 18), (1, 22))
        await there.press("alt+r")
        field = there.app.screen.field  # type: ignore[attr-defined]
        field.value = "é" * 2_049
        await there.press("enter")
        await there.sees("4,096 bytes")
        assert there.app.screen.field.value == "é" * 2_049  # type: ignore[attr-defined]
        there.app.screen.field.value = "short"  # type: ignore[attr-defined]
        await there.press("enter")
        await there.until(lambda: len(session.comments.threads()) == 1)


async def test_jumping_goes_round_and_the_list_goes_to_the_text() -> None:
    async with world(LINE) as there:
        session = await opened(there)
        session.comments.comment(Position(2, 0), Position(2, 3), "second")
        session.comments.comment(Position(0, 5), Position(0, 8), "first")
        await there.sees("2 comments")
        for expected in ((0, 5), (2, 0), (0, 5)):
            await there.press("alt+shift+j")
            assert pad(there).view.position == Position(*expected)
        await there.press("alt+shift+e", "down", "enter", "enter")
        await there.until(lambda: isinstance(there.app.screen, PadScreen))
        assert pad(there).view.position == Position(2, 0)


async def test_authors_are_signatures_and_names_without_one_are_what_somebody_says() -> None:
    async with world(LINE) as there:
        session = await opened(there)
        session.known = {
            7: Author(b"m", "ME", "6d00", (1, 2, 3), me=True),
            99: Author(b"b", "BORIS", "6200", (1, 2, 3)),
        }
        session.comments.comment(Position(1, 18), Position(1, 22), "mine")
        thread = session.comments.threads()[0]
        forger = other(session)
        for client, name in ((99, "BORIS"), (99, "ANNA")):
            forger.set_map(
                COMMENTS_ROOT, f"{thread.name}/{client + len(name)}-1", {"text": "t", "name": name, "at": 1}
            )
        stranger = ViewDocument(client_id=55, kind=session.kind)
        stranger.set_map(COMMENTS_ROOT, f"{thread.name}/200-1", {"text": "t", "name": "CARLA", "at": 1})
        for update in [*forger.take_updates(), *stranger.take_updates()]:
            session.view.apply(update)
        pad(there).view.reveal(Position(1, 19))
        await there.press("alt+r")
        await there.sees("ME (you)")
        assert "BORIS (as “ANNA”)" in there.text()
        assert "says “CARLA”, not verified" in there.text()


async def test_hostile_comments_are_plain_text() -> None:
    async with world(LINE) as there:
        session = await opened(there)
        thread, hostile = "0" * 16, "[bold red]x[/] \u202e\n@click=app.quit"
        value = {
            "text": hostile,
            "name": hostile,
            "at": 1 << 52,
            "quote": hostile,
            "place": [[7, 1, 0], [7, 3, -1]],
        }
        session.view.set_map(COMMENTS_ROOT, f"{thread}/0", value)
        session.view.set_map(COMMENTS_ROOT, f"{thread}/1-1", "no remark")
        await there.press("alt+shift+j")
        await there.press("alt+shift+e")
        await there.until(lambda: isinstance(there.app.screen, ThreadsScreen))
        await there.press("enter")
        await there.until(lambda: isinstance(there.app.screen, ReportDialog))
        assert "[bold red]" in there.text()
        await there.press("escape")
        await there.until(lambda: isinstance(there.app.screen, ThreadsScreen))
        assert "\u202e" not in there.text(), "which would turn the names beside it round"


async def test_who_may_only_read_reads_comments() -> None:
    async with world(LINE) as there:
        session = await opened(there, can_edit=False)
        await there.press("alt+r")
        await there.sees("You can read this pad but not change it.")
        await there.press("alt+shift+e")
        await there.sees("Nobody has commented here yet.")
        session.view.read_only = False
        session.comments.comment(Position(0, 0), Position(0, 4), "hello")
        session.view.read_only = True
        await there.press("alt+shift+e", "enter")
        await there.sees("Go to the text")
        assert "Answer" not in there.text()
