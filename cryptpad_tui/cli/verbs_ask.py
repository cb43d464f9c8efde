"""The verb `ask`: from a view link, ask for the right to write; and what owners let readers see for that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cryptpad_tui.cli import diagnostics, output
from cryptpad_tui.cli.errors import WrongUse
from cryptpad_tui.cli.root import VerbCommand, unlocks
from cryptpad_tui.cli.secret_sources import SecretSources
from cryptpad_tui.cli.vault_access import in_vault, send_or_say
from cryptpad_tui.cli.verbs_contacts import check_writable, settle_quickly

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine


@click.command("ask", cls=VerbCommand)
@click.argument("pad")
@click.argument("contact", required=False)
@click.option("--note", default="", metavar="TEXT", help="A sentence that goes with it.")
@click.option("--show-card", is_flag=True, help="As the owner: let readers see your card, and ask you.")
@click.option("--hide-card", is_flag=True, help="As the owner: no more.")
@unlocks
def ask_verb(
    sources: SecretSources, pad: str, contact: str | None, note: str, show_card: bool, hide_card: bool
) -> None:
    """Ask for the right to write in PAD, which you may only read: CONTACT, else its owner where they show
    their card, or who sent it to you. The answer comes into your inbox."""
    if show_card or hide_card:
        if (show_card and hide_card) or contact is not None or note:
            raise WrongUse("--show-card and --hide-card go with nothing else")
        _show_card(sources, pad, on=show_card)
        return

    async def work(engine: Engine) -> str:
        from cryptpad_tui.engine import asking, contacts

        pad_id = engine.find(pad).pad_id
        if contact:
            await check_writable(engine, contact)
        await contacts.card(engine)
        asked = asking.ask(engine, pad_id, contact or "", note=note)
        await settle_quickly(engine)
        if asked.waits:
            return f"{asked.contact.name} is asked to be your contact; the question goes with a later `inbox`"
        return f"asked {asked.contact.name}; the answer comes into your inbox"

    diagnostics.note(output.safe_line(in_vault(sources, work)))


def _show_card(sources: SecretSources, pad: str, *, on: bool) -> None:
    async def work(engine: Engine) -> None:
        from cryptpad_tui.engine import asking, contacts

        pad_id = engine.find(pad).pad_id
        if on:
            await contacts.card(engine)
        asking.show_card(engine, pad_id, on=on)
        await send_or_say(engine, pad_id)

    in_vault(sources, work)
    said = "whoever reads the pad sees your card from here on" if on else "your card is out; history keeps it"
    diagnostics.note(said)
