"""What this client caught somebody at: a stable code, a sentence, and the signed bytes that prove it.

An alarm halts the pad's fold at the last good position. The text here is never touched by an alarm.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class AlarmCode(StrEnum):
    """Stable codes (docs/cli.md); exit code 6."""

    FORK = "FORK"
    ROLLBACK = "ROLLBACK"
    CHAIN_GAP = "CHAIN_GAP"
    EQUIVOCATION_RELAY = "EQUIVOCATION_RELAY"
    EQUIVOCATION_WRITER = "EQUIVOCATION_WRITER"
    NOT_AUTHORISED = "NOT_AUTHORISED"
    BAD_ENTRY = "BAD_ENTRY"
    BAD_SNAPSHOT = "BAD_SNAPSHOT"
    BAD_RECORD = "BAD_RECORD"
    WRONG_RELAY = "WRONG_RELAY"
    UNSIGNED_DELETE = "UNSIGNED_DELETE"


SENTENCES: Final[dict[AlarmCode, str]] = {
    AlarmCode.FORK: "the relay shows different people different histories of this pad",
    AlarmCode.ROLLBACK: "the relay shows an older history than it showed before",
    AlarmCode.CHAIN_GAP: "the relay left out or exchanged entries of this pad",
    AlarmCode.EQUIVOCATION_RELAY: "the relay signed two different histories of this pad",
    AlarmCode.EQUIVOCATION_WRITER: "a writer signed two different entries for one place",
    AlarmCode.NOT_AUTHORISED: "the relay passed on an entry by somebody who may not write here",
    AlarmCode.BAD_ENTRY: "the relay passed on an entry that was changed or is no entry at all",
    AlarmCode.BAD_SNAPSHOT: "a snapshot of this pad does not match its history",
    AlarmCode.BAD_RECORD: "the relay showed a pad record that its owner did not sign",
    AlarmCode.WRONG_RELAY: "this is not the relay that this pad was shared through",
    AlarmCode.UNSIGNED_DELETE: "the relay says this pad is gone, without the owner's signature",
}
ADVICE: Final = (
    "Your text is safe here. Keep a copy, and do not use this relay for this pad until you know why."
)


class Alarm(Exception):
    """Somebody broke a promise that this client checks. The text here is safe and unchanged."""

    def __init__(self, code: AlarmCode, detail: str = "", *, evidence: tuple[bytes, ...] = ()) -> None:
        super().__init__(f"{code.value}: {SENTENCES[code]}" + (f" ({detail})" if detail else ""))
        self.code = code
        self.detail = detail
        self.evidence = evidence
        """The signed bytes concerned: entries, signed heads or records."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person may want to know that is nobody's attack on them: shown once, never halting."""

    text: str
    writer_pk: bytes = b""


class NeedsProof(Exception):
    """The fold needs head[n] of a position that is not known here; BRIDGE brings it (protocol §7)."""

    def __init__(self, n: int) -> None:
        super().__init__(f"head of position {n} is not known")
        self.n = n
