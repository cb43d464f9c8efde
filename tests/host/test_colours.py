"""The process that reads foreign code: it answers, it may crash, and it is not believed."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from cryptpad_tui.host.colours import Colourist, checked

needs_parsers = pytest.mark.skipif(
    importlib.util.find_spec("tree_sitter_yaml") is None, reason="the extra `syntax` is not installed"
)


@needs_parsers
async def test_code_is_coloured_in_characters_and_over_line_ends() -> None:
    colourist = Colourist()
    try:
        found = await colourist.colours("python", ["x = '茶' # é", '"""a', 'b"""'])
        assert found == [
            [(4, 7, "code.string"), (8, 11, "code.comment")],
            [(0, 4, "code.string")],
            [(0, 4, "code.string")],
        ]
        assert await colourist.colours("json", ['{"a": "b"}']) == [
            [(1, 4, "code.property"), (6, 9, "code.string")]
        ]
        assert await colourist.colours("klingon", ["x"]) is None
    finally:
        await colourist.closed()


@needs_parsers
async def test_a_text_that_crashes_the_parser_costs_its_colours_alone() -> None:
    colourist = Colourist()
    try:
        first = await colourist.colours("python", ["pass"])
        pid = colourist.pid
        # Nested so deeply that the parser runs over its stack.
        assert await colourist.colours("yaml", ["- " * 12_000]) is None
        assert await colourist.colours("python", ["pass"]) == first
        assert colourist.pid != pid
        for _ in range(3):
            await colourist.colours("yaml", ["- " * 12_000])
        assert await colourist.colours("python", ["pass"]) is None
    finally:
        await colourist.closed()


@needs_parsers
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc here")
async def test_the_process_knows_nothing_of_its_parent_and_ends_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CRYPTPAD_TUI_PASSPHRASE", "secret")
    colourist = Colourist()
    await colourist.colours("python", ["pass"])
    there = Path(f"/proc/{colourist.pid}")
    assert b"secret" not in (there / "environ").read_bytes()
    assert os.readlink(there / "cwd") == "/"
    assert "Max core file size        0" in (there / "limits").read_text()
    opened = {os.readlink(one).partition(":")[0] for one in (there / "fd").iterdir()}
    assert opened <= {"pipe", "socket", "/dev/null"}
    await colourist.closed()
    assert not there.exists()


@pytest.mark.parametrize(
    "answer",
    [
        "x", [], [[[0, 9, "code.keyword"]]], [[[-1, 2, "code.keyword"]]], [[[2, 2, "code.keyword"]]],
        [[[0, True, "code.keyword"]]], [[[0, 1, "bold red"]]], [[[0, 1]]], [[{}]],
        [[[0, 1, ["code.keyword"]]]],
    ],
)  # fmt: skip
def test_an_answer_that_is_none_is_refused(answer: object) -> None:
    with pytest.raises(ValueError):
        checked(answer, ["abc"])
