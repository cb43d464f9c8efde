"""Messages to people that wait for a relay: sealed and durable here before anything leaves, sent as they are.

Each goes over a connection of its own on which nothing is proven, so that no relay learns from whom it is.
What a relay refuses for good is said and dropped; all else is tried again.
"""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol.errors import Code, Refused
from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.protocol.mail_frames import MAX_WORK_BITS, NO_PASS, WORK_BITS, MailPut, work
from cryptpad_tui.crypto.keys import relay_fingerprint
from cryptpad_tui.crypto.links import NO_RELAY
from cryptpad_tui.host.errors import HostError
from cryptpad_tui.pad.asking import Request
from cryptpad_tui.people.contacts import Contact, Standing
from cryptpad_tui.people.mail import DAY_MS
from cryptpad_tui.sync.connection import RelayConnection, RelayUnreachable, open_connection

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

GIVE_UP_MS: Final = 30 * DAY_MS
_INDEX, _ROW = "outbox", "outbox/"
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Waiting:
    """One sealed message on its way. `what` is for a person: raw."""

    mail_id: str
    contact_id: str
    what: str
    made_ms: int
    sealed: bytes = field(repr=False)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of the messages that waited."""

    sent: int = 0
    waiting: int = 0
    problems: tuple[str, ...] = ()


def put(engine: Engine, message: Waiting) -> None:
    """Inside the transaction that makes what it is about durable."""
    values = {
        "contact": message.contact_id,
        "what": message.what,
        "made": message.made_ms,
        "mail": base64.b64encode(message.sealed).decode("ascii"),
        "problem": message.problem,
    }
    engine.vault.set_setting(_ROW + message.mail_id, json.dumps(values))
    _set_index(engine, [*(each for each in _index(engine) if each != message.mail_id), message.mail_id])


def waiting(engine: Engine) -> list[Waiting]:
    """In the order in which they were written."""
    found = []
    for mail_id in _index(engine):
        values = json.loads(engine.vault.setting(_ROW + mail_id) or "null")
        if values:
            sealed = base64.b64decode(values["mail"])
            found.append(
                Waiting(mail_id, values["contact"], values["what"], values["made"], sealed, values["problem"])
            )
    return found


def has_waiting(engine: Engine) -> bool:
    return bool(_index(engine))


def drop(engine: Engine, mail_id: str) -> None:
    engine.vault.set_setting(_ROW + mail_id, None)
    _set_index(engine, [each for each in _index(engine) if each != mail_id])


def drop_to(engine: Engine, contact_id: str) -> None:
    """What waits for somebody who is a contact no more."""
    for message in waiting(engine):
        if message.contact_id == contact_id:
            drop(engine, message.mail_id)


def _index(engine: Engine) -> list[str]:
    found: list[str] = json.loads(engine.vault.setting(_INDEX) or "[]")
    return found


def _set_index(engine: Engine, mail_ids: list[str]) -> None:
    engine.vault.set_setting(_INDEX, json.dumps(mail_ids) if mail_ids else None)


async def send(engine: Engine, *, wait_s: float = 10.0) -> Sent:
    """Try to leave every message that waits in its mailbox."""
    sent, problems = 0, []
    for message in waiting(engine):
        contact = engine.people.contact(message.contact_id)
        if contact is None or contact.standing is Standing.REMOVED or _is_too_old(engine, message):
            drop(engine, message.mail_id)
            problems.append(f"{message.what}: given up")
            continue
        if contact.offered is not None:
            problems.append(f"{message.what}: held, since the keys of the contact changed")
            continue
        problem = await _try(engine, contact, message, wait_s)
        if not problem:
            drop(engine, message.mail_id)
            sent += 1
            continue
        problems.append(f"{message.what}: {problem}")
        if problem != message.problem:
            put_back(engine, replace(message, problem=problem))
    return Sent(sent, len(_index(engine)), tuple(problems))


def put_back(engine: Engine, message: Waiting) -> None:
    """Unless another window sent it meanwhile."""
    if message.mail_id in _index(engine):
        put(engine, message)


def _is_too_old(engine: Engine, message: Waiting) -> bool:
    return engine.wall_ms() - message.made_ms > GIVE_UP_MS


async def _try(engine: Engine, contact: Contact, message: Waiting, wait_s: float) -> str:
    """What keeps it here, for a person; empty where it is in the mailbox."""
    try:
        url = await asyncio.to_thread(engine.resolve, contact.card.address)
        connection = await open_connection(url, timeout_s=wait_s)
    except (RelayUnreachable, HostError, OSError) as error:
        return f"their relay cannot be reached ({str(error) or type(error).__name__})"
    try:
        named = contact.card.relay_fingerprint
        if named not in (NO_RELAY, relay_fingerprint(connection.greeting.relay_pk)):
            return "what answers at their address is another relay than their card names"
        await leave(connection, contact, message.sealed, day=engine.wall_ms() // DAY_MS)
    except Refused as refused:
        return _REFUSALS.get(refused.code, f"their relay refused ({refused.code.name.lower()})")
    except RelayUnreachable as error:
        return str(error)
    finally:
        await connection.close()
    return ""


async def leave(connection: RelayConnection, contact: Contact, sealed: bytes, *, day: int) -> None:
    """By the contact's pass where there is one, else with work; raises Refused or RelayUnreachable."""
    message = MailPut(contact.card.mailbox_id, contact.pass_, day, 0, sealed)
    bits = WORK_BITS
    for attempt in range(_TRIES):
        if message.pass_ == NO_PASS:
            message = message._replace(nonce=await asyncio.to_thread(work, message, bits))
        try:
            await connection.request(Request(Op.MBOX_PUT, message.encode()))
            return
        except Refused as refused:
            last = attempt == _TRIES - 1
            if refused.code is Code.NOT_AUTHORISED and message.pass_ != NO_PASS and not last:
                message = message._replace(pass_=NO_PASS)
            elif refused.code is Code.WORK and refused.retry_ms <= MAX_WORK_BITS and not last:
                bits = max(bits, refused.retry_ms)
            else:
                raise


_REFUSALS: Final = {
    Code.NOT_FOUND: "they have no mailbox there (any more); ask them for a new card",
    Code.QUOTA: "their mailbox is full; it is tried again",
    Code.RETRY: "their relay takes no more for a while; it is tried again",
    Code.WORK: "their relay asks for more work than is sensible, or its clock is far off",
    Code.UNSUPPORTED: "their relay keeps no mailboxes",
}
