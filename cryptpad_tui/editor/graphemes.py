"""What a person sees as one character: where its edges are, how it is drawn and how wide it is.

A caret only stands at the edge of a grapheme cluster. What is drawn is safe for a terminal: a control,
bidirectional or otherwise invisible character is drawn as a mark such as `^M` or `<200b>`.

It must never let C0, DEL, C1 or a bidirectional control through to a row, and never look at more of a
line than the surroundings of the place in question.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import regex

from cryptpad_tui.editor.widths import EMOJI_ON_SELECTOR, char_cells

_CLUSTER = regex.compile(r"\X")
# Between two of these there is always an edge; searched from the right.
_SURE_EDGE = regex.compile(r"(?r)[\p{GCB=Other}\p{GCB=LV}\p{GCB=LVT}]{2}")
_LOOK_BACK = 64
_LOOK_BACK_FAR = 4096
_MAX_DRAWN = 16
"""Code points of one cluster that are drawn; more combining marks than that are an attack on the screen."""
MAX_CELLS = 10
"""The widest glyph; a row must be wider than that."""

_INVISIBLE = regex.compile(
    r"[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800\uFFF0-\uFFF8]"
)
_NON_JOINER, _JOINER = "\u200c", "\u200d"
_TEXT_STYLE, _EMOJI_STYLE = "\ufe0e", "\ufe0f"
_BLACK_FLAG = "\U0001f3f4"
_SELECTABLE = regex.compile(
    r"[\p{Emoji}\p{Ideographic}\p{S}\p{Script=Mongolian}\p{Script=Myanmar}\p{Script=Phags_Pa}]"
)
_VARIANT = regex.compile(r"[\uFE00-\uFE0D\U000E0100-\U000E01EF\u180B-\u180F]")
_UNSURE = regex.compile(
    r"[\p{Regional_Indicator}\p{Emoji_Modifier}\uFE00-\uFE0F\U000E0020-\U000E01EF\u200C\u200D"
    r"\p{Mc}\p{Cn}\p{Co}\p{Bidi_Class=R}\p{Bidi_Class=AL}\u1160-\u11FF]"
)


class Glyph(NamedTuple):
    """How a cluster is drawn."""

    text: str
    cells: int
    control: bool
    """Drawn as a mark, for it would not be seen as it is."""
    unsure: bool
    """Terminals disagree about its width."""


def is_plain(text: str) -> bool:
    """Every character is printable ASCII: a cluster and a cell of its own."""
    return text.isascii() and text.isprintable()


def clusters(text: str) -> list[str]:
    """The grapheme clusters of a text."""
    if is_plain(text):
        return list(text)
    found: list[str] = _CLUSTER.findall(text)
    return found


@lru_cache(maxsize=4096)
def glyph(cluster: str) -> Glyph:
    """How one cluster is drawn; a tab is the layout's, because its width depends on where it stands."""
    if len(cluster) == 1:
        if _INVISIBLE.match(cluster) or not char_cells(cluster):
            return _marked(cluster)
        return Glyph(cluster, char_cells(cluster), False, bool(_UNSURE.match(cluster)))
    base = cluster[0]
    if _INVISIBLE.match(base) or not char_cells(base) or len(cluster) > _MAX_DRAWN:
        return _marked(cluster[:_MAX_DRAWN])
    parts, control = [base], False
    for i in range(1, len(cluster)):
        char = cluster[i]
        if _INVISIBLE.match(char) and not _belongs(cluster, i):
            parts.append(_mark(char))
            control = True
        else:
            parts.append(char)
    drawn = "".join(parts)
    cells = _drawn_cells(drawn)
    if cells > MAX_CELLS:
        return _marked(cluster)
    return Glyph(drawn, cells, control, control or _is_unsure(drawn))


def _belongs(cluster: str, i: int) -> bool:
    """The invisible character at `i` does a known job in this cluster, so a terminal may have it."""
    base, char = cluster[0], cluster[i]
    if char == _JOINER:
        # Textual takes the character after a joiner for a part of the one before, so there must be one.
        return ord(base) >= 0x600 and i + 1 < len(cluster) and char_cells(cluster[i + 1]) > 0
    if char == _NON_JOINER:
        return ord(base) >= 0x600
    if char in (_EMOJI_STYLE, _TEXT_STYLE):
        # A keycap's selector must be followed by the key; a bare digit with one hides a message.
        return bool(_SELECTABLE.match(cluster[i - 1])) and (ord(base) > 0x7F or cluster[i + 1 :] == "\u20e3")
    if "\U000e0020" <= char <= "\U000e007f":
        return base == _BLACK_FLAG
    if "\u1160" <= char <= "\u11ff":
        return True
    return i == 1 and ord(base) > 0x7F and bool(_VARIANT.match(char)) and bool(_SELECTABLE.match(base))


def _marked(cluster: str) -> Glyph:
    drawn, cells = "", 0
    for char in cluster:
        part = _mark(char) if _INVISIBLE.match(char) or not char_cells(char) else char
        size = sum(map(char_cells, part))
        if cells + size >= MAX_CELLS and len(cluster) > 1:
            return Glyph(drawn + "~", cells + 1, True, not drawn.isascii())
        drawn += part
        cells += size
    return Glyph(drawn, cells, True, not drawn.isascii())


def _mark(char: str) -> str:
    point = ord(char)
    if point < 0x20:
        return "^" + chr(point + 0x40)
    return "^?" if point == 0x7F else f"<{point:02x}>"


def _drawn_cells(drawn: str) -> int:
    """As Textual counts: what follows a joiner adds nothing, an emoji selector may widen what it follows."""
    cells, last, i = 0, "", 0
    while i < len(drawn):
        char = drawn[i]
        if char == _JOINER:
            i += 1
        elif char == _EMOJI_STYLE:
            cells += last in EMOJI_ON_SELECTOR
            last = ""
        elif size := char_cells(char):
            cells += size
            last = char
        i += 1
    return cells


def _is_unsure(drawn: str) -> bool:
    return bool(_UNSURE.search(drawn)) or sum(char_cells(char) > 0 for char in drawn) > 1


def _safe_start(text: str, col: int) -> int:
    """A cluster edge at or before `col`, found without reading the whole line."""
    match = _SURE_EDGE.search(text, max(0, col - _LOOK_BACK), col + 1)
    return int(match.start()) + 1 if match else max(0, col - _LOOK_BACK_FAR)


def snap_back(text: str, col: int) -> int:
    """The cluster edge at `col`, or the last one before it."""
    if col <= 0 or col >= len(text):
        return max(0, min(col, len(text)))
    start = _safe_start(text, col)
    if start == col:
        return col
    for match in _CLUSTER.finditer(text, start):
        if match.end() > col:
            return int(match.start())
    return col


def snap_on(text: str, col: int) -> int:
    """The cluster edge at `col`, or the first one after it."""
    edge = snap_back(text, col)
    return edge if edge >= min(col, len(text)) else next_edge(text, edge)


def next_edge(text: str, col: int) -> int:
    """The end of the cluster that starts at `col`."""
    if col >= len(text):
        return len(text)
    if text[col].isascii() and (col + 1 == len(text) or text[col + 1].isascii()):
        return col + 1
    match = _CLUSTER.match(text, col)
    return int(match.end()) if match else col + 1


def previous_edge(text: str, col: int) -> int:
    """The start of the cluster that ends at `col`."""
    return snap_back(text, min(col, len(text)) - 1) if col > 0 else 0
