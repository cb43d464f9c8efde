"""What a hostile editor and the relay try together: two bodies, crafted changes, old bases, floods (R+E)."""

from __future__ import annotations

from typing import Any

import pytest
from crdt.forge import any_string, deletion, entry, string, update

from adversary.colluders import base_of, editor, opened, shown
from adversary.people import Lab, assert_caught
from adversary.sabotage import Patch, both, nothing, trusting_updates
from cryptpad_relay.protocol import chain, frames
from cryptpad_relay.protocol.entry import parse_entry
from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.errors import CannotLoadHere, EngineFailure
from cryptpad_tui.pad import writer
from cryptpad_tui.pad.alarms import AlarmCode
from cryptpad_tui.pad.fold import Fold
from cryptpad_tui.pad.proofs_judge import Against
from cryptpad_tui.pad.writers import WriterState, WriterStatus

# -- T18, T19, T20, T21: hostile editors


@both
async def test_t18_an_editor_signs_two_entries_for_one_place(
    lab: Lab, monkeypatch: Patch, defended: bool
) -> None:
    """R+E: an honest relay refuses the second; this one shows both."""
    _, victim = await opened(lab)
    mallory = editor(lab)
    await shown(lab, victim, mallory.hello(base_of(lab)))
    seq, prev = mallory.seq, mallory.prev
    first = mallory.update(base_of(lab), update(mallory.client_id, 0, string("first body ")))
    lab.by_editors.add(parse_entry(first).entry_id)
    await shown(lab, victim, first)
    before = victim.state()
    assert "first body" in before.canonical
    line = update(mallory.client_id, 11, string("second body ", (mallory.client_id, 10)))
    second = mallory.update(base_of(lab), line, seq=seq, prev=prev)
    if not defended:
        monkeypatch.setattr(Fold, "_refuse_sequence", nothing)
    await shown(lab, victim, second)
    if defended:
        report = assert_caught(victim, AlarmCode.EQUIVOCATION_WRITER, before)
        assert report.against in (Against.WRITER, Against.RELAY)
    else:
        assert "second body" in victim.state().canonical


@both
async def test_t18_two_bodies_for_two_people_never_meet(lab: Lab, monkeypatch: Patch, defended: bool) -> None:
    anna, victim = await opened(lab)
    mallory = editor(lab)
    await shown(lab, victim, mallory.hello(base_of(lab)))
    other = lab.world.fork()
    await victim.connect(other)
    seq, prev = mallory.seq, mallory.prev
    for world, text in ((lab.world, "for Anna "), (other, "for Viktor ")):
        raw = mallory.update(base_of(lab, 3), update(mallory.client_id, 0, string(text)), seq=seq, prev=prev)
        lab.by_editors.add(parse_entry(raw).entry_id)
        lab.relay.grow(world, raw)
    await lab.settle()
    before = victim.state()
    assert before.canonical != anna.state().canonical
    if not defended:
        monkeypatch.setattr(Fold, "_check_base", nothing)
    await anna.write("after it ")
    lab.relay.grow(other, lab.world.entries[-1])
    await lab.settle()
    if defended:
        assert_caught(victim, AlarmCode.FORK, before)
    else:
        assert victim.alarm is None
        assert victim.state().n == anna.state().n


def crafted(anna: int, own: int) -> dict[str, bytes]:
    """Updates that no honest client makes, by what they try."""
    return {
        "in another writer's name": update(anna, 12, string("in her mouth", (anna, 11))),
        "a gap in the clock": update(own, 7, string("x")),
        "an escape sequence": update(own, 0, string("\x1b]0;owned\x07")),
        "a control character in a map key": update(own, 0, entry(any_string("x"), key="a\x9bb")),
        "an unknown root": update(own, 0, string("x", root="wiki")),
        "an origin in the future": update(own, 0, string("x", (anna, 4_000))),
        "a deletion of what is not there": deletion((anna, 0, 4_000)),
        "noise": bytes(range(200, 256)),
    }


@pytest.mark.parametrize("attempt", crafted(1, 2))
async def test_t19_a_crafted_change_is_void_for_all_and_ends_its_writer(lab: Lab, attempt: str) -> None:
    """R+E. Every form that the validator knows is in tests/crdt/test_hostile_updates.py."""
    anna, victim = await opened(lab)
    mallory = editor(lab)
    author = anna.replica.writer.client_id  # type: ignore[union-attr]
    await shown(lab, victim, mallory.hello(base_of(lab)))
    before = victim.state()
    bad = crafted(author, mallory.client_id)[attempt]
    await shown(lab, victim, mallory.update(base_of(lab), bad))
    more = mallory.update(base_of(lab), update(mallory.client_id, 0, string("and on")))
    await shown(lab, victim, more)
    for person in (anna, victim):
        assert person.alarm is None
        assert person.replica.fold.writers[mallory.pk].status is WriterStatus.TERMINATED
        assert person.state().canonical == before.canonical
    await anna.write("the pad goes on ")
    assert victim.state() == anna.state()


@pytest.mark.parametrize("attempt", ["in another writer's name", "an escape sequence"])
async def test_t19_without_the_validator_it_is_applied(lab: Lab, monkeypatch: Patch, attempt: str) -> None:
    anna, victim = await opened(lab)
    mallory = editor(lab)
    author = anna.replica.writer.client_id  # type: ignore[union-attr]
    bad = crafted(author, mallory.client_id)[attempt]
    trusting_updates(monkeypatch)
    hello = mallory.hello(base_of(lab))
    raw = mallory.update(base_of(lab), bad)
    lab.by_editors.add(parse_entry(raw).entry_id)
    await shown(lab, victim, hello, raw)
    assert ("in her mouth" in victim.state().canonical) or ("\x1b" in victim.state().canonical)


async def test_t21_an_entry_that_breaks_the_engine_leaves_the_pad_as_it_was(
    lab: Lab, monkeypatch: Patch
) -> None:
    """Not a verdict: this machine cannot load it. The text stays readable at the position before it."""
    _, victim = await opened(lab)
    before = victim.state()
    honest = CanonicalDocument._call_engine

    def crash(self: CanonicalDocument, *updates: bytes) -> None:
        if any(b"poison" in update for update in updates):
            self._broken = True
            raise EngineFailure("mock")
        honest(self, *updates)

    monkeypatch.setattr(CanonicalDocument, "_call_engine", crash)
    mallory = editor(lab)
    poison = update(mallory.client_id, 0, string("poison"))
    lab.world.append(mallory.hello(base_of(lab)))
    lab.world.append(mallory.update(base_of(lab), poison))
    await victim.connect()
    assert victim.alarm is None
    assert any(isinstance(error, CannotLoadHere) for error in victim.errors)
    victim.replica.require_stored()
    assert victim.state().canonical == before.canonical
    assert victim.replica.fold.n == before.n + 1


# -- R16: bases from before the start


@pytest.mark.parametrize("lie", ["a proof from another log", "no proof", "too many steps"])
async def test_r16_an_entry_with_an_old_base_needs_a_true_proof(lab: Lab, lie: str) -> None:
    anna, victim = await opened(lab)
    late = editor(lab)
    for i in range(6):
        await anna.write(f"{i} ")
    raw = late.hello(writer.Base(3, b"\7" * 32))
    victim.replica.fold._recent.pop(3)
    victim.person.store.heads.pop(3)
    before = victim.state()
    bridge = lab.world.on_bridge

    def lying(body: bytes) -> bytes:
        steps = list(frames.Bridged.decode(bridge(body)).steps)
        if lie == "no proof":
            steps = []
        elif lie == "too many steps":
            steps *= 2
        else:
            steps[-1] = steps[-1]._replace(previous=b"\7" * 32)
        return frames.Bridged(tuple(steps)).encode()

    lab.world.on_bridge = lying  # type: ignore[method-assign]
    await shown(lab, victim, raw)
    assert_caught(victim, AlarmCode.CHAIN_GAP, before)


@both
async def test_r16_with_a_true_proof_an_author_of_another_log_is_a_fork(
    lab: Lab, monkeypatch: Patch, defended: bool
) -> None:
    anna, victim = await opened(lab)
    for i in range(6):
        await anna.write(f"{i} ")
    raw = editor(lab).hello(writer.Base(3, b"\7" * 32))
    victim.replica.fold._recent.pop(3)
    victim.person.store.heads.pop(3)
    before = victim.state()
    if not defended:
        believing_proofs(monkeypatch)
        bridge = lab.world.on_bridge

        def lying(body: bytes) -> bytes:
            steps = list(frames.Bridged.decode(bridge(body)).steps)
            steps[-1] = steps[-1]._replace(previous=b"\7" * 32, skip=b"\7" * 32)
            return frames.Bridged(tuple(steps)).encode()

        lab.world.on_bridge = lying  # type: ignore[method-assign]
    await shown(lab, victim, raw)
    if defended:
        assert_caught(victim, AlarmCode.FORK, before)
    else:
        assert victim.alarm is None
        assert victim.state().n == before.n + 1


def believing_proofs(monkeypatch: Patch) -> None:
    """Steps are taken for what they say; no hash is compared."""

    def follow(upper: int, upper_head: bytes, lower: int, steps: Any) -> dict[int, bytes]:
        return {lower: steps[-1].previous}

    monkeypatch.setattr(chain, "follow_proof", follow)


@both
async def test_r24_a_flood_of_hellos_costs_each_alike(lab: Lab, monkeypatch: Patch, defended: bool) -> None:
    """R+E: an edit link makes writers without end; none of them makes a reader walk over the others."""
    _, victim = await opened(lab)
    if not defended:
        monkeypatch.setattr(
            Fold, "_taken_client_ids", lambda self: {state.client_id for state in self.writers.values()}
        )
    walks = Counted(victim.replica.fold.writers)
    victim.replica.fold.writers = walks
    for seed in range(20):
        await shown(lab, victim, editor(lab, 50 + seed).hello(base_of(lab)))
    assert len(walks) == 21
    assert (walks.walked <= 1) == defended


class Counted(dict[bytes, WriterState]):
    """Writers that count how often somebody walks over all of them."""

    walked = 0

    def values(self) -> Any:
        self.walked += 1
        return super().values()
