"""Frames: what is encoded decodes to itself, and nothing else decodes to it (C6)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.chain import SignedHead, Step
from cryptpad_relay.protocol.entry import parse_entry, parse_presence
from cryptpad_relay.protocol.errors import Code, Malformed, Oversized
from cryptpad_relay.protocol.records import parse_genesis, record_kind
from support.forge import Forge

U16, U32, U64 = st.integers(0, 2**16 - 1), st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)
B16, B32, B64 = [st.binary(min_size=size, max_size=size) for size in (16, 32, 64)]
ENTRIES = st.lists(st.binary(max_size=60), max_size=5).map(tuple)
SOME_ENTRIES = st.lists(st.binary(max_size=60), min_size=1, max_size=5).map(tuple)
HEADS = st.lists(st.builds(frames.PadHead, U64, B32), max_size=5).map(tuple)
CODES = st.sampled_from(Code)

FORMS: dict[type[Any], st.SearchStrategy[Any]] = {
    frames.Greeting: st.builds(frames.Greeting, B32, B32, U32, U32, U32, U16, U16),
    frames.Create: st.builds(frames.Create, st.binary(min_size=236, max_size=236)),
    frames.Sub: st.builds(frames.Sub, B32, U32, B64, U64, B32, B16),
    frames.Subscribed: st.builds(frames.Subscribed, U64, B32, U64, B64, U64, U64, B16),
    frames.Append: st.builds(frames.Append, SOME_ENTRIES),
    frames.Appended: st.builds(frames.Appended, HEADS, CODES, U32),
    frames.Fetch: st.builds(frames.Fetch, B32, U64, U32),
    frames.Fetched: st.builds(frames.Fetched, U64, B32, ENTRIES),
    frames.Bridge: st.builds(frames.Bridge, B32, U64, U64),
    frames.Bridged: st.builds(
        frames.Bridged, st.lists(st.builds(Step, B32, B32, B32), max_size=5).map(tuple)
    ),
    frames.ChunkPut: st.builds(frames.ChunkPut, B32, st.binary(min_size=1, max_size=99)),
    frames.PadAndHash: st.builds(frames.PadAndHash, B32, B32),
    frames.Found: st.builds(frames.Found, U64, st.binary(max_size=99)),
    frames.OwnerRec: st.builds(frames.OwnerRec, B32, U32, B64),
    frames.OwnerRecords: st.builds(frames.OwnerRecords, st.binary(max_size=236), ENTRIES),
    frames.SthRequest: st.builds(frames.SthRequest, B32, B16),
    frames.SthReply: st.builds(frames.SthReply, U64, B32, U64, B64),
    frames.Watch: st.builds(
        frames.Watch, st.lists(st.builds(frames.Ticket, B32, B16), max_size=5).map(tuple)
    ),
    frames.Watched: st.builds(frames.Watched, HEADS),
    frames.Commit: st.builds(frames.Commit, B32, U64, B32, ENTRIES),
    frames.Head: st.builds(frames.Head, B32, U64, B32),
    frames.Error: st.builds(frames.Error, CODES, U32),
}
ANY_FORM = st.sampled_from(list(FORMS)).flatmap(lambda form: st.tuples(st.just(form), FORMS[form]))
OPEN_ENDED = (frames.ChunkPut, frames.Found)
"""Their last field runs to the end of the body, so every length is one of theirs."""


@given(ANY_FORM)
def test_what_is_encoded_decodes_to_itself(pair: tuple[type[Any], Any]) -> None:
    form, value = pair
    assert form.decode(value.encode()) == value


@given(ANY_FORM, st.binary(min_size=1, max_size=9))
def test_trailing_bytes_are_no_second_spelling(pair: tuple[type[Any], Any], tail: bytes) -> None:
    form, value = pair
    if form not in OPEN_ENDED:
        with pytest.raises(Malformed):
            form.decode(value.encode() + tail)


@given(ANY_FORM, st.data())
def test_cut_short_is_malformed(pair: tuple[type[Any], Any], data: st.DataObject) -> None:
    form, value = pair
    body = value.encode()
    cut = body[: data.draw(st.integers(0, len(body) - 1))]
    if form not in OPEN_ENDED:
        with pytest.raises(Malformed):
            form.decode(cut)


@given(st.sampled_from(list(FORMS)), st.binary(max_size=400))
def test_whatever_decodes_is_spelled_in_one_way(form: type[Any], body: bytes) -> None:
    """Injective: the bytes that decode are exactly the bytes that encode."""
    try:
        value = form.decode(body)
    except Malformed:
        return
    assert value.encode() == body


@given(st.builds(SignedHead, B32, U64, B32, U64, B16, B64), st.binary(min_size=1, max_size=3))
def test_signed_heads_have_one_spelling(signed: SignedHead, tail: bytes) -> None:
    body = frames.encode_signed_head(signed)
    assert frames.decode_signed_head(body) == signed
    with pytest.raises(Malformed):
        frames.decode_signed_head(body + tail)


@given(st.integers(0, 255), U32, st.binary(max_size=99))
def test_a_frame_is_its_header_and_its_body(op: int, req: int, body: bytes) -> None:
    assert frames.split_frame(frames.join_frame(op, req, body)) == (op, req, body)


@pytest.mark.parametrize(
    ("form", "body"),
    [
        (frames.Append, b"\x04\x01" + bytes(4 * 0x401)),
        (frames.Append, b"\0\1" + (524_289).to_bytes(4, "big") + bytes(524_289)),
        (frames.ChunkPut, bytes(32 + frames.MAX_CHUNK_BYTES + 1)),
        (frames.Watch, (10_001).to_bytes(2, "big") + bytes(48 * 10_001)),
    ],
)
def test_over_a_limit_is_told_from_malformed(form: type[Any], body: bytes) -> None:
    with pytest.raises(Oversized):
        form.decode(body)


@given(st.binary(max_size=1_200))
def test_parsers_of_foreign_bytes_raise_malformed_or_nothing(raw: bytes) -> None:
    """F1, F2: no other exception, whatever comes."""
    record_kind(raw)
    for parse in (parse_entry, parse_presence, parse_genesis, frames.split_frame):
        try:
            parse(raw)  # type: ignore[operator]
        except Malformed:
            continue


@given(st.data())
def test_an_entry_with_any_one_byte_changed_is_refused(data: st.DataObject) -> None:
    """T1 and T2 for the envelope: parsing, or the signature, or the certificate notices."""
    pad = Forge().pad()
    raw = pad.writer().hello(pad.start)
    cap_pk = parse_genesis(pad.genesis).cap_pk
    assert parse_entry(raw).signature_ok()
    assert parse_entry(raw).cert_ok(cap_pk)
    at = data.draw(st.integers(0, len(raw) - 1))
    changed = bytearray(raw)
    changed[at] ^= data.draw(st.integers(1, 255))
    try:
        entry = parse_entry(bytes(changed))
    except Malformed:
        return
    assert not entry.signature_ok()
