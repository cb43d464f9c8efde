"""Text that names other people's machines: it is shown, previewed, read and written, and nobody is asked."""

from __future__ import annotations

import socket
import subprocess

import pytest
from ui.fake_engine import listing
from ui.test_screens_fake import world

from cryptpad_tui.convert.formats import write_rich
from cryptpad_tui.convert.formats_in import read_rich
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.ui.screens.pad import PadScreen
from support.rich_sample import document, line

ADDRESS = "http://tracker.example/pixel.png"
MARKDOWN = f"![seen]({ADDRESS}) [link]({ADDRESS})\n<img src='{ADDRESS}'>\n{ADDRESS}\n"
PAGE = (
    f"<link rel=stylesheet href='{ADDRESS}'><style>@import '{ADDRESS}'</style><iframe src='{ADDRESS}'>"
    f"</iframe><p style='background:url({ADDRESS})'>a<img src='{ADDRESS}'><a href='{ADDRESS}'>b</a></p>"
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every attempt to reach another machine or to start another program."""
    attempts: list[object] = []

    def refused(*arguments: object, **_: object) -> object:
        attempts.append(arguments)
        raise OSError("refused")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    monkeypatch.setattr(subprocess.Popen, "__init__", refused)
    return attempts


async def test_a_pad_and_its_preview_ask_nobody_and_say_where_a_link_leads(asked: list[object]) -> None:
    plain, rich = listing("Plan", number=1), listing("Minutes", number=2, kind=PadKind.RICHTEXT)
    async with world(plain, rich, size=(120, 40)) as there:
        there.engine.session(plain, MARKDOWN)
        await there.app.open_pad(plain.pad_id)
        await there.until(lambda: isinstance(there.app.screen, PadScreen))
        await there.press("alt+shift+v")
        await there.sees("seen")
        await there.press("escape")
        minutes = there.engine.session(rich, "")
        minutes.view.apply(document([("bank.example", {"link": ADDRESS}), *line("")]).encode())
        await there.app.open_pad(rich.pad_id)
        await there.until(lambda: isinstance(there.app.screen, PadScreen))
        screen = there.app.screen
        assert isinstance(screen, PadScreen)
        screen.view.reveal(Position(0, 3))
        await there.press("alt+g")
        await there.sees("tracker.example")
    assert asked == []


def test_files_come_in_and_go_out_without_asking_anybody(asked: list[object]) -> None:
    read = read_rich("page.html", PAGE.encode())
    for wanted in ("md", "html", "txt", "docx", "odt", "json"):
        made = write_rich(read.paragraphs, wanted, title="page")
        if wanted in ("html", "docx", "odt"):
            read_rich(f"page.{wanted}", made.data)
        if wanted == "html":
            assert b"<img" not in made.data
            assert b"url(" not in made.data
    assert asked == []
