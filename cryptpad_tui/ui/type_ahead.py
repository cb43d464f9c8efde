"""Keys in the order in which they were typed, also where they come faster than the screen answers them.

A key that is a command may move the focus or open another screen. What was typed after it must reach what it
led to: a passphrase that was typed ahead must never land in the field before. It looks at no text.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from textual import events
from textual.message_pump import MessagePump
from textual.screen import Screen

from cryptpad_tui.ui.safe_app import SafeApp

_FRESH_S: Final = 2.0
"""A command is answered within this time, or what follows does not wait for it."""
_SETTLE_S: Final = 0.005
_TURNS: Final = 5
"""So many turns of the loop lead from a command's worker to the screen that it pushes."""

_Typed = events.Key | events.Paste


class OrderedKeysApp(SafeApp):
    """An app that hands on no key before the command that was typed ahead of it has been answered."""

    _command_at = float("-inf")
    _target: MessagePump | None = None
    _typed: deque[_Typed]
    _handing_on = False

    def takes_keys(self, screen: Screen[object]) -> bool:
        """Whether a screen is far enough to be typed at."""
        return screen.is_mounted

    async def on_event(self, event: events.Event) -> None:
        if not isinstance(event, _Typed) or event.is_forwarded:
            await super().on_event(event)
        elif self._handing_on or not self._is_settled():
            self._keep(event)
        else:
            await self._hand_on(event)

    def _is_settled(self) -> bool:
        recent = self._now() - self._command_at < _FRESH_S
        return not recent and bool(self.screen_stack) and self.takes_keys(self.screen)

    def _keep(self, event: _Typed) -> None:
        if not self._handing_on:
            self._handing_on, self._typed = True, deque()
            self.run_worker(self._hand_on_all(), group="typed-ahead")
        self._typed.append(event)

    async def _hand_on_all(self) -> None:
        try:
            while self._typed:
                await self._answered()
                await self._hand_on(self._typed.popleft())
        finally:
            self._handing_on = False

    async def _hand_on(self, event: _Typed) -> None:
        if isinstance(event, events.Key) and not event.is_printable:
            self._command_at, self._target = self._now(), self.focused or self.screen
        await super().on_event(event)

    async def _answered(self) -> None:
        """Wait until the last command has done what it does at once.

        It went from the focused widget up to the app, and a callback in each queue comes after it.
        """
        until = max(self._command_at, self._now() - _FRESH_S / 2) + _FRESH_S
        target, self._target = self._target, None
        while isinstance(target, MessagePump) and self._now() < until:
            handled = asyncio.Event()
            if not target.call_later(handled.set):
                break
            try:
                async with asyncio.timeout(_FRESH_S):
                    await handled.wait()
            except TimeoutError:
                break
            target = target._parent
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        while not self.takes_keys(self.screen) and self._now() < until:
            await asyncio.sleep(_SETTLE_S)
        self._command_at = float("-inf")
