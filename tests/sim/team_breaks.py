"""Defences of teams, each taken out: what the simulation must find. Used by its tests alone."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final

import pytest

from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.engine.folders import changing
from cryptpad_tui.engine.member_book import BookMember
from cryptpad_tui.engine.teams import book, settling
from cryptpad_tui.people import roster, roster_rules
from cryptpad_tui.people.roster import TeamRoster

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


def seal_the_right_to_write_for_all(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(book, "_member", lambda seat: BookMember(seat.ident_pk, "edit", seat.name, b""))


def look_at_a_part(patched: pytest.MonkeyPatch) -> None:
    """Of the operations, as a bound on how many would do."""

    def of_a_part(team: bytes, owner_pk: bytes, raws: Collection[bytes], **told: Any) -> TeamRoster:
        return roster.roster_of(team, owner_pk, [raw for raw in raws if raw[-1] % 4], **told)

    patched.setattr(book, "roster_of", of_a_part)


def show_not_all(patched: pytest.MonkeyPatch) -> None:
    apply = ViewDocument.apply

    def lazy(self: ViewDocument, update: bytes) -> None:
        if not self.kind.has_text or sum(update) % 2:
            apply(self, update)

    patched.setattr(ViewDocument, "apply", lazy)


BREAKS: Final[dict[str, tuple[Break, str, tuple[int, ...]]]] = {
    "let anybody say anything": (let_anybody_say_anything, "was not its author's to say", (502, 515)),
    "believe any name": (believe_any_name, "is not signed by whom it says", (518, 525)),
    "end nobody's keys": (end_nobodys_keys, "is out, and has the keys", (500, 502)),
    "seal the right to write for all": (seal_the_right_to_write_for_all, "waits for an owner", (401,)),
    "look at a part": (look_at_a_part, "sees another roster", (303,)),
    "show not all": (show_not_all, "the screen is not", (300, 301)),
    "change the folder's keys alone": (change_the_folders_keys_alone, "owes keys", (500, 501)),
}
"""The broken defence, a part of what is said when it is found, and seeds that find it."""
