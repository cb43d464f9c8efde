"""The verbs that look and change nothing: cat, log, status. They read what is here and use no network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from cryptpad_tui.cli import output
from cryptpad_tui.cli.files_status import file_lines, files_object
from cryptpad_tui.cli.json_shapes import iso_time, log_object, status_object
from cryptpad_tui.cli.root import VerbCommand, unlocks
from cryptpad_tui.cli.secret_sources import SecretSources
from cryptpad_tui.cli.table import table
from cryptpad_tui.cli.vault_access import in_vault

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine, LogLine, NoticeLine, PadListing

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON; docs/cli.md names the fields.")
_HEAD_CHARS = 16


@click.command("cat", cls=VerbCommand)
@click.argument("pad")
@unlocks
def cat_verb(sources: SecretSources, pad: str) -> None:
    """Print PAD's text, or the file that it is, byte for byte, with no line end added."""

    async def work(engine: Engine) -> bytes:
        found = engine.find(pad)
        if not found.kind.has_text:
            from cryptpad_tui.cli.verbs_files import write_out
            from cryptpad_tui.engine.files.choosing import choose

            await write_out(engine, found.pad_id, choose(engine, found.pad_id))
            return b""
        session = engine.open_pad(found.pad_id)
        try:
            return session.view.text().encode()
        finally:
            session.close()

    output.write_bytes(in_vault(sources, work))


@click.command("status", cls=VerbCommand)
@_json
@unlocks
def status_verb(sources: SecretSources, as_json: bool) -> None:
    """Say what is saved, what waits and what is synced, as far as this machine knows."""
    from cryptpad_tui.engine.lifetime import lifetimes
    from cryptpad_tui.engine.notices import kept

    async def work(engine: Engine) -> None:
        vault, relay, pads = engine.vault, engine.relay_url(), engine.listing()
        notices, files = kept(engine), files_object(vault)
        ends = lifetimes(engine)
        status = status_object(vault.directory, vault.setting("name"), relay, pads, notices, files, ends)
        if as_json:
            output.write_json_object(status)
        else:
            lines = _status_lines(str(vault.directory), vault.setting("name"), relay, pads)
            shown = [*lines[:3], *file_lines(files), *lines[3:], *_notice_lines(pads, notices)]
            output.write_lines(shown)

    in_vault(sources, work)


def _status_lines(place: str, name: str | None, relay: str | None, pads: Sequence[PadListing]) -> list[str]:
    facts = [("vault", place), ("name", name or "-"), ("relay", relay_words(relay))]
    rows = [
        (pad.short_id, pad.title, pad.sync.value, str(pad.waiting), str(pad.log_n), pad.head[:_HEAD_CHARS],
         str(pad.freshness), " ".join(pad.alarms) or "-")
        for pad in pads
    ]  # fmt: skip
    header = ("ID", "TITLE", "SYNC", "WAITING", "LOG", "HEAD", "FRESHNESS", "ALARMS")
    return [
        *(f"{key}  {output.safe_line(value)}" for key, value in facts),
        *table(header, rows, flexible=1),
    ]


def _notice_lines(pads: Sequence[PadListing], notices: Sequence[NoticeLine]) -> list[str]:
    """What happened to pads that are here, the newest last."""
    names = {pad.pad_id.hex(): pad.short_id for pad in pads}
    return [
        output.safe_line(f"note {iso_time(line.at_ms)[:16].replace('T', ' ')} {names[line.pad]} {line.line}")
        for line in notices
        if line.pad in names
    ]


def relay_words(relay: str | None) -> str:
    """The relay setting as the person gave it."""
    return {None: "none", "local": "this-machine"}.get(relay, relay or "none")


@click.command("log", cls=VerbCommand)
@click.argument("pad")
@_json
@unlocks
def log_verb(sources: SecretSources, pad: str, as_json: bool) -> None:
    """Show PAD's history as this vault has verified it, the oldest entry first."""

    async def work(engine: Engine) -> list[LogLine]:
        return list(engine.log(engine.find(pad).pad_id))

    lines = in_vault(sources, work)
    if as_json:
        output.write_json_object([log_object(line) for line in lines])
    else:
        output.write_lines(_log_table(lines))


def _log_table(lines: Sequence[LogLine]) -> list[str]:
    rows = [
        (
            str(line.n),
            f"{line.author} ({line.author_key})" if line.author != line.author_key else line.author,
            line.kind + (" (void)" if line.void else ""),
            str(line.size_bytes),
            "-" if line.wall_ms is None else iso_time(line.wall_ms)[:19].replace("T", " "),
            "yes" if line.verified else "NO",
        )
        for line in lines
    ]
    return table(("POSITION", "AUTHOR", "KIND", "BYTES", "TIME (UTC)", "VERIFIED"), rows, flexible=1)
