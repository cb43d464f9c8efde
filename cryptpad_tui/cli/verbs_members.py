"""Who is in a pad, and taking them out: members, revoke, expire, destroy. For owners, but for looking."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import click

from cryptpad_tui.cli import diagnostics, output
from cryptpad_tui.cli.errors import WrongUse
from cryptpad_tui.cli.root import VerbCommand, unlocks
from cryptpad_tui.cli.secret_sources import SecretSources
from cryptpad_tui.cli.table import table
from cryptpad_tui.cli.text_input import read_bytes, stdin_is_terminal
from cryptpad_tui.cli.vault_access import in_vault, telling_of_waits

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine
    from cryptpad_tui.engine.known_members import Known
    from cryptpad_tui.engine.member_lines import Membership

_TITLE_LIMIT: Final = 4_096
_MARK_CHARS: Final = 16


@click.command("members", cls=VerbCommand)
@click.argument("pad")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
@click.option("--keep", metavar="WHO", help="Keep them in the pad when its keys change: a name or a key.")
@click.option("--view", is_flag=True, help="With --keep: they may read, and no longer write.")
@click.option("--offer", metavar="CONTACT", help="Offer a verified contact to own the pad too, for ever.")
@click.option(
    "--every", type=click.IntRange(0, 3_650), metavar="DAYS", help="Change the keys so often; 0: never."
)
@click.option(
    "--without-history", is_flag=True, help="With --every: who comes later cannot read what is from before."
)
@click.option(
    "--as",
    "shown_as",
    type=click.Choice(["contact", "pseudonym"]),
    help="How you appear there yourself: by your card's identity, or by a key of the pad's own.",
)
@unlocks
def members_verb(
    sources: SecretSources,
    pad: str,
    as_json: bool,
    keep: str | None,
    view: bool,
    offer: str | None,
    every: int | None,
    without_history: bool,
    shown_as: str | None,
) -> None:
    """List who is in PAD and how they came in; with --keep put somebody on the owner's list."""
    if view and keep is None:
        raise WrongUse("--view goes with --keep WHO")
    if without_history and every is None:
        raise WrongUse("--without-history goes with --every DAYS")

    async def work(engine: Engine) -> tuple[Membership, Mapping[bytes, Known]]:
        from cryptpad_tui.crypto.keys import Role
        from cryptpad_tui.engine import appearing, membership, schedule
        from cryptpad_tui.engine.known_members import known_members

        pad_id = engine.find(pad).pad_id
        if keep is not None:
            found = membership.find_member(engine, pad_id, keep)
            role = Role.VIEW if view else Role.EDIT
            membership.keep(engine, pad_id, found.ident_pk, role=role, name=found.name)
        if shown_as is not None:
            appearing.choose(engine, pad_id, as_contact=shown_as == appearing.CONTACT)
        if every is not None:
            schedule.set_schedule(engine, pad_id, every, history=not without_history)
        now = membership.members(engine, pad_id)
        return now, known_members(engine, pad_id, [line.ident_pk for line in now.lines])

    if offer is not None:
        if as_json or keep is not None or every is not None or shown_as is not None:
            raise WrongUse("--offer CONTACT goes with nothing else")
        _offer(sources, pad, offer)
        return
    now, known = in_vault(sources, work)
    if shown_as == "contact":
        from cryptpad_tui.engine.appearing import WHAT_IT_TELLS

        diagnostics.note(WHAT_IT_TELLS)
    _show(now, known, as_json=as_json)


def _offer(sources: SecretSources, pad: str, reference: str) -> None:
    from cryptpad_tui.cli.verbs_contacts import settle_quickly

    async def work(engine: Engine) -> str:
        from cryptpad_tui.engine import contacts, owning

        pad_id = engine.find(pad).pad_id
        await contacts.card(engine)
        async with telling_of_waits(engine):
            asked = await owning.offer(engine, pad_id, reference)
        await settle_quickly(engine)
        return (
            f"offered to {asked.name}, who has the owner's key from here on; the answer comes into your inbox"
        )

    diagnostics.note(output.safe_line(in_vault(sources, work)))


@click.command("revoke", cls=VerbCommand)
@click.argument("pad")
@click.argument("who", required=False)
@click.option("--links", is_flag=True, help="Everybody who came by a link; members stay.")
@click.option("--link", "one_link", metavar="NAME", help="One named link; members and other named ones stay.")
@click.option("--without-history", is_flag=True, help="Who comes later cannot read what was written before.")
@click.option(
    "--renew", is_flag=True, help="Make a link anew for each named one that ends beside; print them."
)
@unlocks
def revoke_verb(
    sources: SecretSources,
    pad: str,
    who: str | None,
    links: bool,
    one_link: str | None,
    without_history: bool,
    renew: bool,
) -> None:
    """Change PAD's keys: every link of before ends, and so does WHO; members stay in by themselves."""
    if (who is not None) + links + (one_link is not None) != 1:
        raise WrongUse(
            "say who: a member's name or key, --link NAME for one link, or --links for all of them"
        )
    if renew and one_link is not None:
        raise WrongUse("--link ends no other named link, so there is nothing to --renew")
    from cryptpad_tui.cli.revoking import Ending, end_access

    ending = Ending(pad, who, one_link, history=not without_history, renew=renew)
    after, made = in_vault(sources, lambda engine: end_access(engine, ending))
    output.write_line(f"the keys of the pad changed for the {_ordinal(after.epoch)} time")
    output.write_lines(made)


@click.command("expire", cls=VerbCommand)
@click.argument("pad")
@click.argument("date", metavar="[DATE|never]", required=False)
@click.option(
    "--unused",
    type=click.IntRange(0, 36_500),
    metavar="DAYS",
    help="Delete it when nobody opened it for so many days; 0: never.",
)
@unlocks
def expire_verb(sources: SecretSources, pad: str, date: str | None, unused: int | None) -> None:
    """Let the relay delete PAD for everybody on DATE (2026-12-31, UTC); never takes it back."""
    if date is None and unused is None:
        raise WrongUse("say a day, `never`, or --unused DAYS")
    unix_ms = 0 if date in (None, "never") else _day_ms(str(date))

    async def work(engine: Engine) -> str:
        from cryptpad_tui.engine import lifetime, membership

        if unix_ms and unix_ms <= engine.wall_ms():
            raise WrongUse("that day is past; `cryptpad-tui destroy` deletes a pad at once")
        pad_id = engine.find(pad).pad_id
        if date is not None:
            await membership.set_expiry(engine, pad_id, unix_ms)
        if unused is not None:
            await membership.set_unused(engine, pad_id, unused)
        return lifetime.words(lifetime.stored(engine, pad_id))

    diagnostics.note(in_vault(sources, work) or "nothing ends it by itself")


@click.command("destroy", cls=VerbCommand)
@click.argument("pad")
@click.option("--yes", is_flag=True, help="Needed, since nobody can take it back.")
@unlocks
def destroy_verb(sources: SecretSources, pad: str, yes: bool) -> None:
    """Delete PAD at its relay, for everybody and for good; asks for its title. Others keep their copies."""
    if not yes:
        raise WrongUse("nobody can take it back, so it needs --yes, and the pad's title as its input")

    async def work(engine: Engine) -> None:
        from cryptpad_tui.engine import membership

        line = engine.find(pad)
        if _typed_title() != line.title:
            raise WrongUse("that is not the pad's title, so it was not deleted")
        await membership.destroy(engine, line.pad_id)
        diagnostics.note(f"deleted for everybody; your copy is here until `cryptpad-tui rm {line.short_id}`")

    in_vault(sources, work)


def _typed_title() -> str:
    if stdin_is_terminal():
        return str(click.prompt("The pad's title, to delete it for everybody", err=True))
    return read_bytes(None, _TITLE_LIMIT, "the title").decode("utf-8", "replace").rstrip("\r\n")


def _day_ms(date: str) -> int:
    try:
        day = datetime.strptime(date, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise WrongUse("a date is written 2026-12-31; or `never`") from None
    return int(day.timestamp() * 1_000)


def _contact(known: Known | None) -> str:
    """Whom of one's contacts a key belongs to, and whether their keys were compared."""
    if known is None:
        return "-"
    return f"{known.name} ✓" if known.verified else known.name


def _days(number: int) -> str:
    return "day" if number == 1 else f"{number} days"


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _show(membership: Membership, known: Mapping[bytes, Known], *, as_json: bool) -> None:
    from cryptpad_tui.cli.json_shapes import members_object

    if as_json:
        output.write_json_object(members_object(membership, known))
        return
    rows = [
        (
            line.name,
            line.role,
            line.how,
            _contact(known.get(line.ident_pk)),
            line.ident_pk.hex()[:_MARK_CHARS],
        )
        for line in membership.lines
    ]
    output.write_lines(table(("name", "right", "how", "contact", "key"), rows, flexible=0))
    output.write_line(f"words  {' '.join(membership.words)}")
    from cryptpad_tui.engine.lifetime import Lifetime, words

    if said := words(Lifetime(membership.expires_ms, membership.idle_days)):
        diagnostics.note(said)
    if membership.every_days:
        hidden = "" if membership.every_history else ", and who comes later reads nothing of before"
        diagnostics.note(f"its keys change every {_days(membership.every_days)} by themselves{hidden}")
    if membership.by_card:
        diagnostics.note("you appear there as the identity of your card")
    if membership.changing is not None:
        from cryptpad_tui.cli.shared_folders import progress_words

        diagnostics.note(f"{progress_words(membership.changing)}; `cryptpad-tui sync` goes on")
    if membership.unfinished:
        diagnostics.note("a change of its keys was begun here and is not done: `cryptpad-tui revoke` again")
