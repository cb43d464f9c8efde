"""What entries prove: against a writer who signed two for one place, against a relay that took what none may.

Checks only what bytes and hashes show. An entry's id leaves out its signature, so that a bad signature is a
fact about the bytes in the file, never about the relay: whoever made the file could have spoiled it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cryptpad_relay.protocol.entry import Entry, Kind, parse_entry
from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.records import Genesis, record_kind
from cryptpad_tui.pad.evidence import log_id_of


@dataclass(frozen=True, slots=True)
class Shown:
    """The pad that the entries of a file are judged for."""

    pad_id: bytes
    genesis: Genesis | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Logged:
    """A log as a signed head commits to it: some of its heads and entry ids, by position."""

    pad_id: bytes
    genesis: Genesis | None = field(repr=False)
    heads: Mapping[int, bytes] = field(repr=False)
    ids: Mapping[int, bytes] = field(repr=False)


def writer_contradictions(raws: Sequence[bytes], pad_id: bytes, genesis: Genesis | None) -> list[str]:
    """Two verified log entries with equal pad, epoch, writer and seq, and different ids (protocol §7).

    Presence frames parse as no log entry, so they never count (R8).
    """
    parsed = [entry for entry in _parsed(raws) if entry.pad_id == pad_id]
    found = []
    for number, one in enumerate(parsed):
        for other in parsed[number + 1 :]:
            same = (one.epoch, one.writer_pk, one.seq) == (other.epoch, other.writer_pk, other.seq)
            if same and one.entry_id != other.entry_id and one.signature_ok() and other.signature_ok():
                found.append(
                    f"writer {one.writer_pk.hex()[:16]} signed two different entries as its number {one.seq}"
                )
                found += _certified(parsed, one.writer_pk, genesis)
    return list(dict.fromkeys(found))


def _certified(parsed: Sequence[Entry], writer_pk: bytes, genesis: Genesis | None) -> list[str]:
    if genesis is None:
        return []
    return [
        "that writer has the pad's edit right"
        for entry in parsed
        if entry.writer_pk == writer_pk and entry.kind is Kind.HELLO and entry.cert_ok(genesis.cap_pk)
    ]


def _parsed(raws: Sequence[bytes]) -> list[Entry]:
    entries = []
    for raw in raws:
        try:
            entries.append(parse_entry(raw))
        except Malformed:
            continue
    return entries


def judge_shown(raws: Sequence[bytes], pad: Shown) -> list[str]:
    """What is wrong with the bytes themselves, whoever sent them."""
    found = []
    for raw in raws:
        if record_kind(raw) is not None:
            continue
        try:
            entry = parse_entry(raw)
        except Malformed as error:
            found.append(f"{len(raw)} bytes in it are no entry ({error.reason})")
            continue
        name = f"an entry in it (id {entry.entry_id.hex()[:16]})"
        if entry.pad_id != pad.pad_id:
            found.append(f"{name} is of another pad")
        if not entry.signature_ok():
            found.append(f"{name} is not signed by its writer")
        if _uncertified(entry, pad.genesis):
            found.append(f"{name} begins a writer whom nobody gave the right to write")
    return found


def _uncertified(entry: Entry, genesis: Genesis | None) -> bool:
    """Only epoch 0's capability is in GENESIS; later ones are not judged here."""
    if genesis is None or entry.epoch or entry.kind is not Kind.HELLO or entry.pad_id != genesis.pad_id:
        return False
    return not entry.cert_ok(genesis.cap_pk)


def by_log_id(raws: Sequence[bytes]) -> dict[bytes, bytes]:
    return {log_id_of(raw): raw for raw in raws}


def judge_logged(log: Logged, by_id: Mapping[bytes, bytes]) -> list[str]:
    """What a relay signed into a log that no honest relay takes (checks 1-5 of protocol §7)."""
    found, placed = [], list[tuple[int, Entry]]()
    for n, entry_id in sorted(log.ids.items()):
        raw = by_id.get(entry_id)
        if raw is None or record_kind(raw) is not None:
            continue
        try:
            entry = parse_entry(raw)
        except Malformed:
            found.append(f"the relay signed a history with what is no entry at position {n}")
            continue
        placed.append((n, entry))
        found += [f"the relay signed a history whose entry {n} {wrong}" for wrong in _wrong(log, n, entry)]
    return found + _out_of_order(log, placed)


def _wrong(log: Logged, n: int, entry: Entry) -> Iterator[str]:
    if entry.pad_id != log.pad_id:
        yield "is of another pad"
        return
    if _uncertified(entry, log.genesis):
        yield "begins a writer whom nobody gave the right to write"
    if entry.kind is Kind.HELLO and (entry.seq or entry.prev.strip(b"\0")):
        yield "begins a writer in the middle"
    if entry.base_n >= n:
        yield f"builds on position {entry.base_n}, which comes after it"
    elif log.heads.get(entry.base_n, entry.base_head) != entry.base_head:
        yield f"was made on another history: its author saw another one of {entry.base_n} entries"


def _out_of_order(log: Logged, placed: Sequence[tuple[int, Entry]]) -> list[str]:
    times = Counter(log.ids.values())
    repeated = sorted(n for n, entry_id in log.ids.items() if times[entry_id] > 1)[:2]
    found = [f"the relay signed a history with one entry at two positions, {repeated}"] if repeated else []
    last: dict[bytes, int] = {}
    for n, entry in placed:
        if entry.pad_id == log.pad_id and last.get(entry.writer_pk, -1) >= entry.seq:
            found.append(f"the relay signed a history whose entry {n} repeats a number of its writer")
        last[entry.writer_pk] = max(entry.seq, last.get(entry.writer_pk, -1))
    return found
