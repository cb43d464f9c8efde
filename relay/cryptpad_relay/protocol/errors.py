"""The typed refusals, shared by both sides.

- `ProtocolError`
    - `Malformed`: bytes that are no frame, entry or record of this protocol; `reason` says which rule.
        - `Oversized`: a count or length over a limit that the greeting states.
    - `Refused`: a well-formed request that a rule forbids; `code` is the rule, for both sides.

`Code` travels in ERR frames and in APPEND replies, `CloseCode` when a connection ends. docs/wire.md says for
each what the client does.
"""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    """Why a request was refused (u16 on the wire)."""

    OK = 0
    MALFORMED = 1
    """Not a frame or entry of this protocol. Final: the sender has a bug, or the bytes were changed."""
    UNSUPPORTED = 2
    """An op, kind, suite or flag that this relay does not know. Final for this relay."""
    UNKNOWN_PAD = 3
    """No pad with this id. Final until it is created."""
    NOT_AUTHORISED = 4
    """The fetch-key proof does not verify for the current epoch. Final for this link."""
    NOT_SUBSCRIBED = 5
    """This connection has not proven that it may read the pad. SUB first."""
    TOO_LARGE = 6
    """Over a limit that the relay's greeting states. Final as it stands: split it."""
    RETRY = 7
    """Too fast. The same bytes again after retry_ms."""
    UNKNOWN_WRITER = 8
    """The writer has no HELLO in this epoch. Send its HELLO first."""
    BAD_SEQUENCE = 9
    """seq or prev does not follow the writer's last entry. Resend from the lowest unacknowledged."""
    EQUIVOCATION = 10
    """The writer already has another entry at this seq. Final: the writer is spoiled, start another."""
    BAD_BASE = 11
    """base_n or base_head is not on this relay's chain. Final: fork, or a relay restored from a backup."""
    BAD_SIGNATURE = 12
    """The signature or certificate does not verify. Final."""
    WRONG_EPOCH = 13
    """The pad is in another epoch. Fetch the owner records."""
    RETIRED = 14
    """The writer was silent for more than 65,536 entries. Start another writer."""
    BAD_SNAPSHOT = 15
    """Its table, snap_head or order is not the relay's. Final: fold again and make another."""
    CHUNK_MISSING = 16
    """A chunk that the entry names is not here. Put the chunks, then append again."""
    NOT_FOUND = 17
    """No such entry or chunk."""
    QUOTA = 18
    """The pad or its owner is over quota. Final until the operator or owner makes room."""
    STORAGE = 19
    """The relay could not write. Nothing was appended; again after retry_ms."""
    BEHIND = 20
    """The relay knows that its log is older than one it signed. RESTORE first."""
    WRONG_RELAY = 21
    """GENESIS is bound to another relay. Final."""
    CREATE_LIMIT = 22
    """Too many pads created from here. Again after retry_ms."""
    GONE = 23
    """The bodies asked for were trimmed. Start from the snapshot."""
    DELETED = 24
    """The owner deleted the pad; OWNER_REC has the signed record. Final."""
    WORK = 25
    """A message from anybody costs work; retry_ms says how many bits. Do it, then again."""
    MOVED = 26
    """The owner moved the pad to another relay; OWNER_REC has the signed record. Final for this relay."""
    ARRIVING = 27
    """The pad is on its way here and not whole yet. Again after retry_ms."""


class CloseCode(IntEnum):
    """Why a connection ended (WebSocket close code)."""

    GOING_AWAY = 1001
    """The relay stops. Nothing acknowledged is lost; reconnect later."""
    TOO_BIG = 1009
    """A message over 1 MiB."""
    SLOW_READER = 4001
    """The client did not read fast enough. Reconnect and fetch."""
    PROTOCOL_ERROR = 4002
    """Frames that no client of this protocol sends."""
    IDLE_HANDSHAKE = 4003
    """Nothing proven in time, or too much sent before it."""
    BANNED = 4004
    """Refused for a while after repeated errors."""


class ProtocolError(Exception):
    """Something outside this program broke the protocol. Nothing was changed."""


class Malformed(ProtocolError):
    """Bytes that are no message of this protocol. They were dropped; nothing was changed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Oversized(Malformed):
    """A message over a limit of this protocol. It was dropped; nothing was changed. Split it."""


class Refused(ProtocolError):
    """A rule forbids this request. Nothing was changed."""

    def __init__(self, code: Code, retry_ms: int = 0) -> None:
        super().__init__(code.name)
        self.code = code
        self.retry_ms = retry_ms


def refusal_code(refusal: Malformed | Refused) -> tuple[Code, int]:
    """What goes into ERR and APPEND answers: the code, and after how many milliseconds to try again."""
    if isinstance(refusal, Refused):
        return refusal.code, refusal.retry_ms
    return (Code.TOO_LARGE if isinstance(refusal, Oversized) else Code.MALFORMED), 0
