"""Offers text to the clipboard of the person's own machine, on an explicit copy only.

Inside tmux the text goes to `tmux load-buffer -w -` over a pipe, since tmux drops a program's own OSC 52 by
default; elsewhere it goes to the terminal by OSC 52, up to what terminals take. It is never put on a command
line, and nothing is ever read from the terminal's clipboard.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Final

OSC52_LIMIT_BYTES: Final = 74_994
"""The longest text whose base64 form fits into the 100,000 bytes that common terminals read."""
_TMUX_TIMEOUT_S: Final = 3.0


class Copied(Enum):
    """Where a copy went; the value is the sentence for the person."""

    TMUX = "Copied to tmux and, where it may, to your terminal's clipboard."
    TERMINAL = "Offered to your terminal's clipboard; some terminals refuse."
    TOO_LONG = (
        "Too long for the terminal's clipboard (the limit is 74,994 bytes). Paste inside the editor works."
    )
    FAILED = "tmux did not take the copy. Paste inside the editor works."


def osc52(text: str) -> str | None:
    """The sequence that sets the terminal's clipboard, or None when the text is too long for it."""
    data = text.encode("utf-8", "replace")
    if len(data) > OSC52_LIMIT_BYTES:
        return None
    return f"\x1b]52;c;{base64.b64encode(data).decode('ascii')}\x07"


async def offer(text: str, write: Callable[[str], None], environ: Mapping[str, str]) -> Copied:
    """Offer the text once, by the way that works here."""
    if environ.get("TMUX"):
        return await _offer_tmux(text)
    sequence = osc52(text)
    if sequence is None:
        return Copied.TOO_LONG
    write(sequence)
    return Copied.TERMINAL


async def _offer_tmux(text: str) -> Copied:
    pipe, null = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(
            "tmux", "load-buffer", "-w", "-", stdin=pipe, stdout=null, stderr=null
        )
    except OSError:
        return Copied.FAILED
    try:
        async with asyncio.timeout(_TMUX_TIMEOUT_S):
            await process.communicate(text.encode("utf-8", "replace"))
    except TimeoutError:
        return Copied.FAILED
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Copied.TMUX if process.returncode == 0 else Copied.FAILED
