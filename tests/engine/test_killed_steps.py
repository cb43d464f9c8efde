"""A device let in, an upload, a backup, a restore and a rekey, killed at each step: done, or not begun."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from cryptpad_tui.cli.verbs_devices import _make_vault
from cryptpad_tui.engine import Engine, creating, devices
from cryptpad_tui.engine.beside import backup_beside
from cryptpad_tui.engine.codes import Account, give_account
from cryptpad_tui.engine.enrolling import LetIn, take_device
from cryptpad_tui.engine.errors import EngineError
from cryptpad_tui.engine.files import making
from cryptpad_tui.engine.files.book import FileBook, FileState
from cryptpad_tui.engine.files.choosing import choose
from cryptpad_tui.engine.files.kept import KeptFiles
from cryptpad_tui.engine.files.reading import read_whole
from cryptpad_tui.engine.files.sending import send_waiting
from cryptpad_tui.engine.restoring import restore_into
from cryptpad_tui.pad.codes import Code, CodeError
from cryptpad_tui.vault.backup import make_backup, open_backup
from cryptpad_tui.vault.errors import RekeyDone, RekeyNotDone, WrongSecret
from cryptpad_tui.vault.header import SlotType
from cryptpad_tui.vault.rekey import rekey
from cryptpad_tui.vault.restore import restore_new
from cryptpad_tui.vault.sealed_file import SealedReader
from cryptpad_tui.vault.vault import Vault
from support.dying import MOST_STEPS, STRIDE, Dying, each_step, killed_at
from support.pads import seeded
from support.relay import RelayProcess
from support.worlds import goes_one_way

from .conftest import PASSPHRASE

T = TypeVar("T")
NEXT = b"another passphrase altogether"
CONTENT = seeded(3)(300_000)


def make_home(tmp_path: Path, name: str = "Anna", relay_url: str | None = None) -> Path:
    vault, _ = Vault.create(tmp_path / name, PASSPHRASE, name=name, relay_url=relay_url, kdf_memory_mib=64)
    vault.close()
    return tmp_path / name


def in_home(home: Path, work: Callable[[Engine], Awaitable[T]], passphrase: bytes = PASSPHRASE) -> T:
    async def run() -> T:
        engine = Engine(Vault.open(home, passphrase=passphrase), short_lived=True)
        try:
            return await work(engine)
        finally:
            await engine.close()

    return asyncio.run(run())


async def with_pads(engine: Engine) -> None:
    for title in ("Plan", "Diary"):
        engine.create_pad(title, text=title, folder="Work")
    if engine.relay_url():
        await engine.sync()


async def texts(engine: Engine) -> dict[str, str]:
    found = {}
    for pad in engine.listing():
        with engine.borrowed(pad.pad_id) as session:
            found[pad.path] = session.view.text()
    return found


PADS = {"Work/Plan": "Plan", "Work/Diary": "Diary"}


def test_a_machine_that_joins_has_a_vault_or_none(relay: RelayProcess, tmp_path: Path) -> None:
    """From the moment that the account came by the code: before that, nothing of it is here."""
    home = make_home(tmp_path, relay_url=relay.url)
    in_home(home, with_pads)

    async def account(engine: Engine) -> Account:
        drive = creating.drive_record(engine)
        root = engine.vault.account_root
        return Account(root, drive.relay_pk, drive.pad_id, relay.url, engine.name())

    given, seen = in_home(home, account), []

    def make(step: int) -> Path:
        made = tmp_path / f"lap{step}"
        _make_vault(made, PASSPHRASE, given, relay.url, 64, "lap").close()
        return made

    async def sync(engine: Engine) -> None:
        assert engine.vault.setting(creating.EXPECTED_RELAY) == given.relay_pk.hex()
        assert engine.vault.setting(devices.OWN_NAME) == "lap"
        await engine.sync()

    async def look(engine: Engine) -> None:
        await sync(engine)
        assert await texts(engine) == PADS

    for step, _ in each_step(make, files=True):
        seen.append((tmp_path / f"lap{step}" / "vault.hdr").exists())
        if step == seen.index(seen[-1]):
            in_home(tmp_path / f"lap{step}" if seen[-1] else make(step), look)
    assert seen == sorted(seen), "once it is there it stays"
    assert seen[-1]
    assert seen.count(False) > 5
    home = make(MOST_STEPS)
    for step in range(2, 40, 9):
        lap = Path(shutil.copytree(home, tmp_path / f"lap-{step}"))
        killed_at(step, lambda lap=lap: in_home(lap, sync))  # type: ignore[misc]
        in_home(lap, look)


def test_who_lets_a_machine_in_gives_all_of_it_or_nothing(relay: RelayProcess, tmp_path: Path) -> None:
    """Killed at each thing that it says once the code is shown, with the other machine at the code."""
    home, shown, given = make_home(tmp_path, relay_url=relay.url), tmp_path / "code", []
    in_home(home, with_pads)

    def show(code: Code) -> None:
        shown.with_suffix(".part").write_text(code.text())
        shown.with_suffix(".part").rename(shown)
        Dying.begin()

    def let_in(step: int) -> None:
        Dying(step, counts=False).install(files=False)
        in_home(home, lambda engine: give_account(engine, show=show, wait_s=20))

    async def take() -> Account | LetIn | None:
        async with asyncio.timeout(20):
            while not shown.exists():
                await asyncio.sleep(0.01)
            try:
                return await take_device(relay.url, Code.parse(shown.read_text()))
            except (EngineError, CodeError):
                return None

    for step in range(MOST_STEPS):
        child = os.fork()
        if child == 0:
            try:
                let_in(step)
                os._exit(0)
            finally:
                os._exit(1)
        taken = asyncio.run(take())
        shown.unlink()
        died = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0
        given.append(taken is not None)
        assert taken is None or (isinstance(taken, Account) and taken.name == "Anna")
        if not died:
            break
    assert given[0] is False
    assert given[-1] is True
    assert given == sorted(given)
    assert in_home(home, texts) == PADS


def test_a_limited_machine_that_joins_has_a_vault_or_none(relay: RelayProcess, tmp_path: Path) -> None:
    from cryptpad_tui.crypto.account import account_box_of, device_key_of
    from cryptpad_tui.engine.enrolling import LimitedAccount
    from cryptpad_tui.engine.limited import is_limited

    home = make_home(tmp_path, relay_url=relay.url)
    in_home(home, with_pads)

    async def let_in(engine: Engine) -> LetIn:
        root, device = bytes(range(32)), bytes(16)
        devices.let_in(engine, device.hex(), device_key_of(root).public)
        record = creating.drive_record(engine)
        box = account_box_of(engine.vault.account_root).public
        return LetIn(LimitedAccount(root, device, box, engine.name(), "link"), record)

    given = in_home(home, let_in)
    for step, died in each_step(
        lambda step: _make_vault(tmp_path / f"phone{step}", PASSPHRASE, given, relay.url, 64, "phone"),
        files=True,
    ):
        made = tmp_path / f"phone{step}"
        if (made / "vault.hdr").exists():
            vault = Vault.open(made, passphrase=PASSPHRASE)
            assert is_limited(vault)
            assert vault.setting(devices.OWN_NAME) == "phone"
            vault.close()
        else:
            assert died


def test_an_upload_is_one_entry_and_whole_wherever_it_is_killed(relay: RelayProcess, tmp_path: Path) -> None:
    home, sources = make_home(tmp_path, relay_url=relay.url), dict[int, Path]()
    in_home(home, with_pads)

    def upload(step: int) -> None:
        in_home(home, lambda engine: begun(engine, sources[step]))

    async def begun(engine: Engine, path: Path) -> None:
        Dying.begin()
        await uploaded(engine, path)

    async def uploaded(engine: Engine, path: Path) -> None:
        with making.source_file(path) as source:
            pad = making.unfinished(engine, source, "") or making.make_file_pad(engine, source)
        await engine.sync([pad.pad_id])
        await send_waiting(engine, [pad.pad_id])

    for number in range(60):
        sources[number] = tmp_path / f"film{number}.bin"
        sources[number].write_bytes(CONTENT)
    done = [step for step, _ in each_step(upload, files=True, later=True, stride=STRIDE)]

    async def look(engine: Engine) -> None:
        sent = {note.pad_id for note in FileBook(engine.vault).notes() if note.state is FileState.SENT}
        titles = {pad.title for pad in engine.listing() if pad.pad_id in sent}
        assert sources[done[-1]].name in titles
        assert len(engine.listing()) < len(done) + 2, "the first ones were not begun"
        for step in done[::5]:
            if sources[step].name not in titles:
                await uploaded(engine, sources[step])
        names = [pad.title for pad in engine.listing()]
        assert len(names) == len(set(names)), "none twice"
        making.collect(engine)
        kept = KeptFiles(engine.vault.directory)
        for step in done[::5]:
            pad = engine.find(sources[step].name)
            ref = choose(engine, pad.pad_id)
            assert kept.has(ref.file_id)
            kept.forget(ref.file_id)
            assert await read_whole(engine, pad.pad_id, ref) == CONTENT, "from the relay"
        assert {title: text for title, text in (await texts(engine)).items() if "film" not in title} == PADS

    in_home(home, look)


def test_a_backup_is_the_old_file_or_the_other_one(tmp_path: Path) -> None:
    home, target = make_home(tmp_path), tmp_path / "b"
    vault = Vault.open(home, passphrase=PASSPHRASE)
    key = vault.sealing_key()
    make_backup(vault, target, version="1")
    vault.close()
    in_home(home, with_pads)
    old, seen = target.read_bytes(), []

    def back_up(step: int) -> None:
        vault = Vault.open(home, passphrase=PASSPHRASE)
        make_backup(vault, target, version="1")
        vault.close()

    for _, died in each_step(back_up, files=True):
        seen.append(target.read_bytes() != old)
        if died and seen[-1]:
            with open_backup(target) as file:
                restore_new(tmp_path / "whole", SealedReader(file), key)
            shutil.rmtree(tmp_path / "whole")
            target.write_bytes(old)
    assert seen[-1]
    assert seen.count(False) > 5
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("b")] == ["b"]


def test_a_restore_is_no_vault_or_all_of_it(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    in_home(home, with_pads)
    vault = Vault.open(home, passphrase=PASSPHRASE)
    key = vault.sealing_key()
    make_backup(vault, tmp_path / "b", version="1")
    vault.close()

    def restore(step: int) -> None:
        with open_backup(tmp_path / "b") as file:
            restore_new(tmp_path / f"new{step}", SealedReader(file), key)

    for step, died in each_step(restore, files=True):
        made = tmp_path / f"new{step}"
        if not (made / "vault.hdr").exists():
            assert died
            restore(step)
        assert in_home(made, texts) == PADS
        assert not list(made.glob("*.restoring*"))
        shutil.rmtree(made)


def test_a_restore_into_a_vault_in_use_brings_nothing_twice(tmp_path: Path) -> None:
    home, other = make_home(tmp_path), make_home(tmp_path, "Ben")
    in_home(home, with_pads)
    vault = Vault.open(home, passphrase=PASSPHRASE)
    key = vault.sealing_key()
    make_backup(vault, tmp_path / "b", version="1")
    vault.close()

    async def restored(engine: Engine) -> None:
        with open_backup(tmp_path / "b") as file:
            reader = SealedReader(file)
            with backup_beside(engine.vault.directory, reader, key) as (vault, held):
                backup = Engine(vault)
                try:
                    restore_into(engine, backup, reader.id.hex(), held.made_ms)
                finally:
                    await backup.close()

    async def begun(engine: Engine) -> None:
        Dying.begin()
        await restored(engine)

    async def again(engine: Engine) -> dict[str, str]:
        await restored(engine)
        return await texts(engine)

    for step, _ in each_step(
        lambda step: in_home(Path(shutil.copytree(other, tmp_path / f"in{step}")), begun),
        later=True,
        stride=STRIDE,
    ):
        assert set(in_home(tmp_path / f"in{step}", texts).values()) <= set(PADS.values())
        assert in_home(tmp_path / f"in{step}", again) == PADS
        shutil.rmtree(tmp_path / f"in{step}")


def test_a_rekey_leaves_one_key_that_opens_all(tmp_path: Path) -> None:
    home, seen = make_home(tmp_path), []
    in_home(home, with_pads)

    def changed(step: int) -> None:
        copy = Path(shutil.copytree(home, tmp_path / f"k{step}"))
        rekey(Vault.open(copy, passphrase=PASSPHRASE), {SlotType.PASSPHRASE: NEXT})

    for step, _ in each_step(changed, files=True):
        copy = tmp_path / f"k{step}"
        opened = []
        for passphrase in (PASSPHRASE, NEXT):
            try:
                assert in_home(copy, texts, passphrase) == PADS
                opened.append(passphrase)
            except (WrongSecret, RekeyDone, RekeyNotDone):
                continue
        assert len(opened) == 1
        seen.append(opened[0] == NEXT)
        shutil.rmtree(copy)
    assert seen == sorted(seen)
    assert seen.count(False) > 5 < len(seen)


def test_what_comes_and_goes_again_is_seen() -> None:
    assert goes_one_way([False, False, True], "killed")
    assert not goes_one_way([False, True, False, True], "killed")
    assert goes_one_way([False, True, False, True], "cut"), "conversations go on side by side"
    assert not goes_one_way([False, True, False], "cut")
    assert not goes_one_way([True, False, True], "cut")
