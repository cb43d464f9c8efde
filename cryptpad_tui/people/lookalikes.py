"""Whether two names look alike on a screen, whatever letters they are written with. Pure.

A warning for a person and nothing more: no name is refused for it, and none is believed for its lack.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_DRAWN_AS: Final = {
    "a": "\u0430\u03b1",
    "b": "\u0432\u03b2",
    "c": "\u0441\u03f2",
    "d": "\u0501",
    "e": "\u0435\u03b5",
    "g": "\u0581\u0261",
    "h": "\u043d\u04bb\u0570",
    "i": "\u0456\u0131\u03b9",
    "j": "\u0458",
    "k": "\u043a\u03ba",
    "l": "\u04cf1|!\u0269",
    "m": "\u043c",
    "n": "\u0578\u03b7",
    "o": "\u043e\u03bf\u05850",
    "p": "\u0440\u03c1",
    "q": "\u051b",
    "s": "\u0455",
    "t": "\u0442\u03c4",
    "u": "\u03c5\u057d",
    "v": "\u0475\u03bd",
    "w": "\u051d",
    "x": "\u0445\u03c7",
    "y": "\u0443\u03b3",
    "z": "\u1d22",
    "3": "\u0437",
}
"""Latin letters, and those of Cyrillic, Greek and Armenian, and signs, that fonts draw like them."""
_LETTERS: Final = {ord(each): latin for latin, others in _DRAWN_AS.items() for each in others}
_DROPPED: Final = frozenset({"Mn", "Me", "Cf", "Cc", "Zs", "Pd", "Pc"})
"""Accents, what is not seen, spaces and dashes."""


def skeleton(name: str) -> str:
    """Two names with the same one are hard to tell apart."""
    whole = unicodedata.normalize("NFKD", name).casefold()
    plain = "".join([each for each in whole if unicodedata.category(each) not in _DROPPED])
    return plain.translate(_LETTERS).replace("rn", "m").replace("vv", "w")


def look_alike(one: str, other: str) -> bool:
    return bool(skeleton(one)) and skeleton(one) == skeleton(other)
