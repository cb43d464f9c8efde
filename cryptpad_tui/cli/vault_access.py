"""Opens the vault for one verb, runs the verb on the engine, and closes both whatever happens."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeVar

from cryptpad_tui.cli import diagnostics
from cryptpad_tui.cli.secret_sources import SecretSources, ask_secret

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine, SyncReport
    from cryptpad_tui.vault.vault import Vault

T = TypeVar("T")

FIRST_SYNC_S: Final = 30.0
MEET_S: Final = 10.0
"""How long a vault that is new waits for a relay which no connection was made to."""
QUICK_SEND_S: Final = 2.0
"""How long a verb that is done here tries to reach the relay."""
TOLD_AFTER_S: Final = 1.0
"""How long a person waits before being told what for."""
_LOOK_S: Final = 0.1
_ATTEMPTS: Final = 3
_GRACE_S: Final = 5.0


def unlock(sources: SecretSources, *, by_agent: bool = True) -> Vault:
    """The opened vault; asks at most three times where a person can answer, and nobody holds its key."""
    from cryptpad_tui.host import paths, process
    from cryptpad_tui.vault import agent, headerfile
    from cryptpad_tui.vault.errors import WrongPassphrase
    from cryptpad_tui.vault.vault import Vault

    process.harden()
    directory = paths.vault_dir()
    if sources.keyfile is not None:
        return Vault.open(directory, keyfile=sources.keyfile)
    if sources.passphrase_file is not None:
        return Vault.open(directory, passphrase=sources.passphrase())
    # A person is asked for a passphrase only where there is a vault that it could open.
    headerfile.read_header(directory)
    if by_agent and (held := agent.open_held(directory)) is not None:
        return held
    for _ in range(_ATTEMPTS - 1):
        try:
            return Vault.open(directory, passphrase=ask_secret("Passphrase: "))
        except WrongPassphrase:
            diagnostics.note("that passphrase does not open this vault; try again")
    return Vault.open(directory, passphrase=ask_secret("Passphrase: "))


def make_engine(vault: Vault, *, lasting: bool = False) -> Engine:
    from cryptpad_tui.engine import Engine

    return Engine(vault, short_lived=not lasting)


def in_vault(sources: SecretSources, work: Callable[[Engine], Awaitable[T]], *, lasting: bool = False) -> T:
    """What `work` returns; the vault is closed, and everything in it durable, when this returns or raises.

    `lasting`: the verb goes on until it is stopped, and is a writer of its own.
    """
    vault = unlock(sources)
    try:
        return asyncio.run(_with_engine(vault, work, lasting=lasting))
    finally:
        vault.close()


def first_sync(vault: Vault) -> None:
    """Bring the account's drive and all its pads into a vault that is new; closes it."""

    async def work(engine: Engine) -> SyncReport:
        report = await sync_first(engine)
        tell(engine, report)
        return report

    try:
        report = asyncio.run(_with_engine(vault, work, lasting=False))
    finally:
        vault.close()
    if report.unreachable or report.waiting:
        diagnostics.note("not everything has come yet; the next `cryptpad-tui sync` goes on")


async def sync_first(engine: Engine) -> SyncReport:
    """Bring everything, as long as it goes on; of a relay that is not there only its absence is said."""
    from cryptpad_tui.engine import SyncReport

    async with telling_of_waits(engine):
        bringing = asyncio.create_task(engine.sync(wait_s=FIRST_SYNC_S))
        met, until = False, engine.now() + MEET_S
        while not bringing.done() and (met or engine.now() < until):
            await asyncio.wait([bringing], timeout=_LOOK_S)
            met = met or any(state.connected for state in engine.relay_states())
        if bringing.done():
            return bringing.result()
        bringing.cancel()
        await asyncio.gather(bringing, return_exceptions=True)
        return SyncReport(0, True, (), ())


async def run_on(vault: Vault, work: Callable[[Engine], Awaitable[T]]) -> T:
    """What `work` returns, on an engine of a vault that is open; the engine is closed, the vault is not."""
    return await _with_engine(vault, work, lasting=False)


async def _with_engine(vault: Vault, work: Callable[[Engine], Awaitable[T]], *, lasting: bool) -> T:
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    engine = make_engine(vault, lasting=True) if lasting else make_engine(vault)
    try:
        return await work(engine)
    finally:
        await engine.close()


async def send_quickly(engine: Engine, *pad_ids: bytes) -> bool:
    """Try to send what was just saved here: True when nothing waits. A relay that is away is no failure."""
    from cryptpad_tui.engine import RelayUnreachable

    try:
        async with asyncio.timeout(QUICK_SEND_S + _GRACE_S):
            report = await engine.sync(list(pad_ids), wait_s=QUICK_SEND_S)
    except (RelayUnreachable, TimeoutError):
        return False
    tell(engine, report)
    return not report.waiting and not report.unreachable


async def send_or_say(engine: Engine, *pad_ids: bytes) -> None:
    """The same, with one line where it waits for the relay, and not for an owner who took this person out."""
    from cryptpad_tui.engine.standing import standing_of

    if not await send_quickly(engine, *pad_ids) and not any(standing_of(engine, each) for each in pad_ids):
        diagnostics.note("saved here; it waits for the relay and goes with the next `cryptpad-tui sync`")


@contextlib.asynccontextmanager
async def telling_of_waits(engine: Engine) -> AsyncIterator[None]:
    """Say, once, what is waited for, where the block takes longer than a moment."""
    telling = asyncio.create_task(_tell_of_wait(engine))
    try:
        yield
    finally:
        telling.cancel()


async def _tell_of_wait(engine: Engine) -> None:
    from cryptpad_tui.cli.verbs_look import relay_words

    await asyncio.sleep(TOLD_AFTER_S)
    silent = [state for state in engine.relay_states() if not state.connected]
    what = ", ".join(f"{relay_words(state.url)} ({state.sentence})" for state in silent) or "the relay"
    diagnostics.note(f"waiting for {what}; Ctrl+C stops it, and what is saved here stays")


def tell(engine: Engine, report: SyncReport) -> None:
    """The alarms and notices of a sync, one line each."""
    names = {pad.pad_id: pad.short_id for pad in engine.listing()} if report.alarms else {}
    for alarm in report.alarms:
        diagnostics.alarm(alarm.code, alarm.sentence, alarm.advice, names.get(alarm.pad_id, "-"))
    for notice in report.notices:
        diagnostics.note(notice)
