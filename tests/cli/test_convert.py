"""import and export, on a real vault: what comes in, what goes out, what is said of the rest."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

import pytest
from cli.fakes import Inside, MakePerson

from cryptpad_tui.convert import reading


def test_files_and_folders_become_pads_in_folders_of_the_drive(
    make_person: MakePerson, inside: Inside, tmp_path: Path
) -> None:
    anna = make_person("Anna")
    (tmp_path / "notes" / "deep").mkdir(parents=True)
    (tmp_path / "notes" / "one.md").write_text("# One\n")
    (tmp_path / "notes" / "deep" / "two.txt").write_text("two")
    (tmp_path / "notes" / ".hidden").write_text("no")
    (tmp_path / "notes" / "link.md").symlink_to("one.md")
    ended = inside(anna, "import", str(tmp_path / "notes"), "--into", "Work")
    assert (ended.code, len(ended.text.split())) == (0, 2)
    listed = json.loads(inside(anna, "ls", "--json").text)
    assert {(pad["title"], pad["folder"], pad["kind"]) for pad in listed} == {
        ("one", "Work/notes", "text"),
        ("two", "Work/notes/deep", "text"),
    }


def test_html_becomes_rich_text_and_says_what_was_left_out(
    make_person: MakePerson, inside: Inside, tmp_path: Path
) -> None:
    anna = make_person("Anna")
    page = tmp_path / "plan.html"
    page.write_text("<h1 onclick=x()>Plan</h1><ol><li>a<li><b>b</b></ol><script>steal()</script>")
    ended = inside(anna, "import", str(page))
    assert ended.code == 0
    assert ended.lines[0].endswith("left out: scripts")
    assert inside(anna, "export", "plan").text == "# Plan\n\n1. a\n2. **b**"
    assert inside(anna, "cat", "plan").text == "Plan\na\nb"


def test_an_export_is_written_to_a_file_but_never_over_one(
    make_person: MakePerson, inside: Inside, tmp_path: Path
) -> None:
    anna = make_person("Anna")
    inside(anna, "new", "Plan", "--from", "-", stdin=b"# Plan\n\n*tea*\n")
    out = tmp_path / "plan.html"
    assert inside(anna, "export", "Plan", "-o", str(out)).code == 0
    assert "<h1>Plan</h1>" in out.read_text()
    again = inside(anna, "export", "Plan", "-o", str(out))
    assert again.code == 1
    assert "is there already" in again.err


def test_what_is_no_text_is_refused_by_name_and_the_rest_comes_in(
    make_person: MakePerson, inside: Inside, tmp_path: Path
) -> None:
    anna = make_person("Anna")
    (tmp_path / "a.md").write_text("fine")
    (tmp_path / "b.bin").write_bytes(b"\x00\xff\x01")
    ended = inside(anna, "import", str(tmp_path / "a.md"), str(tmp_path / "b.bin"))
    assert ended.code == 1
    assert len(ended.text.split()) == 1
    assert "b.bin" in ended.err


def test_a_format_that_needs_pandoc_says_so_where_it_is_missing(
    make_person: MakePerson, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = make_person("Anna")
    inside(anna, "new", "Plan")
    monkeypatch.setattr("shutil.which", lambda name: None)
    ended = inside(anna, "export", "Plan", "--format", "pdf")
    assert ended.code == 1
    assert "pandoc" in ended.err


def test_a_rich_pad_is_made_by_its_kind(make_person: MakePerson, inside: Inside) -> None:
    anna = make_person("Anna")
    assert inside(anna, "new", "Minutes", "--kind", "richtext").code == 0
    assert json.loads(inside(anna, "ls", "--json").text)[0]["kind"] == "richtext"
    assert inside(anna, "export", "Minutes", "--format", "json").text == '{\n "ops": []\n}'


def test_word_and_opendocument_go_out_and_come_in_without_another_program(
    make_person: MakePerson, inside: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = make_person("Anna")
    monkeypatch.setenv("PATH", "/nowhere")
    inside(anna, "new", "Plan", "--from", "-", stdin=b"# Plan\n\n1. a\n2. **b**\n")
    for kind in ("docx", "odt"):
        out = tmp_path / f"from-{kind}.{kind}"
        assert inside(anna, "export", "Plan", "-o", str(out)).code == 0
        assert inside(anna, "import", str(out)).code == 0
        assert inside(anna, "export", f"from-{kind}").text == "# Plan\n\n1. a\n2. **b**"


def test_a_damaged_word_file_does_not_end_the_import_of_the_others(
    make_person: MakePerson, inside: Inside, tmp_path: Path
) -> None:
    anna = make_person("Anna")
    (tmp_path / "a.docx").write_bytes(b"no zip")
    (tmp_path / "b.md").write_text("fine")
    ended = inside(anna, "import", str(tmp_path / "a.docx"), str(tmp_path / "b.md"))
    assert ended.code == 1
    assert len(ended.text.split()) == 1
    assert "a.docx: The file is not what its name says" in ended.err


DIES = """
import os, sys
from cryptpad_tui.convert import reading_child
real = reading_child.read_rich
reading_child.read_rich = lambda name, data: os.abort() if b"die" in data else real(name, data)
reading_child.main()
"""


def test_a_file_that_ends_the_process_that_reads_it_is_named_and_the_rest_comes_in(
    make_person: MakePerson, inside: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = make_person("Anna")
    monkeypatch.setattr(reading, "command_of", lambda module: [sys.executable, "-P", "-c", DIES])
    for name, text in (("a", "one"), ("b", "die"), ("c", "two")):
        (tmp_path / f"{name}.html").write_text(text)
    ended = inside(anna, "import", *(str(tmp_path / f"{name}.html") for name in "abc"))
    assert (ended.code, len(ended.text.split())) == (1, 2)
    assert "b.html: The file could not be read in the process that reads strangers' files" in ended.err
    assert {pad["title"] for pad in json.loads(inside(anna, "ls", "--json").text)} == {"a", "c"}


def zipped(path: Path, files: dict[str, str]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)


def test_a_zip_is_imported_like_a_folder(make_person: MakePerson, inside: Inside, tmp_path: Path) -> None:
    anna = make_person("Anna")
    files = {"a.md": "a", "Deep/b.html": "<b>b</b>", ".hidden": "no", "__MACOSX/a.md": "no"}
    zipped(tmp_path / "drive.zip", files)
    ended = inside(anna, "import", str(tmp_path / "drive.zip"), "--into", "Work")
    assert (ended.code, len(ended.text.split())) == (0, 2)
    listed = json.loads(inside(anna, "ls", "--json").text)
    assert {(pad["title"], pad["folder"], pad["kind"]) for pad in listed} == {
        ("a", "Work/drive", "text"),
        ("b", "Work/drive/Deep", "richtext"),
    }


@pytest.mark.parametrize("name", ["../out.md", "/etc/out.md", "a/../../out.md", "a\\..\\out.md", "a//out.md"])
def test_a_zip_that_leads_out_of_itself_is_refused_whole(
    make_person: MakePerson, inside: Inside, tmp_path: Path, name: str
) -> None:
    anna = make_person("Anna")
    zipped(tmp_path / "evil.zip", {"fine.md": "a", name: "b"})
    ended = inside(anna, "import", str(tmp_path / "evil.zip"))
    assert ended.code == 1
    assert "leads out of it" in ended.err
    assert json.loads(inside(anna, "ls", "--json").text) == []


def test_a_zip_that_would_grow_is_refused(make_person: MakePerson, inside: Inside, tmp_path: Path) -> None:
    anna = make_person("Anna")
    zipped(tmp_path / "bomb.zip", {"a.txt": "a" * 20_000_000})
    ended = inside(anna, "import", str(tmp_path / "bomb.zip"))
    assert ended.code == 1
    assert "grow" in ended.err


def test_a_program_keeps_the_end_of_its_name(make_person: MakePerson, inside: Inside, tmp_path: Path) -> None:
    anna = make_person("Anna")
    for name in ("main.py", "Plan.md", "todo.txt", "main.c"):
        (tmp_path / name).write_text("# x\n")
    inside(anna, "import", *[str(tmp_path / name) for name in ("main.py", "Plan.md", "todo.txt", "main.c")])
    assert {pad["title"] for pad in json.loads(inside(anna, "ls", "--json").text)} == {
        "main.py", "Plan", "todo", "main.c",
    }  # fmt: skip
    assert inside(anna, "export", "main.py").out == b"# x\n"
