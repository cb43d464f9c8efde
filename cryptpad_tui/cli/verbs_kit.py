"""The verb that makes the page which brings an account back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cryptpad_tui.cli import diagnostics, output
from cryptpad_tui.cli.errors import FileUnwritable
from cryptpad_tui.cli.root import VerbCommand, unlocks
from cryptpad_tui.cli.secret_sources import SecretSources
from cryptpad_tui.cli.vault_access import in_vault

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine


@click.command("kit", cls=VerbCommand)
@click.option("--svg", is_flag=True, help="A page of A4 with a QR code, instead of text.")
@click.option(
    "-o", "--output", "path", type=click.Path(path_type=Path), metavar="FILE", help="Write it there (0600)."
)
@click.option(
    "--keep-recovery-key", is_flag=True, help="Leave the recovery key of before in force, and off the page."
)
@unlocks
def kit_verb(sources: SecretSources, svg: bool, path: Path | None, keep_recovery_key: bool) -> None:
    """Print the recovery kit: one page of secrets that brings this account back. Keep it on paper."""

    async def work(engine: Engine) -> str:
        return _page(engine, svg=svg, keep_recovery_key=keep_recovery_key)

    if path is not None:
        # The page's key ends the one before it: first see that the page can be kept.
        require_free(path)
        write_page(path, "")
        path.unlink()
    page = in_vault(sources, work)
    if path is None:
        output.write_lines(page.rstrip("\n").split("\n"))
    else:
        write_page(path, page)
    told = "the page is all that is needed to be you: print it, and leave no copy on a computer"
    more = "" if keep_recovery_key else "; the recovery key of before opens nothing any more"
    diagnostics.note(told + more)


def _page(engine: Engine, *, svg: bool, keep_recovery_key: bool) -> str:
    from cryptpad_tui.cli.json_shapes import iso_time
    from cryptpad_tui.cli.kit_page import is_here_alone, page_lines, svg_page
    from cryptpad_tui.engine import kits

    kit = kits.kit_of(engine)
    key = None if keep_recovery_key else engine.vault.make_recovery_key()
    day = iso_time(engine.wall_ms())[:10]
    kits.note_made(engine)
    if is_here_alone(kit.relay_url):
        diagnostics.note("the relay is on this machine, and lost with it: keep a backup file elsewhere, too")
    if svg:
        return svg_page(kit, name=engine.name(), day=day, recovery_key=key)
    return "\n".join(page_lines(kit, name=engine.name(), day=day, recovery_key=key)) + "\n"


def require_free(path: Path) -> None:
    if path.exists() or path.is_symlink():
        raise FileUnwritable(f"{path} is there already")


def write_page(path: Path, page: str) -> None:
    from cryptpad_tui.host import files

    try:
        files.create_private_file(path, page.encode())
    except OSError as error:
        raise FileUnwritable(f"{path}: {error.strerror or type(error).__name__}") from None
