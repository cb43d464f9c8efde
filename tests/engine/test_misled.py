"""A newcomer who is offered a snapshot with junk in its pieces: warned, and joined all the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from cryptpad_relay.protocol.entry import ChunkRef
from cryptpad_tui.crypto.sealing import RandomBytes
from cryptpad_tui.engine import Engine, PadSession, linking
from cryptpad_tui.pad import flows
from cryptpad_tui.pad import replica as replicas
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.digests import chunk_id_of
from cryptpad_tui.pad.fold import Fold
from cryptpad_tui.pad.snapshots import Snapshot, make_snapshot
from support.relay import RelayProcess

from .test_snapshots import compacted

MakeEngine = Callable[..., Engine]


def with_junk(fold: Fold, *, rng: RandomBytes) -> Snapshot:
    """Right in all that veterans can see, and signed by an editor: only who opens the pieces is lied to."""
    made = make_snapshot(fold, rng=rng)
    pieces = tuple([bytes(len(piece)) for piece in made.chunks])
    named = tuple([ChunkRef(len(piece), chunk_id_of(piece)) for piece in pieces])
    return replace(made, extension=replace(made.extension, chunks=named), chunks=pieces)


async def lied_about(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> tuple[PadSession, str]:
    with monkeypatch.context() as patch:
        patch.setattr(replicas, "make_snapshot", with_junk)
        return await compacted(make_engine("Anna", relay_url=relay.url), monkeypatch)


@pytest.mark.parametrize("defended", [True, False])
async def test_a_lie_to_begin_at_costs_a_newcomer_only_time(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch, defended: bool
) -> None:
    session, link = await lied_about(relay, make_engine, monkeypatch)
    boris = make_engine("Boris")
    if not defended:
        monkeypatch.setattr(flows, "_may_begin_at_one", lambda replica: replica.fold.n == 0)
        with pytest.raises(Alarm, match="BAD_SNAPSHOT"):
            await boris.join(link)
        return
    await boris.join(link)
    joined = boris.open_pad(session.pad_id)
    assert joined.view.text() == session.view.text()
    assert joined.replica.store.log_after(0, 1)[0].n == 1, "it trusts none of it"
    assert [notice.text for notice in joined.take_notices()] == [linking.READ_WHOLE]
    (told,) = boris.alarms_of(session.pad_id)
    assert (told.code, told.state) == (AlarmCode.BAD_SNAPSHOT.value, "past")
    assert told.proof, "and who signed it can be shown"
