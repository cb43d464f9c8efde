"""heads: eight words of a pad's history, for people to compare on another way than the relay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cryptpad_tui.cli import output
from cryptpad_tui.cli.errors import WrongUse
from cryptpad_tui.cli.root import VerbCommand, unlocks
from cryptpad_tui.cli.secret_sources import SecretSources
from cryptpad_tui.cli.vault_access import in_vault

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine


@click.command("heads", cls=VerbCommand)
@click.argument("pad")
@click.option("--at", "position", type=click.IntRange(min=1), metavar="N", help="The words at this position.")
@unlocks
def heads_verb(sources: SecretSources, pad: str, position: int | None) -> None:
    """Print a position of PAD's log and eight words of its head there. Read them to somebody who has the pad:
    other words at the same position mean that the relay shows you different histories.
    """
    from cryptpad_tui.pad.spoken import spoken_position, spoken_words

    async def work(engine: Engine) -> tuple[int, tuple[str, ...]]:
        found = engine.find(pad)
        session = engine.open_pad(found.pad_id)
        try:
            fold = session.replica.fold
            n = position or spoken_position(fold.n) or fold.n
            head = fold.head_of(n) if n <= fold.n else None
            if head is None:
                raise WrongUse(f"position {n} of this pad is not known here; it is verified up to {fold.n}")
            return n, spoken_words(found.pad_id, n, head)
        finally:
            session.close()

    n, words = in_vault(sources, work)
    output.write_line(f"{n}  {' '.join(words)}")
