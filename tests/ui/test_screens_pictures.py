"""The pictures in screenshots/ are what the running app shows."""

from __future__ import annotations

import html
import re
from collections import defaultdict

import pytest

from support import screenshots

_RUN = re.compile(r'<text [^>]*x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</text>')
_VARIES = (
    (re.compile(r"pad1:\S+|[\w-]{40,}"), "LINK"),
    (re.compile(r"\d+ \w{3} \d{4}, \d\d:\d\d"), "DATE"),
    (re.compile(r"just now|< [15] min|\d+ min|\d+ d\b"), "AGO"),
    (re.compile(r"BEN…"), "BEN"),
    (re.compile(r"\([0-9a-f]{8,16}\)"), "(KEY)"),
    (re.compile(r"\b\d{5}\b( \d{5})*"), "NUMBER"),
    (re.compile(r" ?[█▀▄][█▀▄ ]*"), ""),
    (re.compile(r"(before it is joined:)[^.]*\."), r"\1 WORDS."),
    (re.compile(r"\b[0-9A-Z]{4}(-[0-9A-Z]{4}){3}\b"), "SECRET"),
    (re.compile(r"line \d+, column \d+"), "PLACE"),
)


def words_of(svg: str) -> str:
    """What a picture says, without what is another thing in every run."""
    rows: defaultdict[float, list[tuple[float, str]]] = defaultdict(list)
    for x, y, text in _RUN.findall(svg):
        rows[float(y)].append((float(x), html.unescape(text).replace("\xa0", " ")))
    said = [" ".join("".join(text for _, text in sorted(rows[y])).split()) for y in sorted(rows)]
    whole = "\n".join(_of_window(said)).replace("│", "").replace(" \n", "\n")
    lines = "\n".join(line.strip() for line in whole.splitlines())
    for pattern, name in _VARIES:
        lines = pattern.sub(name, lines)
    return lines


def _of_window(rows: list[str]) -> list[str]:
    """The rows of the window, where there is one: what lies under it is painted sooner or later."""
    # A table in the text has columns.
    tops = [at for at, row in enumerate(rows) if "┌──" in row and "┬" not in row]
    if not tops:
        return rows
    end = next(at for at, row in enumerate(rows) if at > tops[0] and "└──" in row)
    return [row.partition("│")[2].rpartition("│")[0] for row in rows[tops[0] + 1 : end]]


@pytest.mark.e2e
@pytest.mark.usefixtures("cheap_passphrases")
async def test_the_pictures_are_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "COLORTERM", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    made: dict[str, str] = {}
    async with screenshots.stage() as there:
        for scene in screenshots.scenes():
            await scene(there, made.__setitem__)
    kept = {path.stem: path.read_text(encoding="utf-8") for path in screenshots.FOLDER.glob("*.svg")}
    assert made.keys() == kept.keys()
    for name, svg in made.items():
        assert words_of(svg) == words_of(kept[name]), f"{name}: run `make screenshots`"
