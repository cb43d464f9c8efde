"""F4: the pad in another program, and what comes of what that program leaves."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from pathlib import Path

import pytest
from ui.fake_engine import FakeSession, listing
from ui.test_screens_fake import World, world

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.engine import Engine, outside
from cryptpad_tui.ui.pads import external_editor as feature
from cryptpad_tui.ui.screens.dialogs import ChooseDialog
from cryptpad_tui.ui.screens.pad import PadScreen
from cryptpad_tui.vault.vault import Vault
from support.warm_terminal import WarmTerminal

LINE = listing("Minutes", number=1)


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A machine with a folder in memory, as far as the app can tell."""
    place = tmp_path / "edit"
    place.mkdir(mode=0o700)
    monkeypatch.setattr(feature.external_editor.process, "runtime_dir", lambda environ: tmp_path)
    return {"TERM": "xterm", "PATH": os.environ["PATH"], "EDITOR": str(tmp_path / "editor")}


def editor(tmp_path: Path, body: str) -> None:
    path = tmp_path / "editor"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o700)


async def opened(
    there: World, text: str, *, kind: PadKind = PadKind.TEXT, can_edit: bool = True
) -> FakeSession:
    there.engine.lines[0] = line = listing("Minutes", number=1, kind=kind)
    session = there.engine.session(line, text, can_edit=can_edit)
    await there.app.open_pad(line.pad_id)
    await there.until(lambda: isinstance(there.app.screen, PadScreen))
    return session


async def test_what_the_editor_did_comes_back_beside_what_others_wrote(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    editor(tmp_path, f'while [ ! -e {tmp_path}/go ]; do sleep 0.02; done; sed -i s/Hello/Goodbye/ "$1"')
    async with world(LINE, environ=environ) as there:
        session = await opened(there, "Hello you.\n")
        await there.press("f4")
        session.view.replace(Position(1, 0), Position(1, 0), "BORIS\n")
        (tmp_path / "go").touch()
        await there.until(lambda: session.view.text() == "Goodbye you.\nBORIS\n")
        await there.sees("The editor's changes are in the pad.")
        assert list((tmp_path / "edit").iterdir()) == []
        await there.press("ctrl+z")
        assert session.view.text() == "Hello you.\nBORIS\n", "one undo step"


async def test_an_editor_that_changes_nothing_changes_nothing(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    editor(tmp_path, 'echo >> "$1"')
    async with world(LINE, environ=environ) as there:
        session = await opened(there, "no line end")
        await there.press("f4")
        await there.sees("The editor changed nothing.")
        assert session.view.text() == "no line end"


async def test_unclean_text_is_refused_with_its_place_and_kept_as_another_pad(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    editor(tmp_path, r'printf "ok\nab\033[31m" > "$1"')
    async with world(LINE, environ=environ) as there:
        session = await opened(there, "Hello.\n")
        await there.press("f4")
        await there.sees("line 2, column 3")
        assert session.view.text() == "Hello.\n"
        await there.press("enter")
        await there.sees("Kept as “Minutes (from the editor)”.")
        assert ("create", "Minutes (from the editor)", "ok\nab\ufffd[31m") in there.engine.calls


async def test_unclean_text_can_be_mended_in_the_editor(tmp_path: Path, environ: dict[str, str]) -> None:
    editor(tmp_path, r'if grep -q bad "$1"; then echo good > "$1"; else printf "bad\033" > "$1"; fi')
    async with world(LINE, environ=environ) as there:
        session = await opened(there, "Hello.\n")
        await there.press("f4")
        await there.sees("column 4")
        await there.press("down", "enter")
        await there.until(lambda: session.view.text() == "good\n")


async def test_an_editor_that_fails_changes_nothing_and_what_it_saved_is_not_lost(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    async with world(LINE, environ=environ) as there:
        session = await opened(there, "Hello.\n")
        editor(tmp_path, "exit 1")
        await there.press("f4")
        await there.sees("The editor ended with an error")
        editor(tmp_path, 'echo saved > "$1"; kill -9 $$')
        await there.press("f4")
        await there.sees("The editor saved, and then ended")
        await there.press("escape")
        await there.until(lambda: ("create", "Minutes (from the editor)", "saved\n") in there.engine.calls)
        assert session.view.text() == "Hello.\n"


async def test_without_a_folder_in_memory_the_person_is_asked_first(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feature.external_editor.process, "runtime_dir", lambda environ: None)
    editor(tmp_path, 'echo edited > "$1"')
    async with world(LINE, environ=environ) as there:
        there.engine.directory = tmp_path / "vault"
        session = await opened(there, "Hello.\n")
        await there.press("f4")
        await there.until(lambda: isinstance(there.app.screen, ChooseDialog))
        assert "XDG_RUNTIME_DIR" in there.text()
        await there.press("enter")
        assert session.view.text() == "Hello.\n"
        assert not (tmp_path / "vault").exists()
        await there.press("f4", "down", "enter")
        await there.until(lambda: session.view.text() == "edited\n")


async def test_no_editor_and_no_right_are_sentences(tmp_path: Path, environ: dict[str, str]) -> None:
    async with world(LINE, environ=environ) as there:
        await opened(there, "Hello.\n", can_edit=False)
        await there.press("f4")
        await there.sees("You can read this pad but not change it.")
    async with world(LINE, environ=environ) as there:
        await opened(there, "Hello.\n")
        await there.press("f4")
        await there.sees("VISUAL")


async def test_rich_text_goes_as_markdown_and_keeps_what_that_does_not_say(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    editor(tmp_path, f'cp "$1" {tmp_path}/seen; sed -i "s/words/more words/" "$1"')
    async with world(LINE, environ=environ) as there:
        session = await opened(there, "some words\n", kind=PadKind.RICHTEXT)
        session.view.format(Position(0, 0), Position(0, 4), {"bold": True})
        await there.press("f4")
        await there.until(lambda: session.view.text() == "some more words\n")
        assert (tmp_path / "seen").read_text() == "**some** words\n"
        assert session.view.runs()[0] == ("some", {"bold": True})
        session.view.format(Position(0, 0), Position(0, 4), {"color": "#ff0000"})
        await there.press("f4")
        await there.until(lambda: session.view.text() == "some more more words\n")
        assert session.view.runs()[0] == ("some", {"bold": True, "color": "#ff0000"})


async def test_a_long_rich_text_is_made_markdown_apart_and_nobody_who_left_gets_an_editor(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cryptpad_tui.ui.pads.external_editor._LONG_BYTES", 1)
    editor(tmp_path, f'touch {tmp_path}/ran; sed -i "s/words/more words/" "$1"')
    async with world(LINE, environ=environ) as there:
        session = await opened(there, "some words\n", kind=PadKind.RICHTEXT)
        await there.press("f4")
        await there.until(lambda: session.view.text() == "some more words\n")
        (tmp_path / "ran").unlink()
        go_on = threading.Event()
        told = outside.giving_out(session.view)
        monkeypatch.setattr(outside, "giving_out", lambda view: lambda: go_on.wait(10) and told())
        await there.press("f4", "escape")
        await there.until(lambda: not isinstance(there.app.screen, PadScreen))
        go_on.set()
        await there.pilot.pause(0.1)
        assert not (tmp_path / "ran").exists()


_RUN = """
import pathlib, sys
from cryptpad_tui.ui.running import run_app
sys.exit(run_app(pathlib.Path(sys.argv[1]), pad="T", passphrase=b"pw"))
"""


@pytest.mark.e2e
@pytest.mark.parametrize("end", ["well", "killed", "app ends"])
def test_a_real_terminal_is_the_editors_and_then_the_apps_again(tmp_path: Path, end: str) -> None:
    vault, _ = Vault.create(tmp_path / "v", b"pw", name="A", relay_url=None, kdf_memory_mib=64)
    engine = Engine(vault)
    engine.create_pad("T", text="before\n")
    asyncio.run(engine.close())
    editor(tmp_path, f'echo $$ > {tmp_path}/pid; echo IN THE EDITOR; read line; echo "$line" > "$1"')
    environ = {"EDITOR": str(tmp_path / "editor"), "XDG_RUNTIME_DIR": "", "VISUAL": ""}
    with WarmTerminal(["-c", _RUN, str(tmp_path / "v")], env=environ) as terminal:
        terminal.wait_for("before")
        terminal.press("f4")
        terminal.wait_for("The text would be on a disk")
        terminal.send("\x1b[B\r")
        terminal.wait_for("IN THE EDITOR")
        if end == "well":
            terminal.send("after\r")
            terminal.wait_for("The editor's changes are in the pad.")
            terminal.wait_for("after")
        elif end == "killed":
            os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
            terminal.wait_for("The editor ended with an error")
            terminal.wait_for("before")
        else:
            os.kill(terminal.pid, signal.SIGTERM)
            assert terminal.wait_exit() == 128 + signal.SIGTERM
        assert list((tmp_path / "v" / "edit").iterdir()) == []
