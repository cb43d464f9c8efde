"""The editor in a bare app, for tests: as a class for pilots, and as a program for the real terminal.

python tests/ui/editor_probe.py SCENARIO [--no-diff] [--theme NAME]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Static

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.ui.safe_app import SafeApp
from cryptpad_tui.ui.widgets.editor_view import EditorView
from cryptpad_tui.ui.widgets.remote_cursors import RemoteCursor

HOSTILE = "a\u202eb\u2028c\u200b\u200ed"
_WIDE = "日本語 wide rows 日本語日本語\n"
_LONG = "a row long enough to be wrapped because it does not end before the right edge of the window\n"
MIXED = f"# Title\n\nplain **bold** `code` text\n{_WIDE}\n- [ ] open\n- [x] done\n> quote\n\n{_LONG * 3}"
TEXTS = {
    "mixed": MIXED + "".join(f"row {n} of many {'x' * (n % 30)}\n" for n in range(200)),
    "plain": "".join(f"line {n}\n" for n in range(500)),
    "hostile": HOSTILE + "\nrest\n",
    "clusters": "ab👍🏽cd\nflag 🇫🇷 tail\nfamily 👩‍👩‍👧 tail\nheart ❤️ tail\nplain\n",
    "empty": "",
}


def new_document(text: str) -> ViewDocument:
    """A text pad that holds `text`."""
    document = ViewDocument(client_id=5, kind=PadKind.TEXT)
    if text:
        document.replace(Position(0, 0), Position(0, 0), text)
    document.take_updates()
    document.end_undo_group()
    return document


class Other:
    """Somebody else's copy of a document, whose edits come in as updates."""

    def __init__(self, document: ViewDocument) -> None:
        self._document = document
        self._own = ViewDocument(client_id=9, kind=PadKind.TEXT)
        self._own.replace(Position(0, 0), Position(0, 0), document.text())

    @classmethod
    def of(cls, text: str) -> tuple[ViewDocument, Other]:
        """A document with `text`, and somebody else in it."""
        seed = ViewDocument(client_id=5, kind=PadKind.TEXT)
        if text:
            seed.replace(Position(0, 0), Position(0, 0), text)
        state = b"".join(seed.take_updates()[:1])
        document = ViewDocument(client_id=6, kind=PadKind.TEXT, state=state)
        other = cls.__new__(cls)
        other._document = document
        other._own = ViewDocument(client_id=9, kind=PadKind.TEXT, state=state)
        return document, other

    def replace(self, start: tuple[int, int], end: tuple[int, int], text: str) -> None:
        """Edit there, and let it arrive here."""
        self._own.replace(Position(*start), Position(*end), text)
        for update in self._own.take_updates():
            self._document.apply(update)


class EditorApp(SafeApp):
    """One editor and a status line."""

    CSS = "#status { height: 1; }"
    BINDINGS = [  # noqa: RUF012 - Textual's form
        Binding("ctrl+q", "quit", priority=True),
        ("ctrl+l", "redraw", "Redraw"),
        ("f4", "fail", "Fail"),
        ("f2", "hide", "Suspend"),
        ("f5", "people", "Others"),
        ("f6", "toast", "Message"),
    ]

    def __init__(
        self,
        document: ViewDocument,
        *,
        line_numbers: bool = False,
        now: Callable[[], float] | None = None,
        status: str = "ready",
        **options: object,
    ) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self.document = document
        clock = {} if now is None else {"now": now}
        self.view = EditorView(document, line_numbers=line_numbers, **clock)
        self.said: list[str] = []
        self._status = status

    def compose(self) -> ComposeResult:
        yield self.view
        yield Static(self._status, id="status", markup=False)

    def on_mount(self) -> None:
        self.view.focus()

    def on_editor_view_said(self, message: EditorView.Said) -> None:
        self.said.append(message.text)

    def action_fail(self) -> None:
        decrypted = self.document.text()
        raise ValueError(f"cannot handle {decrypted!r}")

    def action_hide(self) -> None:
        with self.suspend():
            print("somebody else's program\n" * 30)

    def action_toast(self) -> None:
        self.notify("a message over the text", timeout=600)

    def action_people(self) -> None:
        name = "EVE\x1b]52;c;eA==\x07\n\x9b31m"
        self.view.set_remote_cursors([RemoteCursor("e", name, "red", Position(1, 2), Position(1, 0))])


def main() -> int:
    """Run a scenario in this terminal."""
    parser = argparse.ArgumentParser()
    parser.add_argument("scenario", choices=sorted(TEXTS))
    parser.add_argument("--no-diff", action="store_true")
    parser.add_argument("--no-mouse", action="store_true")
    parser.add_argument("--theme", default="")
    parser.add_argument("--read-only", action="store_true")
    options = parser.parse_args()
    document = new_document(TEXTS[options.scenario])
    document.read_only = options.read_only
    status = HOSTILE + "\x1b[31mred\x1b]0;title\x07" if options.scenario == "hostile" else "ready"
    app = EditorApp(document, diff=not options.no_diff, status=status)
    if options.theme:
        app.theme = options.theme
    app.run(mouse=not options.no_mouse)
    return app.return_code or 0


if __name__ == "__main__":
    sys.exit(main())
