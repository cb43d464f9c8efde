"""The verb that says what this terminal, clipboard, machine and relay can do. It changes nothing."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import click

from cryptpad_tui.cli import output
from cryptpad_tui.cli.checkup import (
    Finding,
    Grade,
    check_clipboard,
    check_program,
    check_relay,
    check_terminal,
    check_vault,
)
from cryptpad_tui.cli.errors import ChecksFailed, RelayUnreachable
from cryptpad_tui.cli.root import VerbCommand, unlocks
from cryptpad_tui.cli.secret_sources import SecretSources
from cryptpad_tui.cli.vault_access import in_vault
from cryptpad_tui.host import paths
from cryptpad_tui.host.terminal_probe import ask_terminal

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine


@click.command("doctor", cls=VerbCommand)
@click.option("--relay", metavar="URL", help="Ask this relay, rather than the vault's own.")
@unlocks
def doctor_verb(sources: SecretSources, relay: str | None) -> None:
    """Say what works here. The vault's relay is asked where a passphrase file or keyfile opens the vault."""
    answers = ask_terminal()
    stopped = _show(
        [
            *check_program(),
            *check_terminal(os.environ, answers),
            *check_clipboard(os.environ, answers),
            *check_vault(paths.vault_dir(), os.environ),
        ]
    )
    silent = _show([_ask_relay(sources, relay)])
    if stopped:
        raise ChecksFailed()
    if silent:
        raise RelayUnreachable()


def _ask_relay(sources: SecretSources, relay: str | None) -> Finding:
    if relay is not None:
        return asyncio.run(check_relay(relay))
    if sources == SecretSources():
        return Finding(
            Grade.WARN, "relay", "not asked: the vault is locked; use --relay or --passphrase-file"
        )
    return in_vault(sources, _ask_own_relay)


async def _ask_own_relay(engine: Engine) -> Finding:
    url = engine.relay_url()
    if url is None:
        return Finding(Grade.WARN, "relay", "none is set, so pads stay on this machine")
    return await check_relay(await asyncio.to_thread(engine.resolve, url))


def _show(findings: list[Finding]) -> bool:
    """Print them; whether one of them stops the program."""
    for finding in findings:
        sentence = output.safe_line(finding.sentence)
        output.write_line(f"{finding.grade.value:<5} {finding.subject:<10} {sentence}")
    return any(finding.grade is Grade.FAIL for finding in findings)
