"""Roles given and people taken out of a team, killed or cut off at each step: done, or not begun."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from cryptpad_tui.crdt.kinds import ENTRIES_ROOT
from cryptpad_tui.engine import Engine, outbox
from cryptpad_tui.engine.folders import changing, owed_keys
from cryptpad_tui.engine.teams import acting, settling
from cryptpad_tui.engine.teams.book import roster_in
from cryptpad_tui.people.card import make_card
from cryptpad_tui.people.contacts import Contact, Standing, contact_id
from cryptpad_tui.people.identity import Myself
from cryptpad_tui.people.roster_ops import Rank
from cryptpad_tui.people.roster_rules import Seat
from cryptpad_tui.sync.connection import RelayConnection, RelayUnreachable
from cryptpad_tui.vault.vault import Vault
from support.dying import each_step, killed_at
from support.relay import RelayProcess

from .conftest import PASSPHRASE

T = TypeVar("T")
BEN = Myself(b"b" * 32)
CARD = make_card(BEN, address="ws://127.0.0.1:1", relay_fingerprint=bytes(16), name="Ben")
TEXT = "what must not be lost\n"


def in_home(home: Path, work: Callable[[Engine], Awaitable[T]]) -> T:
    async def run() -> T:
        engine = Engine(Vault.open(home, passphrase=PASSPHRASE), short_lived=True)
        try:
            return await work(engine)
        finally:
            await engine.close()

    return asyncio.run(run())


def make_home(tmp_path: Path, relay_url: str | None) -> tuple[Path, bytes]:
    home = tmp_path / "Anna"
    vault, _ = Vault.create(home, PASSPHRASE, name="Anna", relay_url=relay_url, kdf_memory_mib=64)
    vault.close()

    async def make(engine: Engine) -> bytes:
        team = acting.found(engine, "Crew")
        engine.create_pad("Plan", text=TEXT, folder="Crew")
        with engine.people.durable():
            engine.people.put_contact(Contact(contact_id(CARD.ident_pk), CARD, Standing.CONTACT))
        if relay_url:
            await engine.sync()
        return team

    return home, in_home(home, make)


def seat_ben(engine: Engine, team: bytes, rank: Rank) -> None:
    with engine.borrowed(team) as session, engine.drive_session.replica.store.transaction():
        seat = roster_in(engine, team).seats.get(CARD.ident_pk)
        seat = seat or Seat(CARD.ident_pk, CARD.box_pk, rank, "Ben", b"")
        acting.raise_or_lower(engine, session, replace(seat, rank=rank))


def state(engine: Engine, team: bytes) -> tuple[Rank, bool]:
    """Ben's role, and whether the right to write is sealed for him."""
    with engine.borrowed(team) as session:
        granted = session.view.map_value(ENTRIES_ROOT, acting.GRANT + CARD.ident_pk.hex()) is not None
    return roster_in(engine, team).rank_of(CARD.ident_pk), granted


def test_a_role_change_and_a_removal_are_signed_whole_or_not_at_all(tmp_path: Path) -> None:
    home, team = make_home(tmp_path, None)

    async def viewer(engine: Engine) -> None:
        seat_ben(engine, team, Rank.VIEWER)

    async def up(engine: Engine) -> None:
        await acting.set_role(engine, team, "Ben", Rank.EDITOR)

    async def out(engine: Engine) -> None:
        acting.remove(engine, team, "Ben")

    async def look(engine: Engine) -> tuple[Rank, bool]:
        return state(engine, team)

    in_home(home, viewer)
    begins: tuple[Rank, bool] = (Rank.VIEWER, False)
    for work, ends in ((up, (Rank.EDITOR, True)), (out, (Rank.NONE, False))):
        seen: list[tuple[Rank, bool]] = []
        lap = tmp_path / work.__name__

        def run(step: int, work: Any = work, lap: Path = lap) -> None:
            in_home(lap.with_suffix(f".{step}"), work)

        source = home

        def each(step: int, source: Path = source, lap: Path = lap, run: Any = run) -> None:
            shutil.copytree(source, lap.with_suffix(f".{step}"))
            run(step)

        for step, _ in each_step(each):
            seen.append(in_home(lap.with_suffix(f".{step}"), look))
            last = lap.with_suffix(f".{step}")
        assert set(seen) == {begins, ends}
        assert seen == sorted(seen, key=[begins, ends].index), "once it is done it stays"
        home, begins = last, ends


def test_an_invitation_is_on_the_roster_and_in_the_outbox_or_neither(
    relay: RelayProcess, tmp_path: Path
) -> None:
    home, team = make_home(tmp_path, relay.url)

    async def invite(engine: Engine) -> None:
        await acting.invite(engine, team, "Ben", Rank.EDITOR)

    async def look(engine: Engine) -> tuple[Rank, int]:
        return roster_in(engine, team).rank_of(CARD.ident_pk), len(outbox.waiting(engine))

    seen = []
    for step in range(0, 100, 11):
        lap = shutil.copytree(home, tmp_path / f"lap{step}")
        died = killed_at(step, lambda lap=lap: in_home(lap, invite))  # type: ignore[misc]
        seen.append(in_home(lap, look))
        if not died:
            break
    assert not died
    assert set(seen) == {(Rank.NONE, 0), (Rank.EDITOR, 1)}


class Cut:
    """A network that goes away at the nth question."""

    def __init__(self, at: int) -> None:
        self.left = at

    def install(self, patch: pytest.MonkeyPatch) -> None:
        request = RelayConnection.request

        async def asked(connection: RelayConnection, *values: Any, **named: Any) -> bytes:
            self.left -= 1
            if self.left < 0:
                raise RelayUnreachable("cut")
            return await request(connection, *values, **named)

        patch.setattr(RelayConnection, "request", asked)


@pytest.mark.parametrize("how", ["killed", "cut"])
def test_an_owners_machine_ends_keys_wholly_or_goes_on(
    how: str, relay: RelayProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was done of it: the next run ends it, keys of folder and pad follow, and nothing is lost."""
    home, team = make_home(tmp_path, relay.url)

    async def begin(engine: Engine) -> tuple[int, ...]:
        seat_ben(engine, team, Rank.EDITOR)
        acting.remove(engine, team, "Ben")
        await engine.sync([team])
        assert settling.waits_for_an_owner(engine, team)
        return epochs(engine)

    def epochs(engine: Engine) -> tuple[int, ...]:
        found = []
        for pad in (team, engine.find("Plan").pad_id):
            with engine.borrowed(pad) as session:
                found.append(session.replica.fold.epoch)
        return tuple(found)

    async def finish(engine: Engine) -> None:
        await changing.finish(engine)

    async def look(engine: Engine) -> tuple[int, ...]:
        await engine.sync([team])
        half = epochs(engine)
        done = not settling.waits_for_an_owner(engine, team)
        if not done or owed_keys.is_owed(engine):
            await changing.finish(engine)
        assert not settling.waits_for_an_owner(engine, team)
        assert not owed_keys.is_owed(engine)
        with engine.borrowed(engine.find("Plan").pad_id) as session:
            assert session.view.text() == TEXT
        assert not await settling.settle_team(engine, team), "once is enough"
        assert half[0] == before[0] + done, "the folder's keys say whether it is done"
        after = epochs(engine)
        # Who died between the record and their note of it changes the keys once more.
        assert after[0] - before[0] in (1, 2)
        assert after[1] > before[1]
        return half

    before = in_home(home, begin)
    for step in range(0, 400, 53 if how == "killed" else 17):
        if how == "killed":
            ended = not killed_at(step, lambda: in_home(home, finish))
        else:
            with monkeypatch.context() as patch:
                cut = Cut(step)
                cut.install(patch)
                in_home(home, finish)
            ended = cut.left >= 0
        in_home(home, look)
        if ended:
            return
        before = in_home(home, begin)
    raise AssertionError("there is no end to its steps")
