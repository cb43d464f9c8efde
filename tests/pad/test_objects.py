"""Files are sealed by pieces, and come back whole and in order, or not at all."""

from __future__ import annotations

import io
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptpad_relay.protocol.entry import ChunkRef
from cryptpad_tui.crypto import sealing
from cryptpad_tui.pad import objects
from cryptpad_tui.pad.alarms import Alarm
from cryptpad_tui.pad.digests import chunk_id_of
from cryptpad_tui.pad.objects import FileBroken, FileChanged, FileRef, Manifest, ObjectTooLarge, Sealer
from support.pads import seeded

seeds = count(10)
PAD, OTHER_PAD, KEY = bytes([1]) * 32, bytes([2]) * 32, bytes([3]) * 32


def sealed(content: bytes, *, pad_id: bytes = PAD, key: bytes = KEY) -> tuple[FileRef, list[bytes]]:
    """What names the file, and its chunks, the manifest last."""
    sealer = Sealer(pad_id, key, len(content), rng=seeded(next(seeds)))
    chunks = list(sealer.pieces(io.BytesIO(content).read))
    chunks.append(sealer.manifest())
    return FileRef(chunk_id_of(chunks[-1]), key, len(content), "a.bin", ""), chunks


def opened(ref: FileRef, chunks: list[bytes], *, pad_id: bytes = PAD) -> bytes:
    manifest = objects.open_manifest(pad_id, ref, chunks[-1])
    pieces = chunks[:-1]
    return b"".join([objects.open_piece(pad_id, ref, manifest, i, piece) for i, piece in enumerate(pieces)])


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "PIECE_BYTES", 256)


@pytest.mark.parametrize("size", [0, 1, 255, 262_143, 262_144, 600_000])
def test_a_file_comes_back_as_it_was(size: int) -> None:
    content = seeded(3)(size)
    ref, chunks = sealed(content)
    assert opened(ref, chunks) == content
    assert [(len(chunk)) for chunk in chunks[:-1]] == [length for _, length in objects.chunk_spans(size)]
    assert size < 100 or all(content[:50] not in chunk for chunk in chunks)


@pytest.mark.usefixtures("small_pieces")
@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=2_000), other=st.binary(max_size=2_000), data=st.data())
def test_whatever_is_cut_off_exchanged_or_turned_around_is_caught(
    content: bytes, other: bytes, data: st.DataObject
) -> None:
    ref, chunks = sealed(content)
    _, foreign = sealed(other, key=bytes(32))
    stock = [*chunks, *foreign]
    order = data.draw(st.lists(st.integers(0, len(stock) - 1), min_size=1, max_size=len(chunks) + 1))
    lie = [stock[at] for at in order]
    if lie == chunks:
        assert opened(ref, lie) == content
        return
    try:
        found = opened(ref, lie)
    except (Alarm, FileBroken, IndexError):
        return
    # Too few pieces for the manifest: the reader asks for each that it names, and never gets this far.
    assert len(lie) < len(chunks)
    assert content.startswith(found)


@pytest.mark.usefixtures("small_pieces")
def test_one_changed_bit_is_caught() -> None:
    ref, chunks = sealed(bytes(600))
    for at, chunk in enumerate(chunks):
        for byte in (0, len(chunk) // 2, len(chunk) - 1):
            changed = bytearray(chunk)
            changed[byte] ^= 1
            with pytest.raises(Alarm):
                opened(ref, [*chunks[:at], bytes(changed), *chunks[at + 1 :]])


def without_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "check_bytes", lambda *_: None)


def without_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "_aad", lambda kind, pad_id, size, index, count: b"")


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("taken_out", ["nothing", "hashes", "places", "both"])
@pytest.mark.parametrize("attack", ["turned around", "from another file of the key", "of another pad"])
def test_two_defences_hold_each_piece_at_its_place(
    monkeypatch: pytest.MonkeyPatch, taken_out: str, attack: str
) -> None:
    """By its hash, which the id fixes; and by what it is sealed with. Either alone stops the attack."""
    if taken_out in ("hashes", "both"):
        without_hashes(monkeypatch)
    if taken_out in ("places", "both"):
        without_places(monkeypatch)
    content = bytes(range(256)) + bytes(400)
    ref, chunks = sealed(content)
    if attack == "turned around":
        chunks = [chunks[1], chunks[0], *chunks[2:]]
    elif attack == "of another pad":
        chunks = sealed(content, pad_id=OTHER_PAD)[1]
        ref = replace(ref, file_id=chunk_id_of(chunks[-1])) if taken_out == "hashes" else ref
    else:
        chunks = [sealed(bytes(656))[1][0], *chunks[1:]]
    if attack == "from another file of the key" and taken_out == "hashes":
        # One key for two files of a size: only hashes tell their pieces apart. So each file has its own.
        other = sealed(bytes(656), key=bytes([9]) * 32)[1][0]
        with pytest.raises(FileBroken):
            opened(ref, [other, *chunks[1:]])
    elif taken_out == "both":
        assert (opened(ref, chunks) == content) is (attack == "of another pad")
    else:
        with pytest.raises((Alarm, FileBroken)):
            opened(ref, chunks)


@pytest.mark.usefixtures("small_pieces")
def test_a_manifest_that_leaves_the_end_out_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """An editor, who has the key, names fewer pieces than the size needs."""
    ref, chunks = sealed(bytes(1_000))
    whole = [ChunkRef(len(chunk), chunk_id_of(chunk)) for chunk in chunks[:-1]]
    short = Manifest(1_000, tuple(whole[:-1])).encode()
    aad = objects._aad(objects.MANIFEST_KIND, PAD, 1_000, 0, 1)
    lie = sealing.seal(KEY, aad, sealing.pad(short), rng=seeded(5))
    named = replace(ref, file_id=chunk_id_of(lie))
    with pytest.raises(FileBroken):
        opened(named, [*chunks[:-2], lie])
    monkeypatch.setattr(objects, "piece_count", lambda size: len(whole) - 1)
    assert objects.open_manifest(PAD, named, lie).pieces == tuple(whole[:-1]), "without the rule it is taken"


def test_what_the_pad_says_must_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    ref, chunks = sealed(b"text")
    for wrong in (replace(ref, key=bytes(32)), replace(ref, size=5), replace(ref, size=300)):
        with pytest.raises(FileBroken):
            opened(wrong, chunks)
    monkeypatch.setattr(objects, "_padding", lambda size, at, length: bytes(length))
    other, unpadded = sealed(b"text")
    monkeypatch.undo()
    with pytest.raises(FileBroken):
        opened(other, unpadded)


@pytest.mark.parametrize("change", [-1, 1])
def test_a_file_that_changes_while_it_is_read_is_refused(change: int) -> None:
    sealer = Sealer(PAD, KEY, 300_000, rng=seeded(4))
    with pytest.raises(FileChanged):
        list(sealer.pieces(io.BytesIO(bytes(300_000 + change)).read))


def test_a_file_over_the_limit_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "MAX_OBJECT_BYTES", 10)
    with pytest.raises(ObjectTooLarge):
        Sealer(PAD, KEY, 11, rng=seeded(4))


def test_no_key_and_no_name_is_shown() -> None:
    assert "a.bin" not in repr(sealed(b"")[0])
    assert repr(KEY) not in repr(sealed(b"")[0])
