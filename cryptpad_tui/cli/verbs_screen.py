"""The verbs that end in a screen or describe the command line to a shell: edit, demo, completion."""

from __future__ import annotations

import click

from cryptpad_tui.cli import output
from cryptpad_tui.cli.root import VerbCommand, unlocks
from cryptpad_tui.cli.screen_request import Screen, ScreenRequest
from cryptpad_tui.cli.secret_sources import SecretSources


@click.command("edit", cls=VerbCommand)
@click.argument("pad")
@unlocks
def edit_verb(sources: SecretSources, pad: str) -> ScreenRequest:
    """Open the app in PAD."""
    return ScreenRequest(Screen.APP, sources, pad)


@click.command("demo", cls=VerbCommand)
def demo_verb() -> ScreenRequest:
    """Try the app with two people and a relay in a throw-away vault. Nothing of it is kept."""
    return ScreenRequest(Screen.DEMO, SecretSources())


@click.command("completion", cls=VerbCommand)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion_verb(shell: str) -> None:
    """Print the script that lets SHELL complete verbs, options, and, after `unlock`, pads and folders."""
    from cryptpad_tui.cli.shell_scripts import SCRIPTS

    output.write_line(SCRIPTS[shell])
