"""What is said where a QR code of the command line does not fit its window."""

from __future__ import annotations

from cryptpad_tui.host.qr import QUIET, qr_lines

__all__ = ["QUIET", "misfit", "qr_lines"]


def misfit(lines: list[str], columns: int, rows: int) -> str:
    """Why these lines do not fit a window of that size; empty where they do, with a line to spare."""
    width, height = len(lines[0]), len(lines) + 1
    if width <= columns and height <= rows:
        return ""
    return (
        f"the QR code of this link needs a window of {width}x{height}, and this one is {columns}x{rows};"
        " make it larger, or read a one-time code aloud (`share PAD --code`)"
    )
