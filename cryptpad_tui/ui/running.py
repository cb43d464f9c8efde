"""The app in this terminal, from its start to its exit code."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from cryptpad_tui.settings.reading import config_file, load
from cryptpad_tui.ui.app import CryptpadApp
from cryptpad_tui.ui.commands import all_commands
from cryptpad_tui.ui.habits import Habits
from cryptpad_tui.ui.terminal import UnsuitableTerminal, are_terminals, refuse_unsuitable_terminal


def run_app(
    home: Path,
    *,
    pad: str | None = None,
    passphrase: bytes | None = None,
    keyfile: Path | None = None,
    mouse: bool = True,
    environ: Mapping[str, str] = os.environ,
) -> int:
    """Run the app in this terminal; the exit code."""
    try:
        refuse_unsuitable_terminal(environ, is_terminal=are_terminals(sys.stdin, sys.stderr))
    except UnsuitableTerminal as error:
        print(f"cryptpad-tui: error: {error}", file=sys.stderr)
        return 1
    habits = Habits(load(config_file(environ), all_commands))
    app = CryptpadApp(home, pad=pad, passphrase=passphrase, keyfile=keyfile, habits=habits)
    try:
        asyncio.run(_run(app, mouse=mouse))
    except KeyboardInterrupt:
        return 130
    if app.lost:
        print(f"cryptpad-tui: error: {app.lost}", file=sys.stderr)
        return app.return_code or 1
    return app.return_code or 0


async def _run(app: CryptpadApp, *, mouse: bool) -> None:
    try:
        await app.run_async(mouse=mouse)
    finally:
        await app.leave_vault()
