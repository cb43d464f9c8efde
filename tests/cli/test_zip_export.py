"""A pad leaves with its files, and every other format says that they stay."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from cli.fakes import Ended, Inside, Person

from cryptpad_tui.vault.vault import Vault

Run = Callable[..., Ended]


@pytest.fixture
def run(tmp_path: Path, inside: Inside, monkeypatch: pytest.MonkeyPatch) -> Run:
    vault, _ = Vault.create(
        tmp_path / "v", b"x", name="Dora", relay_url=None, kdf_memory_mib=64, keyfile=tmp_path / "key"
    )
    vault.close()
    monkeypatch.delenv("CRYPTPAD_TUI_PASSPHRASE_FILE", raising=False)
    environ = {"CRYPTPAD_TUI_HOME": str(tmp_path / "v"), "CRYPTPAD_TUI_KEYFILE": str(tmp_path / "key")}
    person = Person(tmp_path / "v", environ)
    return lambda *arguments, stdin=b"": inside(person, *arguments, stdin=stdin)


@pytest.mark.parametrize("kind", ["richtext", "text"])
def test_a_zip_has_the_text_and_its_files(run: Run, tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    for path, content in ((tmp_path / "plan a.png", b"one"), (folder / "PLAN A.png", b"two" * 200_000)):
        path.write_bytes(content)
    run("new", "Notes", "--kind", kind)
    assert run("attach", "Notes", str(tmp_path / "plan a.png"), str(folder / "PLAN A.png")).code == 0
    assert run("export", "Notes", "-o", str(tmp_path / "out.zip")).code == 0
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.testzip() is None
        names = [name for name in archive.namelist() if name.startswith("files/")]
        assert sorted(archive.read(name) for name in names) == [b"one", b"two" * 200_000]
        assert len({name.casefold() for name in names}) == 2
        page = archive.read("Notes.html" if kind == "richtext" else "Notes.md").decode()
        assert all(name.replace(" ", "%20") in page for name in names)
        assert "pad-file:" not in page
    assert run("export", "Notes", "-o", str(tmp_path / "out.zip")).code == 1
    html = run("export", "Notes", "--format", "html")
    assert html.code == 0
    assert ("attached files" in html.err) is (kind == "richtext")
    assert ("plan a.png" in html.text) is True


def test_a_file_is_no_text_to_convert(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(bytes(range(256)))
    short_id = run("upload", str(tmp_path / "a.bin")).text
    assert run("export", short_id).code == 2
    assert run("cat", run("duplicate", short_id).text).out == bytes(range(256))
    assert run("write", short_id, stdin=b"text").code == 1
    assert run("cat", short_id).out == bytes(range(256))
    assert run("attach", short_id, str(tmp_path / "a.bin")).code == 2
    assert run("upload", str(tmp_path)).code == 1
