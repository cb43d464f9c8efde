"""A picture made while its pad is open, a little at a time, where the next opening would find none.

Between keys and seldom: it is as long as the pad. It shows nothing and decides nothing; what a picture may be
kept of, `pictures` says.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.errors import EngineFailure, InvalidUpdate
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.engine import pictures
from cryptpad_tui.pad.epochs import HistoryClosed
from cryptpad_tui.vault.errors import VaultError

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession

LEAST_S: Final = 60.0
"""Between two pictures of one pad."""
SLICE_LINES: Final = 256


class KeepingPictures:
    """Of one open pad."""

    def __init__(self, engine: Engine, session: PadSession) -> None:
        self._engine, self._session = engine, session
        self._kept_s = -LEAST_S
        self._is_at_it = False

    @property
    def is_due(self) -> bool:
        """Whether a picture is missing, or too much came behind it, and none was made just before."""
        session, steps = self._session, self._session.pending.steps
        if session.kind is not PadKind.RICHTEXT or session.view.lines.byte_count < pictures.LONG_BYTES:
            return False
        is_wanted = not steps.is_on or steps.count > pictures.MANY_STEPS
        return is_wanted and self._engine.now() - self._kept_s >= LEAST_S

    def go_on(self) -> bool:
        """Do a slice of it, some milliseconds, and at the end keep it; whether something is left to do."""
        session = self._session
        if not self._is_at_it:
            session.view.begin_picture()
            self._is_at_it = True
        if session.view.prepare_picture(SLICE_LINES):
            return True
        self._is_at_it, self._kept_s = False, self._engine.now()
        with contextlib.suppress(VaultError, EngineFailure, InvalidUpdate, HistoryClosed):
            pictures.keep_as_it_is(self._engine, session)
        return False
