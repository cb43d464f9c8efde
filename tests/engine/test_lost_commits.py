"""What a relay did not push, though others have it: it is asked for once somebody is seen to be further."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cryptpad_relay.protocol.errors import Code, Refused
from cryptpad_relay.protocol.frames import Frame, Op
from cryptpad_tui.engine import relay_loop
from cryptpad_tui.pad import freshness
from cryptpad_tui.pad.alarms import Alarm
from cryptpad_tui.pad.asking import Flow, get_chunk, get_table
from cryptpad_tui.sync.pad_link import PadLink
from support.relay import RelayProcess
from support.sessions import MakeEngine, append, until


@pytest.mark.parametrize("seen", [True, False])
async def test_what_others_have_seen_and_never_came_is_asked_for(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch, seen: bool
) -> None:
    """At once where somebody is there who has it, else after a while."""
    if seen:
        monkeypatch.setattr(freshness, "WAIT_FOR_TAIL_S", 0.2)
        monkeypatch.setattr(relay_loop, "UNFOLDED_S", 0.2)
    else:
        monkeypatch.setattr(relay_loop, "QUIET_S", 1.0)
    heard = PadLink._on_push

    def hear(self: PadLink, frame: Frame) -> None:
        if frame.op != Op.COMMIT or self._replica.profile.name != "Boris":
            heard(self, frame)

    monkeypatch.setattr(PadLink, "_on_push", hear)
    anna, boris = make_engine("Anna", relay_url=relay.url), make_engine("Boris")
    await anna.start()
    line = anna.create_pad("Pad", text="start\n")
    first = anna.open_pad(line.pad_id)
    await boris.start()
    await boris.join(await anna.make_link(line.pad_id, view=False))
    second = boris.open_pad(line.pad_id)
    await until(lambda: second.attached_here and bool(first.people()) and bool(second.people()))
    append(first, "not pushed\n")
    await until(lambda: second.view.text() == "start\nnot pushed\n")


@pytest.mark.parametrize("ask", [lambda pad, name: get_chunk(pad, name, 1), get_table])
@pytest.mark.parametrize("code", [Code.NOT_SUBSCRIBED, Code.NOT_FOUND])
def test_keys_that_change_while_a_snapshot_is_fetched_are_no_lie(
    ask: Callable[[bytes, bytes], Flow[bytes]], code: Code
) -> None:
    flow = ask(bytes(32), bytes(range(32)))
    next(flow)
    with pytest.raises(Refused if code is Code.NOT_SUBSCRIBED else Alarm):
        flow.throw(Refused(code))
