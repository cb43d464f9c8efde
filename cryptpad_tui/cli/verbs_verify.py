"""The verbs about a pad's history: verify checks it again, void takes an entry of it away for everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cryptpad_tui.cli import diagnostics, output
from cryptpad_tui.cli.diagnostics import ExitCode
from cryptpad_tui.cli.errors import WrongUse
from cryptpad_tui.cli.root import VerbCommand, unlocks
from cryptpad_tui.cli.secret_sources import SecretSources
from cryptpad_tui.cli.vault_access import in_vault

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine
    from cryptpad_tui.engine.verifying import VerifyReport


@click.command("verify", cls=VerbCommand)
@click.argument("pad")
@click.option("--deep", is_flag=True, help="From the pad's birth on: ask the relay for what is not here.")
@unlocks
def verify_verb(sources: SecretSources, pad: str, deep: bool) -> ExitCode:
    """Check PAD's history again: every signature, every link, and that the text is what they lead to."""

    async def work(engine: Engine) -> VerifyReport:
        from cryptpad_tui.engine import verifying

        return await verifying.verify(engine, engine.find(pad).pad_id, deep=deep)

    report = in_vault(sources, work)
    for found in report.found:
        place = f" at position {found.n}" if found.n else ""
        diagnostics.say(
            "alarm",
            f"what this vault holds of the pad was changed here{place}: {found.sentence}. The relay and the"
            " others are not touched by it. Keep a copy of the text, check this disk, and join the pad again"
            " from a link",
        )
    if report.false_start:
        diagnostics.say(
            "alarm",
            f"this pad began here at a false snapshot, made by {report.false_start}. The true text is in its"
            ' place; what you wrote on the false one is kept as a pad named "... (kept copy)"',
        )
    if not report.is_right:
        return ExitCode.ALARM
    output.write_lines([output.safe_line(line) for line in _lines(report)])
    return ExitCode.DONE


def _lines(report: VerifyReport) -> list[str]:
    if not report.last_n:
        return ["nothing of this pad has been at a relay yet, so there is no history to check"]
    lines = [f"positions {report.first_n} to {report.last_n} check out: signatures, order and chain"]
    if report.text_checked:
        lines.append("the text here is what they lead to")
    if report.start:
        lines.append(report.start.sentence)
    return lines


@click.command("void", cls=VerbCommand)
@click.argument("pad")
@click.argument("position", type=click.IntRange(min=1))
@click.option("--yes", is_flag=True, help="Needed, since nobody can take it back.")
@unlocks
def void_verb(sources: SecretSources, pad: str, position: int, yes: bool) -> None:
    """Take the change at POSITION of PAD's history away for everybody, and end its writer; owners only."""
    if not yes:
        raise WrongUse("nobody can take it back, so it needs --yes; `cryptpad-tui log PAD` shows positions")

    async def work(engine: Engine) -> None:
        from cryptpad_tui.engine import verifying

        await verifying.void(engine, engine.find(pad).pad_id, position)

    in_vault(sources, work)
