"""The verbs about people: contact card, add, list, verify, accept, decline, mute, remove.

A card is public, and comes in by standard input all the same: pasted text is long, and arguments are not.
"""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING, Final

import click

from cryptpad_tui.cli import diagnostics, output
from cryptpad_tui.cli.root import SubGroup, VerbCommand, unlocks
from cryptpad_tui.cli.secret_sources import SecretSources
from cryptpad_tui.cli.table import table
from cryptpad_tui.cli.text_input import read_line, require_name
from cryptpad_tui.cli.vault_access import QUICK_SEND_S, in_vault

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine
    from cryptpad_tui.people.contacts import Contact

_CARD_LIMIT: Final = 4_096


async def settle_quickly(engine: Engine) -> None:
    """Try to send what was just written, and say it where it waits."""
    from cryptpad_tui.engine import RelayUnreachable, inbox

    try:
        report = await inbox.settle(engine, wait_s=QUICK_SEND_S)
    except RelayUnreachable:
        diagnostics.note("saved here; it goes with the next `cryptpad-tui sync`")
        return
    for words in report.words:
        diagnostics.note(output.safe_line(words))
    if report.waiting and not report.words:
        diagnostics.note("saved here; it goes with the next `cryptpad-tui sync`")


async def check_writable(engine: Engine, reference: str) -> None:
    """Whether something may be sent to this contact; who did not answer yet may have done so meanwhile."""
    from cryptpad_tui.engine import RelayUnreachable, contacts, inbox
    from cryptpad_tui.people.contacts import Standing

    if contacts.find(engine, reference).standing is Standing.ASKED:
        with contextlib.suppress(RelayUnreachable):
            await inbox.look(engine, wait_s=QUICK_SEND_S)
    contacts.to_write_to(engine, reference)


@click.group("contact", cls=SubGroup)
def contact_verb() -> None:
    """Your contacts: give your card, add theirs, compare keys, mute and remove."""


@contact_verb.command("card", cls=VerbCommand)
@click.option("--qr", is_flag=True, help="Draw it as a QR code, too.")
@unlocks
def card_verb(sources: SecretSources, qr: bool) -> None:
    """Print your card: public keys and where your mailbox is. It opens nothing; who has it can ask you."""

    async def work(engine: Engine) -> str:
        from cryptpad_tui.engine import contacts

        return (await contacts.card(engine)).text

    text = in_vault(sources, work)
    if qr:
        _draw(text)
    output.write_line(text)


def _draw(text: str) -> None:
    from cryptpad_tui.cli.qr import qr_lines

    lines = qr_lines(text)
    size = shutil.get_terminal_size()
    if output.is_terminal() and (len(lines[0]) > size.columns or len(lines) + 1 > size.lines):
        diagnostics.note(f"the QR code needs a window of {len(lines[0])}x{len(lines) + 1}")
        return
    output.write_lines(lines)


@contact_verb.command("add", cls=VerbCommand)
@click.option("--name", default="", metavar="NAME", help="What you call them; else the name in their card.")
@click.option("--note", default="", metavar="TEXT", help="A sentence that goes with your request.")
@click.option("--replaces", default="", metavar="NAME", help="These are new keys of a contact that you have.")
@unlocks
def add_contact_verb(sources: SecretSources, name: str, note: str, replaces: str) -> None:
    """Read somebody's card from standard input, and ask them to be your contact."""
    from cryptpad_tui.people.card import read_card

    label = require_name(name) if name else ""
    text = read_line(_CARD_LIMIT, "the card").decode("utf-8", "replace")
    read_card(text)

    async def work(engine: Engine) -> Contact:
        from cryptpad_tui.engine import contacts

        await contacts.card(engine)
        added = contacts.add(engine, text, label=label, note=note, replaces=replaces)
        await settle_quickly(engine)
        return added

    added = in_vault(sources, work)
    if added.offered is not None:
        diagnostics.note(
            f"THE KEYS OF {output.safe_line(added.name)} ARE OTHERS in this card: nothing is sent to them"
            " until you compare the number (`contact verify`) and say `contact accept` or `contact decline`"
        )
    output.write_line(output.safe_line(added.name))


@contact_verb.command("list", cls=VerbCommand)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
@unlocks
def list_contacts_verb(sources: SecretSources, as_json: bool) -> None:
    """List your contacts, and who is asked or asks, as this vault has them."""
    from cryptpad_tui.cli import people_shapes

    async def work(engine: Engine) -> None:
        from cryptpad_tui.engine import contacts

        lines = contacts.lines(engine)
        if as_json:
            output.write_json_object([people_shapes.contact_object(line) for line in lines])
            return
        rows = [people_shapes.contact_row(line) for line in lines]
        output.write_lines(table(("name", "state", "", "", "key"), rows, flexible=0))
        for line in lines:
            if line.warning:
                diagnostics.note(output.safe_line(f"{line.name} {line.warning}"))

    in_vault(sources, work)


@contact_verb.command("verify", cls=VerbCommand)
@click.argument("name")
@click.option("--same", is_flag=True, help="You compared it, and both of you have the same number.")
@click.option(
    "--read", "reads", is_flag=True, help="Read the other's number from standard input, and compare."
)
@click.option("--qr", is_flag=True, help="Draw it as a QR code, too.")
@unlocks
def verify_contact_verb(sources: SecretSources, name: str, same: bool, reads: bool, qr: bool) -> None:
    """Print the safety number that you share with NAME. Compare it by voice or side by side: if both have the
    same, nobody stands between you."""
    theirs = read_line(_CARD_LIMIT, "their number").decode("utf-8", "replace") if reads else ""

    async def work(engine: Engine) -> tuple[str, str]:
        from cryptpad_tui.engine import contacts
        from cryptpad_tui.engine.mail_errors import NumbersDiffer
        from cryptpad_tui.people.safety import same_number

        known = contacts.find(engine, name)
        number = contacts.number_offered(engine, known)
        if reads and not same_number(number, theirs):
            raise NumbersDiffer
        if same or reads:
            contacts.mark_verified(engine, name)
            await settle_quickly(engine)
        return number, "by the keys that wait to be accepted" if known.offered else ""

    number, about = in_vault(sources, work)
    if qr:
        _draw(number.replace(" ", ""))
    output.write_line(number)
    if about:
        diagnostics.note(about)
    if same or reads:
        diagnostics.note("verified; a change of their keys ends that, and stops what is sent to them")


def _change(sources: SecretSources, name: str, what: str, *, said: str = "") -> None:
    async def work(engine: Engine) -> str:
        from cryptpad_tui.engine import contacts

        await contacts.card(engine)
        after: Contact = getattr(contacts, what)(engine, name)
        await settle_quickly(engine)
        return after.name

    changed = in_vault(sources, work)
    if said:
        diagnostics.note(output.safe_line(said.format(changed)))


@contact_verb.command("accept", cls=VerbCommand)
@click.argument("name")
@unlocks
def accept_contact_verb(sources: SecretSources, name: str) -> None:
    """Say yes to NAME, who asks to be your contact, or to the new keys of a contact."""
    _change(sources, name, "accept", said="{} is your contact; compare `contact verify` when you can")


@contact_verb.command("decline", cls=VerbCommand)
@click.argument("name")
@unlocks
def decline_contact_verb(sources: SecretSources, name: str) -> None:
    """Say no to NAME, who is told and cannot ask again, or refuse the new keys of a contact."""
    _change(sources, name, "decline")


@contact_verb.command("mute", cls=VerbCommand)
@click.argument("name")
@click.option("--off", is_flag=True, help="Show what they send again.")
@unlocks
def mute_contact_verb(sources: SecretSources, name: str, off: bool) -> None:
    """Show nothing that NAME sends from here on. They are not told."""

    async def work(engine: Engine) -> None:
        from cryptpad_tui.engine import contacts

        contacts.mute(engine, name, on=not off)
        await settle_quickly(engine)

    in_vault(sources, work)


@contact_verb.command("remove", cls=VerbCommand)
@click.argument("name")
@unlocks
def remove_contact_verb(sources: SecretSources, name: str) -> None:
    """Take NAME off your contacts. They are not told, and stay in the pads that they are in (`revoke`)."""
    _change(sources, name, "remove")
