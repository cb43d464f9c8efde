"""What a pad's connection does beside edits: the relay's word for the log's end; a start derived again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.chain import SignedHead
from cryptpad_relay.protocol.errors import Refused
from cryptpad_relay.protocol.frames import Op
from cryptpad_tui.crdt.errors import DocumentError
from cryptpad_tui.crypto.sealing import RandomBytes
from cryptpad_tui.pad import flows, rederive
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.epochs import HistoryClosed
from cryptpad_tui.pad.evidence import shown_piece
from cryptpad_tui.pad.replica import Replica
from cryptpad_tui.sync.connection import RelayConnection, RelayUnreachable
from cryptpad_tui.sync.pad_host import PadHost


async def signed_end(connection: RelayConnection, replica: Replica, rng: RandomBytes) -> SignedHead:
    """Where the log ends, signed for a challenge of one's own; raises Alarm. The witness has it."""
    pad_id, challenge = replica.pad_id, replica.witness.challenge(rng)
    body = await connection.request(flows.Request(Op.STH, frames.SthRequest(pad_id, challenge).encode()))
    answer = frames.SthReply.decode(body)
    signed = SignedHead(pad_id, answer.n, answer.head, answer.unix_ms, challenge, answer.signature)
    if not signed.verify(connection.greeting.relay_pk):
        raise Alarm(AlarmCode.WRONG_RELAY, "its signature does not verify")
    replica.take_signed(signed)
    return signed


def check_signed(connection: RelayConnection, replica: Replica, body: bytes) -> None:
    """Take what the relay signed unasked; raises Alarm."""
    signed = frames.decode_signed_head(body)
    if not signed.verify(connection.greeting.relay_pk):
        said = shown_piece(Op.SIGNED, body)
        raise Alarm(AlarmCode.WRONG_RELAY, "its signature does not verify", evidence=(said,))
    # It may come before its commit is folded: the witness holds it until it can be compared.
    replica.take_signed(signed)


class StartDerived:
    """Folds a doubted start again from the log's beginning, beside all else: once on a connection."""

    def __init__(
        self,
        host: PadHost,
        connection: RelayConnection,
        lock: asyncio.Lock,
        failed: Callable[[Exception], None],
    ) -> None:
        self._host = host
        self._connection = connection
        self._lock = lock
        self._failed = failed
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._derive())

    def stop(self) -> None:
        if self._task:
            self._task.cancel()

    async def _derive(self) -> None:
        replica = self._host.replica
        try:
            beside = await self._connection.run(rederive.derive(replica))
            async with self._lock:
                try:
                    await self._connection.run(rederive.conclude(replica, beside))
                finally:
                    self._host.folded()
        except Alarm as alarm:
            self._failed(alarm)
        except (DocumentError, Refused, RelayUnreachable, HistoryClosed):
            # The start stays doubted, and is derived on another connection.
            return
        except Exception as error:
            self._failed(error)
