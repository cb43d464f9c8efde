"""The far ends, as the hub and the sessions see them: the seam behind which sockets are.

Nothing behind these may block or raise: what cannot be delivered is dropped, or its peer is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from cryptpad_relay.protocol.errors import CloseCode
from cryptpad_relay.protocol.frames import Op


class Peer(Protocol):
    """The far end of one connection."""

    @property
    def ready(self) -> bool:
        """False while its answers pile up unread: no request is taken until `advance` is called."""

    def send(self, *frames: bytes) -> None:
        """Frames that must arrive; a peer that cannot keep up is closed as SLOW_READER."""

    def close(self, code: CloseCode) -> None: ...

    def wake(self) -> None:
        """The session has work left: call its `advance` soon, after others had their turn."""


class FanOut(Protocol):
    """The same frames to many peers. `droppable` ones are kept from peers that are behind."""

    def __call__(self, peers: Iterable[Peer], *frames: bytes, droppable: bool = False) -> None: ...


class Subscriber(Protocol):
    """What the hub knows of a session."""

    @property
    def peer(self) -> Peer: ...

    def advance(self, now: float) -> None:
        """Do a slice of the work that waits."""

    def dropped(self, pad_id: bytes) -> None:
        """Its subscription to this pad ended."""

    def answered(self, op: Op) -> None:
        """The answer to a request that had to wait for the disk has been sent."""


def send_to_each(peers: Iterable[Peer], *frames: bytes, droppable: bool = False) -> None:
    """The plain FanOut."""
    for peer in peers:
        peer.send(*frames)
