"""The end of an engine: with everything durable, or without what could not be saved.

It never lets the vault go while an edit is in memory alone, unless that was asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptpad_tui.vault.errors import VaultError

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine


async def close(engine: Engine) -> None:
    """Raises VaultError where something could not be saved; all that ran runs on then, and tries again."""
    engine.open_pads.flush()
    ran = engine.loop is not None
    await _stop(engine)
    try:
        # What arrived while the relays were left.
        engine.open_pads.flush()
    except VaultError:
        if ran:
            await engine.start()
            for session in engine.open_pads:
                session.pending.save_soon()
        raise
    _let_go(engine)


async def abandon(engine: Engine) -> None:
    """Save what can be saved, and end without the rest."""
    await _stop(engine)
    try:
        engine.open_pads.flush()
    finally:
        _let_go(engine)


async def _stop(engine: Engine) -> None:
    await engine.watch.stop()
    await engine.mail.stop()
    await engine.shared_folders.kept.stop()
    await engine.drive_sync.stop()
    await engine.disconnect()


def _let_go(engine: Engine) -> None:
    engine.open_pads.close()
    engine.loading_child.close()
    engine.vault.close()
