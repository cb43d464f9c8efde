"""Defences of teams, each taken out: what the simulation must find. Used by its tests alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest

from cryptpad_tui.engine import known_members, membership
from cryptpad_tui.engine.folders import changing
from cryptpad_tui.engine.teams import book, settling
from cryptpad_tui.engine.teams.book import TeamBook
from cryptpad_tui.people import roster, roster_rules
from cryptpad_tui.vault.vault import Vault

Break = Callable[[pytest.MonkeyPatch], None]


def let_anybody_say_anything(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(roster_rules, "may_set", lambda author, before, after: before is not after)


def believe_any_name(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(roster, "is_signed", lambda op, owner_pk: True)
    roster._verified.cache_clear()


def end_nobodys_keys(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(settling, "endings", lambda *roster_and_note: [])


def let_all_write(patched: pytest.MonkeyPatch) -> None:
    known = book._member
    patched.setattr(book, "_member", lambda seat: replace(known(seat), role="edit"))


def change_the_folders_keys_alone(patched: pytest.MonkeyPatch) -> None:
    async def leave_it(*engine: Any, **told: Any) -> int:
        return 0

    patched.setattr(changing, "go_on", leave_it)


def put_nothing_back(patched: pytest.MonkeyPatch) -> None:
    """And remember nothing that is not in the folder."""
    patched.setattr(TeamBook, "put_back", lambda book, roster: 0)


def go_by_what_was_planned(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(membership, "_still_out", known_members.all_keys)


def forget_what_was_signed(patched: pytest.MonkeyPatch) -> None:
    """The vault alone says that it is a team, and no folder is given anything back."""
    put_nothing_back(patched)
    known = Vault.roster
    patched.setattr(Vault, "roster", lambda vault, pad_id: known(vault, pad_id)[:1])


BREAKS: Final[dict[str, tuple[Break, str, tuple[int, ...]]]] = {
    "let anybody say anything": (let_anybody_say_anything, "was not its author's to say", (0,)),
    "believe any name": (believe_any_name, "is not signed by whom it says", (0,)),
    "end nobody's keys": (end_nobodys_keys, "is out, and has the keys", (0,)),
    "let all write": (let_all_write, "may write in", (0,)),
    "change the folder's keys alone": (change_the_folders_keys_alone, "owes keys", (0,)),
    "put nothing back": (put_nothing_back, "sees another roster", (0,)),
    "go by what was planned": (go_by_what_was_planned, "is behind in", (10,)),
    "forget what was signed": (forget_what_was_signed, "sees another roster", (0,)),
}
"""The broken defence, a part of what is said when it is found, and seeds that find it."""
