"""How the vault is opened: by a private file, a keyfile or a prompt that shows nothing; never by argument."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cli.fakes import PASSPHRASE, Inside, Person

from cryptpad_tui.cli.errors import FileUnreadable, WrongUse
from cryptpad_tui.cli.secret_sources import (
    KEYFILE_VARIABLE,
    PASSPHRASE_VARIABLE,
    SecretSources,
    choose_sources,
    read_passphrase_file,
)
from cryptpad_tui.host.errors import UnsafePath
from support.terminal import Terminal
from support.warm_terminal import WarmTerminal

FILE, OTHER = Path("/a"), Path("/b")


@pytest.mark.parametrize(
    ("passphrase_file", "keyfile", "environ", "chosen"),
    [
        (None, None, {}, SecretSources()),
        (FILE, None, {PASSPHRASE_VARIABLE: "/b"}, SecretSources(passphrase_file=FILE)),
        (None, FILE, {PASSPHRASE_VARIABLE: "/b"}, SecretSources(keyfile=FILE)),
        (
            None,
            None,
            {PASSPHRASE_VARIABLE: "/b", KEYFILE_VARIABLE: "/c"},
            SecretSources(passphrase_file=OTHER),
        ),
        (None, None, {KEYFILE_VARIABLE: "/b"}, SecretSources(keyfile=OTHER)),
        (None, None, {PASSPHRASE_VARIABLE: ""}, SecretSources()),
    ],
)
def test_an_option_wins_over_the_environment(
    passphrase_file: Path | None, keyfile: Path | None, environ: Mapping[str, str], chosen: SecretSources
) -> None:
    assert choose_sources(passphrase_file, keyfile, environ) == chosen


def test_two_secrets_at_once_are_refused() -> None:
    with pytest.raises(WrongUse):
        choose_sources(FILE, OTHER, {})


@pytest.mark.parametrize(
    ("content", "passphrase"),
    [(b"a b\n", b"a b"), (b"a b\r\n", b"a b"), (b"a b", b"a b"), (b"a\n\n", b"a\n"), (b" a \n", b" a ")],
)
def test_a_passphrase_file_loses_one_line_end(tmp_path: Path, content: bytes, passphrase: bytes) -> None:
    file = tmp_path / "p"
    file.write_bytes(content)
    file.chmod(0o600)
    assert read_passphrase_file(file) == passphrase


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_a_passphrase_file_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "p"
    file.write_bytes(b"x")
    file.chmod(mode)
    with pytest.raises(UnsafePath):
        read_passphrase_file(file)


def test_a_passphrase_file_that_is_missing_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="No such file"):
        read_passphrase_file(tmp_path / "none")


def locked(person: Person) -> dict[str, str]:
    return {name: value for name, value in person.environ.items() if name != PASSPHRASE_VARIABLE}


def at_a_terminal(person: Person, *arguments: str) -> Terminal:
    return Terminal([sys.executable, "-m", "cryptpad_tui", *arguments], env=locked(person), cwd="/")


def test_the_prompt_shows_nothing_and_a_mistake_may_be_corrected(anna: Person) -> None:
    with at_a_terminal(anna, "relay", "show") as terminal:
        terminal.wait_for("Passphrase:")
        terminal.send("wrong\r")
        terminal.wait_for("try again")
        terminal.wait_for(lambda t: t.text().count("Passphrase:") == 2)
        terminal.send(PASSPHRASE + "\r")
        assert terminal.wait_exit() == 0
        terminal.wait_for("none")
        assert PASSPHRASE not in terminal.text()
        assert "wrong" not in terminal.text().replace("that passphrase", "")


def test_ctrl_c_at_the_prompt_ends_in_130_and_the_terminal_echoes_again(anna: Person) -> None:
    shell = f"{sys.executable} -m cryptpad_tui ls; echo code $?; read word"
    with Terminal(["/bin/sh", "-c", f"trap : INT; {shell}"], env=locked(anna), cwd="/") as terminal:
        terminal.wait_for("Passphrase:")
        terminal.send("\x03")
        terminal.wait_for("code 130")
        terminal.send("echoed")
        terminal.wait_for("echoed")
        assert "Traceback" not in terminal.text()


def test_a_prompt_works_while_standard_input_is_a_pipe(anna: Person, inside: Inside) -> None:
    command = f"echo from a pipe | {sys.executable} -m cryptpad_tui new Piped --from -"
    with Terminal(["/bin/sh", "-c", command], env=locked(anna), cwd="/") as terminal:
        terminal.wait_for("Passphrase:")
        terminal.send(PASSPHRASE + "\r")
        assert terminal.wait_exit() == 0
    assert inside(anna, "cat", "Piped").text == "from a pipe"


def test_typed_text_is_announced_and_ends_with_ctrl_d(anna: Person, inside: Inside) -> None:
    assert inside(anna, "new", "T").code == 0
    with WarmTerminal(["-m", "cryptpad_tui", "write", "T"], env=anna.environ, cwd="/") as terminal:
        terminal.wait_for("Ctrl+D on an empty line ends it")
        terminal.send("milk\r")
        terminal.pump()
        terminal.send("\x04")
        assert terminal.wait_exit() == 0
    assert inside(anna, "cat", "T").out == b"milk\n"


def test_a_pasted_card_ends_with_enter_and_a_long_answer_is_broken_between_words(anna: Person) -> None:
    with WarmTerminal(["-m", "cryptpad_tui", "contact", "add"], env=anna.environ, cwd="/") as terminal:
        terminal.wait_for("the card, then press Enter")
        terminal.send("rubbish\r")
        assert terminal.wait_exit() == 1
        said = [line.rstrip() for line in terminal.text().splitlines()]
        first = next(at for at, line in enumerate(said) if "That is no contact card" in line)
        assert said[first].endswith("a card is one") or said[first + 1].startswith("  ")


def test_a_link_that_is_pasted_is_not_shown(anna: Person) -> None:
    with WarmTerminal(["-m", "cryptpad_tui", "join"], env=anna.environ, cwd="/") as terminal:
        terminal.wait_for("Link:")
        terminal.send("pad1:AAAAAAAA\r")
        assert terminal.wait_exit() == 1
        assert "AAAA" not in terminal.text()


def test_without_a_terminal_a_locked_vault_ends_in_4(anna: Person) -> None:
    ended = anna.run("ls", environ={PASSPHRASE_VARIABLE: ""})
    assert (ended.code, ended.out, len(ended.lines)) == (4, b"", 1)
    assert "--passphrase-file" in ended.err


def test_a_wrong_passphrase_ends_in_4(anna: Person, inside: Inside, tmp_path: Path) -> None:
    file = tmp_path / "p"
    file.write_text("wrong")
    file.chmod(0o600)
    for arguments in (("ls", "--passphrase-file", str(file)), ("--passphrase-file", str(file), "ls")):
        ended = inside(anna, *arguments)
        assert (ended.code, ended.out, len(ended.lines)) == (4, b"", 1)


def test_an_open_passphrase_file_is_refused_without_a_try(
    anna: Person, inside: Inside, tmp_path: Path
) -> None:
    file = tmp_path / "p"
    file.write_text(PASSPHRASE)
    file.chmod(0o644)
    ended = inside(anna, "ls", "--passphrase-file", str(file))
    assert (ended.code, len(ended.lines)) == (1, 1)
    assert "0644" in ended.err


def test_the_passphrase_can_be_changed_and_the_keyfile_and_recovery_key_open_too(
    inside: Inside, tmp_path: Path
) -> None:
    first, second, third, recovery = (tmp_path / name for name in ("1", "2", "3", "r"))
    for file, secret in ((first, "one"), (second, "two"), (third, "three")):
        file.write_text(secret)
        file.chmod(0o600)
    person = Person(tmp_path / "home", {"CRYPTPAD_TUI_HOME": str(tmp_path / "home")})

    def does(*arguments: str, code: int = 0) -> str:
        ended = inside(person, *arguments)
        assert ended.code == code, ended.err
        return ended.text

    keyfile = tmp_path / "key"
    init = ("init", "--name", "A", "--kdf-memory", "64", "--recovery", "--keyfile", str(keyfile))
    key = does(*init, "--passphrase-file", str(first))
    assert keyfile.stat().st_mode & 0o777 == 0o600
    recovery.write_text(key)
    recovery.chmod(0o600)
    does("passphrase", "--passphrase-file", str(first), "--new-passphrase-file", str(second))
    does("ls", "--passphrase-file", str(first), code=4)
    does("ls", "--passphrase-file", str(second))
    does("ls", "--keyfile", str(keyfile))
    does("passphrase", "--recovery-file", str(recovery), "--new-passphrase-file", str(third))
    does("ls", "--passphrase-file", str(third))
    recovery.write_text("no recovery key")
    does("passphrase", "--recovery-file", str(recovery), "--new-passphrase-file", str(third), code=4)


def test_the_process_is_hardened_before_the_vault_is_opened(
    anna: Person, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cryptpad_tui.host import process
    from cryptpad_tui.vault.vault import Vault

    done: list[str] = []
    opened = Vault.open
    monkeypatch.setattr(process, "harden", lambda: done.append("harden"))

    def recorded(*arguments: Any, **options: Any) -> Vault:
        done.append("open")
        return opened(*arguments, **options)

    monkeypatch.setattr(Vault, "open", recorded)
    assert inside(anna, "ls").code == 0
    assert inside(anna, "passphrase", "--new-passphrase-file", "/nowhere").code == 1
    assert done == ["harden", "open"] * 2
