"""What somebody else calls a file, or says about it, is a word and nothing more."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cryptpad_relay.protocol.entry import ChunkRef
from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.file_frames import FileRoom
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.crypto.keys import EditKeys
from cryptpad_tui.engine.files.exporting import archive_names
from cryptpad_tui.engine.files.link import FileLink
from cryptpad_tui.engine.files.names import object_file_id, own_file, put_ref, refs_in, safe_name, size_words
from cryptpad_tui.pad.keyring import KeyRing
from cryptpad_tui.pad.objects import FileRef

REF = FileRef(bytes(range(32)), bytes(32), 5, "a b.png", "image/png")


@given(st.text(max_size=60))
@example("\N{PILE OF POO}" * 200)
def test_a_name_from_somebody_else_stays_a_name(name: str) -> None:
    safe = safe_name(name)
    assert safe
    assert safe.isprintable()
    assert not set(safe) & set('/\\:*?"<>|\0')
    assert safe[0] not in ".-"
    assert len(safe.encode()) <= 200
    assert safe == safe_name(safe)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x.txt", "x.txt"),
        (".bashrc", "bashrc"),
        ("-rf", "rf"),
        ("", "file"),
        ("photo.jpg", "photo.jpg"),
    ],
)
def test_paths_and_hidden_names_become_plain_ones(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_what_a_pad_says_is_read_back_and_nonsense_is_left_out() -> None:
    view = ViewDocument(client_id=7, kind=PadKind.FILE)
    put_ref(view, REF)
    view.set_map("meta", "file", REF.file_id.hex())
    assert refs_in(view) == [REF]
    assert own_file(view) == REF
    good = {"key": "AAAA", "size": 5, "name": "n", "type": "t"}
    for wrong in ("word", {**good}, {**good, "key": 5}, {"size": -1}, {**good, "size": 1e300}, None):
        view.set_map("meta", "file/" + "ab" * 32, wrong)
        assert refs_in(view) == [REF]
    view.set_map("meta", "file/nothex", good)
    view.set_map("meta", "file", "../x")
    assert own_file(view) is None


def test_objects_name_files_by_their_whole_id() -> None:
    assert object_file_id(f"file:{REF.file_id.hex()}") == REF.file_id
    for wrong in ("file:ab", REF.file_id.hex(), f"file:{'AB' * 32}", 5, None):
        assert object_file_id(wrong) is None


def test_sizes_are_said_in_words() -> None:
    assert [size_words(n) for n in (0, 1_023, 1_024, 5 * 2**20, 3 * 2**30)] == [
        "0 B", "1023 B", "1.0 KiB", "5.0 MiB", "3.0 GiB",
    ]  # fmt: skip


def test_no_two_files_of_an_archive_lie_at_one_place() -> None:
    """Whoever names a file may name it as another one would be called then."""
    ids = [bytes([at]) * 32 for at in range(4)]
    names = ["a.txt", f"a-{ids[2].hex()[:8]}.txt", "A.txt", f"a-{ids[2].hex()[:16]}.txt"]
    refs = [FileRef(one, bytes(32), 1, name, "text/plain") for one, name in zip(ids, names, strict=True)]
    for order in (refs, refs[::-1], [refs[1], refs[3], refs[0], refs[2]]):
        assert len({place.casefold() for place in archive_names(order).values()}) == 4
    many = [FileRef(at.to_bytes(32), bytes(32), 1, "a", "") for at in range(5_000)]
    started = time.process_time()
    assert len(set(archive_names(many).values())) == 5_000
    assert time.process_time() - started < 1


async def test_a_relay_that_answers_about_other_pieces_is_refused() -> None:
    """Or its answer would end whatever sends files."""

    class Short:
        async def request(self, request: object, timeout_s: float) -> bytes:
            return FileRoom(0, 1, (True,)).encode()

    ring = KeyRing({0: EditKeys.from_seed(bytes(32))}, PadKind.FILE)
    kept: Any = SimpleNamespace(chunks=(ChunkRef(300, bytes(32)), ChunkRef(301, bytes([1]) * 32)))
    record: Any = SimpleNamespace(pad_id=bytes(32))
    connection: Any = Short()
    with pytest.raises(Malformed):
        await FileLink(connection, record, ring).put(kept, bytes(32), lambda done: None)
