"""Telling contacts that they were named in a comment or in the chat, or that somebody answered them.

By mail, sealed for each alone, and only to contacts: who is none has no mailbox that is known here. What
cannot be sent waits; a remark is written whether or not anybody can be told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptpad_tui.crdt.kinds import COMMENTS_ROOT
from cryptpad_tui.engine import inviting
from cryptpad_tui.engine.known_members import contact_of
from cryptpad_tui.engine.limited import is_limited
from cryptpad_tui.people.contacts import Contact
from cryptpad_tui.people.mentions import named_in

if TYPE_CHECKING:
    from cryptpad_tui.comments.model import Thread
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession


def names(engine: Engine, session: PadSession) -> list[str]:
    """Whom one may mean: contacts, and who is in the pad at present. Raw, sorted."""
    present = {person.name for person in session.people()}
    return sorted({each.name for each in _contacts(engine)} | present)


def tell(
    engine: Engine, session: PadSession, text: str, *, thread: str, answers: Thread | None = None
) -> list[Contact]:
    """Queue a notice for every contact whom `text` names, and for those whom it answers."""
    open_ones = _contacts(engine)
    wanted = set(named_in(text, [each.name for each in open_ones]))
    told = [each for each in open_ones if each.name in wanted]
    answered = [each for each in _authors(engine, session, answers) if each not in told] if answers else []
    for contact in (*told, *answered):
        is_reply = contact not in told
        inviting.mention(engine, session.pad_id, contact.id, thread=thread, text=text, is_reply=is_reply)
    return [*told, *answered]


def _contacts(engine: Engine) -> list[Contact]:
    if is_limited(engine.vault) or engine.relay_url() is None:
        return []
    return [each for each in engine.people.contacts() if each.is_mutual]


def _authors(engine: Engine, session: PadSession, thread: Thread) -> list[Contact]:
    """Contacts whose signature stands behind what is in the thread, whatever it says of its authors."""
    if not _contacts(engine):
        return []
    writers, authors = session.view.map_writers(COMMENTS_ROOT), session.authors.by_client()
    keys = {
        author.key
        for remark in thread.remarks
        if (author := authors.get(writers.get(remark.key, -1))) is not None and not author.me
    }
    found = [contact_of(engine, session.pad_id, key) for key in sorted(keys)]
    return [each for each in dict.fromkeys(found) if each is not None and each.is_mutual]
