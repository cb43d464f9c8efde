"""The words of a line that is still being typed, and names quoted so that a shell reads them back. Pure.

Whatever stands in a title, none of it is ever anything but a part of one word to the shell.
"""

from __future__ import annotations

from typing import Final, NamedTuple

_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./,+@%")
_IN_DOUBLE: Final = frozenset('$`"\\')


class Line(NamedTuple):
    """The words behind the program's name, the last one as far as it is typed, and how it is quoted."""

    words: tuple[str, ...]
    begun: str
    quote: str
    """The quotation mark that is open at the end, or nothing."""
    raw: str
    """The last word as it stands on the line."""


def read_line(text: str) -> Line:
    """Read as sh does, up to its end."""
    words, word, raw, quote, is_word = [], "", "", "", False
    chars = iter(text)
    for char in chars:
        if not quote and char in " \t\n":
            if is_word:
                words.append(word)
            word, raw, is_word = "", "", False
            continue
        raw, is_word = raw + char, True
        if char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        elif char == "\\" and quote != "'":
            after = next(chars, "")
            raw += after
            word += after if not quote or after in _IN_DOUBLE else char + after
        else:
            word += char
    return Line(tuple(words[1:]), word, quote, raw) if words else Line((), "", "", "")


def quoted(name: str, quote: str = "") -> str:
    """`name` as bash reads it where this mark is open. It must hold no control character."""
    if quote == "'":
        return name.replace("'", "'\\''")
    if quote == '"':
        # Nothing but the end of the quotation keeps an exclamation mark from bash's history.
        safe = {char: f"\\{char}" for char in _IN_DOUBLE} | {"!": '"\\!"'}
        return "".join([safe.get(char, char) for char in name])
    return "".join([char if char in _PLAIN or ord(char) > 127 else f"\\{char}" for char in name])


def behind(answer: str, raw: str, current: str) -> str:
    """What is left of a quoted answer where the shell takes only the end of the word for the word: it cuts
    them at colons and equals signs."""
    # A separator alone is a word of its own to bash, and what is inserted goes behind it.
    cut = len(raw) - len("" if current in (":", "=") else current)
    begins = raw.endswith(current) and cut > 0 and answer.startswith(raw[:cut])
    return answer[cut:] if begins else answer
