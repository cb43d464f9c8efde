"""The kinds of pad, the roots of their documents, and the formats each may carry.

These tables are consensus: a client that allows one key more accepts entries that others refuse.
They never change within a rule set (protocol §5); a new key is a new rule set.
"""

from __future__ import annotations

from enum import IntEnum

TEXT_ROOT = "text"
META_ROOT = "meta"
COMMENTS_ROOT = "comments"
ENTRIES_ROOT = "entries"

RULE_SET = 1
"""The rules of protocol §9 with the pinned engine version; committed in every pad's key check."""


class PadKind(IntEnum):
    """What a pad holds; committed in its key check value (protocol §5)."""

    TEXT = 0
    """Plain text or markdown: no marks at all."""
    RICHTEXT = 1
    """Text with the closed vocabulary of marks and block formats."""
    DRIVE = 2
    """A person's list of pads: flat entries and no text."""
    FILE = 3
    """A file: `meta` names it, and there is no text."""
    FOLDER = 4
    """A folder that others hold too: flat entries, as a drive has them, and no text."""

    @property
    def has_text(self) -> bool:
        return TEXT_ROOT in self.roots

    @property
    def roots(self) -> frozenset[str]:
        """Every root a document of this kind may have."""
        return _ROOTS[self]

    @property
    def map_roots(self) -> tuple[str, ...]:
        """The roots that are maps, sorted."""
        return _MAP_ROOTS[self]

    @property
    def format_keys(self) -> frozenset[str]:
        """The attribute names that its text may carry."""
        return _RICH_KEYS if self is PadKind.RICHTEXT else frozenset()


_ROOTS = {
    PadKind.TEXT: frozenset({TEXT_ROOT, META_ROOT, COMMENTS_ROOT}),
    PadKind.RICHTEXT: frozenset({TEXT_ROOT, META_ROOT, COMMENTS_ROOT}),
    PadKind.DRIVE: frozenset({ENTRIES_ROOT, META_ROOT, COMMENTS_ROOT}),
    PadKind.FILE: frozenset({META_ROOT, COMMENTS_ROOT}),
    PadKind.FOLDER: frozenset({ENTRIES_ROOT, META_ROOT, COMMENTS_ROOT}),
}
_MAP_ROOTS = {kind: tuple(sorted(roots - {TEXT_ROOT})) for kind, roots in _ROOTS.items()}

INLINE_KEYS = frozenset(
    {"bold", "italic", "underline", "strike", "code", "script", "link", "color", "background", "object"}
)
"""Marks on characters; `object` stands on one U+FFFC and names a file."""
BLOCK_KEYS = frozenset({"header", "list", "indent", "blockquote", "code-block", "align", "rule", "table"})
"""Formats on the LF that ends a line."""
_RICH_KEYS = INLINE_KEYS | BLOCK_KEYS
