"""Links on the command line: locked and named ones, what they say before they are joined, their QR code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.fakes import Command, Inside, MakePerson

from cryptpad_tui.cli.qr import misfit, qr_lines
from cryptpad_tui.pad.spoken import owner_words
from support.relay import RelayProcess


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[RelayProcess]:
    process = RelayProcess(tmp_path / "relay")
    yield process
    process.kill()


def test_a_locked_and_named_link_from_its_making_to_its_end(
    make_person: MakePerson, inside: Inside, relay: RelayProcess, tmp_path: Path
) -> None:
    """The owner makes it, another looks and joins by it, and the owner ends it, by commands alone."""
    anna, boris = make_person("Anna"), make_person("Boris")
    inside(anna, "relay", "set", relay.url)
    pad = inside(anna, "new", "Plans").text
    private = tmp_path / "words"
    private.write_text("tulips in may\n")
    private.chmod(0o600)
    made = inside(anna, "share", pad, "--label", "Boris", "--lock-file", str(private))
    assert made.code == 0
    link = made.out.strip()
    other = inside(anna, "share", pad, "--label", "Carla", "--qr").text.splitlines()
    assert other[-1].startswith("pad1:")
    assert other[:-1] == qr_lines(other[-1])

    listed = json.loads(inside(anna, "share", pad, "--list", "--json").out)
    assert [(each["label"], each["locked"], each["works"]) for each in listed] == [
        ("Boris", True, True),
        ("Carla", False, True),
    ]
    assert "Boris  edit   locked" in inside(anna, "share", pad, "--list").text

    wrong = inside(boris, "join", stdin=link + b"\nroses in june\n")
    assert (wrong.code, wrong.out) == (4, b"")
    shown = inside(boris, "join", "--show", stdin=link + b"\ntulips in may\n")
    words = json.loads(inside(boris, "join", "--show", "--json", stdin=other[-1].encode()).out)["words"]
    assert f"words  {' '.join(words)}" in shown.text
    assert f"relay  {relay.url}" in shown.text
    assert inside(boris, "ls").out == b""
    assert inside(boris, "join", "--lock-file", str(private), stdin=link).text == pad

    ended = inside(anna, "revoke", pad, "--link", "Boris")
    assert ended.code == 0
    assert any("Carla" in line for line in ended.lines), "what goes on is said"
    inside(boris, "sync", pad)
    assert json.loads(inside(boris, "ls", "--json").out)[0]["sync"] == "removed"
    assert inside(boris, "join", "--lock-file", str(private), stdin=link).code == 1
    assert inside(anna, "members", pad).text.count(" ".join(words)) == 1


def test_words_are_of_the_pad_and_its_owner() -> None:
    assert owner_words(bytes(32)) == owner_words(bytes(32))
    assert owner_words(bytes(32)) != owner_words(bytes([1]) * 32)
    assert len(owner_words(bytes(32))) == 8


def test_a_code_that_does_not_fit_says_what_window_it_needs() -> None:
    lines = qr_lines("pad1:" + "A" * 180)
    assert len({len(line) for line in lines}) == 1
    assert misfit(lines, len(lines[0]), len(lines) + 1) == ""
    assert f"{len(lines[0])}x{len(lines) + 1}" in misfit(lines, 80, 24)


@pytest.mark.parametrize(
    "arguments",
    [
        ("share", "A", "--list", "--view"),
        ("share", "A", "--code", "--locked"),
        ("share", "A", "--code", "--qr"),
        ("share", "A", "--json"),
        ("join", "--json"),
        ("join", "--show", "--code"),
    ],
)
def test_what_does_not_go_together_is_said_before_anything_is_opened(
    command: Command, arguments: tuple[str, ...]
) -> None:
    assert command(*arguments).code == 2
