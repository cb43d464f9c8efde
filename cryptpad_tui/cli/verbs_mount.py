"""The verb that keeps a folder on disk and a folder of the drive alike: mount-dir."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cryptpad_tui.cli import diagnostics
from cryptpad_tui.cli.root import VerbCommand, unlocks
from cryptpad_tui.cli.secret_sources import SecretSources
from cryptpad_tui.cli.vault_access import in_vault, send_or_say, send_quickly

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine
    from cryptpad_tui.mounting.mount import Mount


@click.command("mount-dir", cls=VerbCommand)
@click.argument("folder")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--once", is_flag=True, help="Bring both in step, and end.")
@unlocks
def mount_dir_verb(sources: SecretSources, folder: str, directory: Path, once: bool) -> None:
    """Keep the pads of FOLDER and the files of DIR alike, both ways, until Ctrl+C; / is the whole drive."""

    async def work(engine: Engine) -> None:
        from cryptpad_tui.engine import keeping
        from cryptpad_tui.mounting.disk import Disk
        from cryptpad_tui.mounting.mount import Mount

        with contextlib.closing(Disk(directory)) as disk:
            mount = Mount(engine, keeping.folder_at(engine, folder), disk, say=diagnostics.note)
            try:
                await (_in_step(engine, mount) if once else _until_stopped(engine, mount))
            finally:
                mount.close()

    in_vault(sources, work, lasting=not once)


async def _in_step(engine: Engine, mount: Mount) -> None:
    """What others wrote first, so that a script sees it; then what this brought to the pads."""
    await send_quickly(engine, *[pad.pad_id for pad in engine.listing()])
    await mount.once()
    pad_ids = mount.pad_ids()
    if pad_ids:
        await send_or_say(engine, *pad_ids)
    await mount.once()


async def _until_stopped(engine: Engine, mount: Mount) -> None:
    running = asyncio.ensure_future(mount.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, running.cancel)
    await engine.start()
    diagnostics.note("in step until Ctrl+C")
    try:
        await running
    except asyncio.CancelledError:
        if not running.cancelled():
            raise
