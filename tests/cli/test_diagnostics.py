"""One place owns standard error and exit codes: every error has a meaning there, and none tells too much."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cryptpad_relay.protocol
import cryptpad_tui
from cryptpad_relay.protocol.errors import Oversized
from cryptpad_tui.cli import diagnostics
from cryptpad_tui.cli.diagnostics import MEANINGS, UNEXPECTED, ExitCode, explain, meaning, one_line
from cryptpad_tui.cli.errors import CliError, LinkInArguments, NobodyToAsk
from cryptpad_tui.crypto.errors import BadLink
from cryptpad_tui.engine import NotAllowed, RelayUnreachable
from cryptpad_tui.host.errors import RelayDidNotStart
from cryptpad_tui.pad.alarms import ADVICE, SAFE, SENTENCES, Alarm, AlarmCode
from cryptpad_tui.vault.errors import DiskFull, VaultTooNew, WrongPassphrase


def modules() -> Iterator[str]:
    """Every module of the client, and of the half of the protocol that it shares with the relay."""
    for package in (cryptpad_tui, cryptpad_relay.protocol):
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if not found.name.endswith("__main__"):
                yield found.name
        for path in package.__path__:
            yield from namespace_modules(path, package.__name__)


def namespace_modules(path: str, name: str) -> Iterator[str]:
    """walk_packages does not enter folders without an __init__; this does."""
    from pathlib import Path

    for file in Path(path).rglob("*.py"):
        parts = file.relative_to(path).with_suffix("").parts
        if parts[-1] not in ("__init__", "__main__"):
            yield ".".join((name, *parts))


def exceptions() -> list[type[BaseException]]:
    found: dict[str, type[BaseException]] = {}
    for name in sorted(set(modules())):
        module = importlib.import_module(name)
        for kind in vars(module).values():
            ours = inspect.isclass(kind) and issubclass(kind, BaseException)
            if ours and kind.__module__.startswith(("cryptpad_tui.", "cryptpad_relay.protocol")):
                found[f"{kind.__module__}.{kind.__qualname__}"] = kind
    return list(found.values())


def test_every_error_of_the_project_has_a_meaning_or_is_known_to_be_caught_inside() -> None:
    missing = [
        f"{kind.__module__}.{kind.__qualname__}"
        for kind in exceptions()
        if not any(
            f"{each.__module__}.{each.__qualname__}" in MEANINGS | dict.fromkeys(UNEXPECTED)
            for each in kind.__mro__
        )
    ]
    assert missing == []


def test_the_table_names_no_error_that_does_not_exist() -> None:
    names = {f"{kind.__module__}.{kind.__qualname__}" for kind in exceptions()}
    assert (set(MEANINGS) | set(UNEXPECTED)) - names == set()


def test_every_error_a_person_can_meet_explains_itself() -> None:
    for kind in exceptions():
        if issubclass(kind, CliError):
            assert re.fullmatch(r"(?s)[A-Z`].*\.", (kind.__doc__ or "")), kind


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (WrongPassphrase(), ExitCode.LOCKED),
        (NobodyToAsk(), ExitCode.LOCKED),
        (LinkInArguments(), ExitCode.USAGE),
        (RelayUnreachable("away"), ExitCode.UNREACHABLE),
        (RelayDidNotStart("log"), ExitCode.UNREACHABLE),
        (Alarm(AlarmCode.FORK), ExitCode.ALARM),
        (BadLink("too short"), ExitCode.FAILED),
        (NotAllowed(), ExitCode.FAILED),
        (DiskFull(), ExitCode.FAILED),
        (VaultTooNew(), ExitCode.FAILED),
        (Oversized("frame"), ExitCode.FAILED),
        (ZeroDivisionError("secret"), ExitCode.FAILED),
    ],
)
def test_an_error_ends_in_its_exit_code(error: Exception, code: ExitCode) -> None:
    assert explain(error)[0] is code


def test_an_error_is_its_docstring_and_its_detail_on_one_line() -> None:
    code, sentence = explain(BadLink("its checksum does not match"))
    assert sentence == (
        "This is not a link that cryptpad-tui can use. Nothing was changed; ask for the link again."
        " (its checksum does not match)"
    )
    assert code is ExitCode.FAILED


def test_an_alarm_says_its_code_what_is_safe_and_what_to_do() -> None:
    for code in AlarmCode:
        _, sentence = explain(Alarm(code))
        assert sentence.startswith(f"{code}: {SENTENCES[code]}")
        assert SAFE[code][1:] in sentence
        assert ADVICE[code] in sentence


def test_an_unforeseen_error_is_named_by_kind_and_place_and_its_message_is_kept_back() -> None:
    try:
        raise RuntimeError("text of a pad")
    except RuntimeError as error:
        _, sentence = explain(error)
    assert "RuntimeError at test_diagnostics.py:" in sentence
    assert "text of a pad" not in sentence


def test_an_internal_error_that_escapes_is_said_to_be_unexpected() -> None:
    from cryptpad_tui.pad.alarms import NeedsProof

    assert meaning(NeedsProof(3)) is None


def test_a_system_error_names_the_file_and_the_reason() -> None:
    _, sentence = explain(PermissionError(13, "Permission denied", "/there"))
    assert "Permission denied (/there)" in sentence


@given(st.text())
def test_whatever_is_said_is_one_line_that_commands_no_terminal(text: str) -> None:
    line = one_line(text)
    assert line.splitlines() in ([line], [])
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b-\u200f\ud800-\udfff]", line)
    assert len(line) <= 1_001


def test_a_line_names_the_program_and_the_kind_of_event(capsys: pytest.CaptureFixture[str]) -> None:
    diagnostics.note("one\ntwo \x1b[31m")
    assert capsys.readouterr().err == "cryptpad-tui: note: one two ␛[31m\n"


NOISE = """
import gc, logging, threading
from cryptpad_tui.cli.diagnostics import silence_machinery
silence_machinery()
logging.getLogger("websockets").error("text of a pad")
class Broken:
    def __del__(self):
        raise RuntimeError("text of a pad")
Broken()
gc.collect()
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
raise RuntimeError("text of a pad")
"""


def test_no_log_record_and_no_traceback_of_any_kind_reaches_the_terminal() -> None:
    done = subprocess.run(
        [sys.executable, "-c", NOISE], capture_output=True, text=True, timeout=60, check=False
    )
    (line,) = done.stderr.splitlines()
    assert line.startswith("cryptpad-tui: error: something unexpected happened (RuntimeError at ")
    assert "text of a pad" not in line


def test_a_closed_standard_error_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    diagnostics.note("nobody hears this")
