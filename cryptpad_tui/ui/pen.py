"""How a cell looks, and the shortest way from one look to the next (SGR).

It knows nothing of the screen. What could break out of an SGR or OSC sequence never leaves here.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from rich.color import ColorSystem
from rich.style import Style


class Look(NamedTuple):
    """The attributes of one cell: bits as Rich counts them, colours as SGR parameters, a link's address."""

    bits: int = 0
    fg: str = ""
    bg: str = ""
    link: str = ""


PLAIN: Final = Look()
"""What `ESC [ 0 m` leaves."""

RESET: Final = "\x1b[0m"

_ON: Final = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "21", "51", "52", "53")
_OFF: Final = ("22", "22", "23", "24", "25", "25", "27", "28", "29", "24", "54", "54", "55")
_SHOWS_ON_BLANK: Final = sum(1 << bit for bit in (3, 4, 5, 6, 8, 9, 10, 11, 12))
"""Underline, blink, reverse, strike, frames and overline: what a space shows besides its background."""
_SAFE_LINK: Final = re.compile(r"[!-~]{1,2000}")


@lru_cache(4096)
def look_of(style: Style | None, colors: ColorSystem) -> Look:
    """The look of a Rich style on a terminal with these colours."""
    if style is None:
        return PLAIN
    color, bgcolor = style.color, style.bgcolor
    fg = ";".join(color.downgrade(colors).get_ansi_codes()) if color is not None else ""
    bg = ";".join(bgcolor.downgrade(colors).get_ansi_codes(False)) if bgcolor is not None else ""
    link = style.link or ""
    return Look(
        style._attributes & style._set_attributes,
        "" if fg == "39" else fg,
        "" if bg == "49" else bg,
        link if _SAFE_LINK.fullmatch(link) else "",
    )


@lru_cache(4096)
def blank_look(look: Look) -> Look:
    """The look of a space: what cannot be seen on it is left out, so that equal pictures are equal cells."""
    bits = look.bits & _SHOWS_ON_BLANK
    return look if bits else Look(0, "", look.bg, look.link)


@lru_cache(8192)
def draws_blank(pen: Look, look: Look) -> bool:
    """Whether a space written with `pen` looks like `look`, which is a blank's look."""
    return pen == look or blank_look(pen) == look


@lru_cache(8192)
def transition(old: Look, new: Look) -> str:
    """The shortest sequence that changes the pen from `old` to `new`."""
    if old == new:
        return ""
    link = "" if old.link == new.link else f"\x1b]8;;{new.link}\x1b\\"
    if old[:3] == new[:3]:
        return link
    steps = _steps(old, new)
    fresh = [on for bit, on in enumerate(_ON) if new.bits & 1 << bit]
    fresh += [color for color in (new.fg, new.bg) if color]
    stepwise, anew = ";".join(steps), ";".join(["", *fresh])
    return link + "\x1b[" + (stepwise if len(stepwise) <= len(anew) else anew) + "m"


def _steps(old: Look, new: Look) -> list[str]:
    """The parameters that change only what differs."""
    steps: list[str] = []
    gone = [_OFF[bit] for bit in range(len(_OFF)) if old.bits & ~new.bits & 1 << bit]
    for off in gone:
        if off not in steps:
            steps.append(off)
    for bit, on in enumerate(_ON):
        # An "off" may switch its neighbour off too (22 ends bold and dim), so that one is sent again.
        if new.bits & 1 << bit and (not old.bits & 1 << bit or _OFF[bit] in steps):
            steps.append(on)
    if old.fg != new.fg:
        steps.append(new.fg or "39")
    if old.bg != new.bg:
        steps.append(new.bg or "49")
    return steps
