"""Files in and pads out at the screen: paths are completed, nothing is overwritten, what is lost is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot
from ui.test_attachments_app import PASSPHRASE, text_of, until

from cryptpad_tui.engine import Engine
from cryptpad_tui.engine.keeping import make_folder
from cryptpad_tui.ui.app import CryptpadApp
from cryptpad_tui.ui.backend import VaultBackend
from cryptpad_tui.ui.completion import completed
from cryptpad_tui.ui.screens.dialogs import ReportDialog
from cryptpad_tui.ui.screens.drive import DriveScreen
from cryptpad_tui.ui.screens.pad import PadScreen
from cryptpad_tui.ui.screens.paths import ExportDialog, PathDialog
from cryptpad_tui.vault.vault import Vault

pytestmark = pytest.mark.usefixtures("cheap_passphrases")


@pytest.mark.parametrize(
    ("typed", "text", "names"),
    [
        ("", "", 3),
        ("no", "not", 2),
        ("note", "notes.md", 1),
        ("De", "Deep/", 1),
        ("Deep/", "Deep/x y.md", 1),
        (".h", ".hidden", 1),
        ("x", "x", 0),
        ("none/x", "none/x", 0),
        ("~", "~/", 0),
    ],
)
def test_a_path_goes_on_as_far_as_the_names_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, text: str, names: int
) -> None:
    (tmp_path / "Deep").mkdir()
    for name in ("notes.md", "not\x1b[31m", ".hidden", "nothing", "Deep/x y.md"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    assert (completed(typed).text, len(completed(typed).names)) == (text, names)
    absolute = completed(f"{tmp_path}/{typed}") if typed != "~" else completed(typed)
    assert absolute.text.removeprefix(f"{tmp_path}/") == text


async def answer(app: CryptpadApp, pilot: Pilot[int], kind: type, value: str, *keys: str) -> None:
    await until(lambda: isinstance(app.screen, kind), app)
    assert isinstance(app.screen, PathDialog | ExportDialog)
    app.screen.field.value = value
    app.screen.field.cursor_position = len(value)
    await pilot.press(*keys, "enter")


async def test_files_come_in_where_the_list_is_and_a_pad_goes_out(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "plan.html").write_text("<h1>Plan</h1><b>tea</b><script>steal()</script>")
    (tmp_path / "in" / "bad.bin").write_bytes(b"\x00\xff")
    (tmp_path / "page.html").write_text("mine")
    vault, _ = Vault.create(tmp_path / "v", PASSPHRASE, name="ANNA", relay_url=None, kdf_memory_mib=64)
    engine = Engine(vault)
    make_folder(engine, "Work")
    await engine.close()
    app = CryptpadApp(tmp_path / "v", passphrase=PASSPHRASE, environ={}, backend=VaultBackend(tmp_path / "v"))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(lambda: isinstance(app.screen, DriveScreen) and "Work" in text_of(app), app)
        await pilot.press("alt+i")
        await answer(app, pilot, PathDialog, f"{tmp_path}/i", "tab")
        await until(lambda: "1 of 2 files imported into “Work”." in text_of(app), app)
        assert isinstance(app.screen, ReportDialog)
        assert "left out: scripts" in text_of(app)
        assert "not UTF-8" in text_of(app) or "U+0000" in text_of(app)
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, DriveScreen), app)
        assert app.engine is not None
        pad = app.engine.find("plan")
        assert pad.folder == "Work/in"

        app.start(app.open_pad(pad.pad_id))
        await until(lambda: isinstance(app.screen, PadScreen), app)
        app.screen.perform("pad.export")  # type: ignore[attr-defined]
        await until(lambda: isinstance(app.screen, ExportDialog), app)
        assert isinstance(app.screen, ExportDialog)
        assert app.screen.field.value == "~/plan.md"
        await pilot.press("down")
        assert app.screen.field.value == "~/plan.html"
        assert "not encrypted" in text_of(app)
        await answer(app, pilot, ExportDialog, f"{tmp_path}/page.html")
        await until(lambda: "is there already" in text_of(app), app)
        assert (tmp_path / "page.html").read_text() == "mine"
        app.screen.perform("pad.export")
        await answer(app, pilot, ExportDialog, f"{tmp_path}/in/plan.txt", *["down"] * 4)
        await until(lambda: "Left out: all formats" in text_of(app), app)
        assert (tmp_path / "in" / "plan.txt").read_text() == "Plan\ntea\n"
        assert (tmp_path / "in" / "plan.txt").stat().st_mode & 0o077 == 0
