"""The languages whose code can be coloured: what fences and titles call them, and the styles of their parts.

Pure names. It must never load a grammar: a process that holds no key
does that (`host/colours_child.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

MARKDOWN: Final = "markdown"
TEXT: Final = "text"

_NAMES: Final = {
    "bash": "bash sh shell zsh ksh",
    "css": "css",
    "go": "go golang",
    "html": "html htm xhtml",
    "java": "java",
    "javascript": "javascript js mjs cjs jsx node",
    "json": "json json5 jsonc geojson webmanifest",
    "python": "python py py3 python3 pyi pyw",
    "rust": "rust rs",
    "toml": "toml",
    "yaml": "yaml yml",
}
LANGUAGES: Final = frozenset(_NAMES)
"""What a grammar is known for; whether it is installed is another matter."""
_BY_NAME: Final = MappingProxyType(
    {name: language for language, names in _NAMES.items() for name in names.split()}
)
_BY_WHOLE_TITLE: Final = MappingProxyType(
    {".bashrc": "bash", ".zshrc": "bash", ".profile": "bash", "cargo.lock": "toml", "pipfile": "toml"}
)
_PLAIN: Final = re.compile(
    r"txt|text|log|csv|tsv|ini|cfg|conf|env|properties|c|h|cc|cpp|cxx|hpp|cs|m|mm|"
    r"swift|kt|kts|scala|rb|pl|pm|php|lua|r|jl|hs|ml|mli|ex|exs|erl|clj|lisp|el|"
    r"scm|vim|sql|ps1|bat|cmd|ts|tsx|vue|svelte|xml|svg|xsl|dtd|rst|adoc|org|tex|"
    r"bib|diff|patch|mk|cmake|gradle|proto|graphql|tf|nix|zig|d|dart|f90|asm|s|v|"
    r"vhd|ics|vcf|eml|srt"
).fullmatch
"""Ends of titles that say a text is no markdown, though no grammar is known for it."""
_PLAIN_TITLES: Final = frozenset({"makefile", "dockerfile", "gemfile", "rakefile", ".gitignore", ".env"})
_FENCE: Final = re.compile(r"[ \t]*(?:`{3,}|~{3,})[ \t]*\{?[ \t]*\.?([\w#+-]{1,20})")

CODE_STYLES: Final = frozenset(
    f"code.{part}"
    for part in ("keyword", "string", "comment", "number", "constant", "function", "type", "property", "tag")
)
"""The names that coloured code may carry."""


def language_of_word(word: str) -> str | None:
    """The language that a fence or a code block names; None for none that is known."""
    return _BY_NAME.get(word.strip().lower()[:20])


def language_of_fence(line: str) -> str | None:
    """The language of the line that opens a fence."""
    found = _FENCE.search(line[:200])
    return None if found is None else language_of_word(found[1])


def language_of_title(title: str) -> str:
    """What a text pad of this title holds: a language, plain text, else markdown."""
    name = title.strip().lower()
    if name in _BY_WHOLE_TITLE:
        return _BY_WHOLE_TITLE[name]
    stem, dot, end = name.rpartition(".")
    if name in _PLAIN_TITLES:
        return TEXT
    if not dot or not stem or " " in end:
        return MARKDOWN
    return _BY_NAME.get(end) or (TEXT if _PLAIN(end) else MARKDOWN)


STYLE_OF_CAPTURE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "keyword": "code.keyword",
        "conditional": "code.keyword",
        "repeat": "code.keyword",
        "include": "code.keyword",
        "string": "code.string",
        "string.special.key": "code.property",
        "escape": "code.constant",
        "comment": "code.comment",
        "number": "code.number",
        "float": "code.number",
        "constant": "code.constant",
        "boolean": "code.constant",
        "variable.builtin": "code.constant",
        "constructor": "code.type",
        "type": "code.type",
        "function": "code.function",
        "method": "code.function",
        "property": "code.property",
        "attribute": "code.property",
        "label": "code.property",
        "tag": "code.tag",
    }
)
"""What the queries of the grammars call a part, or the beginning of it up to a dot."""


def style_of_capture(name: str) -> str | None:
    """The style of what a grammar's query calls so; None where it is plain."""
    while name:
        if (style := STYLE_OF_CAPTURE.get(name)) is not None:
            return style
        name = name.rpartition(".")[0]
    return None
