"""The verbs that find text: search, reindex. Nothing of it is written outside the vault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from cryptpad_tui.cli import diagnostics, output
from cryptpad_tui.cli.json_shapes import Json, match_object
from cryptpad_tui.cli.root import VerbCommand, unlocks
from cryptpad_tui.cli.secret_sources import SecretSources
from cryptpad_tui.cli.vault_access import in_vault

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine, PadListing
    from cryptpad_tui.vault.search import Match

_MANY: Final = 200
_MAX_LIMIT: Final = 1_000


@click.command("search", cls=VerbCommand)
@click.argument("words", nargs=-1, required=True)
@click.option(
    "--limit",
    type=click.IntRange(1, _MAX_LIMIT),
    default=20,
    show_default=True,
    help="How many pads at most.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON; docs/cli.md names the fields.")
@unlocks
def search_verb(sources: SecretSources, words: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Find the pads that have all WORDS, the best first. A word may be a "phrase" in quotes, word*,
    title:word or tag:word."""
    query = " ".join(words)

    async def work(engine: Engine) -> list[tuple[PadListing, Match]]:
        from cryptpad_tui.engine import searching

        due = len(engine.vault.search_due())
        if due > _MANY:
            diagnostics.note(f"reading {due} pads that changed since the last search")
        searching.catch_up(engine)
        matches = searching.search(engine, query, limit=limit)
        pads = {pad.pad_id: pad for pad in engine.listing()} if matches else {}
        return [(pads[match.pad_id], match) for match in matches if match.pad_id in pads]

    found = in_vault(sources, work)
    if as_json:
        shown: list[Json] = [match_object(pad, match) for pad, match in found]
        output.write_json_object(shown)
    else:
        output.write_lines([line for pad, match in found for line in _lines(pad, match)])


def _lines(pad: PadListing, match: Match) -> list[str]:
    """The pad, and below it where the match is."""
    from cryptpad_tui.vault.search import CLOSE, OPEN

    marked = match.snippet.replace(OPEN, "").replace(CLOSE, "")
    place = f"{match.line}: " if match.line else ""
    snippet = output.safe_line(marked)
    return (
        [f"{pad.short_id}  {output.safe_line(pad.path)}", f"    {place}{snippet}"]
        if snippet
        else [f"{pad.short_id}  {output.safe_line(pad.path)}"]
    )


@click.command("reindex", cls=VerbCommand)
@unlocks
def reindex_verb(sources: SecretSources) -> None:
    """Read every pad again for `search`."""

    async def work(engine: Engine) -> int:
        from cryptpad_tui.engine import searching

        engine.vault.set_all_search_due()
        return searching.catch_up(engine)

    count = in_vault(sources, work)
    diagnostics.note(f"{count} {'pad' if count == 1 else 'pads'} read")
