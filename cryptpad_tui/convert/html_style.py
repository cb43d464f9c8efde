"""What the tags, style attributes and classes of HTML mean, by allow-lists: marks, alignment, lists, levels.

Word, LibreOffice, Google Docs, Quill and CryptPad each say bold in a way of their own; what is not listed
here says nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from cryptpad_tui.convert.office import is_code_text
from cryptpad_tui.crdt.values import AttributeValue

Block = dict[str, AttributeValue]
Mark = tuple[str, AttributeValue]

MARK_TAGS: Final[dict[str, Mark]] = {
    "b": ("bold", True),
    "strong": ("bold", True),
    "i": ("italic", True),
    "em": ("italic", True),
    "cite": ("italic", True),
    "u": ("underline", True),
    "ins": ("underline", True),
    "s": ("strike", True),
    "del": ("strike", True),
    "strike": ("strike", True),
    "code": ("code", True),
    "kbd": ("code", True),
    "tt": ("code", True),
    "samp": ("code", True),
    "sup": ("script", "sup"),
    "sub": ("script", "sub"),
}
LEFT_OUT: Final = {
    "script": "scripts",
    "style": "styles",
    "iframe": "frames",
    "frameset": "frames",
    "noframes": "frames",
    "object": "embedded objects",
    "applet": "embedded objects",
    "svg": "drawings",
    "canvas": "drawings",
    "math": "formulas",
    "button": "forms",
    "select": "forms",
    "textarea": "forms",
    "datalist": "forms",
    "video": "videos and sounds",
    "audio": "videos and sounds",
    "media-tag": "attachments",
    "template": "scripts",
    "noscript": "scripts",
    "title": "",
}
"""Tags that go with all that is inside, and how that is called."""
BLOCKS: Final = frozenset(
    ("p", "div", "section", "article", "main", "header", "footer", "aside", "nav", "figure", "figcaption",
     "address", "dl", "dt", "dd", "form", "fieldset", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li",
     "blockquote", "pre", "table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption", "hr", "body",
     "html", "center", "details", "summary", "menu", "dir")
)  # fmt: skip
VOID: Final = frozenset(
    ("br", "hr", "img", "input", "meta", "link", "wbr", "col", "source", "area", "base", "embed", "param",
     "track", "frame", "basefont", "bgsound", "keygen")
)  # fmt: skip
LISTS: Final = frozenset({"ul", "ol", "menu", "dir"})
MAX_RULES: Final = 5_000
_RULE: Final = re.compile(r"(?<![^}\s,;])([a-z0-9]{0,12})\.([\w-]{1,40})\s*\{([^{}]{0,2000})\}")
_RGB: Final = re.compile(
    r"rgba?\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*(?:,\s*(?:1(?:\.0*)?)\s*)?\)"
)
_HEX: Final = re.compile(r"#(?:[0-9a-f]{6}|[0-9a-f]{3})").fullmatch
_NAME: Final = re.compile(r"[a-z]{3,20}").fullmatch
_NO_COLOURS: Final = frozenset(
    (
        "inherit",
        "transparent",
        "initial",
        "unset",
        "revert",
        "currentcolor",
        "windowtext",
        "auto",
        "none",
        "window",
    )
)
_AUTOMATIC: Final = frozenset({"#000000"})
_LANGUAGE: Final = re.compile(
    r"(?:(?:language|lang)-|\bsourceCode (?:numberSource )?|\bhighlight-source-)([\w+#.-]{1,40})"
).search
"""As HTML says it, pandoc, and GitHub."""
_GOOGLE_LIST: Final = re.compile(r"\blst-kix_[\w-]{1,60}-(\d)\b").search
_QUILL: Final = re.compile(r"\bql-(indent|align)-(\w{1,10})\b").findall
_WORD_LIST: Final = re.compile(r"\bl\d{1,4}\s+level(\d)\b").search
_ALIGN: Final = frozenset({"center", "right", "justify"})


def colour(value: str) -> str | None:
    """A colour of CSS as a pad holds it, or None; `inherit` and its like are none."""
    value = value.strip().lower()
    if found := _RGB.fullmatch(value):
        value = "#" + "".join([f"{min(255, int(part)):02x}" for part in found.groups()])
    if _HEX(value):
        return value if len(value) == 7 else "#" + "".join([2 * sign for sign in value[1:]])
    return value if _NAME(value) and value not in _NO_COLOURS else None


def of_font(given: dict[str, str]) -> dict[str, AttributeValue]:
    """The marks of a font tag, as LibreOffice writes them."""
    marks: dict[str, AttributeValue] = {}
    found = colour(given.get("color", ""))
    if found and found not in _AUTOMATIC:
        marks["color"] = found
    if is_code_text("", given.get("face", "").split(",")[0]):
        marks["code"] = True
    return marks


@lru_cache(4_096)
def declared(style: str) -> tuple[tuple[Mark, ...], tuple[Mark, ...]]:
    """The marks and the block formats of a style attribute; a mark of None is one that is taken away."""
    marks: dict[str, AttributeValue] = {}
    block: Block = {}
    for part in style[:4_000].split(";"):
        name, _, value = part.partition(":")
        _declare(name.strip().lower(), value.replace("!important", "").strip().lower(), marks, block)
    return tuple(marks.items()), tuple(block.items())


def _declare(name: str, value: str, marks: Block, block: Block) -> None:
    if name == "font-weight":
        heavy = value in ("bold", "bolder") or (value.isdigit() and len(value) < 5 and int(value) >= 600)
        marks["bold"] = heavy or None
    elif name == "font-style":
        marks["italic"] = value in ("italic", "oblique") or None
    elif name in ("text-decoration", "text-decoration-line"):
        _decorate(value, marks)
    elif name == "vertical-align" and value in ("super", "sub"):
        marks["script"] = "sup" if value == "super" else "sub"
    elif name in ("color", "background", "background-color"):
        found = colour(value)
        if found and not (name == "color" and found in _AUTOMATIC):
            marks["color" if name == "color" else "background"] = found
    elif name == "font-family" and is_code_text("", value.split(",")[0]):
        marks["code"] = True
    elif name == "text-align" and value in _ALIGN:
        block["align"] = value
    elif name == "white-space" and value in ("pre-wrap", "pre", "break-spaces"):
        block["white-space"] = True
    elif name == "mso-list":
        if value == "ignore":
            block["mso-list"] = "marker"
        elif level := _WORD_LIST(value):
            block["mso-list"] = int(level[1])


def _decorate(value: str, marks: Block) -> None:
    if "underline" in value:
        marks["underline"] = True
    if "line-through" in value:
        marks["strike"] = True


class Rules:
    """What a page's style sheets say of single classes, as Google Docs writes them.

    Each is worked out once, however many tags name it: strangers may name the longest without end.
    """

    def __init__(self) -> None:
        self._said: dict[str, str] = {}
        self._known: dict[str, tuple[tuple[Mark, ...], tuple[Mark, ...]]] = {}

    def add(self, sheet: str) -> None:
        """Add the rules of a sheet."""
        for tag, name, said in _RULE.findall(sheet[:2_000_000]):
            if len(self._said) >= MAX_RULES:
                return
            if tag in ("", "p", "span"):
                before = self._said.get(name)
                self._said[name] = said if before is None else f"{before};{said}"[:4_000]
                self._known.pop(name, None)

    def of(self, name: str) -> tuple[tuple[Mark, ...], tuple[Mark, ...]]:
        """The marks and the block formats of a class, as `declared` has them."""
        known = self._known.get(name)
        if known is None and name in self._said:
            known = self._known[name] = declared(self._said[name])
        return known or ((), ())


def of_classes(names: str) -> Block:
    """What classes say of a block: a language, Quill's alignment and level, Google's level of a list."""
    said: Block = {}
    if not names:
        return said
    names = names[:1_000]
    if language := _LANGUAGE(names):
        said["code-block"] = language[1]
    if level := _GOOGLE_LIST(names):
        said["level"] = int(level[1])
    for key, value in _QUILL(names):
        if key == "align" and value in _ALIGN:
            said["align"] = value
        elif key == "indent" and value.isdigit() and len(value) == 1:
            said["deeper"] = int(value)
    if "ql-code-block" in names.split():
        said["code-block"] = said.get("code-block") or "plain"
    return said
