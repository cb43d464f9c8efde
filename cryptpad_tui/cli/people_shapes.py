"""What `contact` and `inbox` print: the objects of `--json` and the rows of their tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptpad_tui.cli.json_shapes import Json, iso_time

if TYPE_CHECKING:
    from cryptpad_tui.engine.contacts import ContactLine
    from cryptpad_tui.engine.inbox import InboxLine
    from cryptpad_tui.engine.teams.telling import TeamView


def contact_object(line: ContactLine) -> Json:
    """A contact as `contact list` shows it."""
    return {
        "name": line.name,
        "state": line.standing.value,
        "verified": line.verified,
        "keys_changed": line.changed,
        "muted": line.muted,
        "warning": line.warning or None,
        "key": line.id,
    }


def inbox_object(line: InboxLine) -> Json:
    """A message as `inbox` shows it."""
    return {
        "number": line.number,
        "kind": line.kind,
        "from": line.sender,
        "verified": line.verified,
        "text": line.sentence,
        "time": iso_time(line.sent_ms),
        "answer": line.needs_answer,
        "warning": line.warning or None,
        "key": line.contact_id,
    }


def contact_row(line: ContactLine) -> tuple[str, ...]:
    words = {"asked": "asked, no answer yet", "asks": "asks you"}
    state = words.get(line.standing.value, line.standing.value)
    if line.changed:
        state = "KEYS CHANGED"
    return line.name, state, "verified" if line.verified else "", "muted" if line.muted else "", line.id[:8]


def inbox_row(line: InboxLine) -> tuple[str, ...]:
    who = f"{line.sender} ✓" if line.verified else line.sender
    warned = f" ({line.warning})" if line.warning else ""
    return str(line.number), iso_time(line.sent_ms)[:10], f"{who} {line.sentence}{warned}"


def team_object(team: TeamView) -> Json:
    """A team as `team ls` shows it."""
    return {
        "id": team.pad_id.hex(),
        "title": team.title,
        "role": team.mine or None,
        "members": [
            {
                "name": each.name,
                "role": each.role,
                "me": each.me,
                "contact": each.contact,
                "verified": each.verified,
                "key": each.ident_pk.hex(),
            }
            for each in team.members
        ],
        "waits_for_an_owner": [key.hex() for key in team.waiting],
    }
