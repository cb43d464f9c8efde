"""One command from its arguments to its exit code; nothing that can go wrong gets past here unsaid.

`--version` and `--help` are answered before anything is imported. Which screen is shown is not known here:
the caller hands in how.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from cryptpad_tui.cli import output
from cryptpad_tui.cli.errors import LinkInArguments, ReaderLeft

if TYPE_CHECKING:
    from cryptpad_tui.cli.screen_request import ScreenRequest

COMPLETION_VARIABLE: Final = "_CRYPTPAD_TUI_COMPLETE"
"""Asked by scripts that earlier versions printed."""
ASK: Final = "__complete"
"""Asked by the scripts of `completion`, and by nobody else."""
_LINK: Final = re.compile(r"(?:^|=)\s*pad1:")


def run(arguments: Sequence[str], show_screen: Callable[[ScreenRequest], int]) -> int:
    """The exit code of `cryptpad-tui ARGUMENTS`. Raises nothing but what click's completion exits with."""
    try:
        return _answer(list(arguments), show_screen)
    except SystemExit:
        raise
    except KeyboardInterrupt:
        return 130
    except ReaderLeft:
        output.abandon()
        return 0
    except BaseException as error:
        from cryptpad_tui.cli import diagnostics

        return diagnostics.report(error)


def _answer(arguments: list[str], show_screen: Callable[[ScreenRequest], int]) -> int:
    if arguments[:1] == [ASK]:
        return _offer(arguments[1:])
    if COMPLETION_VARIABLE in os.environ:
        _complete()
    if arguments in (["--version"], ["-V"]):
        from cryptpad_tui.cli.version import VERSION

        output.write_line(f"cryptpad-tui {VERSION}")
        return 0
    if arguments in (["--help"], ["-h"], ["help"]):
        from cryptpad_tui.cli.help_text import help_text

        output.write_line(help_text())
        return 0
    if any(_LINK.search(argument) for argument in arguments):
        raise LinkInArguments()
    if not arguments:
        return _show_app(show_screen)
    return _parse_and_do(arguments, show_screen)


def _show_app(show_screen: Callable[[ScreenRequest], int]) -> int:
    """The first frame does not wait for a parser that has nothing to parse."""
    from cryptpad_tui.cli.diagnostics import silence_machinery
    from cryptpad_tui.cli.screen_request import Screen, ScreenRequest
    from cryptpad_tui.cli.secret_sources import choose_sources

    silence_machinery()
    return show_screen(ScreenRequest(Screen.APP, choose_sources(None, None)))


def _parse_and_do(arguments: list[str], show_screen: Callable[[ScreenRequest], int]) -> int:
    import click

    from cryptpad_tui.cli import diagnostics
    from cryptpad_tui.cli.root import root

    diagnostics.silence_machinery()
    try:
        # Not root.main(): on Ctrl+C it writes an empty line, and it leaves the exit codes to click.
        with root.make_context(diagnostics.PROGRAM, arguments) as context:
            answer = root.invoke(context)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        of = getattr(error, "ctx", None)
        verb = of.command_path if of is not None else diagnostics.PROGRAM
        diagnostics.say("usage", f"{_without_values(error)} See `{verb} --help`.")
        return diagnostics.ExitCode.USAGE
    if answer is None:
        return diagnostics.ExitCode.DONE
    return answer if isinstance(answer, diagnostics.ExitCode) else show_screen(answer)


def _without_values(error: object) -> str:
    """Click's sentence; surplus arguments are not repeated, since a passphrase may be among them."""
    import click

    assert isinstance(error, click.ClickException)
    message = error.format_message()
    if "unexpected extra argument" in message:
        return "There are too many arguments."
    return message if message.endswith((".", "?", ")")) else message + "."


def _offer(arguments: Sequence[str]) -> int:
    """What the line in COMP_LINE may end in, one a line: kind, value, what it is. Nothing where that fails:
    a Tab is no question to a person."""
    from cryptpad_tui.cli.completing import offers
    from cryptpad_tui.cli.shell_words import behind, quoted, read_line

    try:
        line = read_line(os.environ.get("COMP_LINE", ""))
        current = os.environ.get("COMP_WORD", line.raw)
        found = offers(line)
    except Exception:
        return 0
    for kind, value, about in found:
        if arguments == ["bash"] and kind == "plain":
            value = behind(quoted(value, line.quote), line.raw, current)
        output.write_line(f"{kind}\t{value}\t{about}")
    return 0


def _complete() -> None:
    from cryptpad_tui.cli.root import root

    root.main(prog_name="cryptpad-tui", complete_var=COMPLETION_VARIABLE)
    sys.exit(0)
