"""What a proof file proves, and against whom: the rules by which evidence is judged.

Everything proven follows from signatures and hashes. A relay is convicted by its own signatures alone: by two
signed heads that contradict each other, or by one whose log holds an entry that no honest relay takes. No
peer and not the file's author can make that up (R11); what they say is listed as reported, never as proven.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.chain import SignedHead, chain_start
from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.records import Genesis, parse_genesis
from cryptpad_tui.pad.alarms import SENTENCES, AlarmCode
from cryptpad_tui.pad.evidence import NONCE_BYTES, Piece, PieceKind, Walk, after_challenge, head_piece
from cryptpad_tui.pad.proofs_entries import (
    Logged,
    Shown,
    by_log_id,
    judge_logged,
    judge_shown,
    writer_contradictions,
)


class NotAProof(Exception):
    """This file does not prove what it says it proves. Nothing was changed; ask for it again."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Against(StrEnum):
    """Whom the signatures in a file convict."""

    RELAY = "relay"
    WRITER = "writer"
    NOBODY = ""


@dataclass(frozen=True, slots=True)
class Case:
    """What a file holds, parsed and not yet believed."""

    code: AlarmCode
    pad_id: bytes
    relay_pk: bytes
    genesis: bytes = field(repr=False)
    at_ms: int
    detail: str
    pieces: tuple[Piece, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ProofReport:
    """A file that holds. `proven` needs nobody's word; `reported` is the word of who made the file."""

    code: AlarmCode
    pad_id: bytes
    relay_pk: bytes
    """The key that the relay's signatures here are by; zeros where the file names none."""
    at_ms: int
    against: Against
    contradiction: bool
    """Whether the relay's own signatures contradict each other."""
    proven: tuple[str, ...]
    reported: tuple[str, ...]


@dataclass(slots=True)
class _SignedLog:
    """All that one signed head commits to, as far as the file shows it."""

    signed: SignedHead
    heads: dict[int, bytes]
    ids: dict[int, bytes]


def judge(case: Case) -> ProofReport:
    """Judge a case; raises NotAProof where a signature, a step or what the code calls for is wrong."""
    genesis = _genesis(case)
    logs = _signed_logs(case)
    convicting, contradiction = _against_relay(case, logs, genesis)
    entries = _entries_of(case)
    by_writer = writer_contradictions(entries, case.pad_id, genesis)
    if case.code is AlarmCode.EQUIVOCATION_RELAY and not contradiction:
        raise NotAProof("no two signatures in it contradict each other")
    if case.code is AlarmCode.EQUIVOCATION_WRITER and not by_writer:
        raise NotAProof("no two entries in it contradict each other")
    shown = judge_shown(entries, Shown(case.pad_id, genesis))
    said = [
        f"the relay signed, at {log.signed.unix_ms} by its clock, that the pad had {log.signed.n} entries"
        for log in logs
    ]
    if genesis is not None and any(case.relay_pk) and genesis.relay_id == case.relay_pk:
        said.append("the pad's owner named this relay")
    against = Against.RELAY if convicting else Against.WRITER if by_writer else Against.NOBODY
    if case.code is AlarmCode.EQUIVOCATION_WRITER:
        against = Against.WRITER
    return ProofReport(
        code=case.code,
        pad_id=case.pad_id,
        relay_pk=case.relay_pk,
        at_ms=case.at_ms,
        against=against,
        contradiction=contradiction,
        proven=tuple(dict.fromkeys([*convicting, *by_writer, *shown, *said])),
        reported=_reported(case, bool(convicting)),
    )


def _genesis(case: Case) -> Genesis | None:
    if not case.genesis:
        return None
    try:
        return parse_genesis(case.genesis, case.pad_id)
    except Malformed:
        raise NotAProof("the pad's birth record in it is not this pad's") from None


def _signed_logs(case: Case) -> list[_SignedLog]:
    logs: dict[tuple[int, bytes], _SignedLog] = {}
    distinct: list[_SignedLog] = []
    for piece in case.pieces:
        if piece.kind is PieceKind.SIGNED_HEAD:
            signed = _signed_head(case, piece.content)
            log = logs.get((signed.n, signed.head))
            heads, ids = (log.heads, log.ids) if log else ({signed.n: signed.head}, {})
            distinct.append(_SignedLog(signed, heads, ids))
            logs.setdefault((signed.n, signed.head), distinct[-1])
    for piece in case.pieces:
        if piece.kind is PieceKind.WALK:
            _take_walk(piece.content, logs)
    return distinct


def _signed_head(case: Case, content: bytes) -> SignedHead:
    try:
        signed = frames.decode_signed_head(content)
    except Malformed:
        raise NotAProof("a signed head in it is none") from None
    if signed.pad_id != case.pad_id:
        raise NotAProof("a signed head in it is of another pad")
    if not signed.verify(case.relay_pk):
        raise NotAProof("the relay did not sign a head that is said to be its own")
    return signed


def _take_walk(content: bytes, logs: dict[tuple[int, bytes], _SignedLog]) -> None:
    try:
        walk = Walk.decode(content)
        heads, ids = walk.follow()
    except Malformed as error:
        raise NotAProof(f"the steps in it do not fit together ({error.reason})") from None
    log = logs.get((walk.upper, walk.upper_head))
    if log is None:
        raise NotAProof("the steps in it begin at a head that nobody signed")
    for index, head in heads.items():
        if log.heads.setdefault(index, head) != head:
            raise NotAProof("the steps in it do not fit together")
    log.ids.update(ids)


def _against_relay(case: Case, logs: list[_SignedLog], genesis: Genesis | None) -> tuple[list[str], bool]:
    contradictions = _contradictions(logs) + [
        "the relay signed a history that does not begin with this pad's birth"
        for log in logs
        if log.heads.get(0, chain_start(case.pad_id)) != chain_start(case.pad_id)
    ]
    by_id = by_log_id(_entries_of(case))
    taken = [
        text
        for log in {(log.signed.n, log.signed.head): log for log in logs}.values()
        for text in judge_logged(Logged(case.pad_id, genesis, log.heads, log.ids), by_id)
    ]
    found = contradictions + _shorter_after(case, logs) + taken
    return list(dict.fromkeys(found)), bool(contradictions)


def _entries_of(case: Case) -> list[bytes]:
    return [piece.content for piece in case.pieces if piece.kind is PieceKind.ENTRY]


def _contradictions(logs: list[_SignedLog]) -> list[str]:
    found = []
    for number, one in enumerate(logs):
        for other in logs[number + 1 :]:
            differing = [i for i in one.heads.keys() & other.heads.keys() if one.heads[i] != other.heads[i]]
            if differing:
                found.append(
                    f"the relay signed two histories of this pad that differ at position {min(differing)}:"
                    f" one of {one.signed.n} entries, one of {other.signed.n}"
                )
    return found


def _shorter_after(case: Case, logs: list[_SignedLog]) -> list[str]:
    """A head whose challenge was made from an earlier one is younger than it, and may not be shorter."""
    nonces = [piece.content for piece in case.pieces if piece.kind is PieceKind.AFTER]
    if any(len(nonce) != NONCE_BYTES for nonce in nonces):
        raise NotAProof("a nonce in it is none")
    return [
        f"the relay signed a history of {earlier.signed.n} entries, and after that one of {later.signed.n}"
        for later in logs
        for earlier in logs
        if later.signed.n < earlier.signed.n
        and any(
            after_challenge(nonce, head_piece(earlier.signed).content) == later.signed.challenge
            for nonce in nonces
        )
    ]


def _reported(case: Case, convicted: bool) -> tuple[str, ...]:
    said = [f"{SENTENCES[case.code]}" + (f" ({case.detail})" if case.detail else "")]
    if not convicted and any(piece.kind is PieceKind.ENTRY for piece in case.pieces):
        said.append("that the relay passed on what is in this file")
    for piece in case.pieces:
        said += _words_of(piece)
    said.append("that this key is the relay's, and when this was seen")
    return tuple(dict.fromkeys(said))


def _words_of(piece: Piece) -> list[str]:
    content = piece.content
    if piece.kind is PieceKind.SHOWN and content:
        return [
            f"the relay sent a frame {content[0]:#04x} of {len(content) - 1} bytes, which it did not sign"
        ]
    if piece.kind is PieceKind.VERIFIED_HERE and len(content) == 40:
        return [f"what had been verified here: {_place(content)}"]
    if piece.kind is PieceKind.PIN and len(content) > 8:
        return [f"what the link promised: {_place(content)}"]
    if piece.kind is PieceKind.KEY:
        return [f"the key that answered: {content.hex()}"]
    return []


def _place(content: bytes) -> str:
    return f"{int.from_bytes(content[:8], 'big')} entries, head {content[8:16].hex()}"
