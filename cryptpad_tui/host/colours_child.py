"""The process that reads other people's code with tree-sitter's parsers, which are C and can be crashed.

Started by `host/colours.py` and confined as every process without keys (`keyless_child.py`); its end costs
colours alone. Requests and answers are JSON.
"""

from __future__ import annotations

import importlib
import json
from contextlib import suppress
from typing import Any, Final

from cryptpad_tui.editor.code_languages import LANGUAGES, style_of_capture
from cryptpad_tui.host.keyless_child import serve

_MEMORY: Final = 1 << 30
_MAX_ASKED: Final = 4_000_000
_ANSWER_S: Final = 10.0
_PROPERTY: Final = "code.property"
Found = list[tuple[int, int, str]]


class Grammar:
    """One language, loaded. All of it is kept for good: a query must not outlive its language."""

    def __init__(self, name: str) -> None:
        import tree_sitter

        module = importlib.import_module(f"tree_sitter_{name}")
        self._language = tree_sitter.Language(module.language())
        self._parser = tree_sitter.Parser(self._language)
        self._highlights: str = module.HIGHLIGHTS_QUERY
        self._query: Any = None

    def lines(self, text: str) -> list[Found]:
        """The styles of each line, the outer before the inner, in columns of characters."""
        raw = [line.encode() for line in text.split("\n")]
        found: list[Found] = [[] for _ in raw]
        for start, end, style in self._ranges(b"\n".join(raw)):
            for line in range(start[0], min(end[0] + 1, len(raw))):
                first = start[1] if line == start[0] else 0
                stop = end[1] if line == end[0] else len(raw[line])
                if first < stop:
                    found[line].append((_column(raw[line], first), _column(raw[line], stop), style))
        return found

    def _ranges(self, raw: bytes) -> list[tuple[tuple[int, int], tuple[int, int], str]]:
        from tree_sitter import Query, QueryCursor

        if self._query is None:
            self._query = Query(self._language, self._highlights)
        best: dict[tuple[int, int], tuple[tuple[int, int, int], Any, str]] = {}
        tree = self._parser.parse(raw)
        for pattern, captures in QueryCursor(self._query).matches(tree.root_node):
            for name, nodes in captures.items():
                style = style_of_capture(name)
                if style is None:
                    continue
                # Of two names for the same part the one that says more counts, then the later pattern.
                rank = (style == _PROPERTY, name.count("."), pattern)
                for node in nodes:
                    place = (node.start_byte, node.end_byte)
                    if place not in best or best[place][0] < rank:
                        best[place] = (rank, node, style)
        return [
            (
                (node.start_point.row, node.start_point.column),
                (node.end_point.row, node.end_point.column),
                style,
            )
            for _, node, style in sorted(best.values(), key=lambda one: (one[1].start_byte, -one[1].end_byte))
        ]


def _column(raw: bytes, at: int) -> int:
    return at if raw.isascii() else len(raw[:at].decode("utf-8", "ignore"))


def answer(request: dict[str, Any], grammars: dict[str, Grammar]) -> list[Found] | None:
    """The colours of one text; None where the grammar is not installed."""
    grammar = grammars.get(request["language"])
    return None if grammar is None else grammar.lines(request["text"])


def main() -> None:
    """Answer until the other end closes."""
    grammars = installed()

    def answered(request: bytes) -> bytes:
        return json.dumps(answer(json.loads(request), grammars), separators=(",", ":")).encode()

    serve(answered, memory_bytes=_MEMORY, most_asked=_MAX_ASKED, answer_s=_ANSWER_S)


def installed() -> dict[str, Grammar]:
    """All grammars that are here: later no file can be opened any more."""
    found = {}
    for name in LANGUAGES:
        with suppress(ImportError, AttributeError, ValueError, TypeError):
            found[name] = Grammar(name)
    return found


if __name__ == "__main__":
    main()
