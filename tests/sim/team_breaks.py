"""Defences of teams, each taken out: what the simulation must find. Used by its tests alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from cryptpad_tui.engine.folders import changing
from cryptpad_tui.engine.teams import settling
from cryptpad_tui.people import roster, roster_rules

Break = Callable[[pytest.MonkeyPatch], None]


def let_anybody_say_anything(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(roster_rules, "may_set", lambda author, before, after: before is not after)


def believe_any_name(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(roster, "is_signed", lambda op, owner_pk: True)
    roster._verified.cache_clear()


def end_nobodys_keys(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(settling, "endings", lambda *roster_and_note: [])


def change_the_folders_keys_alone(patched: pytest.MonkeyPatch) -> None:
    async def leave_it(*engine: Any, **told: Any) -> int:
        return 0

    patched.setattr(changing, "go_on", leave_it)


BREAKS: Final[dict[str, tuple[Break, str, tuple[int, ...]]]] = {
    "let anybody say anything": (let_anybody_say_anything, "was not its author's to say", (302, 303)),
    "believe any name": (believe_any_name, "is not signed by whom it says", (415,)),
    "end nobody's keys": (end_nobodys_keys, "is out, and has the keys", (301, 302)),
    "change the folder's keys alone": (change_the_folders_keys_alone, "owes keys", (301, 302)),
}
"""The broken defence, a part of what is said when it is found, and seeds that find it."""
