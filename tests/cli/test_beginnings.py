"""Beginning with what is there already: a keyfile, a database without its header, what is no link."""

from __future__ import annotations

import pytest
from cli.fakes import Command, FakeEngine, Inside, MakePerson, Person

from support.warm_terminal import WarmTerminal


@pytest.fixture(scope="module")
def erik(make_person: MakePerson) -> Person:
    return make_person("Erik")


def test_a_keyfile_opens_the_app_without_asking(erik: Person, inside: Inside) -> None:
    keyed = erik.home.parent / "keyed"
    keyfile = erik.home.parent / "erik.key"
    owner = Person(keyed, {**erik.environ, "CRYPTPAD_TUI_HOME": str(keyed)})
    made = inside(owner, "init", "--name", "Erik", "--kdf-memory", "64", "--keyfile", str(keyfile))
    assert made.code == 0, made.err
    assert inside(owner, "new", "Opened by a file").code == 0
    environ = {**owner.environ, "CRYPTPAD_TUI_PASSPHRASE_FILE": ""}
    with WarmTerminal(["-m", "cryptpad_tui", "--keyfile", str(keyfile)], env=environ) as app:
        app.wait_for("Opened by a file")
        app.send("\x11")
        app.wait_for(lambda t: t.exit_code is not None)
        assert app.exit_code == 0


def test_a_database_without_its_header_is_named_and_kept(erik: Person, inside: Inside) -> None:
    (erik.home / "vault.hdr").rename(erik.home.parent / "kept.hdr")
    ended = inside(erik, "ls")
    assert (ended.code, len(ended.lines)) == (1, 1)
    assert "without its vault.hdr" in ended.err
    assert "no vault here yet" not in ended.err
    assert (erik.home / "vault.db").exists()
    made = inside(erik, "init", "--name", "Erik", "--kdf-memory", "64")
    assert (made.code, len(made.lines)) == (0, 2)
    aside = next(path for path in erik.home.glob("vault.db.aside-*") if path.name.count("-") == 1)
    assert f"kept as {aside.name}" in made.lines[0]


def test_what_is_too_long_to_be_a_link_is_called_so(command: Command, engine: FakeEngine) -> None:
    ended = command("join", stdin=b"pad1:" + b"a" * 20_000)
    assert (ended.code, len(ended.lines)) == (1, 1)
    assert "No link is so long" in ended.err
    assert "pad can be" not in ended.err


@pytest.mark.parametrize("name", ["", "   ", "a" * 65, "two\nlines", "\x1b[2J"])
def test_a_name_that_cannot_be_one_is_not_called_a_title(
    command: Command, engine: FakeEngine, name: str
) -> None:
    ended = command("init", "--name", name)
    assert (ended.code, len(ended.lines)) == (1, 1)
    assert "A name is one line" in ended.err
    assert "title" not in ended.err
