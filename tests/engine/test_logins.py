"""A login over a real relay: made, used on a machine with nothing, changed, ended; killed, and lied about."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.login_frames import login_id_of
from cryptpad_tui.engine import Engine, login_memory, logins, moving, rotating, signing_in
from cryptpad_tui.engine.errors import NoRelay
from cryptpad_tui.engine.limited import BOX, LimitedDevice
from cryptpad_tui.engine.logins import LoginState
from cryptpad_tui.people import login_flows
from cryptpad_tui.people.login_errors import (
    LoginForged,
    LoginMoved,
    LoginRolledBack,
    LoginsOff,
    LoginThere,
    LoginUnsettled,
    NoLogin,
    NoSuchLogin,
)
from cryptpad_tui.people.login_keys import Credentials, SecretKey
from cryptpad_tui.people.login_record import LoginMode
from cryptpad_tui.sync.connection import RelayConnection, RelayUnreachable
from cryptpad_tui.vault.errors import DiskFull
from cryptpad_tui.vault.passwords import KdfCost
from cryptpad_tui.vault.vault import Vault
from support.relay import RelayProcess
from support.sessions import MakeEngine

from .conftest import PASSPHRASE

KEY, OTHER_KEY = SecretKey(KdfCost(3, 26), b"k" * 16), SecretKey(KdfCost(3, 26), b"o" * 16)
FIRST = Credentials("anna", "first", KEY)
SECOND = Credentials("anna", "second", OTHER_KEY)
LIMITS = ("asks_per_connection", "asks_per_address", "asks_per_block", "makes_per_address")
PHRASE = Credentials("anna", "abacus abdomen abdominal abide abiding ability")


class WithoutLogins(RelayProcess):
    arguments = ("--login", "off")


async def began(home: Path, relay: RelayProcess, credentials: Credentials) -> Engine:
    """A machine that has nothing, after signing in and the first sync."""
    signed_in = await signing_in.sign_in(relay.url, credentials)
    vault = signing_in.make_vault(home, PASSPHRASE, signed_in, relay.url, kdf_memory_mib=64)
    engine = Engine(vault)
    await engine.sync()
    return engine


def blocks(data: Path) -> dict[bytes, tuple[int, bytes]]:
    with sqlite3.connect(data / "relay.db") as connection:
        rows = connection.execute("SELECT login_id, version, block FROM login").fetchall()
    connection.close()
    return {login_id: (version, block) for login_id, version, block in rows}


def put_back(data: Path, rows: dict[bytes, tuple[int, bytes]]) -> None:
    """What a relay that lies, or was restored from a backup, does with its own disk."""
    with sqlite3.connect(data / "relay.db") as connection:
        connection.execute("DELETE FROM login")
        connection.executemany(
            "INSERT INTO login VALUES (?, ?, ?)", [(id_, *row) for id_, row in rows.items()]
        )
    connection.close()


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayProcess]:
    """One for all tests of this page, which lets an address ask often."""
    data = tmp_path_factory.mktemp("logins") / "relay-data"
    data.mkdir(mode=0o700)
    often = "".join(f"login_{name} = [1000, 100]\n" for name in LIMITS)
    (data / "relay.toml").write_text(f"[limits]\n{often}")
    process = RelayProcess(data)
    yield process
    process.kill()


@pytest.fixture(autouse=True)
def data(relay: RelayProcess) -> Path:
    """Where the relay keeps what it has; no login of another test."""
    put_back(relay.data, {})
    return relay.data


async def test_a_machine_with_nothing_gets_the_same_drive_live(
    relay: RelayProcess, make_engine: MakeEngine, tmp_path: Path
) -> None:
    desk = make_engine("Anna", relay_url=relay.url)
    plan = desk.create_pad("Plan", text="one\n", folder="Work")
    await desk.sync()
    made = await logins.create(desk, FIRST)
    assert (made.version, made.mode, made.name) == (1, LoginMode.KEY, "anna")
    await desk.sync()
    lap = await began(tmp_path / "lap", relay, FIRST)
    try:
        signing_in.judge(lap)
        assert lap.name() == "Anna"
        assert lap.find("Work/Plan").role == "owner"
        lap.create_pad("Written there")
        await lap.sync()
        await desk.sync()
        assert desk.find("Written there").role == "owner"
        assert plan.pad_id in {pad.pad_id for pad in lap.listing()}
        assert await logins.status(lap) == LoginState(made, asked=True, is_kept=True)
    finally:
        await lap.close()


async def test_a_wrong_name_passphrase_or_key_finds_nothing_and_all_alike(
    relay: RelayProcess, make_engine: MakeEngine, tmp_path: Path
) -> None:
    desk = make_engine("Anna", relay_url=relay.url)
    await logins.create(desk, FIRST)
    for wrong in (
        Credentials("ben", "first", KEY),
        Credentials("anna", "First", KEY),
        Credentials("anna", "first", OTHER_KEY),
    ):
        with pytest.raises(NoSuchLogin):
            await signing_in.sign_in(relay.url, wrong)
    assert not (tmp_path / "lap").exists()


async def test_changing_it_leaves_the_old_one_useless(
    relay: RelayProcess, make_engine: MakeEngine, data: Path
) -> None:
    desk = make_engine("Anna", relay_url=relay.url)
    await logins.create(desk, FIRST)
    with pytest.raises(LoginThere):
        await logins.create(desk, SECOND)
    changed = await logins.change(desk, PHRASE)
    assert (changed.version, changed.mode) == (2, LoginMode.PHRASE)
    assert list(blocks(data)) == [login_id_of(changed.auth.public)]
    with pytest.raises(NoSuchLogin):
        await signing_in.sign_in(relay.url, FIRST)
    assert (await signing_in.sign_in(relay.url, PHRASE)).content.account_root == desk.vault.account_root


async def test_another_device_changes_and_ends_it_without_the_passphrase(
    relay: RelayProcess, make_engine: MakeEngine, tmp_path: Path, data: Path
) -> None:
    desk = make_engine("Anna", relay_url=relay.url)
    await logins.create(desk, FIRST)
    await desk.sync()
    lap = await began(tmp_path / "lap", relay, FIRST)
    try:
        await logins.change(lap, SECOND)
        # The desk has not heard of it, and finds that out by itself.
        state = await logins.status(desk)
        assert (state.is_kept, state.asked) == (False, True)
        await lap.sync()
        await desk.sync()
        assert (await logins.status(desk)).is_kept
        await logins.remove(desk)
        assert blocks(data) == {}
        with pytest.raises(NoLogin):
            await logins.change(desk, FIRST)
        again = await logins.create(desk, FIRST)
        assert again.version == 4
    finally:
        await lap.close()


async def test_it_needs_a_relay_and_the_accounts_root(make_engine: MakeEngine, relay: RelayProcess) -> None:
    alone = make_engine("Alone")
    with pytest.raises(NoRelay):
        await logins.create(alone, FIRST)
    limited = make_engine("Limited", relay_url=relay.url)
    limited.vault.set_setting(BOX, "00" * 32)
    with pytest.raises(LimitedDevice):
        await logins.create(limited, FIRST)
    limited.vault.set_setting(BOX, None)


async def test_a_relay_without_logins_says_so(tmp_path: Path, make_engine: MakeEngine) -> None:
    relay = WithoutLogins(tmp_path / "without")
    try:
        desk = make_engine("Anna", relay_url=relay.url)
        with pytest.raises(LoginsOff):
            await logins.create(desk, FIRST)
        assert logins.record_of(desk) is None
        assert desk.vault.setting(login_memory.PENDING) is None
    finally:
        relay.stop()


# -- a relay that lies


async def test_a_relay_that_shows_an_older_block_is_caught_by_every_device(
    relay: RelayProcess, make_engine: MakeEngine, tmp_path: Path, data: Path
) -> None:
    desk = make_engine("Anna", relay_url=relay.url)
    await logins.create(desk, FIRST)
    old = blocks(data)
    await logins.change(desk, SECOND)
    await desk.sync()
    put_back(data, old)
    # Who has the old passphrase gets in: that is what nobody can take back. It is said, though.
    lap = await began(tmp_path / "lap", relay, FIRST)
    try:
        with pytest.raises(LoginRolledBack):
            signing_in.judge(lap)
        assert lap.vault.setting(login_memory.SIGNED_IN) is None
    finally:
        await lap.close()
    state = await logins.status(desk)
    assert (state.is_kept, state.came_back) == (False, 1)
    assert blocks(data) == {}


async def test_without_the_drives_word_the_old_block_would_be_believed(
    relay: RelayProcess, make_engine: MakeEngine, tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sabotage of the test above."""
    desk = make_engine("Anna", relay_url=relay.url)
    await logins.create(desk, FIRST)
    old = blocks(data)
    await logins.change(desk, SECOND)
    await desk.sync()
    put_back(data, old)
    lap = await began(tmp_path / "lap", relay, FIRST)
    try:
        monkeypatch.setattr(signing_in, "record_of", lambda engine: None)
        signing_in.judge(lap)
    finally:
        await lap.close()


async def test_an_older_version_under_the_same_key_is_caught(
    relay: RelayProcess, make_engine: MakeEngine, data: Path
) -> None:
    desk = make_engine("Anna", relay_url=relay.url)
    await logins.create(desk, FIRST)
    old = blocks(data)
    await logins.change(desk, FIRST)
    assert [version for version, _ in blocks(data).values()] == [2]
    put_back(data, old)
    with pytest.raises(LoginRolledBack):
        await logins.status(desk)
    put_back(data, {})
    assert not (await logins.status(desk)).is_kept


async def test_a_word_of_the_drive_that_never_came_is_made_good_by_who_signs_in(
    relay: RelayProcess, make_engine: MakeEngine, tmp_path: Path
) -> None:
    """The machine that made the login died before its drive was sent."""
    desk = make_engine("Anna", relay_url=relay.url)
    await desk.sync()
    await logins.create(desk, FIRST)
    lap = await began(tmp_path / "lap", relay, FIRST)
    try:
        assert logins.record_of(lap) is None
        signing_in.judge(lap)
        known = logins.record_of(lap)
        assert known is not None
        assert known.name == "anna"
        await logins.remove(lap)
    finally:
        await lap.close()


# -- killed


class Killed(BaseException):
    """The machine stopped here."""


STEPS: list[tuple[str, bool]] = [
    ("intend", False),
    ("sent", False),
    ("sent", True),
    ("keep", False),
    ("keep", True),
]
"""Before or after which step it dies, and whether the step itself was done."""


def dies_at(monkeypatch: pytest.MonkeyPatch, step: str, *, done: bool) -> None:
    """For good, by signal 9, at this step of the next change."""
    owner, name = (RelayConnection, "run") if step == "sent" else (logins, step)
    original = getattr(owner, name)

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    async def dying_run(self: RelayConnection, flow: object) -> object:
        is_change = getattr(flow, "__name__", "") in ("put", "move")
        if is_change and not done:
            die()
        result = await original(self, flow)
        if is_change:
            die()
        return result

    def dying(*values: object) -> object:
        if done:
            original(*values)
        die()
        return None

    monkeypatch.setattr(owner, name, dying_run if step == "sent" else dying)


def in_a_process(home: Path, work: Callable[[Engine], Awaitable[object]]) -> int:
    """How a process ended that did this work in the vault of `home`: 0, or minus the signal."""
    child = os.fork()
    if child == 0:
        try:
            engine = Engine(Vault.open(home, passphrase=PASSPHRASE))
            asyncio.run(_done(engine, work))
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def setting(to: Credentials, before: Credentials | None) -> Callable[[Engine], Awaitable[object]]:
    what = logins.change if before else logins.create
    return lambda engine: what(engine, to)


async def _done(engine: Engine, work: Callable[[Engine], Awaitable[object]]) -> None:
    await work(engine)
    await engine.close()
    os._exit(0)


@pytest.mark.parametrize(("step", "done"), STEPS)
def test_a_change_that_is_killed_at_any_step_is_done_or_not_begun(
    step: str, done: bool, relay: RelayProcess, tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "Anna"
    vault, _ = Vault.create(home, PASSPHRASE, name="Anna", relay_url=relay.url, kdf_memory_mib=64)
    vault.close()
    for credentials, before in ((FIRST, None), (SECOND, FIRST)):
        with monkeypatch.context() as patched:
            dies_at(patched, step, done=done)
            assert in_a_process(home, setting(credentials, before)) == -signal.SIGKILL
        assert in_a_process(home, logins.settle) == 0
        asyncio.run(_expect_one(relay, credentials, before, home))
        assert len(blocks(data)) == 1


async def _expect_one(relay: RelayProcess, to: Credentials, before: Credentials | None, home: Path) -> None:
    """Exactly one of the two is good, and the vault knows which; at the end it is the second."""
    engine = Engine(Vault.open(home, passphrase=PASSPHRASE))
    try:
        record = logins.record_of(engine)
        assert engine.vault.setting(login_memory.PENDING) is None
        good = []
        for credentials in (to, before):
            try:
                good.append(
                    (await signing_in.sign_in(relay.url, credentials)).record if credentials else None
                )
            except NoSuchLogin:
                good.append(None)
        is_done = good[0] is not None
        assert is_done != (good[1] is not None) or before is None
        known = record if record and record.is_there else None
        expected = good[0] or good[1]
        assert (known and known.digest) == (expected and expected.digest)
        if not is_done:
            await setting(to, before)(engine)
    finally:
        await engine.close()


async def test_an_answer_that_is_lost_is_asked_for_again(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = make_engine("Anna", relay_url=relay.url)
    original = RelayConnection.run

    async def cut(self: RelayConnection, flow: object) -> object:
        result = await original(self, flow)  # type: ignore[arg-type]
        if getattr(flow, "__name__", "") == "put":
            raise RelayUnreachable
        return result

    with monkeypatch.context() as patched:
        patched.setattr(RelayConnection, "run", cut)
        with pytest.raises(LoginUnsettled):
            await logins.create(desk, FIRST)
    assert logins.record_of(desk) is None
    assert await logins.settle(desk) is True
    known = logins.record_of(desk)
    assert known is not None
    assert known.name == "anna"


async def test_an_answer_that_is_none_leaves_the_question_open(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The relay may have taken it: neither the page nor what was meant may be forgotten."""
    desk = make_engine("Anna", relay_url=relay.url)
    with monkeypatch.context() as patched:
        patched.setattr(login_flows, "_require_version", forged)
        with pytest.raises(LoginUnsettled):
            await logins.create(desk, FIRST)
    assert await logins.settle(desk) is True


def forged(*_: object) -> None:
    raise LoginForged


@pytest.mark.parametrize("failure", [RelayUnreachable("away"), LoginForged(), Malformed("cut")])
async def test_a_change_is_made_though_what_ended_before_cannot_be_dropped_again(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    desk = make_engine("Anna", relay_url=relay.url)
    await logins.create(desk, FIRST)

    async def fails(*_: object) -> int:
        raise failure

    monkeypatch.setattr(logins, "_drop_ended", fails)
    made = await logins.change(desk, SECOND)
    known = logins.record_of(desk)
    assert known is not None
    assert known.digest == made.digest
    assert desk.vault.setting(login_memory.PENDING) is None


async def test_a_disk_that_fills_behind_the_change_leaves_the_question_open(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = make_engine("Anna", relay_url=relay.url)

    def full(*_: object) -> None:
        raise DiskFull

    with monkeypatch.context() as patched:
        patched.setattr(logins, "keep", full)
        with pytest.raises(LoginUnsettled):
            await logins.create(desk, FIRST)
    assert await logins.settle(desk) is True


async def test_two_devices_that_change_it_at_once_are_told(
    relay: RelayProcess, make_engine: MakeEngine, tmp_path: Path
) -> None:
    desk = make_engine("Anna", relay_url=relay.url)
    await logins.create(desk, FIRST)
    await desk.sync()
    lap = await began(tmp_path / "lap", relay, FIRST)
    try:
        await logins.change(lap, FIRST)
        with pytest.raises(LoginMoved):
            await logins.status(desk)
    finally:
        await lap.close()


async def test_another_root_of_the_account_ends_its_login(
    relay: RelayProcess, make_engine: MakeEngine, data: Path
) -> None:
    """Who has the old passphrase and page has the old root; the relay forgets the block all the same."""
    desk = make_engine("Anna", relay_url=relay.url)
    await logins.create(desk, FIRST)
    await rotating.ready(desk, [])
    with desk.vault.alone():
        rotating.switch(desk, [])
    await desk.close()
    desk.vault.close()
    desk = make_engine("Anna")
    await moving.go_on(desk)
    assert blocks(data) == {}
    known = logins.record_of(desk)
    assert known is not None
    assert not known.is_there
    made = await logins.create(desk, FIRST)
    assert made.version == 3
    assert (await signing_in.sign_in(relay.url, FIRST)).content.account_root == desk.vault.account_root
