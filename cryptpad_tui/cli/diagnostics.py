"""Standard error and exit codes: every line that is not data, and what every error means, in this one place.

A line says what happened, what is safe and what to do. No traceback, no message of an unknown error and no
value of a pad ever gets out here: what is unknown is named by its kind and its place in the code alone.
"""

from __future__ import annotations

import os
import sys
import unicodedata
from enum import IntEnum
from types import TracebackType
from typing import Final

from cryptpad_relay.protocol.term_safe import term_safe

PROGRAM: Final = "cryptpad-tui"
_MAX_LINE: Final = 1_000
_LEAST_CELLS: Final = 40
"""Narrower terminals break words instead of showing one in each line."""


class ExitCode(IntEnum):
    """What the shell gets. 3 is reserved."""

    DONE = 0
    FAILED = 1
    """Refused or failed; nothing was changed unless the line says so."""
    USAGE = 2
    LOCKED = 4
    """A wrong passphrase, or nobody to ask for one."""
    UNREACHABLE = 5
    """The relay did not answer. Everything is kept here."""
    ALARM = 6
    """Somebody was caught breaking a promise; the text here is safe."""
    INTERRUPTED = 130


MEANINGS: Final[dict[str, ExitCode]] = {
    "cryptpad_tui.cli.errors.CliError": ExitCode.FAILED,
    "cryptpad_tui.cli.errors.WrongUse": ExitCode.USAGE,
    "cryptpad_tui.cli.errors.BadRelayAddress": ExitCode.USAGE,
    "cryptpad_tui.cli.errors.NobodyToAsk": ExitCode.LOCKED,
    "cryptpad_tui.cli.errors.RelayUnreachable": ExitCode.UNREACHABLE,
    "cryptpad_tui.vault.errors.VaultError": ExitCode.FAILED,
    "cryptpad_tui.vault.errors.WrongSecret": ExitCode.LOCKED,
    "cryptpad_tui.vault.errors.VaultLocked": ExitCode.LOCKED,
    "cryptpad_tui.host.errors.HostError": ExitCode.FAILED,
    "cryptpad_tui.host.errors.RelayDidNotStart": ExitCode.UNREACHABLE,
    "cryptpad_tui.host.errors.RelayPortTaken": ExitCode.UNREACHABLE,
    "cryptpad_tui.crypto.errors.CryptoError": ExitCode.FAILED,
    "cryptpad_tui.crypto.errors.LinkStaysLocked": ExitCode.LOCKED,
    "cryptpad_tui.convert.errors.ConvertError": ExitCode.FAILED,
    "cryptpad_tui.comments.chat.MessageTooLong": ExitCode.FAILED,
    "cryptpad_tui.comments.chat.NothingSaid": ExitCode.FAILED,
    "cryptpad_tui.comments.model.CommentTooLong": ExitCode.FAILED,
    "cryptpad_tui.crdt.errors.DocumentError": ExitCode.FAILED,
    "cryptpad_tui.mounting.errors.MountError": ExitCode.FAILED,
    "cryptpad_tui.pad.alarms.Alarm": ExitCode.ALARM,
    "cryptpad_tui.pad.codes.CodeError": ExitCode.FAILED,
    "cryptpad_tui.pad.epochs.Ended": ExitCode.FAILED,
    "cryptpad_tui.pad.epochs.HistoryClosed": ExitCode.FAILED,
    "cryptpad_tui.pad.epochs.NoStartYet": ExitCode.FAILED,
    "cryptpad_tui.pad.epochs.Removed": ExitCode.FAILED,
    "cryptpad_tui.pad.flows_void.NotVoidable": ExitCode.FAILED,
    "cryptpad_tui.pad.moves.MoveError": ExitCode.FAILED,
    "cryptpad_tui.pad.objects.FileBroken": ExitCode.FAILED,
    "cryptpad_tui.pad.objects.FileChanged": ExitCode.FAILED,
    "cryptpad_tui.pad.objects.ObjectTooLarge": ExitCode.FAILED,
    "cryptpad_tui.pad.proofs_judge.NotAProof": ExitCode.FAILED,
    "cryptpad_tui.people.login_errors.LoginError": ExitCode.FAILED,
    "cryptpad_tui.people.login_errors.LoginForged": ExitCode.ALARM,
    "cryptpad_tui.people.login_errors.LoginRolledBack": ExitCode.ALARM,
    "cryptpad_tui.people.login_errors.LoginUnsettled": ExitCode.UNREACHABLE,
    "cryptpad_tui.people.login_errors.NoSuchLogin": ExitCode.LOCKED,
    "cryptpad_tui.drive.errors.DriveError": ExitCode.FAILED,
    "cryptpad_tui.engine.errors.EngineError": ExitCode.FAILED,
    "cryptpad_tui.engine.errors.NoRelay": ExitCode.UNREACHABLE,
    "cryptpad_tui.engine.whereabouts.NoSuchAddress": ExitCode.USAGE,
    "cryptpad_tui.people.errors.PeopleError": ExitCode.FAILED,
    "cryptpad_tui.settings.errors.SettingsError": ExitCode.FAILED,
    "cryptpad_tui.sync.connection.RelayUnreachable": ExitCode.UNREACHABLE,
    "cryptpad_relay.protocol.errors.ProtocolError": ExitCode.FAILED,
    "cryptpad_tui.ui.terminal.UnsuitableTerminal": ExitCode.FAILED,
}
"""The nearest class among an error's ancestors decides. A test holds that no error of ours is missing."""

UNEXPECTED: Final = frozenset(
    {
        "cryptpad_tui.host.keyless_wire.BadFrame",
        "cryptpad_tui.crdt.items.CircularItems",
        "cryptpad_tui.crdt.items.TooManyItems",
        "cryptpad_tui.crdt.line_index.NotABoundary",
        "cryptpad_tui.editor.find.BadPattern",
        "cryptpad_tui.editor.keymap.KeymapError",
        "cryptpad_tui.editor.vim.context.Cancelled",
        "cryptpad_tui.editor.vim.context.Failed",
        "cryptpad_tui.editor.vim.ex.ExError",
        "cryptpad_tui.engine.carrying.LivesThere",
        "cryptpad_tui.engine.outside_rich.NotFoundAgain",
        "cryptpad_tui.pad.alarms.NeedsProof",
        "cryptpad_tui.pad.sealed_checks.Void",
        "cryptpad_tui.pad.owner_records.NeedsEntry",
        "cryptpad_tui.pad.owner_records.NeedsRefold",
        "cryptpad_tui.pad.ports.StaleJournal",
        "cryptpad_tui.sync.pad_link.KeysChanged",
    }
)
"""Errors that one of our own rooms catches: out here they are a mistake, and said to be one."""


def meaning(error: BaseException) -> ExitCode | None:
    """The exit code of a known error, None for one that nobody foresaw."""
    for kind in type(error).__mro__:
        name = f"{kind.__module__}.{kind.__qualname__}"
        if name in UNEXPECTED:
            return None
        if name in MEANINGS:
            return MEANINGS[name]
    return None


def explain(error: BaseException) -> tuple[ExitCode, str]:
    """The exit code and the sentence."""
    code = meaning(error)
    if code is ExitCode.ALARM and (advice := _alarm_advice(error)):
        return code, f"{error}. {advice}"
    if code is not None:
        return code, _sentence(error)
    if isinstance(error, MemoryError):
        return ExitCode.FAILED, "there is not enough memory. What was saved is safe; close something first."
    if isinstance(error, OSError) and error.strerror:
        place = f" ({error.filename})" if isinstance(error.filename, str) else ""
        return ExitCode.FAILED, f"the system refused: {error.strerror}{place}. What was saved is safe."
    return ExitCode.FAILED, (
        f"something unexpected happened ({type(error).__name__}{_place(error)}). What was saved is safe; run"
        " it again, and if it happens again, report this line."
    )


def report(error: BaseException) -> ExitCode:
    """Say it, and return the exit code."""
    code, sentence = explain(error)
    say({ExitCode.ALARM: "alarm", ExitCode.USAGE: "usage"}.get(code, "error"), sentence)
    return code


def note(sentence: str) -> None:
    say("note", sentence)


def warn(sentence: str) -> None:
    say("warning", sentence)


def alarm(code: str, sentence: str, advice: str, pad: str) -> None:
    """One alarm of a pad; `pad` is its short id."""
    say("alarm", f"{code}: {sentence} (pad {pad}). {advice}")


def say(kind: str, sentence: str) -> None:
    """One event, one line; at a terminal broken between words. One that is closed or full changes nothing."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(_for_eyes(f"{PROGRAM}: {kind}: {one_line(sentence)}") + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        return


def _for_eyes(line: str) -> str:
    """The line as it is, where no person reads it at once."""
    if not sys.stderr.isatty():
        return line
    import shutil
    import textwrap

    width = max(_LEAST_CELLS, shutil.get_terminal_size().columns)
    return textwrap.fill(line, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def one_line(text: str) -> str:
    """Text from anywhere as one line that commands no terminal and reorders nothing."""
    words = " ".join(term_safe(text[: _MAX_LINE * 4]).split())
    visible = "".join(
        f"\\u{{{ord(char):x}}}" if unicodedata.category(char) in ("Cf", "Zl", "Zp") else char
        for char in words
    )
    return visible if len(visible) <= _MAX_LINE else visible[:_MAX_LINE] + "…"


def silence_machinery() -> None:
    """Keep tracebacks and log records of the interpreter and of libraries off the terminal."""
    import logging
    import threading

    logging.getLogger().addHandler(logging.NullHandler())
    logging.raiseExceptions = False
    sys.excepthook = _last_words
    sys.unraisablehook = lambda _: None
    threading.excepthook = lambda _: None


def _last_words(_: type[BaseException], error: BaseException, __: TracebackType | None) -> None:
    if not isinstance(error, KeyboardInterrupt):
        report(error)


def _sentence(error: BaseException) -> str:
    sentence = " ".join((type(error).__doc__ or "").split())
    detail = getattr(error, "detail", None) or str(error)
    return f"{sentence} ({detail})" if isinstance(detail, str) and detail and detail != sentence else sentence


def _alarm_advice(error: BaseException) -> str:
    from cryptpad_tui.pad.alarms import Alarm, safe_and_advice

    return safe_and_advice(error.code) if isinstance(error, Alarm) else ""


def _place(error: BaseException) -> str:
    """The innermost line of ours, never a value."""
    place = ""
    trace = error.__traceback__
    while trace is not None:
        path = trace.tb_frame.f_code.co_filename
        if not place or "cryptpad" in path:
            place = f" at {os.path.basename(path)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
