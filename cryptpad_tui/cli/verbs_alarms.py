"""The verbs about attacks: alarms lists and dismisses them, proof makes and judges the files that show them.

`proof check` needs no vault and no network: it reads a file that anybody may have made, and believes nothing
of it but what its signatures carry.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cryptpad_tui.cli import diagnostics, output
from cryptpad_tui.cli.errors import OutputFailed, WrongUse
from cryptpad_tui.cli.json_shapes import alarm_object, iso_time, proof_object
from cryptpad_tui.cli.root import SubGroup, VerbCommand, unlocks
from cryptpad_tui.cli.secret_sources import SecretSources
from cryptpad_tui.cli.text_input import read_bytes
from cryptpad_tui.cli.vault_access import in_vault

if TYPE_CHECKING:
    from cryptpad_tui.engine import AlarmView, Engine
    from cryptpad_tui.pad.proofs import ProofReport

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON; docs/cli.md names the fields.")


@click.command("alarms", cls=VerbCommand)
@click.argument("pad", required=False)
@click.option("--dismiss", is_flag=True, help="Go on with PAD in spite of its open alarms.")
@_json
@unlocks
def alarms_verb(sources: SecretSources, pad: str | None, dismiss: bool, as_json: bool) -> None:
    """Say who was caught at what, of PAD or of all pads: what is safe, and what to do."""
    if dismiss and pad is None:
        raise WrongUse("--dismiss needs a PAD")

    async def work(engine: Engine) -> list[tuple[str, AlarmView]]:
        from cryptpad_tui.engine.alarms import find_pad
        from cryptpad_tui.engine.listing import SHORT_ID_CHARS, full_id

        pad_id = None if pad is None else find_pad(engine, pad)
        if dismiss and pad_id is not None:
            count = engine.dismiss_alarms(pad_id)
            diagnostics.note(
                f"{count} dismissed; the pad goes on" if count else "no alarm of this pad is open"
            )
        short = {line.pad_id: line.short_id for line in engine.listing()}
        return [
            (short.get(view.pad_id) or full_id(view.pad_id)[:SHORT_ID_CHARS], view)
            for view in engine.alarms_of(pad_id)
        ]

    found = in_vault(sources, work)
    if as_json:
        output.write_json_object([alarm_object(short_id, view) for short_id, view in found])
    else:
        output.write_lines([line for short_id, view in found for line in _alarm_lines(short_id, view)])


def _alarm_lines(short_id: str, view: AlarmView) -> list[str]:
    when = iso_time(view.at_ms)[:16].replace("T", " ")
    detail = f" ({output.safe_line(view.detail)})" if view.detail else ""
    return [
        f"{short_id}  {view.code}  {_state_words(view)}  caught {when} UTC  number {view.id}",
        f"  what  {view.sentence}{detail}",
        f"  safe  {view.safe}",
        f"  do    {view.advice}",
    ]


def _state_words(view: AlarmView) -> str:
    if view.state == "open":
        return "OPEN, read-only until you dismiss it" if view.lasting else "OPEN"
    return view.state


@click.group("proof", cls=SubGroup, no_args_is_help=False)
def proof_verb() -> None:
    """Files that show others what somebody was caught at: export PAD, check."""


@proof_verb.command("export", cls=VerbCommand)
@click.argument("pad")
@click.option(
    "--output",
    "-o",
    "path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write to FILE, made anew.",
)
@click.option("--number", type=int, metavar="N", help="The alarm of this number; else the newest open one.")
@unlocks
def proof_export(sources: SecretSources, pad: str, path: Path | None, number: int | None) -> None:
    """Print the proof of PAD's alarm: it names the pad and the relay, and holds no text, no name, no key."""

    async def work(engine: Engine) -> bytes:
        from cryptpad_tui.engine.alarms import find_pad

        return engine.proof_of(find_pad(engine, pad), number)

    proof = in_vault(sources, work)
    if path is None:
        output.write_bytes(proof)
        return
    try:
        with open(path, "xb") as file:
            file.write(proof)
    except OSError as error:
        raise OutputFailed(f"{path}: {error.strerror or type(error).__name__}") from None


@proof_verb.command("check", cls=VerbCommand)
@_json
def proof_check(as_json: bool) -> None:
    """Judge a proof file from standard input, without vault or network; 0 when it holds, 1 when not."""
    from cryptpad_tui.pad.proofs import MAX_FILE_BYTES, check_proof

    report = check_proof(read_bytes(None, MAX_FILE_BYTES, "the proof file"))
    if as_json:
        output.write_json_object(proof_object(report))
    else:
        output.write_lines(_report_lines(report))


def _report_lines(report: ProofReport) -> list[str]:
    from cryptpad_tui.engine.listing import full_id

    verdict = {
        "relay": "PROVEN against the relay, by its own signatures",
        "writer": "PROVEN against a writer, by their own signatures",
        "": "REPORTED, not proven against anybody",
    }[report.against.value]
    return [
        f"{report.code.value}: {verdict}",
        f"pad       {full_id(report.pad_id)}",
        f"relay     {report.relay_pk.hex()}",
        f"seen      {iso_time(report.at_ms)}",
        *[f"proven    {output.safe_line(words)}" for words in report.proven],
        *[f"reported  {output.safe_line(words)}" for words in report.reported],
    ]
