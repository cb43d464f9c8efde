"""Makes cryptpad_tui/editor/width_table.py from the table that Textual measures with.

Run it by hand when Textual's pinned version brings another Unicode: `python tests/editor/make_widths.py`.
A test compares the two tables, so that the rows we lay out are the rows that are drawn.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

from rich._unicode_data import load
from rich.cells import get_character_cell_size

TARGET = Path(__file__).parents[2] / "cryptpad_tui" / "editor" / "width_table.py"


def ranges(width: int) -> list[tuple[int, int]]:
    """The ranges of code points of `width`, without C0, DEL and C1."""
    found: list[tuple[int, int]] = []
    for point in range(0xA0, 0x110000):
        if get_character_cell_size(chr(point), "latest") != width:
            continue
        if found and found[-1][1] == point - 1:
            found[-1] = (found[-1][0], point)
        else:
            found.append((point, point))
    return found


def packed(found: list[tuple[int, int]]) -> str:
    """Each range as the gap since the one before and its length, in hexadecimal."""
    at, parts = 0, []
    for first, last in found:
        length = last - first
        parts.append(f"{first - at:x}" + (f"+{length:x}" if length else ""))
        at = last
    return " ".join(parts)


def literal(name: str, text: str) -> str:
    lines = textwrap.wrap(text, 100)
    body = "\n".join(f'    "{line} "' for line in lines)
    return f"{name} = (\n{body}\n)\n"


def main() -> None:
    table = load("latest")
    emoji = "".join(sorted(table.narrow_to_wide))
    TARGET.write_text(
        '"""How many cells characters take: made by tests/editor/make_widths.py, never by hand.\n\n'
        "Packed ranges: each word is the gap since the range before and the length less one, in hex.\n"
        f"Unicode {table.unicode_version}.\n"
        '"""\n\n'
        + literal("ZERO", packed(ranges(0)))
        + "\n"
        + literal("WIDE", packed(ranges(2)))
        + "\n# These take two cells when the emoji variation selector follows them.\n"
        + literal("EMOJI", packed([(ord(c), ord(c)) for c in emoji if len(c) == 1])),
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
