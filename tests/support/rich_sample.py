"""One rich text with every block and every mark, for pictures of it; as a program, an editor on it.

python tests/support/rich_sample.py [--theme NAME]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from textual.app import ComposeResult

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Attributes, Position
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.ui.safe_app import SafeApp
from cryptpad_tui.ui.widgets.editor_view import EditorView

Piece = tuple[str, Attributes]


def line(text: str, **block: object) -> list[Piece]:
    """A line with one block format."""
    return [(text, {}), ("\n", {key.replace("_", "-"): value for key, value in block.items()})]  # type: ignore[misc]


MARKS: Final[list[Piece]] = [
    ("bold", {"bold": True}), (" ", {}), ("italic", {"italic": True}), (" ", {}),
    ("under", {"underline": True}), (" ", {}), ("strike", {"strike": True}), (" ", {}),
    ("code", {"code": True}), (" ", {}), ("link", {"link": "https://a.example"}), (" m", {}),
    ("2", {"script": "sup"}), (" H", {}), ("2", {"script": "sub"}), ("O ", {}),
    ("red", {"color": "#e01b24"}), (" ", {}), ("marked", {"background": "yellow"}), (" ", {}),
    ("all of it", {"bold": True, "italic": True, "underline": True, "color": "cyan"}), ("\n", {}),
]  # fmt: skip
BLOCKS: Final[list[Piece]] = [
    *[piece for level in range(1, 7) for piece in line(f"Heading {level} 漢字", header=level)],
    *MARKS,
    *line("a bullet", list="bullet"),
    *line("nested, of a length that has to be wrapped because it does not end before the edge of the window, "
          "however wide", list="bullet", indent=1),
    *line("one", list="ordered"), *line("two", list="ordered"),
    *line("done", list="checked"), *line("to do", list="unchecked"),
    *line("a quote", blockquote=True),
    *line("def tea():", code_block="python"), *line("    return '茶'", code_block="python"),
    *line("centred 日本語", align="center"), *line("to the right", align="right"),
    *line("", rule=True),
    *line("Name", table="1/1/1"), *line("Price", table="1/1/2"),
    *line("Tea 茶", table="1/2/1"), *line("3 €", table="1/2/2"),
]  # fmt: skip


def document(pieces: list[Piece], client_id: int = 5) -> ViewDocument:
    """A rich text pad that holds these pieces."""
    made = ViewDocument(client_id=client_id, kind=PadKind.RICHTEXT)
    for text, attributes in pieces:
        if text:
            made.replace(made.lines.end, made.lines.end, text, attributes)
    made.take_updates()
    return made


class RichApp(SafeApp):
    """An editor on every block and mark."""

    BINDINGS = [("ctrl+q", "quit", "Quit")]  # noqa: RUF012 - Textual's form

    def __init__(self, pieces: list[Piece] = BLOCKS, *, chosen_theme: str = "") -> None:
        super().__init__()
        self._pieces = pieces
        if chosen_theme:
            self.theme = chosen_theme

    def compose(self) -> ComposeResult:
        yield EditorView(document(self._pieces))

    def on_mount(self) -> None:
        view = self.query_one(EditorView)
        view.focus()
        self.call_after_refresh(view.reveal, Position(0, 0))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--theme", default="")
    RichApp(chosen_theme=parser.parse_args().theme).run()
