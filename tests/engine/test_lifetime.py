"""A pad's end by its owner's word: told to all, and not believed where it comes too early."""

from __future__ import annotations

from typing import Any

import pytest

from cryptpad_tui.crypto.links import decode_link
from cryptpad_tui.engine import lifetime, linking, membership
from cryptpad_tui.engine.errors import NotOwner
from cryptpad_tui.pad import flows_keys
from support.relay import RelayProcess
from support.sessions import MakeEngine

DAY_MS = 86_400_000


async def test_a_time_without_use_is_told_to_all_who_open_the_pad(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    anna, boris = make_engine("Anna", relay_url=relay.url), make_engine("Boris")
    pad_id = anna.create_pad("Plans", text="Plans.\n").pad_id
    link = await anna.make_link(pad_id, view=False)
    await boris.join(link)
    with pytest.raises(NotOwner):
        await membership.set_unused(boris, pad_id, 30)
    await membership.set_unused(anna, pad_id, 30)
    report = await boris.sync([pad_id])
    assert any("after 30 days without use" in notice for notice in report.notices)
    assert membership.members(boris, pad_id).idle_days == 30
    assert lifetime.lifetimes(boris)[pad_id.hex()].idle_days == 30
    with boris.borrowed(pad_id) as session:
        assert session.status().text.endswith("ends after 30 d unused")

    carla = make_engine("Carla")
    facts = await linking.look(carla, decode_link(link), wait_s=10)
    assert facts.ends == "its owner lets the relay delete it after 30 days without use"
    await carla.join(link)
    assert membership.members(carla, pad_id).idle_days == 30
    with carla.borrowed(pad_id) as session:
        assert session.status().text.endswith("ends after 30 d unused"), "also behind a snapshot"
    await membership.set_unused(anna, pad_id, 0)
    await carla.sync([pad_id])
    assert membership.members(carla, pad_id).idle_days == 0
    assert lifetime.lifetimes(carla) == {}


class Ended:
    """What `flows_keys.ended` needs of a replica."""

    def __init__(self, used_ms: int) -> None:
        self.used_ms = used_ms


@pytest.mark.parametrize("defended", [True, False], ids=["defended", "taken_out"])
@pytest.mark.parametrize("days_ago", [0, 29, 30, 400])
def test_a_relay_that_ends_a_pad_which_was_just_used_is_not_believed(
    monkeypatch: pytest.MonkeyPatch, days_ago: int, defended: bool
) -> None:
    """By the client's own clock alone; a relay's says nothing here (T36)."""
    from cryptpad_relay.protocol.owner_records import IdleRecord

    record = IdleRecord(b"", bytes(32), bytes(32), 0, bytes(32), 30)

    def records(replica: object) -> Any:
        yield from ()
        return [record]

    monkeypatch.setattr(flows_keys, "owner_records", records)
    if not defended:
        monkeypatch.setattr(flows_keys, "DAY_MS", 0)
    now_ms = 1_000 * DAY_MS
    flow = flows_keys.ended(Ended(now_ms - days_ago * DAY_MS), now_ms=now_ms)  # type: ignore[arg-type]
    believed = False
    try:
        next(flow)
    except StopIteration:
        pass
    except flows_keys.Expired:
        believed = True
    assert believed == (days_ago >= 30 or not defended)


def test_what_no_record_said_is_not_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert lifetime.words(lifetime.Lifetime()) == ""
    assert lifetime.words(lifetime.Lifetime(86_400_000, 7)) == (
        "its owner lets the relay delete it on 1970-01-02 or after 7 days without use"
    )
    assert lifetime.day(2**53) == "9999-12-31"
