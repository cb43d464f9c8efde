"""Vim's patterns and replacements in the words of the `regex` package.

`\\(`, `\\|`, `\\+`, `\\{` are special in vim's own way ("magic"), `\\v` makes them so without the backslash,
`\\V` makes nothing special. What vim alone has is refused with a sentence.
"""

from __future__ import annotations

from typing import Final

from cryptpad_tui.editor.find import BadPattern, Query

_CLASSES: Final = {
    "a": "[A-Za-z]", "A": "[^A-Za-z]", "l": "[a-z]", "L": "[^a-z]", "u": "[A-Z]", "U": "[^A-Z]",
    "h": "[A-Za-z_]", "H": "[^A-Za-z_]", "x": "[0-9A-Fa-f]", "X": "[^0-9A-Fa-f]", "o": "[0-7]", "O": "[^0-7]",
    "i": r"\w", "k": r"\w", "f": r"[\w/.\-+,#$%~=]", "p": r"[^\p{Cc}]",
    "s": r"[ \t]", "S": r"[^ \t]", "d": "[0-9]", "D": "[^0-9]", "w": "[0-9A-Za-z_]", "W": "[^0-9A-Za-z_]",
    "t": r"\t", "e": r"\x1b", "r": r"\r",
}  # fmt: skip
_WHEN_ESCAPED: Final = {"(": "(", ")": ")", "|": "|", "+": "+", "?": "?", "=": "?", "{": "{",
                        "<": r"\b(?=\w)", ">": r"\b(?<=\w)"}  # fmt: skip
_ALWAYS_QUOTED: Final = frozenset("()|+?{}=")


def query_of(pattern: str, *, ignore_case: bool | None = None) -> Query:
    """What to search for; raises BadPattern. Without a wish, capitals in the pattern decide."""
    case: bool | None = None if ignore_case is None else not ignore_case
    if "\\c" in pattern:
        pattern, case = pattern.replace("\\c", ""), False
    elif "\\C" in pattern:
        pattern, case = pattern.replace("\\C", ""), True
    if case is None:
        letters = "".join(part[1:] if i else part for i, part in enumerate(pattern.split("\\")))
        case = letters != letters.lower()
    return Query(translated(pattern), is_regex=True, case=case)


def literal(text: str, *, word: bool) -> str:
    """A pattern that finds a text as it is: for * and #."""
    quoted = "".join("\\" + char if char in "\\/.*$^~[]" else char for char in text)
    return rf"\<{quoted}\>" if word else quoted


def translated(pattern: str) -> str:
    made: list[str] = []
    very = nothing = False
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "\\" and at + 1 < len(pattern):
            sign = pattern[at + 1]
            at += 2
            if sign in "vVmM":
                very, nothing = sign == "v", sign == "V"
            else:
                made.append(_escaped(sign, very=very))
        elif char == "[" and not nothing and (end := _class_end(pattern, at)) > 0:
            made.append(_bracketed(pattern[at:end]))
            at = end
        else:
            made.append(_plain(char, very=very, nothing=nothing, first=not made))
            at += 1
    return "".join(made)


def _escaped(sign: str, *, very: bool) -> str:
    if sign in _CLASSES:
        return _CLASSES[sign]
    if sign in "123456789":
        return f"\\{sign}"
    if sign == "n":
        raise BadPattern("A search looks inside of lines; \\n cannot be found here.")
    if sign in "zZ_%@&":
        raise BadPattern(f"\\{sign} is not understood here.")
    if sign in _WHEN_ESCAPED and not very:
        return _WHEN_ESCAPED[sign]
    return _quoted(sign)


def _plain(char: str, *, very: bool, nothing: bool, first: bool) -> str:
    if nothing:
        return _quoted(char)
    if char in "<>" and very:
        return _WHEN_ESCAPED[char]
    if char == "*" and first:
        return r"\*"
    if char == "=" and very:
        return "?"
    if char in _ALWAYS_QUOTED:
        return char if very or char == "}" else _quoted(char)
    return _quoted(char) if char in "#&~ " else char


def _quoted(char: str) -> str:
    return char if char.isalnum() or ord(char) > 127 else f"\\{char}"


def _class_end(pattern: str, at: int) -> int:
    """Behind the `]` that closes a `[`; 0 if none does."""
    start = at + 1 + (pattern[at + 1 : at + 2] == "^")
    end = pattern.find("]", start + 1)
    return end + 1 if end > 0 else 0


def _bracketed(piece: str) -> str:
    negated = piece.startswith("[^")
    inner = piece[2:-1] if negated else piece[1:-1]
    inner = inner.replace("[", r"\[").replace("&&", r"&\&").replace("--", r"-\-").replace("||", r"|\|")
    if inner.startswith("]"):
        inner = "\\" + inner
    return f"[{'^' if negated else ''}{inner}]"


def template_of(replacement: str) -> str:
    """A replacement of `:s` for `regex`: & and \\0 are the match, \\1 to \\9 the groups."""
    made: list[str] = []
    at = 0
    while at < len(replacement):
        char = replacement[at]
        at += 1
        if char == "\\" and at < len(replacement):
            sign = replacement[at]
            at += 1
            if sign == "n":
                raise BadPattern("\\n is not understood here; \\r is a line break.")
            if sign == "r":
                made.append("\\n")
                continue
            if sign in "uUlLeE":
                raise BadPattern(f"\\{sign} is not understood here; gu, gU and g~ change the case.")
            made.append(f"\\g<{sign}>" if sign.isascii() and sign.isdigit() else _template_char(sign))
        elif char == "&":
            made.append(r"\g<0>")
        else:
            made.append(_template_char(char))
    return "".join(made)


def _template_char(char: str) -> str:
    return "\\t" if char == "\t" else "\\\\" if char == "\\" else char
