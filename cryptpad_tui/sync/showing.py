"""What a flow folds is shown while it still folds: a key never waits for ten thousand entries at once.

A flow around a flow. It decides nothing, and asks the relay nothing but what the flow inside asks.
"""

from __future__ import annotations

from typing import TypeVar

from cryptpad_relay.protocol.errors import Refused
from cryptpad_tui.pad.asking import Flow, pause
from cryptpad_tui.sync.pad_host import PadHost

T = TypeVar("T")


def showing(host: PadHost, flow: Flow[T]) -> Flow[T]:
    """The same flow, with turns between its steps in which the host shows what there is, a little each."""
    pad_id = host.replica.pad_id
    try:
        step = next(flow)
        while True:
            while host.show_some():
                yield pause(pad_id)
            try:
                reply = yield step
            except Refused as refused:
                step = flow.throw(refused)
            else:
                step = flow.send(reply)
    except StopIteration as stop:
        result: T = stop.value
    finally:
        flow.close()
    while host.show_some():
        yield pause(pad_id)
    return result
