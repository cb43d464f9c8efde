"""Files in the app: attached by a path, said beside their place, saved; pictures are commands alone."""

from __future__ import annotations

import base64
import re
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Position, TextEdit
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.editor.editor import Editor
from cryptpad_tui.host import terminal_picture
from cryptpad_tui.host.terminal_picture import Protocol, Shown
from cryptpad_tui.host.terminal_probe import parse_answers
from cryptpad_tui.ui.file_errands import protocols_of

FILE_ID = "ab" * 32


def rich_editor(text: str = "before") -> Editor:
    view = ViewDocument(client_id=7, kind=PadKind.RICHTEXT)
    start = Position(0, 0)
    view.replace_all([TextEdit(start, start, text, {})])
    end = view.lines.end
    view.replace_all([TextEdit(end, end, "\n", {})])
    end = view.lines.end
    view.replace_all([TextEdit(end, end, "\ufffc", {"object": f"file:{FILE_ID}"})])
    return Editor(view, width=40, height=6)


def rows_of(editor: Editor) -> list[str]:
    return ["".join([span.text for span in row.spans]) for row in editor.frame().rows]


def test_an_object_is_a_box_with_its_caption() -> None:
    editor = rich_editor()
    editor.show_captions(
        lambda value: "plan.png · image/png · 1.2 MiB" if value == f"file:{FILE_ID}" else "?"
    )
    rows = rows_of(editor)
    assert rows[0] == "before"
    assert rows[1] == "▣ ▏plan.png · image/png · 1.2 MiB"


def test_a_caption_never_takes_more_than_the_row_has() -> None:
    editor = rich_editor()
    editor.show_captions(lambda value: "図" * 60)
    frame = editor.frame()
    assert all(row.cells <= 40 for row in frame.rows)
    assert "\ufffc" not in "".join(rows_of(editor))


def png(width: int = 4, height: int = 4, rest: bytes = b"") -> bytes:
    return struct.pack(">8sI4sII", b"\x89PNG\r\n\x1a\n", 13, b"IHDR", width, height) + rest


def picture(rest: bytes = b"", kind: str = "png", width: int = 4, height: int = 4) -> Shown:
    return Shown(png(rest=rest) if kind == "png" else rest, kind, width, height)


@given(st.binary(max_size=20_000), st.integers(1, 300), st.integers(1, 100))
def test_t53_nothing_of_a_files_bytes_reaches_the_terminal_unencoded(
    rest: bytes, columns: int, rows: int
) -> None:
    shown, room = picture(rest), terminal_picture.Room(columns, rows)
    sent = b"".join(terminal_picture.picture_commands(shown, Protocol.KITTY, room))
    commands = re.fullmatch(rb"(?:\x1b_G[a-zA-Z0-9=,]+;[A-Za-z0-9+/=]{1,4096}\x1b\\)+", sent)
    assert commands is not None
    parts = re.findall(rb";([A-Za-z0-9+/=]+)\x1b", sent)
    assert base64.b64decode(b"".join(parts), validate=True) == shown.data
    shown = picture(rest, "jpg")
    sent = b"".join(terminal_picture.picture_commands(shown, Protocol.INLINE, room))
    command = re.fullmatch(rb"\x1b\]1337;File=[a-zA-Z0-9=;]+:([A-Za-z0-9+/=]*)\x07", sent)
    assert command is not None
    assert base64.b64decode(command[1], validate=True) == rest


@pytest.mark.parametrize(
    ("width", "height", "size", "kind"),
    [(0, 4, 9, "png"), (terminal_picture.MAX_SIDE + 1, 1, 9, "png"), (4, 4, 9, "svg"), (4, 4, 2**25, "png")],
)
def test_only_known_kinds_of_bounded_size_are_shown(width: int, height: int, size: int, kind: str) -> None:
    for protocol in Protocol:
        assert not terminal_picture.is_shown(Shown(bytes(size), kind, width, height), protocol)
        assert terminal_picture.is_shown(picture(), protocol)


def test_kittys_protocol_takes_png_alone() -> None:
    jpeg = picture(b"x", "jpg")
    assert not terminal_picture.is_shown(jpeg, Protocol.KITTY)
    assert terminal_picture.is_shown(jpeg, Protocol.INLINE)


def test_what_shows_pictures_by_iterms_protocol_is_known_by_its_name() -> None:
    both = parse_answers(b"\x1bP>|WezTerm 20240203\x1b\\\x1b_Gi=31;OK\x1b\\\x1b[?62c")
    assert protocols_of(both) == [Protocol.KITTY, Protocol.INLINE]
    assert protocols_of(parse_answers(b"\x1bP>|iTerm2 3.5.0\x1b\\\x1b[?62c")) == [Protocol.INLINE]
    assert protocols_of(parse_answers(b"\x1bP>|xterm(390)\x1b\\\x1b[?62c")) == []
    assert protocols_of(None) == []


def test_a_terminal_says_whether_it_shows_pictures() -> None:
    assert parse_answers(b"\x1b_Gi=31;OK\x1b\\\x1b[?62c").pictures
    assert not parse_answers(b"\x1b_Gi=31;ENOTSUP\x1b\\\x1b[?62c").pictures
    assert not parse_answers(b"\x1b[?62c").pictures
