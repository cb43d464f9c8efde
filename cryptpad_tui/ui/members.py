"""Who is in a pad, on the screen, and taking people out: a list to read, a choice, and one sentence about it.

It asks and shows; `engine.membership` does. Nothing happens before a person chose it a second time.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from cryptpad_tui.ui import words
from cryptpad_tui.ui.failures import engine_failures
from cryptpad_tui.ui.link_errands import LinkErrands
from cryptpad_tui.ui.screens.dialogs import ChooseDialog
from cryptpad_tui.ui.screens.options import Option
from cryptpad_tui.ui.teams import TeamErrands

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cryptpad_tui.engine import Engine, Person
    from cryptpad_tui.engine.known_members import Known
    from cryptpad_tui.engine.link_book import BookLink
    from cryptpad_tui.engine.member_lines import MemberLine, Membership
    from cryptpad_tui.engine.who_is_here import Present
    from cryptpad_tui.ui.app import CryptpadApp

_RIGHTS: Final = {"owner": "owns it", "edit": "may write", "view": "may read"}
_WAYS: Final = {
    "me": "you",
    "member": "member: stays when keys change",
    "link": "came by a link",
    "offered": "was offered to own it too",
}
_MARK_CHARS: Final = 16
"""Of a key: names are said by their bearers, and a few characters can be had by trying."""
_LINKS, _CLOSE, _CARD, _PSEUDONYM = "links", "close", "as-card", "as-pseudonym"
GoTo = Callable[["Person"], None]
"""Shows where somebody is in the pad that is open, and stays with them."""
_CO_OWNERS: Final = "Nobody can take out an owner: they can only be left behind, with a copy and new links."


async def show_members(
    app: CryptpadApp, engine: Engine, pad_id: bytes, title: str, *, go_to: GoTo | None = None
) -> None:
    """The members of a pad; its owner can take some out, or make who came by a link a member."""
    from cryptpad_tui.engine import membership
    from cryptpad_tui.engine.known_members import known_members
    from cryptpad_tui.engine.limited import is_limited
    from cryptpad_tui.engine.teams.book import is_team
    from cryptpad_tui.engine.who_is_here import who_is_here

    if is_team(engine, pad_id) and not await TeamErrands(app, engine, pad_id).show():
        return
    shown, now = words.safe_title(title), membership.members(engine, pad_id)
    named = membership.links(engine, pad_id) if now.lines[0].role == "owner" else []
    here = who_is_here(engine, pad_id, now.lines)
    keys = [line.ident_pk for line in now.lines] + [guest.key for guest in here.guests]
    known = known_members(engine, pad_id, keys)
    dialog = _list_of(
        shown,
        now,
        named,
        known,
        here,
        first=_ways_to(here) if go_to is not None else (),
        last=() if is_limited(engine.vault) else _appearances(now),
    )
    chosen = await app.push_screen_wait(dialog)
    if chosen is None or chosen == _CLOSE:
        return
    kind, _, key = chosen.partition(" ")
    if kind == "go" and go_to is not None:
        go_to(next(each for each in (*here.members.values(), *here.guests) if each.key.hex() == key))
        return
    if kind in (_CARD, _PSEUDONYM):
        await _appear(app, engine, pad_id, shown, as_contact=kind == _CARD)
        return
    if kind == "end":
        await _end_link(app, engine, pad_id, shown, key)
        return
    if kind == "own":
        await _offer(app, engine, pad_id, shown, _line(now, key))
        return
    if kind == "keep":
        _keep(app, engine, pad_id, _line(now, key))
        return
    drop = [] if kind == _LINKS else [_line(now, key)]
    if await app.push_screen_wait(_last_question(shown, now, drop)) != "revoke":
        return
    app.say("Changing the keys…")
    try:
        await membership.revoke(engine, pad_id, drop=[line.ident_pk for line in drop])
    except engine_failures() as error:
        app.say(f"The keys were not changed. {words.sentence_of(error)}", "warning")
        return
    app.say("The keys changed. Links of before open the pad no more; Ctrl+T makes one.")
    if named:
        await LinkErrands(app, engine).renew(pad_id, title, named)


async def _end_link(app: CryptpadApp, engine: Engine, pad_id: bytes, shown: str, key: str) -> None:
    """One link, after a last question."""
    from cryptpad_tui.engine import membership

    link = next(link for link in membership.links(engine, pad_id) if link.key.hex() == key)
    sentences = (membership.WHAT_ENDING_A_LINK_DOES,)
    options = (Option("keep", "Leave it as it is"), Option("end", "End this link"))
    title = f"End “{words.safe_title(link.name)}” of “{shown}”?"
    if await app.push_screen_wait(ChooseDialog(title, sentences, options)) != "end":
        return
    app.say("Changing the keys…")
    try:
        await membership.end_link(engine, pad_id, link.key.hex())
    except engine_failures() as error:
        app.say(f"The link was not ended. {words.sentence_of(error)}", "warning")
        return
    app.say(f"The link “{words.safe_title(link.name)}” is ended; members and other named links go on.")


async def _offer(app: CryptpadApp, engine: Engine, pad_id: bytes, shown: str, line: MemberLine) -> None:
    """Ownership, after a last question."""
    from cryptpad_tui.engine import owning
    from cryptpad_tui.engine.known_members import contact_of

    contact = contact_of(engine, pad_id, line.ident_pk)
    options = (Option("keep", "Leave it as it is"), Option("offer", f"Offer it to {_named(line)}"))
    dialog = ChooseDialog(f"A second owner of “{shown}”?", (owning.WHAT_OWNING_MEANS,), options)
    if contact is None or await app.push_screen_wait(dialog) != "offer":
        return
    try:
        asked = await owning.offer(engine, pad_id, contact.id)
    except engine_failures() as error:
        app.say(f"Nothing was offered. {words.sentence_of(error)}", "warning")
        return
    engine.mail.soon()
    app.say(f"Offered to {words.safe_title(asked.name)}. The answer comes into your inbox.")


async def _appear(app: CryptpadApp, engine: Engine, pad_id: bytes, shown: str, *, as_contact: bool) -> None:
    """As oneself after a last question, or under a key of the pad's own again."""
    from cryptpad_tui.engine import appearing

    options = (Option("keep", "Stay as I am"), Option("appear", "Appear as the identity of my card"))
    dialog = ChooseDialog(f"Appear as yourself in “{shown}”?", (appearing.WHAT_IT_TELLS,), options)
    if as_contact and await app.push_screen_wait(dialog) != "appear":
        return
    try:
        appearing.choose(engine, pad_id, as_contact=as_contact)
    except engine_failures() as error:
        app.say(f"Nothing was changed. {words.sentence_of(error)}", "warning")
        return
    how = "as the identity of your card" if as_contact else "under a key of this pad's own"
    app.say(f"What you write here from now on stands {how}.")


def _keep(app: CryptpadApp, engine: Engine, pad_id: bytes, line: MemberLine) -> None:
    from cryptpad_tui.crypto.keys import Role
    from cryptpad_tui.engine import membership

    membership.keep(engine, pad_id, line.ident_pk, role=Role.EDIT, name=line.name)
    app.say(f"{words.safe_title(line.name)} stays in the pad when its keys change.")


def _list_of(
    shown: str,
    now: Membership,
    named: Sequence[BookLink] = (),
    known: Mapping[bytes, Known] = MappingProxyType({}),
    here: Present | None = None,
    first: Sequence[Option] = (),
    last: Sequence[Option] = (),
) -> ChooseDialog:
    present = here.members if here is not None else {}
    sentences = [_described(line, known.get(line.ident_pk), present.get(line.ident_pk)) for line in now.lines]
    if here is not None:
        sentences += [_described_guest(guest, known.get(guest.key)) for guest in here.guests]
        sentences += [_readers(here.readers)] if here.readers else []
    sentences += [_described_link(link, now.epoch) for link in named]
    if now.words:
        sentences.append(f"The owner's words, which a link shows before it is joined: {' '.join(now.words)}.")
    if now.changing is not None:
        done, total = now.changing.done, now.changing.total
        sentences.append(f"{done} of {total} pads in it have new keys; the app goes on with the others.")
    if any(line.role == "owner" and line.how != "me" for line in now.lines):
        sentences.append(_CO_OWNERS)
    if now.every_days:
        often = "day" if now.every_days == 1 else f"{now.every_days} days"
        sentences.append(f"The keys change every {often} by themselves; members and named links go on.")
    if now.by_card:
        sentences.append("You appear here as the identity of your card.")
    if now.unfinished:
        sentences.append("A change of keys was begun here and is not done: choose it again.")
    options = [Option(_CLOSE, "Close"), *first]
    if now.lines[0].role == "owner":
        options.append(Option(_LINKS, "End every link; members stay"))
        for line in now.lines[1:]:
            name, key = _named(line), line.ident_pk.hex()
            if line.how == "link":
                options.append(Option(f"keep {key}", f"Make {name} a member"))
            elif line.role != "owner" and line.how != "offered":
                options.append(Option(f"out {key}", f"Take {name} out, and end every link"))
            mark = known.get(line.ident_pk)
            if mark is not None and mark.verified and line.role != "owner" and line.how != "offered":
                options.append(Option(f"own {key}", f"Offer {name} to own the pad too, for ever"))
        for link in named:
            text = f"End the link “{words.safe_title(link.name)}” alone"
            options.append(Option(f"end {link.key.hex()}", text))
    return ChooseDialog(f"Who is in “{shown}”", sentences, [*options, *last])


def _described_link(link: BookLink, epoch: int) -> str:
    facts = [_RIGHTS[link.role], *(["locked"] if link.locked else [])]
    facts += [] if link.epoch == epoch else ["ended when the keys changed"]
    return f"link “{words.safe_title(link.name)}”  {', '.join(facts)}"


def _last_question(shown: str, now: Membership, drop: list[MemberLine]) -> ChooseDialog:
    from cryptpad_tui.engine.membership import WHAT_REVOKING_DOES

    out = [*drop, *[line for line in now.lines if line.how == "link"]]
    names = ", ".join(_named(line) for line in out)
    sentences = [WHAT_REVOKING_DOES, *([f"Out from then on: {names}."] if names else [])]
    options = (Option("keep", "Leave it as it is"), Option("revoke", "Change the keys"))
    return ChooseDialog(f"Change the keys of “{shown}”?", sentences, options)


def _named(line: MemberLine) -> str:
    return f"{words.safe_title(line.name)} ({line.ident_pk.hex()[:_MARK_CHARS]})"


def _described(line: MemberLine, known: Known | None, here: Person | None) -> str:
    contact = _contact(known, is_guest=line.how == "link")
    return f"{_named(line)}  {_RIGHTS[line.role]}  {_WAYS[line.how]}{contact}{_here(here)}"


def _described_guest(person: Person, known: Known | None) -> str:
    name = f"{words.safe_title(person.name)} ({person.key.hex()[:_MARK_CHARS]})"
    return f"{name}  {_RIGHTS['edit']}  {_WAYS['link']}{_contact(known, is_guest=True)}{_here(person)}"


def _readers(count: int) -> str:
    return (
        "Somebody reads along, and may not write."
        if count == 1
        else f"{count} read along, and may not write."
    )


def _here(person: Person | None) -> str:
    if person is None:
        return ""
    where = f", in line {person.caret.line + 1}" if person.caret else ""
    return f"  ● here now{where}"


def _contact(known: Known | None, *, is_guest: bool) -> str:
    """Whether the key is a contact's, and was compared; whoever came by a link and is none, is a guest."""
    if known is not None:
        name = words.safe_title(known.name)
        return f"  your contact {name}, {'✓ verified' if known.verified else 'not verified'}"
    return "  guest" if is_guest else ""


def _ways_to(here: Present) -> list[Option]:
    """To those who show where they are."""
    people = [each for each in (*here.members.values(), *here.guests) if each.caret is not None]
    return [
        Option(f"go {each.key.hex()}", f"Go to {words.person_name(each, people)}, and follow")
        for each in people
    ]


def _appearances(now: Membership) -> list[Option]:
    """Whoever only reads is shown under no key at all."""
    if now.lines[0].role == "view":
        return []
    if now.by_card:
        return [Option(_PSEUDONYM, "Appear under a key of this pad's own again")]
    return [Option(_CARD, "Appear as the identity of my card…")]


def _line(now: Membership, key: str) -> MemberLine:
    return next(line for line in now.lines if line.ident_pk.hex() == key)
