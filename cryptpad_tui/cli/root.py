"""The parser: the verbs of the table, each loaded when it is named, and the options that all share."""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from cryptpad_tui.cli import output
from cryptpad_tui.cli.help_text import help_text
from cryptpad_tui.cli.secret_sources import SecretSources, choose_sources
from cryptpad_tui.cli.verb_table import VERBS
from cryptpad_tui.cli.version import VERSION

SETTINGS: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_FILE = click.Path(path_type=Path)
_PASSPHRASE_HELP: Final = "Read the passphrase from FILE (mode 0600) instead of asking."
_KEYFILE_HELP: Final = "Unlock with a keyfile instead of a passphrase."


class VerbCommand(click.Command):
    """A verb, with its line of the table under its options."""

    def __init__(self, *values: Any, **options: Any) -> None:
        options["context_settings"] = {**SETTINGS, **options.get("context_settings", {})}
        super().__init__(*values, **options)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        return _quiet_help(super().get_help_option(ctx))

    def get_short_help_str(self, limit: int = 45) -> str:
        """Its first clause, whole, on as many lines as it needs: half of one helps nobody."""
        sentence = " ".join((self.help or "").split()).partition(". ")[0]
        return self.short_help or re.split("[:;] ", sentence, maxsplit=1)[0].rstrip(".") + "."


class VerbGroup(click.Group):
    """Finds a verb's module when the verb is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [verb.name for verb in VERBS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for verb in VERBS:
            if verb.name == cmd_name:
                module = importlib.import_module(f"cryptpad_tui.cli.{verb.module}")
                command = getattr(module, f"{verb.name.replace('-', '_')}_verb")
                assert isinstance(command, click.Command)
                command.epilog = f"Example: cryptpad-tui {verb.example}"
                command.short_help = verb.what
                return command
        return None

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write(help_text())

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        return _quiet_help(super().get_help_option(ctx))


class SubGroup(click.Group):
    """A verb with verbs of its own."""

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        return _quiet_help(super().get_help_option(ctx))


def _quiet_help(option: click.Option | None) -> click.Option | None:
    """The help option, printing through our output: a reader that has left is no error."""
    if option is not None:
        option.callback = _print_help
    return option


def _print_help(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        output.write_line(ctx.get_help())
        ctx.exit()


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        output.write_line(f"cryptpad-tui {VERSION}")
        ctx.exit()


def _with_sources(function: Callable[..., Any]) -> Callable[..., Any]:
    with_keyfile = click.option("--keyfile", type=_FILE, metavar="FILE", help=_KEYFILE_HELP)(function)
    return click.option("--passphrase-file", type=_FILE, metavar="FILE", help=_PASSPHRASE_HELP)(with_keyfile)


def unlocks(function: Callable[..., Any]) -> Callable[..., Any]:
    """For a verb that opens the vault: gives it the sources, named before the verb or after it."""

    @functools.wraps(function)
    def with_sources(passphrase_file: Path | None, keyfile: Path | None, **arguments: Any) -> Any:
        return function(sources_of(passphrase_file, keyfile), **arguments)

    return _with_sources(with_sources)


def sources_of(passphrase_file: Path | None, keyfile: Path | None) -> SecretSources:
    """What the verb's options say, else those before the verb, else the environment."""
    if passphrase_file is None and keyfile is None:
        shared = click.get_current_context().find_root().params
        passphrase_file, keyfile = shared["passphrase_file"], shared["keyfile"]
    return choose_sources(passphrase_file, keyfile)


@click.group(cls=VerbGroup, invoke_without_command=True, context_settings=SETTINGS)
@_with_sources
@click.option("--version", "-V", is_flag=True, expose_value=False, is_eager=True, callback=_print_version)
@click.pass_context
def root(ctx: click.Context, passphrase_file: Path | None, keyfile: Path | None) -> object:
    """Without a verb: the app."""
    if ctx.invoked_subcommand is not None:
        return None
    from cryptpad_tui.cli.screen_request import Screen, ScreenRequest

    return ScreenRequest(Screen.APP, choose_sources(passphrase_file, keyfile))
