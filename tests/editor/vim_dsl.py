"""A vim session for tests, keys in vim's notation, and the same keys given to a real vim."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import regex
from editor.dsl import Session, _offset, _place, parsed, remote
from editor.vim_cases import Case

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.editor.effects import Effect
from cryptpad_tui.editor.vim.keys import VimKeys

_NAMES: Final = {"Esc": "escape", "CR": "enter", "BS": "backspace", "Tab": "tab", "Space": " ", "lt": "<"}
_RAW: Final = {"Esc": "\x1b", "CR": "\r", "BS": "\x08", "Tab": "\t", "Space": " ", "lt": "<"}
_TOKEN: Final = regex.compile(r"<(?P<name>Esc|CR|BS|Tab|Space|lt|C-(?P<ctrl>.))>|(?P<char>(?s:.))")


def keys_of(keys: str) -> list[tuple[str, str | None]]:
    """Textual's names and characters of keys in vim's notation."""
    made: list[tuple[str, str | None]] = []
    for token in _TOKEN.finditer(keys):
        if token["char"]:
            made.append((token["char"], token["char"]))
        elif token["ctrl"]:
            made.append((f"ctrl+{token['ctrl']}", None))
        else:
            name = _NAMES[token["name"]]
            made.append((name, name if len(name) == 1 else None))
    return made


def raw_keys(keys: str) -> str:
    """What a terminal sends for them."""
    return "".join(
        token["char"] or (chr(ord(token["ctrl"]) & 31) if token["ctrl"] else _RAW[token["name"]])
        for token in _TOKEN.finditer(keys)
    )


class VimSession(Session):
    """An editor with vim keys."""

    def __init__(self, marked: str = "|", *, kind: PadKind = PadKind.TEXT, language: str = "text") -> None:
        super().__init__(kind=kind, language=language)
        text, chosen = parsed(marked.replace("|", "‸", 1))
        # Somebody else wrote it, so that undo leaves it.
        remote((0, 0), (0, 0), text)(self)
        self.select(chosen)
        self.vim = VimKeys(self.editor)

    def press(self, keys: str) -> VimSession:
        for key, character in keys_of(keys):
            effects: Sequence[Effect] | None = self.vim.press(key, character)
            if effects is None:
                self.do(key)
                effects = self.vim.settle()
            self.effects += effects
        return self

    @property
    def shown(self) -> str:
        """The text with the caret before the character that it is on."""
        at = _offset(self.text, self.editor.state.drawn_caret)
        return f"{self.text[:at]}|{self.text[at:]}"


_SCRIPT: Final = r"""
set nocompatible shiftwidth=4 expandtab autoindent nostartofline& noswapfile viminfo= history=50
set backspace=2 hidden nojoinspaces gdefault& whichwrap& encoding=utf-8 wrapscan
let s:made = []
for s:case in json_decode(join(readfile(s:cases), "\n"))
  enew!
  set undolevels=-1
  call setline(1, s:case.lines)
  exe "normal! a \<BS>\<Esc>"
  call setline(1, s:case.lines)
  set undolevels=1000
  for s:name in split('abcdefghijklmnopqrstuvwxyz0123456789"-', '\zs')
    call setreg(s:name, '')
  endfor
  call setcursorcharpos(s:case.line, s:case.col)
  try
    call feedkeys(s:case.keys, 'xt')
  catch
  endtry
  call add(s:made, {'lines': getline(1, '$'), 'line': line('.'), 'col': charcol('.')})
endfor
call writefile([json_encode(s:made)], s:out)
qa!
"""


def real_vim(vim: str, cases: Sequence[Case], folder: Path) -> list[str]:
    """What a real vim makes of the cases, marked as they are."""
    wanted = []
    for case in cases:
        at = case.before.index("|")
        text = case.before.replace("|", "", 1)
        place = _place(text, at)
        wanted.append(
            {
                "lines": text.split("\n"),
                "line": place.line + 1,
                "col": place.col + 1,
                "keys": raw_keys(case.keys) + "\x1b",
            }
        )
    cases_file, out, script = folder / "cases.json", folder / "out.json", folder / "cases.vim"
    cases_file.write_text(json.dumps(wanted), encoding="utf-8")
    head = f"let s:cases = '{cases_file}'\nlet s:out = '{out}'\n"
    script.write_text(head + _SCRIPT, encoding="utf-8")
    subprocess.run(
        [vim, "-u", "NONE", "-N", "-n", "-i", "NONE", "--not-a-term", "-T", "dumb", "-S", str(script)],
        check=False, timeout=60, stdin=subprocess.DEVNULL, capture_output=True, cwd=folder,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TERM": "dumb", "HOME": str(folder)},
    )  # fmt: skip
    made = []
    for answer in json.loads(out.read_text(encoding="utf-8")):
        text = "\n".join(answer["lines"])
        at = _offset(text, Position(answer["line"] - 1, answer["col"] - 1))
        made.append(f"{text[:at]}|{text[at:]}")
    return made
