"""The verbs about what came and what is sent to contacts: inbox, inbox accept, inbox decline, invite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cryptpad_tui.cli import diagnostics, output
from cryptpad_tui.cli.root import SubGroup, VerbCommand, unlocks
from cryptpad_tui.cli.secret_sources import SecretSources
from cryptpad_tui.cli.table import table
from cryptpad_tui.cli.vault_access import in_vault, telling_of_waits
from cryptpad_tui.cli.verbs_contacts import check_writable, settle_quickly

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine


@click.group("inbox", cls=SubGroup, invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
@unlocks
def inbox_verb(sources: SecretSources, as_json: bool) -> None:
    """Fetch what contacts sent, send what waits for them, and list what nobody dealt with yet."""
    if click.get_current_context().invoked_subcommand is None:
        _list(sources, as_json=as_json)


def _list(sources: SecretSources, *, as_json: bool) -> None:
    from cryptpad_tui.cli import people_shapes

    async def work(engine: Engine) -> None:
        from cryptpad_tui.engine import RelayUnreachable, inbox

        try:
            async with telling_of_waits(engine):
                report = await inbox.look(engine)
            for words in report.words:
                diagnostics.note(output.safe_line(words))
        except RelayUnreachable as error:
            diagnostics.note(f"{error}; this is what was here before")
        lines = inbox.lines(engine)
        if as_json:
            output.write_json_object([people_shapes.inbox_object(line) for line in lines])
            return
        rows = [people_shapes.inbox_row(line) for line in lines]
        output.write_lines(table(("n", "day", "from"), rows, flexible=2))

    in_vault(sources, work)


@inbox_verb.command("accept", cls=VerbCommand)
@click.argument("number", type=click.IntRange(1))
@unlocks
def accept_item_verb(sources: SecretSources, number: int) -> None:
    """Say yes to message NUMBER: join the pad of an invitation (its id is printed), make somebody a contact,
    give the right to write, own a pad too, or take new keys for a contact's."""

    async def work(engine: Engine) -> str:
        from cryptpad_tui.engine import contacts, inbox

        item = inbox.numbered(engine, number)
        await contacts.card(engine)
        async with telling_of_waits(engine):
            joined = await inbox.accept(engine, item)
        await settle_quickly(engine)
        return joined.short_id if joined else ""

    if joined := in_vault(sources, work):
        output.write_line(joined)


@inbox_verb.command("decline", cls=VerbCommand)
@click.argument("numbers", nargs=-1, required=True, type=click.IntRange(1), metavar="NUMBER...")
@unlocks
def decline_item_verb(sources: SecretSources, numbers: tuple[int, ...]) -> None:
    """Say no to what asks for an answer, and put away all else."""

    async def work(engine: Engine) -> None:
        from cryptpad_tui.engine import contacts, inbox

        items = [inbox.numbered(engine, number) for number in numbers]
        await contacts.card(engine)
        for item in items:
            inbox.decline(engine, item)
        await settle_quickly(engine)

    in_vault(sources, work)


@click.command("invite", cls=VerbCommand)
@click.argument("pad")
@click.argument("contact")
@click.option("--view", is_flag=True, help="They may read and not write.")
@click.option("--note", default="", metavar="TEXT", help="A sentence that goes with it.")
@unlocks
def invite_verb(sources: SecretSources, pad: str, contact: str, view: bool, note: str) -> None:
    """Send CONTACT an invitation to PAD. In a pad of your own they become a member: they keep it when you
    change its keys, until `revoke PAD CONTACT`."""

    async def work(engine: Engine) -> str:
        from cryptpad_tui.engine import contacts, inviting

        pad_id = engine.find(pad).pad_id
        await check_writable(engine, contact)
        await contacts.card(engine)
        async with telling_of_waits(engine):
            invited = await inviting.invite(engine, pad_id, contact, view=view, note=note)
        await settle_quickly(engine)
        return invited.name

    diagnostics.note(output.safe_line(f"invited {in_vault(sources, work)}; the answer comes into your inbox"))
