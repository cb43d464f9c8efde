"""A limited machine, let in by one that is killed or cut off at each step: all of it is given, or nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from cryptpad_tui.cli.verbs_devices import _make_vault
from cryptpad_tui.engine import Engine, devices
from cryptpad_tui.engine.codes import Account
from cryptpad_tui.engine.enrolling import LetIn, give_limited, take_device
from cryptpad_tui.engine.errors import EngineError, RelayUnreachable
from cryptpad_tui.engine.limited import is_limited
from cryptpad_tui.pad.codes import Code, CodeError
from support.cutting import Cut
from support.dying import Dying
from support.worlds import MOST_STEPS, PASSPHRASE, SOAK, World, all_write, both_ways, run_on, world_in

SAMPLE = 60
CUT = 3
"""How a process ends that was cut off."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world_in(tmp_path_factory.mktemp("world")) as made:
        made.make("Anna")
        made.run(beginning, "Anna")
        made.keep("base")
        yield made


async def beginning(anna: Engine) -> None:
    anna.create_pad("Plan", text="Plan.\n")
    await anna.sync()


def giving(world: World, how: str, step: int, shown: Path) -> int:
    """The process of the machine that shows the code."""

    def show(code: Code) -> None:
        shown.with_suffix(".part").write_text(code.text())
        shown.with_suffix(".part").rename(shown)

    cut = Cut(step)

    async def work(anna: Engine) -> int:
        if how == "killed":
            Dying.begin()
            await give_limited(anna, show=show, wait_s=20)
            return 0
        anna.now = cut.now
        with cut.installed():
            try:
                await give_limited(anna, show=show, wait_s=20)
            except (EngineError, CodeError, RelayUnreachable):
                assert cut.was_cut
        return CUT if cut.was_cut else 0

    child = os.fork()
    if child == 0:
        code = 1
        try:
            if how == "killed":
                Dying(step, counts=False).install(files=True)
            code = world.run(work, "Anna")
        finally:
            os._exit(code)
    return child


async def taking(url: str, shown: Path, child: int) -> tuple[LetIn | Account | None, int]:
    """The other machine, at the code; and how the one that shows it ended."""
    ended = asyncio.create_task(asyncio.to_thread(os.waitpid, child, 0))
    taken = None
    async with asyncio.timeout(30):
        while not shown.exists() and not ended.done():
            await asyncio.sleep(0.005)
        if shown.exists():
            with contextlib.suppress(EngineError, CodeError, RelayUnreachable):
                taken = await take_device(url, Code.parse(shown.read_text()))
        return taken, os.waitstatus_to_exitcode((await ended)[1])


@both_ways("killed")
def test_a_limited_machine_is_let_in_or_has_nothing(world: World, tmp_path: Path, how: str) -> None:
    given = []
    for step in range(MOST_STEPS) if SOAK else (SAMPLE,):
        world.again("base")
        shown = tmp_path / f"code{step}"
        child = giving(world, how, step, shown)
        taken, ended = asyncio.run(taking(world.urls[0], shown, child))
        assert ended in (0, -signal.SIGKILL, CUT)
        given.append(taken is not None)
        look(world, taken, is_asked=how == "killed" or shown.exists())
        if ended == 0:
            break
    assert given[-1] or not SOAK
    # A cut may come behind the last word that the other machine needed, or before.
    assert given == sorted(given) or how == "cut"
    print(f"{how} {len(given) - 1} times: {given.count(True)} given")


def look(world: World, taken: LetIn | Account | None, *, is_asked: bool) -> None:
    async def after(anna: Engine) -> list[devices.DeviceLine]:
        await run_on(anna)
        assert [pad.title for pad in anna.listing()] == ["Plan"]
        return [line for line in devices.devices(anna) if line.holds == "pads"]

    lines = world.run(after, "Anna")
    assert len(lines) <= 1
    if taken is None:
        # What nobody took may stand on the list where this machine could not say so, and can be taken off.
        assert not any(line.came for line in lines)
        assert is_asked or not lines
        return
    assert isinstance(taken, LetIn)
    assert [line.id for line in lines] == [taken.account.id.hex()], "it stands there before it gets anything"
    _make_vault(world.path / "Phone", PASSPHRASE, taken, world.urls[0], 64, "phone").close()

    async def both(phone: Engine, anna: Engine) -> None:
        assert is_limited(phone.vault)
        for engine in (phone, anna, phone):
            await engine.sync()
        [line] = [line for line in devices.devices(anna) if line.holds == "pads"]
        assert (line.name, line.came, line.vouched) == ("phone", True, True)
        [plan] = phone.listing()
        await plan_is_written(plan.pad_id, phone, anna)

    world.run(both, "Phone", "Anna")


async def plan_is_written(pad_id: bytes, phone: Engine, anna: Engine) -> None:
    for engine in (phone, anna):
        with engine.borrowed(pad_id) as session:
            assert session.view.text() == "Plan.\n"
    await all_write(pad_id, anna)
    await phone.sync([pad_id])
    with phone.borrowed(pad_id) as session:
        assert session.view.text() == "Plan.\nAnna was here.\n"
