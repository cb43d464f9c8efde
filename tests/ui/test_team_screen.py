"""A team on the screen: made, its roster shown, roles changed and somebody taken out, by keys alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from ui.test_drive_screen import Desk, desk

from cryptpad_tui.crypto.keys import SigningSeed
from cryptpad_tui.engine.listing import tree_of
from cryptpad_tui.engine.teams import acting
from cryptpad_tui.engine.teams.book import roster_in
from cryptpad_tui.engine.teams.telling import TeamMember, TeamView
from cryptpad_tui.people.identity import BoxKey
from cryptpad_tui.people.roster_ops import Rank
from cryptpad_tui.people.roster_rules import Seat
from cryptpad_tui.ui.screens.dialogs import ChooseDialog
from cryptpad_tui.ui.teams import can_take_out, roles_for, roster_dialog

pytestmark = pytest.mark.usefixtures("cheap_passphrases")
BEN, EVE = (SigningSeed(bytes([n]) * 32).public for n in (1, 2))
HOSTILE = "Eve\x1b]0;x\x07"


def member(role: str, *, me: bool = False, name: str = "Ben", contact: str | None = None) -> TeamMember:
    return TeamMember(role.encode().ljust(32), name, role, me, contact, verified=False)


def test_only_what_a_role_may_is_offered() -> None:
    team = TeamView(bytes(32), "abc", "Crew", "admin", (), (), ())
    roles = ("viewer", "editor", "admin", "owner")
    assert {role: roles_for(team, member(role)) for role in roles} == {
        "viewer": ["editor"],
        "editor": ["viewer"],
        "admin": [],
        "owner": [],
    }
    assert [role for role in roles if can_take_out(team, member(role))] == ["viewer", "editor"]
    owned = TeamView(bytes(32), "abc", "Crew", "owner", (), (), ())
    assert roles_for(owned, member("admin")) == ["viewer", "editor"]
    assert roles_for(owned, member("admin", contact="Ben")) == ["viewer", "editor", "owner"]
    assert not roles_for(owned, member("owner"))
    for mine in ("viewer", "editor", ""):
        low = TeamView(bytes(32), "abc", "Crew", mine, (member("viewer"), member("editor")), (), ())
        offered = [option.name for option in roster_dialog(low)._options]
        assert offered == ["close", *(["leave"] if mine else []), "keys"]


async def choose(there: Desk, text: str) -> None:
    """The answer of the dialog that is shown which begins so."""
    await there.until(lambda: isinstance(there.app.screen, ChooseDialog))
    dialog = there.app.screen
    assert isinstance(dialog, ChooseDialog)
    at = next(at for at, option in enumerate(dialog._options) if option.text.startswith(text))
    await there.press(*["down"] * at, "enter")


async def test_a_team_is_kept_by_keys(tmp_path: Path) -> None:
    async with desk(tmp_path) as there:
        engine = there.engine
        await there.press("down", "down", "ctrl+p", *"new team", "enter")
        await there.press(*"Crew", "enter")
        await there.until(lambda: "Crew/" in there.rows())
        team = bytes.fromhex(tree_of(engine).at("Crew")[0].shared)
        with engine.borrowed(team) as session:
            for key, name, rank in ((BEN, "Ben", Rank.EDITOR), (EVE, HOSTILE, Rank.VIEWER)):
                seat = Seat(key, BoxKey(key).public, rank, name, b"")
                acting.raise_or_lower(engine, session, seat)
        await there.app.open_pad(team)
        await there.press("ctrl+p", *"who is in", "enter")
        await there.until(lambda: "The team “Crew”" in there.text())
        shown = there.text()
        assert "owner  you" in shown
        assert f"Ben ({BEN.hex()[:16]})  editor" in shown
        assert "\x1b" not in shown
        await choose(there, "Ben (")
        await there.until(lambda: "Ben in “Crew”" in there.text())
        await choose(there, "Make Ben an admin")
        await there.until(lambda: f"({BEN.hex()[:16]})  admin" in there.text())
        assert roster_in(engine, team).rank_of(BEN) is Rank.ADMIN
        await choose(there, "Ben (")
        await there.until(lambda: "Ben in “Crew”" in there.text())
        await choose(there, "Take Ben out")
        await there.until(lambda: "nobody can take back" in there.text())
        await choose(there, "Leave it as it is")
        assert roster_in(engine, team).rank_of(BEN) is Rank.ADMIN
        await there.until(lambda: "The team “Crew”" in there.text())
        await choose(there, "Ben (")
        await there.until(lambda: "Ben in “Crew”" in there.text())
        await choose(there, "Take Ben out")
        await there.until(lambda: "nobody can take back" in there.text())
        await choose(there, "Take them out")
        await there.until(lambda: "wait for an owner's machine: Ben" in " ".join(there.text().split()))
        assert roster_in(engine, team).rank_of(BEN) is Rank.NONE
        # The last owner stays, and is told so.
        await choose(there, "Leave the team")
        await choose(there, "Leave the team")
        await there.until(lambda: "last owner" in there.text())
        await choose(there, "Links, keys")
        await there.until(lambda: "Who is in “Crew”" in there.text())
