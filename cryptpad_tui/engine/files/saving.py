"""Saving a file of a pad to disk: streamed, whole or not at all, never over something else by accident."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from cryptpad_tui.engine.files.apart import in_thread
from cryptpad_tui.engine.files.errors import TargetExists
from cryptpad_tui.engine.files.kept import Progress
from cryptpad_tui.engine.files.reading import read_pieces
from cryptpad_tui.host.target_file import target_file
from cryptpad_tui.pad.objects import FileRef

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine


async def save(
    engine: Engine, pad_id: bytes, ref: FileRef, path: Path, *, force: bool, told: Progress
) -> bool:
    """Whether it was written: False where the very same file is there. Raises TargetExists. No key press
    waits for it, and cancelled it leaves nothing."""
    if not force and os.path.lexists(path):
        if await _is_equal(engine, pad_id, ref, path, told):
            return False
        raise TargetExists(str(path))
    with target_file(path) as target:
        async with contextlib.aclosing(read_pieces(engine, pad_id, ref)) as pieces:
            async for piece in pieces:
                await in_thread(target.write, piece)
                told(len(piece))
        try:
            await in_thread(lambda: target.keep(overwrite=force))
        except FileExistsError:
            raise TargetExists(str(path)) from None
    return True


async def _is_equal(engine: Engine, pad_id: bytes, ref: FileRef, path: Path, told: Progress) -> bool:
    """Read only where the size is right."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size != ref.size:
            return False
        pieces = read_pieces(engine, pad_id, ref)
        async with contextlib.aclosing(pieces):
            async for piece in pieces:
                if await in_thread(os.read, descriptor, len(piece)) != piece:
                    return False
                told(len(piece))
        return True
    finally:
        os.close(descriptor)
