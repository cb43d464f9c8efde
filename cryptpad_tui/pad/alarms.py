"""What this client caught somebody at: a stable code, what a person is told, and the bytes that show it.

An alarm halts the pad's fold at the last good position. The text here is never touched by an alarm.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cryptpad_tui.pad.evidence import Piece, entry_piece


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
_ALL_HERE: Final = (
    "all the text that was here is still here, unchanged, and nothing of what was refused is in it"
)
SAFE: Final[dict[AlarmCode, str]] = {
    AlarmCode.FORK: "the text here is the history that this machine verified; what others see may differ",
    AlarmCode.ROLLBACK: "the newer text is still here; nothing was taken back",
    AlarmCode.CHAIN_GAP: _ALL_HERE,
    AlarmCode.EQUIVOCATION_RELAY: (
        "the text here is the history that this machine verified; it stays readable, and nothing is sent"
    ),
    AlarmCode.EQUIVOCATION_WRITER: "only the first of the two entries is in the text here",
    AlarmCode.NOT_AUTHORISED: _ALL_HERE,
    AlarmCode.BAD_ENTRY: _ALL_HERE,
    AlarmCode.BAD_SNAPSHOT: "the snapshot was not used; the text here is as it was",
    AlarmCode.BAD_RECORD: "the record was not believed; keys and text here are as they were",
    AlarmCode.WRONG_RELAY: "nothing was sent to it, and nothing of it was believed",
    AlarmCode.UNSIGNED_DELETE: "your copy is here whole, and nothing of it was deleted",
}
"""What a person may rely on, as the end of "Safe: ..."."""
OTHER_WAY: Final = (
    "either it lies, or it came back from a backup and went on without what nobody gave back in 72 hours"
)
"""Where a relay's signature contradicts what it signed before: its words look the same in both cases."""
_BACKUP: Final = (
    "If who runs it restored a backup, and nobody who had the rest came back for 72 hours, that is no attack:"
    " keep a copy, dismiss the alarm, take the pad out of this vault (`cryptpad-tui rm`, `trash --empty`),"
    " join it again by its link, and put in what is missing."
)
_TRIED_AGAIN: Final = "It is tried again by itself."
_SHOW: Final = "`cryptpad-tui proof export` makes a file that shows others what was caught."
ADVICE: Final[dict[AlarmCode, str]] = {
    AlarmCode.FORK: (
        "Keep a copy of the text, and compare with the others on another way than this relay. Stop using the"
        f" relay for this pad. {_BACKUP} {_SHOW}"
    ),
    AlarmCode.ROLLBACK: (
        f"{_TRIED_AGAIN} Ask who runs the relay whether they restored a backup; if not, leave it. {_SHOW}"
    ),
    AlarmCode.CHAIN_GAP: f"{_TRIED_AGAIN} If it comes back, keep a copy and leave this relay. {_SHOW}",
    AlarmCode.EQUIVOCATION_RELAY: (
        "Keep a copy of the text and leave this relay: its own signatures convict it. Show the others the"
        " proof (`cryptpad-tui proof export`). Go on with `cryptpad-tui alarms PAD --dismiss` only if you"
        f" know why. {_BACKUP}"
    ),
    AlarmCode.EQUIVOCATION_WRITER: (
        "Somebody with an edit link, together with the relay, shows people different text. Ask the others"
        f" what they see; the pad's owner should make a new pad and leave that person out. {_SHOW}"
    ),
    AlarmCode.NOT_AUTHORISED: (
        f"{_TRIED_AGAIN} An honest relay refuses such an entry: if it comes back, leave this relay. {_SHOW}"
    ),
    AlarmCode.BAD_ENTRY: (
        f"{_TRIED_AGAIN} A damaged disk at the relay looks like this, and so does tampering: tell who runs"
        f" it; if it comes back, keep a copy and leave. {_SHOW}"
    ),
    AlarmCode.BAD_SNAPSHOT: (
        "The whole history is read and checked instead at the next attempt, which comes by itself. If it"
        f" comes back, let somebody who has the pad send you its text otherwise. {_SHOW}"
    ),
    AlarmCode.BAD_RECORD: (
        f"{_TRIED_AGAIN} If it comes back, ask who gave you the link for another, and say why. {_SHOW}"
    ),
    AlarmCode.WRONG_RELAY: (
        f"{_TRIED_AGAIN} Ask who runs the relay whether its key changed; somebody between you and it looks"
        " the same. The pad goes on when the right relay is back."
    ),
    AlarmCode.UNSIGNED_DELETE: (
        f"{_TRIED_AGAIN} Keep a copy, and ask the owner whether they deleted the pad. If not, the relay lost"
        f" it or hides it: share the text through another. {_SHOW}"
    ),
}
"""What to do, in whole sentences."""


def safe_and_advice(code: AlarmCode) -> str:
    """What is safe and what to do, for one line."""
    return f"{SAFE[code][0].upper()}{SAFE[code][1:]}. {ADVICE[code]}"


class Alarm(Exception):
    """Somebody broke a promise that this client checks. The text here is safe and unchanged."""

    def __init__(self, code: AlarmCode, detail: str = "", *, evidence: Iterable[bytes | Piece] = ()) -> None:
        """`evidence` given as bytes is an entry or record, as the relay sent it."""
        super().__init__(f"{code.value}: {SENTENCES[code]}" + (f" ({detail})" if detail else ""))
        self.code = code
        self.detail = detail
        self.evidence = tuple(evidence)
        """The bytes concerned: entries, signed heads, records, what the relay said."""
        self.shown: tuple[bytes, ...] = ()
        """The entries that were to follow what is verified here, from the refused one on."""

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The evidence, each with its kind."""
        return tuple([each if isinstance(each, Piece) else entry_piece(each) for each in self.evidence])


RESTORED: Final = "RESTORED"
"""The code of the notice that a relay was given back what it had lost (docs/cli.md)."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person may want to know that is nobody's attack on them: shown once, never halting."""

    text: str
    writer_pk: bytes = b""
    code: str = ""
    """Stable, where a program may look for it."""

    @property
    def line(self) -> str:
        """With its code in front, as alarms have theirs."""
        return f"{self.code}: {self.text}" if self.code else self.text


class NeedsProof(Exception):
    """The fold needs head[n] of a position that is not known here; BRIDGE brings it (protocol §7)."""

    def __init__(self, n: int) -> None:
        super().__init__(f"head of position {n} is not known")
        self.n = n
