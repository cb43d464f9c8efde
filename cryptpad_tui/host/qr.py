"""A QR code as lines of half blocks, two rows of modules a line. Knows nothing of what is in it."""

from __future__ import annotations

from typing import Final

QUIET: Final = 2
"""Light modules around it. Scanners read it from a screen with less than paper's four."""
_HALVES: Final = {(0, 0): "█", (0, 1): "▀", (1, 0): "▄", (1, 1): " "}
"""Upper and lower module, 1 for a dark one: light ones are drawn, as most terminals are dark."""


def qr_lines(text: str) -> list[str]:
    """All lines are equally wide; a wider terminal may show other colours, which scanners take as well."""
    import segno

    code = segno.make_qr(text, error="l", boost_error=False)
    rows = [[int(module) for module in row] for row in code.matrix_iter(border=QUIET)]
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    return [
        "".join([_HALVES[upper > 0, lower > 0] for upper, lower in zip(rows[i], rows[i + 1], strict=True)])
        for i in range(0, len(rows), 2)
    ]
