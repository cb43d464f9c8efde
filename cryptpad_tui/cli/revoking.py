"""`revoke`, and what is said of it: who is out, which links ended beside, and which go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptpad_tui.cli import diagnostics, output
from cryptpad_tui.cli.shared_folders import progress_words, teller

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine
    from cryptpad_tui.engine.link_book import BookLink
    from cryptpad_tui.engine.member_lines import Membership


@dataclass(frozen=True, slots=True)
class Ending:
    """What was asked for; neither WHO nor a link means all links."""

    pad: str
    who: str | None
    link: str | None
    history: bool
    renew: bool


async def end_access(engine: Engine, ending: Ending) -> tuple[Membership, list[str]]:
    """Change the keys; who is in the pad then, and a line for each link that was made anew."""
    pad_id = engine.find(ending.pad).pad_id
    if ending.link is not None:
        return await _end_link(engine, pad_id, ending.link, ending), []
    return await _end_people(engine, pad_id, ending)


async def _end_link(engine: Engine, pad_id: bytes, reference: str, ending: Ending) -> Membership:
    from cryptpad_tui.engine import membership

    ended = await membership.end_link(engine, pad_id, reference, history=ending.history)
    diagnostics.note(f"the link {output.safe_line(ended.name)} is ended")
    if left := membership.links(engine, pad_id):
        diagnostics.note(f"these go on: {_names(left)}")
    diagnostics.note(membership.WHAT_ENDING_A_LINK_DOES)
    return membership.members(engine, pad_id)


async def _tell_contacts(engine: Engine) -> None:
    """Whoever is a contact hears of it now, where their relay can be reached."""
    from cryptpad_tui.cli.verbs_contacts import settle_quickly
    from cryptpad_tui.engine import outbox

    if outbox.has_waiting(engine):
        await settle_quickly(engine)


async def _end_people(engine: Engine, pad_id: bytes, ending: Ending) -> tuple[Membership, list[str]]:
    from cryptpad_tui.engine import membership

    drop = [] if ending.who is None else [membership.find_member(engine, pad_id, ending.who).ident_pk]
    named = membership.links(engine, pad_id)
    out = [
        line.name
        for line in membership.members(engine, pad_id).lines
        if line.how == "link" or line.ident_pk in drop
    ]
    after = await membership.revoke(engine, pad_id, drop=drop, history=ending.history, told=teller(engine))
    await _tell_contacts(engine)
    if after.changing is not None:
        diagnostics.note(f"{progress_words(after.changing)}; `cryptpad-tui sync` goes on with the others")
    if out:
        diagnostics.note(f"out from here on: {output.safe_line(', '.join(out))}")
    diagnostics.note(membership.WHAT_REVOKING_DOES)
    if not named:
        return after, []
    diagnostics.note(f"these named links ended too, since nobody can tell who has which: {_names(named)}")
    if not ending.renew:
        diagnostics.note("`share PAD --label NAME` makes one anew for whoever stays; `revoke --renew` all")
        return after, []
    return after, await _renewed(engine, pad_id, named)


async def _renewed(engine: Engine, pad_id: bytes, named: Sequence[BookLink]) -> list[str]:
    """Name, tab, link: of the same right. A lock needs a passphrase, which nobody has kept."""
    made = []
    for link in named:
        if link.locked:
            again = f"`share PAD --locked --label {output.safe_line(link.name)}`"
            diagnostics.note(
                f"{output.safe_line(link.name)} was locked, and needs a passphrase again: {again}"
            )
            continue
        text = await engine.make_link(pad_id, view=link.role == "view", label=link.name)
        made.append(f"{output.safe_line(link.name)}\t{text}")
    return made


def _names(links: Sequence[BookLink]) -> str:
    return output.safe_line(", ".join([link.name for link in links]))
