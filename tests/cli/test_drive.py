"""Keeping a drive in order from the command line, on a real vault in this process."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cli.fakes import Ended, Inside, Person

from cryptpad_tui.vault.vault import Vault

Run = Callable[..., Ended]
DORA = "says “Dora”, not verified"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vault with nothing in it that a keyfile opens: a passphrase costs each command 0.2 s."""
    base = tmp_path_factory.mktemp("drive")
    vault, _ = Vault.create(
        base / "vault", b"x", name="Dora", relay_url=None, kdf_memory_mib=64, keyfile=base / "keyfile"
    )
    vault.close()
    return base


@pytest.fixture
def run(template: Path, tmp_path: Path, inside: Inside, monkeypatch: pytest.MonkeyPatch) -> Run:
    home = Path(shutil.copytree(template / "vault", tmp_path / "vault"))
    monkeypatch.delenv("CRYPTPAD_TUI_PASSPHRASE_FILE", raising=False)
    environ = {"CRYPTPAD_TUI_HOME": str(home), "CRYPTPAD_TUI_KEYFILE": str(template / "keyfile")}
    person = Person(home, environ)
    return lambda *arguments, stdin=b"": inside(person, *arguments, stdin=stdin)


@pytest.fixture
def does(run: Run) -> Callable[..., str]:
    def call(*arguments: str, stdin: bytes = b"") -> str:
        ended = run(*arguments, stdin=stdin)
        assert ended.code == 0, ended.err
        return ended.text

    return call


def test_folders_paths_and_the_tree(does: Callable[..., str], run: Run) -> None:
    does("mkdir", "Work/Notes")
    plan = does("new", "Plan", "--into", "Work/Notes")
    other = does("new", "Plan", "--into", "Home")
    assert run("cat", "Plan").code == 1
    does("append", "Work/Notes/Plan", stdin=b"text")
    assert does("cat", "Work/Notes/Plan") == "text"
    assert does("ls", "--tree").splitlines() == [
        "Home/",
        f"  {other}  Plan",
        "Work/",
        "  Notes/",
        f"    {plan}  Plan",
    ]
    (line,) = json.loads(does("ls", "Work", "--json"))
    assert (line["id"], line["folder"], line["path"]) == (plan, "Work/Notes", "Work/Notes/Plan")
    tree = json.loads(does("ls", "Work", "--tree", "--json"))
    assert [folder["path"] for folder in tree["folders"]] == ["Work/Notes"]
    does("mv", plan, "Home/Plan", "/")
    assert {line["folder"] for line in json.loads(does("ls", "--json"))} == {""}
    does("mv", "Work/Notes", "Home")
    does("rename", "Home/Notes", "Papers")
    assert [folder["path"] for folder in json.loads(does("ls", "--tree", "--json"))["folders"]] == [
        "Home",
        "Home/Papers",
        "Work",
    ]
    for wrong in (("mv", "Home", "Home/Papers"), ("mv", plan, "None"), ("ls", "None"), ("mkdir", "/")):
        ended = run(*wrong)
        assert (ended.code, ended.out, len(ended.lines)) == (1, b"", 1), wrong


def test_a_tag_that_is_taken_off_is_no_option(does: Callable[..., str], run: Run) -> None:
    pad = does("new", "Plan")
    assert does("tag", pad, "+urgent", "+idea", "+home").splitlines() == ["home", "idea", "urgent"]
    assert does("tag", pad, "-idea", "-home", "+Two") == "Two\nurgent"
    assert json.loads(does("tag", pad, "--json")) == ["Two", "urgent"]
    assert does("tag", "Plan", "--", "-urgent") == "Two"
    assert json.loads(does("ls", "--tag", "two", "--json"))[0]["tags"] == ["Two"]
    assert json.loads(does("ls", "--tag", "two", "--tag", "none", "--json")) == []
    assert run("tag", pad, "bare").code == 2
    assert run("tag", pad, "+").code == 1
    assert "Usage" in does("tag", "-h")


def test_the_trash_gives_back_what_is_not_emptied(does: Callable[..., str], run: Run) -> None:
    pad = does("new", "Plan", "--into", "Work", "--from", "-", stdin=b"text")
    does("rm", pad)
    assert does("ls") == ""
    assert run("cat", pad).code == 1
    (line,) = json.loads(does("trash", "--json"))
    assert (line["path"], line["trashed"][:2]) == ("Work/Plan", "20")
    does("restore", "Plan")
    assert does("cat", "Work/Plan") == "text"
    does("rm", "Work")
    assert "Work/" in does("trash")
    does("restore", "Work")
    does("rm", pad)
    ended = run("trash", "--empty")
    assert (ended.code, ended.text) == (0, "")
    assert "1 pad forgotten" in ended.err
    assert run("restore", pad).code == 1
    assert (does("trash"), does("ls")) == ("", "")


def test_templates_and_copies_are_pads_of_ones_own(does: Callable[..., str], run: Run) -> None:
    pad = does("new", "Minutes", "--kind", "richtext", "--into", "Work")
    does("append", pad, stdin=b"present:\n")
    does("template", pad)
    assert [line["id"] for line in json.loads(does("template", "--list", "--json"))] == [pad]
    made = does("new", "Minutes of May", "--template", "Minutes")
    copy = does("duplicate", pad)
    lines = {line["id"]: line for line in json.loads(does("ls", "--json"))}
    assert (lines[made]["kind"], lines[made]["folder"], lines[made]["template"]) == ("richtext", "", False)
    assert (lines[copy]["title"], lines[copy]["folder"]) == ("Minutes (copy)", "Work")
    assert does("cat", made) == does("cat", copy) == "present:"
    does("template", pad, "--off")
    assert does("template", "--list") == ""
    for wrong in (("template",), ("template", pad, "--list"), ("new", "A", "--from", "-", "--template", pad)):
        assert run(*wrong).code == 2


def test_a_title_that_commands_terminals_is_harmless_in_the_tree(does: Callable[..., str]) -> None:
    does("mkdir", "a\u202eb")
    does("new", "x\u202ey", "--into", "a\u202eb")
    for shown in (does("ls", "--tree"), does("ls")):
        assert "\u202e" not in shown


def test_search_finds_what_was_written_last_and_says_where(does: Callable[..., str], run: Run) -> None:
    pad = does("new", "Shopping", "--into", "Home", "--from", "-", stdin="tea\nCafé\noat milk\n".encode())
    does("new", "Other", "--from", "-", stdin=b"milk")
    does("tag", pad, "+weekly")
    (found,) = json.loads(does("search", '"oat milk"', "--json"))
    assert (found["id"], found["path"], found["line"]) == (pad, "Home/Shopping", 3)
    assert (found["snippet"].split(), found["matched"]) == (["tea", "Café", "oat", "milk"], ["oat milk"])
    assert does("search", "tag:weekly", "CAFE").splitlines()[0] == f"{pad}  Home/Shopping"
    assert len(json.loads(does("search", "milk", "--json", "--limit", "1"))) == 1
    does("write", pad, stdin=b"nothing")
    does("rename", pad, "Errands")
    assert does("search", '"oat milk"') == ""
    assert does("search", "title:errands") == f"{pad}  Home/Errands\n    nothing"
    does("tag", pad, "-weekly")
    assert does("search", "tag:weekly") == ""
    ended = run("reindex")
    assert (ended.code, "2 pads read" in ended.err) == (0, True)
    does("rm", pad)
    assert does("search", "nothing") == ""
    assert run("search", '"(((', "--json").text == "[]"
    assert run("search").code == 2


def test_comments_are_written_answered_done_and_listed(does: Callable[..., str], run: Run) -> None:
    pad = does("new", "Garden", "--from", "-", stdin=b"Sow in May.\nSow peas.\n")
    does("comments", pad, "--on", "peas", stdin="Which \u202eones?\nTell me.\n".encode())
    does("comments", pad, "--on", "in May", stdin="früh".encode())
    early, peas = json.loads(does("comments", pad, "--json"))
    assert (early["line"], early["about"], early["gone"], early["done"]) == (1, "in May", False, False)
    assert [remark["text"] for remark in early["remarks"]] == ["früh"]
    assert (peas["line"], peas["remarks"][0]["author"]) == (2, None), "signed when it is sent"
    does("comments", pad, "--answer", early["id"][:6], stdin=b"nein")
    listed = does("comments", pad).splitlines()
    assert listed[0] == f"{early['id']}  line 1  in May"
    assert listed[1:3] == [f"    {DORA}: früh", f"    {DORA}: nein"]
    assert "\u202e" not in "".join(listed)
    assert listed[4:] == [f"    {DORA}: Which \\u{{202e}}ones?", f"    {DORA}: Tell me."]
    does("comments", pad, "--done", early["id"])
    assert [one["id"] for one in json.loads(does("comments", pad, "--json"))] == [peas["id"]]
    assert [one["done"] for one in json.loads(does("comments", pad, "--all", "--json"))] == [False, True]
    does("comments", pad, "--reopen", early["id"])
    does("write", pad, stdin=b"Sow peas.\n")
    gone = next(one for one in json.loads(does("comments", pad, "--json")) if one["id"] == early["id"])
    assert gone["gone"]
    for wrong in (("--on", "Sow nothing"), ("--on", ""), ("--answer", "f00"), ("--done", "")):
        assert run("comments", pad, *wrong, stdin=b"x").code == 1
    assert run("comments", pad, "--on", "peas", stdin=b" ").code == 1
    assert run("comments", pad, "--on", "peas", "--json", stdin=b"x").code == 2
    assert run("comments", pad, "--on", "peas", stdin=b"x" * 5_000).code == 1
