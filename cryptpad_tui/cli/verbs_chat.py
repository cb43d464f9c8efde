"""The verb `chat`: what people say beside a pad's text, and saying something. Words come by a pipe, since
`ps` shows arguments. Who said what is a signature's word. It must never print a foreign character raw.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING, Final

import click

from cryptpad_tui.cli import diagnostics, output
from cryptpad_tui.cli.errors import WrongUse
from cryptpad_tui.cli.json_shapes import Json, iso_time
from cryptpad_tui.cli.root import VerbCommand, unlocks
from cryptpad_tui.cli.secret_sources import SecretSources
from cryptpad_tui.cli.text_input import read_text, stdin_is_terminal
from cryptpad_tui.cli.vault_access import in_vault, send_or_say

if TYPE_CHECKING:
    from cryptpad_tui.comments.chat import Message
    from cryptpad_tui.comments.model import Thread
    from cryptpad_tui.engine import Engine, PadSession
    from cryptpad_tui.engine.chatting import ChatLine

_LOOK_S: Final = 0.25
_WHAT: Final = "what you say"


@click.command("chat", cls=VerbCommand)
@click.argument("pad")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, and leave all unread as it is.")
@click.option("--follow", is_flag=True, help="Go on with what is said, until Ctrl+C; JSON by lines.")
@click.option("--say", is_flag=True, help="Say what standard input holds, to everybody in the pad.")
@click.option(
    "--keep", type=click.IntRange(0), metavar="N", help="As the owner: take out all but the newest N."
)
@unlocks
def chat_verb(
    sources: SecretSources, pad: str, as_json: bool, follow: bool, say: bool, keep: int | None
) -> None:
    """Show what people said in PAD, the newest last; * marks what is unread, ✓ verified contacts."""
    if say + follow + (keep is not None) > 1 or (as_json and (say or keep is not None)):
        raise WrongUse("use one of --say, --follow and --keep; --json goes with --follow alone")
    if say:
        _say(sources, pad)
    elif keep is not None:
        _cut(sources, pad, keep)
    elif follow:
        in_vault(sources, lambda engine: _follow(engine, pad, as_json=as_json), lasting=True)
    else:
        in_vault(sources, lambda engine: _show(engine, pad, as_json=as_json))


def _say(sources: SecretSources, pad: str) -> None:
    """A pipe is read to its end before the vault is opened, a person's typing only once the pad is found."""
    from cryptpad_tui.cli.verbs_pads import edited

    piped = None if stdin_is_terminal() else read_text(what=_WHAT)
    said: list[Message] = []

    def say(session: PadSession) -> None:
        said.append(session.chat.say(read_text(what=_WHAT) if piped is None else piped))

    edited(sources, pad, say, lambda engine, session: tell(engine, session, said[0].text, said[0].key))


def tell(engine: Engine, session: PadSession, text: str, thread: str, answers: Thread | None = None) -> bool:
    """Tell whom a remark names or answers, and say whom; whether there was anybody."""
    from cryptpad_tui.engine import mentions

    told = mentions.tell(engine, session, text, thread=thread, answers=answers)
    if told:
        diagnostics.note(output.safe_line(f"told {', '.join(each.name for each in told)}"))
    return bool(told)


def _cut(sources: SecretSources, pad: str, keep: int) -> None:
    async def work(engine: Engine) -> int:
        from cryptpad_tui.engine import owned_pads

        pad_id = engine.find(pad).pad_id
        owned_pads.owned(engine, pad_id)
        session = engine.open_pad(pad_id)
        try:
            gone = session.chat.cut(keep)
            session.flush()
        finally:
            session.close()
        await send_or_say(engine, pad_id)
        return gone

    gone = in_vault(sources, work)
    diagnostics.note(f"{gone} taken out; whoever has the history can still read them there")


async def _show(engine: Engine, pad: str, *, as_json: bool) -> None:
    from cryptpad_tui.engine import chatting

    session = engine.open_pad(engine.find(pad).pad_id)
    try:
        found = chatting.lines(engine, session)
        if as_json:
            output.write_json_object([_object(line) for line in found])
        else:
            output.write_lines([text for line in found for text in _lines(line)])
            chatting.mark_read(engine, session)
    finally:
        session.close()


async def _follow(engine: Engine, pad: str, *, as_json: bool) -> None:
    """First what is there, then each message once, until the person stops it."""
    session = engine.open_pad(engine.find(pad).pad_id)
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    try:
        await engine.start()
        shown: set[str] = set()
        changes = -1
        while not stopped.is_set():
            if changes != session.chat.changes:
                _tell_more(engine, session, shown, as_json=as_json)
                changes = session.chat.changes
            await _moment(stopped)
    finally:
        session.close()


async def _moment(stopped: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LOOK_S):
            await stopped.wait()


def _tell_more(engine: Engine, session: PadSession, shown: set[str], *, as_json: bool) -> None:
    from cryptpad_tui.engine import chatting

    for line in chatting.lines(engine, session):
        if line.message.key in shown:
            continue
        shown.add(line.message.key)
        if as_json:
            output.write_json_object(_object(line))
        else:
            output.write_lines(_lines(line))
    if not as_json:
        chatting.mark_read(engine, session)


def _object(line: ChatLine) -> Json:
    message = line.message
    return {
        "id": message.key.removeprefix("chat/"),
        "text": message.text,
        "name": line.name,
        "contact": line.contact or None,
        "verified": line.verified,
        "me": line.me,
        "unread": line.unread,
        "time": iso_time(message.at_ms),
        "key": message.ident_pk.hex(),
    }


def _lines(line: ChatLine) -> list[str]:
    """The first line says who and when; more lines of one message stand below it."""
    when = iso_time(line.message.at_ms)[:16].replace("T", " ")
    name = output.safe_line(line.name)
    first, *rest = line.message.text.split("\n")
    mark = "*" if line.unread else " "
    sign = " ✓" if line.verified else ""
    return [
        f"{mark} {when}  {name}{sign}: {output.safe_line(first)}",
        *[f"      {output.safe_line(each)}" for each in rest],
    ]
