"""The pad editor alone in a real process, for benchmarks: a document, a status line, a co-editor if asked.

python -m benchmarks.editor_app SIZE_BYTES [--rich] [--remote] [--present] [--no-diff] [--numbers]
"""

from __future__ import annotations

import argparse
import sys
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

from textual.app import ComposeResult
from textual.widgets import Static

from cryptpad_tui.crdt.engine_doc import EngineDocument
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.engine.composing import written
from cryptpad_tui.ui.safe_app import SafeApp
from cryptpad_tui.ui.widgets.editor_view import EditorView
from cryptpad_tui.ui.widgets.remote_cursors import RemoteCursor

WORK = Path(__file__).resolve().parent / ".work"
REMOTE_EDITS = 400
REMOTE_PERIOD_S = 0.1
PRESENCE_PERIOD_S = 1.0

_BLOCK = """## Part {n}: what we agreed

The quick brown fox jumps over the lazy dog, **bold** and `code` here.
- [ ] call *Anna* about the [plan](https://example.org/{n}), then write down what she thinks, and why
- 日本語 and é and plain words, number {n}
> a quote of one row

```python
for item in range({n}):
    print(item)  # not markdown: **no bold**
```

Words of part {n} in a row that fits on the screen without a wrap.

"""


def sample(size_bytes: int) -> str:
    """Markdown of about that size: headings, lists, long rows, code."""
    parts: list[str] = []
    size = n = 0
    while size < size_bytes:
        n += 1
        parts.append(_BLOCK.format(n=n))
        size += len(parts[-1].encode())
    return "".join(parts)


_RICH_LINES: tuple[tuple[str, dict[str, str | int | bool]], ...] = (
    ("Part {n}: what we agreed", {"header": 2}),
    ("", {}),
    ("The quick brown fox jumps over the lazy dog, *bold* and *code* here.", {}),
    (
        "call *Anna* about the *plan*, then write down what she thinks, and why, and when",
        {"list": "unchecked"},
    ),
    ("日本語 and é and plain words, number {n}", {"list": "bullet", "indent": 1}),
    ("an item that is counted", {"list": "ordered"}),
    ("a quote of one row", {"blockquote": True}),
    ("for item in range({n}):", {"code-block": "python"}),
    ("    print(item)", {"code-block": "python"}),
    ("Name", {"table": "{n}/100/100"}),
    ("Price of part {n}", {"table": "{n}/100/200"}),
    ("", {}),
    ("Words of part {n} in a row that fits on the screen without a wrap.", {}),
    ("", {}),
)
RICH_LINES = len(_RICH_LINES)


def rich_sample(size_bytes: int) -> list[tuple[str, dict[str, Any]]]:
    """Rich text of about that size: headings, lists, tables, marks, long rows, code."""
    runs: list[tuple[str, dict[str, Any]]] = []
    size = n = 0
    while size < size_bytes:
        n += 1
        for text, block in _RICH_LINES:
            for i, piece in enumerate(text.format(n=n).split("*")):
                if piece:
                    runs.append((piece, {"bold": True} if i % 2 else {}))
                    size += len(piece.encode())
            named = {
                key: value.format(n=n) if isinstance(value, str) else value for key, value in block.items()
            }
            runs.append(("\n", named))
            size += 1
    return runs


def rich_state(size_bytes: int) -> bytes:
    """A rich text of that size, as the engine keeps it; made once, since 10 MB take a quarter of a minute."""
    runs = rich_sample(size_bytes)
    kept = WORK / f"rich-{size_bytes}-{sha256(repr(runs[:1_000]).encode()).hexdigest()[:12]}.update"
    if not kept.exists():
        updates = written(PadKind.RICHTEXT, 5, runs, time.monotonic)
        WORK.mkdir(exist_ok=True)
        made = kept.with_suffix(".part")
        made.write_bytes(EngineDocument(PadKind.RICHTEXT, 6, b"", time.monotonic, *updates).encode())
        made.rename(kept)
    return kept.read_bytes()


def remote_updates(state: bytes, line: int, kind: PadKind) -> list[bytes]:
    """What a co-editor's typing on one line sends."""
    other = ViewDocument(client_id=77, kind=kind, state=state)
    other.take_updates()
    for n in range(REMOTE_EDITS):
        place = Position(line, n % 40)
        other.replace(place, place, "r")
    return other.take_updates()


def _text_state(size_bytes: int) -> bytes:
    seed = ViewDocument(client_id=5, kind=PadKind.TEXT)
    seed.replace(Position(0, 0), Position(0, 0), sample(size_bytes))
    return seed.take_updates()[0]


class EditorApp(SafeApp):
    """One pad, one status line."""

    CSS = "#status { height: 1; }"
    BINDINGS = [("ctrl+q", "quit", "Quit"), ("ctrl+l", "redraw", "Redraw")]  # noqa: RUF012 - Textual's form

    def __init__(
        self, size_bytes: int, *, rich: bool, remote: bool, present: bool, diff: bool, numbers: bool
    ) -> None:
        super().__init__(diff=diff)
        kind = PadKind.RICHTEXT if rich else PadKind.TEXT
        state = rich_state(size_bytes) if rich else _text_state(size_bytes)
        self.document = ViewDocument(client_id=6, kind=kind, state=state)
        block = RICH_LINES if rich else 14
        self.middle = len(self.document.lines) // (2 * block) * block + 2
        self._updates = remote_updates(state, 0, kind) if remote else []
        self._present = present or remote
        self._numbers = numbers

    def compose(self) -> ComposeResult:
        yield EditorView(self.document, line_numbers=self._numbers)
        yield Static("ready", id="status", markup=False)

    def on_mount(self) -> None:
        view = self.query_one(EditorView)
        view.focus()
        self.call_after_refresh(view.reveal, Position(self.middle, 20))
        if self._present:
            self.set_interval(PRESENCE_PERIOD_S, self._show_presence)
        if self._updates:
            self._updates.reverse()
            self.set_interval(REMOTE_PERIOD_S, self._apply_remote)

    def _show_presence(self) -> None:
        anna = RemoteCursor("a1", "ANNA", "#98c379", Position(self.middle + 1, 4))
        self.query_one(EditorView).set_remote_cursors([anna])

    def _apply_remote(self) -> None:
        if self._updates:
            self.document.apply(self._updates.pop())

    def on_editor_view_moved(self, event: EditorView.Moved) -> None:
        place = f"Ln {event.position.line + 1}, Col {event.position.col + 1}"
        self.query_one("#status", Static).update(f"{place} · saved here · confirmed by ANNA < 1 min")


def main() -> int:
    """Run the app; its exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("size_bytes", type=int)
    for flag in ("rich", "remote", "present", "no-diff", "numbers"):
        parser.add_argument(f"--{flag}", action="store_true")
    options = parser.parse_args()
    app = EditorApp(
        options.size_bytes,
        rich=options.rich,
        remote=options.remote,
        present=options.present,
        diff=not options.no_diff,
        numbers=options.numbers,
    )
    app.run()
    return app.return_code or 0


if __name__ == "__main__":
    sys.exit(main())
