"""The verbs of the agent that holds the vault's key for scripts: unlock, lock."""

from __future__ import annotations

import click

from cryptpad_tui.cli import diagnostics
from cryptpad_tui.cli.durations import seconds_of, words_of
from cryptpad_tui.cli.root import VerbCommand, unlocks
from cryptpad_tui.cli.secret_sources import SecretSources
from cryptpad_tui.cli.vault_access import unlock


@click.command("unlock", cls=VerbCommand)
@click.option(
    "--for",
    "duration",
    metavar="TIME",
    default="8h",
    show_default=True,
    help="Such as 30m, 8h, 2d.",
)
@unlocks
def unlock_verb(sources: SecretSources, duration: str) -> None:
    """Let the verbs open the vault without asking, until TIME is over, `lock`, or you log out."""
    from cryptpad_tui.vault import agent
    from cryptpad_tui.vault.headerfile import read_header

    seconds = seconds_of(duration)
    vault = unlock(sources, by_agent=False)
    try:
        agent.start(vault.directory, read_header(vault.directory).vault_id, vault.sealing_key(), seconds)
    finally:
        vault.close()
    diagnostics.note(f"verbs open the vault without asking for {words_of(seconds)}, or until `lock`")


@click.command("lock", cls=VerbCommand)
def lock_verb() -> None:
    """Forget the key that `unlock` left. Windows of the app that are open stay so."""
    from cryptpad_tui.host import paths
    from cryptpad_tui.vault import agent

    if not agent.forget(paths.vault_dir()):
        diagnostics.note("no key was held, so there was nothing to forget")
