"""An invitation and an offer to own a pad, with the network cut behind each question: done, or not begun."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import pytest

from cryptpad_tui.engine import Engine, contacts, inbox, inviting, membership, outbox, owning
from cryptpad_tui.engine.errors import EngineError
from cryptpad_tui.pad.asking import Request
from cryptpad_tui.sync.connection import RelayConnection, RelayUnreachable
from support.relay import RelayProcess
from support.sessions import MakeEngine

from .test_people import befriend

Honest = Callable[..., object]
MOST_STEPS = 40


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayProcess]:
    process = RelayProcess(tmp_path_factory.mktemp("relay") / "data")
    yield process
    process.stop()


class Cut:
    """A network that is gone from some question on, which still arrives, and whose answer does not."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch, self._honest = patch, RelayConnection.request

    @asynccontextmanager
    async def behind(self, asked: int) -> AsyncIterator[None]:
        left, honest = [asked], self._honest

        async def request(connection: RelayConnection, request: Request, **options: float) -> bytes:
            left[0] -= 1
            if left[0] < 0:
                if left[0] == -1:
                    await honest(connection, request, **options)
                raise RelayUnreachable("cut off")
            return await honest(connection, request, **options)

        with self._patch.context() as patch:
            patch.setattr(RelayConnection, "request", request)
            yield


async def answer(engine: Engine, kind: str) -> bool:
    """Whether what asks for it was answered."""
    waiting = [line for line in inbox.lines(engine) if line.kind == kind]
    if not waiting:
        return True
    try:
        await inbox.accept(engine, inbox.item_of(engine, waiting[0].mail_id), wait_s=1.0)
    except (RelayUnreachable, EngineError):
        return False
    return True


async def test_cut_off_behind_each_question_it_is_done_or_not_begun(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, ben = make_engine("Anna", relay_url=relay.url), make_engine("Ben", relay_url=relay.url)
    await befriend(anna, ben)
    for one, other in ((anna, "Ben"), (ben, "Anna")):
        contacts.mark_verified(one, other)
    plan, cut = anna.create_pad("Plan", text="Plan.\n").pad_id, Cut(monkeypatch)

    for steps in range(MOST_STEPS):
        async with cut.behind(steps):
            try:
                await inviting.invite(anna, plan, "Ben", view=False, wait_s=1.0)
            except (RelayUnreachable, EngineError):
                assert outbox.waiting(anna) == [], steps
                assert len(membership.members(anna, plan).lines) == 1, steps
                continue
        break
    assert len(outbox.waiting(anna)) == 1
    await inbox.look(anna)
    await inbox.look(ben)
    await _answered_once(cut, ben, "invitation")
    assert ben.vault.pad(plan).role == "edit"  # type: ignore[union-attr]
    await inbox.look(ben)
    await inbox.look(anna)
    assert [line.kind for line in inbox.lines(anna)].count("invitation-answer") == 1

    await owning.offer(anna, plan, "Ben")
    await inbox.look(anna)
    await inbox.look(ben)
    await _answered_once(cut, ben, "ownership-offer")
    assert ben.vault.pad(plan).role == "owner"  # type: ignore[union-attr]
    await inbox.look(ben)
    await inbox.look(anna)
    assert ("Ben", "owner") in [(line.name, line.role) for line in membership.members(anna, plan).lines]


async def _answered_once(cut: Cut, engine: Engine, kind: str) -> None:
    """Each attempt gets one question further; in between nothing was answered, or all of it."""
    for steps in range(MOST_STEPS):
        async with cut.behind(steps):
            done = await answer(engine, kind)
        left = [line.kind for line in inbox.lines(engine)].count(kind)
        assert (left, len(outbox.waiting(engine))) == ((0, 1) if done else (1, 0)), (kind, steps)
        if done:
            return
    raise AssertionError(f"{kind} was never answered")
