"""The verbs about teams: team new, invite, role, remove, leave, ls. The roster decides what a role may."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cryptpad_tui.cli import diagnostics, output
from cryptpad_tui.cli.root import SubGroup, VerbCommand, unlocks
from cryptpad_tui.cli.secret_sources import SecretSources
from cryptpad_tui.cli.table import table
from cryptpad_tui.cli.vault_access import in_vault, send_or_say, telling_of_waits
from cryptpad_tui.cli.verbs_contacts import check_writable, settle_quickly

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine
    from cryptpad_tui.engine.teams.telling import TeamView

_MARK_CHARS = 16


@click.group("team", cls=SubGroup)
def team_verb() -> None:
    """Shared folders with a signed roster: viewers, editors, admins and owners."""


@team_verb.command("new", cls=VerbCommand)
@click.argument("name")
@unlocks
def new_team_verb(sources: SecretSources, name: str) -> None:
    """Make a team, a shared folder of this NAME or path that you own; its id is printed."""

    async def work(engine: Engine) -> str:
        from cryptpad_tui.engine.teams import acting

        folder = acting.found(engine, name)
        await send_or_say(engine, folder)
        return engine.listing_of(folder).short_id

    output.write_line(in_vault(sources, work))


@team_verb.command("invite", cls=VerbCommand)
@click.argument("team")
@click.argument("contact")
@click.option(
    "--role",
    type=click.Choice(["viewer", "editor", "admin"]),
    default="editor",
    show_default=True,
    help="What they may do there.",
)
@click.option("--note", default="", metavar="TEXT", help="A sentence that goes with it.")
@unlocks
def invite_to_team_verb(sources: SecretSources, team: str, contact: str, role: str, note: str) -> None:
    """Let CONTACT into TEAM: they are on its roster, and get an invitation with its keys."""

    async def work(engine: Engine) -> str:
        from cryptpad_tui.engine import contacts
        from cryptpad_tui.engine.teams import acting
        from cryptpad_tui.people.roster_ops import RANKS

        folder = engine.find(team).pad_id
        await check_writable(engine, contact)
        await contacts.card(engine)
        async with telling_of_waits(engine):
            invited = await acting.invite(engine, folder, contact, RANKS[role], note=note)
        await send_or_say(engine, folder)
        await settle_quickly(engine)
        return invited.name

    diagnostics.note(output.safe_line(f"invited {in_vault(sources, work)} as {role}"))


@team_verb.command("role", cls=VerbCommand)
@click.argument("team")
@click.argument("who")
@click.argument("role", type=click.Choice(["viewer", "editor", "admin", "owner"]))
@unlocks
def team_role_verb(sources: SecretSources, team: str, who: str, role: str) -> None:
    """Give WHO, a name or the beginning of a key, another role in TEAM. An owner is asked first, and is one
    for ever."""

    async def work(engine: Engine) -> str:
        from cryptpad_tui.engine import contacts
        from cryptpad_tui.engine.teams import acting
        from cryptpad_tui.people.roster_ops import RANKS

        folder = engine.find(team).pad_id
        if role == "owner":
            await contacts.card(engine)
        async with telling_of_waits(engine):
            seat = await acting.set_role(engine, folder, who, RANKS[role])
        await send_or_say(engine, folder)
        if role == "owner":
            await settle_quickly(engine)
            return f"{seat.name} is asked to own the team too, and has the owner's key from here on"
        await _follow(engine, folder)
        return f"{seat.name} is {role} from here on"

    diagnostics.note(output.safe_line(in_vault(sources, work)))


@team_verb.command("remove", cls=VerbCommand)
@click.argument("team")
@click.argument("who")
@unlocks
def remove_from_team_verb(sources: SecretSources, team: str, who: str) -> None:
    """Take WHO out of TEAM: out of its roster at once, and of its keys when an owner's machine sees it."""

    async def work(engine: Engine) -> str:
        from cryptpad_tui.engine.teams import acting

        folder = engine.find(team).pad_id
        seat = acting.remove(engine, folder, who)
        await send_or_say(engine, folder)
        await _follow(engine, folder)
        return f"{seat.name} is out of the team"

    diagnostics.note(output.safe_line(in_vault(sources, work)))


@team_verb.command("leave", cls=VerbCommand)
@click.argument("team")
@unlocks
def leave_team_verb(sources: SecretSources, team: str) -> None:
    """Leave TEAM by your own signed word. Its last owner stays."""

    async def work(engine: Engine) -> str:
        from cryptpad_tui.engine.teams import acting

        found = engine.find(team)
        told = acting.leave(engine, found.pad_id)
        await send_or_say(engine, found.pad_id)
        if told is not None:
            await settle_quickly(engine)
        heard = f"; {told.name}'s machine tells the others" if told else ""
        kept = acting.what_leaving_keeps(engine, found.pad_id)
        stays = f"The folder stays in your drive until `cryptpad-tui rm {found.short_id}`"
        return f"you left{heard}. {stays}, and {kept}"

    diagnostics.note(output.safe_line(in_vault(sources, work)))


@team_verb.command("ls", cls=VerbCommand)
@click.argument("team", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
@unlocks
def list_teams_verb(sources: SecretSources, team: str | None, as_json: bool) -> None:
    """List your teams, or who is in TEAM with which role."""

    async def work(engine: Engine) -> list[TeamView]:
        from cryptpad_tui.engine.teams import telling

        if team is not None:
            return [telling.view(engine, engine.find(team).pad_id)]
        return telling.views(engine)

    found = in_vault(sources, work)
    if as_json:
        from cryptpad_tui.cli.people_shapes import team_object

        shapes = [team_object(each) for each in found]
        output.write_json_object(shapes if team is None else shapes[0])
        return
    if team is None:
        rows = [(each.short_id, each.title, each.mine or "-", str(len(each.members))) for each in found]
        output.write_lines(table(("id", "team", "you", "people"), rows, flexible=1))
        return
    _show(found[0])


def _show(team: TeamView) -> None:
    rows = [
        (each.name, each.role, "you" if each.me else each.contact_word, each.ident_pk.hex()[:_MARK_CHARS])
        for each in team.members
    ]
    output.write_lines(table(("name", "role", "contact", "key"), rows, flexible=0))
    for sentence in team.sentences:
        diagnostics.note(output.safe_line(sentence))


async def _follow(engine: Engine, folder: bytes) -> None:
    """An owner's own machine is the first that sees it; without one, say what it waits for."""
    from cryptpad_tui.cli.shared_folders import progress_words
    from cryptpad_tui.engine.errors import RelayUnreachable
    from cryptpad_tui.engine.folders import owed_keys
    from cryptpad_tui.engine.teams import settling, telling

    record = engine.vault.pad(folder)
    if record is not None and record.role == "owner":
        try:
            async with telling_of_waits(engine):
                await settling.settle_team(engine, folder)
        except RelayUnreachable:
            diagnostics.note("the keys change when the relay can be reached: `cryptpad-tui sync`")
        if progress := owed_keys.progress(engine, folder):
            diagnostics.note(f"{progress_words(progress)}; `cryptpad-tui sync` goes on with the others")
    for sentence in telling.waits(engine, folder):
        diagnostics.note(output.safe_line(sentence))
