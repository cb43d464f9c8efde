"""The lines behind a colon, read: `:w`, `:12,20s/a/b/g`, `:noh`. A value or a sentence comes out.

Pure: what a line asks for is done elsewhere. It must never run anything that is not in its table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import regex

MAX_LINE: Final = 2000
_ADDRESS: Final = regex.compile(r"\s*(?P<base>\d{1,9}|\.|\$|'[<>])?(?P<offset>(?:[+-]\d{0,9})*)\s*")
_NAME: Final = regex.compile(r"(?P<name>[a-z]+)(?P<bang>!?)\s*(?P<rest>.*)", regex.DOTALL)
_SUBSTITUTE: Final = regex.compile(r"(?:su|sub|subs|substitute|s)(?![a-z])")
_CALLS: Final = {
    **dict.fromkeys(("w", "write", "up", "update"), "w"),
    **dict.fromkeys(("q", "quit", "clo", "close", "bd", "bdelete"), "q"),
    **dict.fromkeys(("wq", "x", "xit", "exit"), "wq"),
    **dict.fromkeys(("qa", "qall", "quita", "quitall", "wqa", "wqall", "xa", "xall"), "qa"),
    **dict.fromkeys(("noh", "nohlsearch"), "noh"),
    **dict.fromkeys(("d", "delete"), "d"),
    **dict.fromkeys(("y", "yank"), "y"),
    **dict.fromkeys(("j", "join"), "j"),
    **dict.fromkeys(("u", "undo"), "u"),
    **dict.fromkeys(("red", "redo"), "redo"),
    **dict.fromkeys(("h", "help"), "help"),
    ">": ">",
    "<": "<",
}


class ExError(ValueError):
    """What is wrong with a line, for the person who typed it."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines that a command is for, from 0."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Call:
    """A command of the table; `lines` None where none were named."""

    name: str
    lines: Lines | None = None
    argument: str = ""


@dataclass(frozen=True, slots=True)
class Goto:
    line: int


@dataclass(frozen=True, slots=True)
class Substitute:
    lines: Lines
    pattern: str
    """Empty: the last one."""
    replacement: str
    everywhere: bool
    """Every match of a line, not the first alone."""
    ignore_case: bool | None
    count_only: bool = False
    ask: bool = False
    """Of each match whether it is meant."""


Parsed = Call | Goto | Substitute | None


def parsed(line: str, here: int, total: int, chosen: Lines | None = None) -> Parsed:
    """What a line asks for; `here` is the caret's line and `chosen` what visual mode had. Raises ExError."""
    if len(line) > MAX_LINE:
        raise ExError("That line is too long.")
    text = line.lstrip(" :")
    if not text:
        return None
    lines, rest = _lines(text, here, total, chosen)
    if not rest:
        assert lines is not None
        return Goto(lines.last)
    found = _SUBSTITUTE.match(rest)
    if found is not None:
        return _substitute(rest[found.end() :], lines or Lines(here, here))
    if rest[0] in "<>" and not rest.strip(rest[0]):
        return Call(rest[0], lines or Lines(here, here), str(len(rest)))
    named = _NAME.fullmatch(rest)
    name = _CALLS.get(named["name"]) if named is not None else None
    if named is None or name is None:
        raise ExError(f"There is no command :{rest.split()[0][:20]}. F1 lists those that there are.")
    argument = named["rest"].strip()
    if name in ("w", "wq") and argument:
        raise ExError(f"A pad has no file name: write :{name} alone, or use the verb export.")
    if argument and name not in ("d", "y", "help"):
        raise ExError(f":{named['name']} takes nothing behind it.")
    return Call(name, lines, argument)


def _lines(text: str, here: int, total: int, chosen: Lines | None) -> tuple[Lines | None, str]:
    if text.startswith("%"):
        return Lines(0, total - 1), text[1:].lstrip()
    first, text, given = _address(text, here, total, chosen)
    if not text.startswith(","):
        return (Lines(first, first) if given else None), text
    last, text, _ = _address(text[1:], here, total, chosen)
    if last < first:
        raise ExError("The first line stands behind the last one.")
    return Lines(first, last), text


def _address(text: str, here: int, total: int, chosen: Lines | None) -> tuple[int, str, bool]:
    found = _ADDRESS.match(text)
    if found is None or not (found["base"] or found["offset"]):
        return here, text.lstrip(), False
    base = found["base"]
    if base in ("'<", "'>"):
        if chosen is None:
            raise ExError("Nothing was selected here yet.")
        line = chosen.first if base == "'<" else chosen.last
    else:
        line = here if base in (None, ".") else total - 1 if base == "$" else int(base) - 1
    for sign, digits in regex.findall(r"([+-])(\d*)", found["offset"]):
        line += int(digits or 1) * (1 if sign == "+" else -1)
    is_alone = found.end() == len(text)
    if not is_alone and not -1 <= line < total:
        raise ExError(f"There is no line {line + 1}; the last is {total}.")
    return max(0, min(line, total - 1)), text[found.end() :], True


def _substitute(rest: str, lines: Lines) -> Substitute:
    if not rest or rest[0].isalnum() or rest[0] in '"|\\ ':
        raise ExError("Write what to replace and by what: :s/old/new/ or :%s/old/new/g.")
    parts = _parts(rest[1:], rest[0])
    pattern, replacement, flags = (*parts, "", "")[:3]
    flags = flags.strip()
    if unknown := flags.strip("giIcne&"):
        raise ExError(f":s knows g, c, i, I and n behind it, not {unknown[0]}.")
    ignore_case = "i" in flags
    return Substitute(lines, pattern, replacement, "g" in flags, ignore_case, "n" in flags, "c" in flags)


def _parts(text: str, sign: str) -> list[str]:
    """Cut at the sign; with a backslash before it, it is itself."""
    parts: list[str] = []
    part, at = "", 0
    while at < len(text):
        char = text[at]
        if char == "\\" and at + 1 < len(text):
            part += sign if text[at + 1] == sign else text[at : at + 2]
            at += 2
            continue
        if char == sign and len(parts) < 2:
            parts.append(part)
            part = ""
        else:
            part += char
        at += 1
    return [*parts, part]
