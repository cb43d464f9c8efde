"""The pad editor alone in a real process, for benchmarks: a document, a status line, a co-editor if asked.

python -m benchmarks.editor_app SIZE_BYTES [--remote] [--present] [--no-diff] [--numbers]
"""

from __future__ import annotations

import argparse
import sys

from textual.app import ComposeResult
from textual.widgets import Static

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.ui.safe_app import SafeApp
from cryptpad_tui.ui.widgets.editor_view import EditorView
from cryptpad_tui.ui.widgets.remote_cursors import RemoteCursor

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


def remote_updates(state: bytes, line: int) -> list[bytes]:
    """What a co-editor's typing on one line sends."""
    other = ViewDocument(client_id=77, kind=PadKind.TEXT, state=state)
    other.take_updates()
    for n in range(REMOTE_EDITS):
        place = Position(line, n % 40)
        other.replace(place, place, "r")
    return other.take_updates()


class EditorApp(SafeApp):
    """One pad, one status line."""

    CSS = "#status { height: 1; }"
    BINDINGS = [("ctrl+q", "quit", "Quit"), ("ctrl+l", "redraw", "Redraw")]  # noqa: RUF012 - Textual's form

    def __init__(self, size_bytes: int, *, remote: bool, present: bool, diff: bool, numbers: bool) -> None:
        super().__init__(diff=diff)
        seed = ViewDocument(client_id=5, kind=PadKind.TEXT)
        seed.replace(Position(0, 0), Position(0, 0), sample(size_bytes))
        state = seed.take_updates()[0]
        self.document = ViewDocument(client_id=6, kind=PadKind.TEXT, state=state)
        self.middle = len(self.document.lines) // 28 * 14 + 2
        self._updates = remote_updates(state, 0) if remote else []
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
    for flag in ("remote", "present", "no-diff", "numbers"):
        parser.add_argument(f"--{flag}", action="store_true")
    options = parser.parse_args()
    app = EditorApp(
        options.size_bytes,
        remote=options.remote,
        present=options.present,
        diff=not options.no_diff,
        numbers=options.numbers,
    )
    app.run()
    return app.return_code or 0


if __name__ == "__main__":
    sys.exit(main())
