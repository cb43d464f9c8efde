"""The rows of a team's folder, read once and followed from there: a change costs what it changed.

Whoever may write puts any rows there, a hundred thousand of them at once. What a row cannot be is seen by its
bytes alone, and forgotten but for its name; a signature is checked once. It holds no document and no key.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from cryptpad_relay.protocol.errors import Malformed
from cryptpad_tui.crdt.kinds import ENTRIES_ROOT
from cryptpad_tui.crdt.values import Change, Origin
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.people import team_asks
from cryptpad_tui.people.roster import TeamRoster
from cryptpad_tui.people.roster_ops import MAX_BYTES, read_operation

if TYPE_CHECKING:
    from cryptpad_tui.engine.session import PadSession

ROSTER: Final = "roster/"
"""How the fields begin that have operations; their ids in hex follow."""
ASK, SAID = "ask/", "said/"
"""Questions that somebody passed on, and answers; the ids of their messages follow."""
MAX_JUNK: Final = 4_096
"""Names of rows that are nothing which are remembered, to be taken out; others when these are gone."""
_ONE_BY_ONE: Final = 4_096
"""Changed rows up to which it is cheaper not to read all."""
_PREFIXES: Final = (ROSTER, ASK, SAID)

_rows: WeakKeyDictionary[PadSession, TeamRows] = WeakKeyDictionary()


class TeamRows:
    """Of one open folder."""

    def __init__(self, team: bytes, view: ViewDocument) -> None:
        self._team = team
        self._due: set[str] | None = None
        self._kept: dict[str, dict[str, bytes]] = {prefix: {} for prefix in _PREFIXES}
        self._more_junk = False
        self.junk: set[str] = set()
        """Rows that are nothing, whoever looks at them."""
        self.signed: set[bytes] = set()
        """Operations whose signature was found good."""
        self.asks: dict[bytes, team_asks.TeamAsk] = {}
        """By their bytes, questions whose signature was found good."""
        self.known: Collection[bytes] = ()
        self.roster: TeamRoster | None = None
        """As it was found last, by `known` and what was here then; None where something changed since."""
        view.observe_maps(self._follow)
        view.observe(self._reload)

    def _follow(self, root: str, keys: frozenset[str]) -> None:
        if root == ENTRIES_ROOT and self._due is not None:
            self._due.update([key for key in keys if key.startswith(_PREFIXES)])

    def _reload(self, change: Change) -> None:
        if change.origin is Origin.RELOAD:
            self._due = None

    def read(self, view: ViewDocument) -> TeamRows:
        """Brought in step with the folder's document."""
        if self._more_junk and not self.junk:
            self._due = None
        if self._due is None or (self._due and len(self._due) >= _ONE_BY_ONE):
            names = None if self._due is None else self._due
            items = view.map_items(ENTRIES_ROOT)
            if names is None:
                self._forget()
                names = {key for key in items if key.startswith(_PREFIXES)}
            self._take((name, items.get(name)) for name in names)
        elif self._due:
            self._take((name, view.map_value(ENTRIES_ROOT, name)) for name in self._due)
        self._due = set()
        return self

    def _forget(self) -> None:
        for kept in self._kept.values():
            kept.clear()
        self.junk.clear()
        self.asks.clear()
        self.roster, self._more_junk = None, False

    def _take(self, rows: Iterable[tuple[str, object]]) -> None:
        for name, value in rows:
            prefix = name[: name.index("/") + 1]
            kept, before = self._kept[prefix], self._kept[prefix].pop(name, None)
            self.junk.discard(name)
            self.asks.pop(before or b"", None)
            raw = _WHAT[prefix](name, value, self._team) if value is not None else None
            if raw is not None:
                kept[name] = raw
            elif value is not None:
                self._junk(name)
            if prefix == ROSTER and raw != before:
                self.roster = None

    def _junk(self, name: str) -> None:
        if len(self.junk) < MAX_JUNK:
            self.junk.add(name)
        else:
            self._more_junk = True

    def of(self, prefix: str) -> Mapping[str, bytes]:
        """Rows that may be what they are called, by their whole names."""
        return self._kept[prefix]

    def drop(self, names: Iterable[str]) -> None:
        """These were found to be nothing, by their signatures."""
        for name in names:
            if self._kept[name[: name.index("/") + 1]].pop(name, None) is not None:
                self._junk(name)


def rows_of(session: PadSession) -> TeamRows:
    """The rows of an open folder, as they are."""
    rows = _rows.get(session)
    if rows is None:
        rows = _rows[session] = TeamRows(session.pad_id, session.view)
    return rows.read(session.view)


def raw_of(value: object) -> bytes:
    """An operation's bytes; empty for what is none."""
    return bytes_of(value, MAX_BYTES)


def bytes_of(value: object, most: int) -> bytes:
    """Bytes of a field, at most so many; empty for what is none."""
    if not isinstance(value, str) or len(value) > (most + 2) // 3 * 4:
        return b""
    try:
        return base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error):
        return b""


def _operation(name: str, value: object, team: bytes) -> bytes | None:
    raw = raw_of(value)
    try:
        op = read_operation(raw)
    except Malformed:
        return None
    return raw if op.team == team and name == ROSTER + op.id.hex() else None


def _ask(name: str, value: object, team: bytes) -> bytes | None:
    raw = bytes_of(value, team_asks.MAX_BYTES)
    return raw if team_asks.is_like_ask(raw, team) and name == ASK + team_asks.mail_of(raw).hex() else None


def _said(name: str, value: object, team: bytes) -> bytes | None:
    raw = bytes_of(value, team_asks.MAX_BYTES)
    return raw if team_asks.is_like_said(raw, team) and name == SAID + team_asks.mail_of(raw).hex() else None


_WHAT: Final[Mapping[str, Callable[[str, object, bytes], bytes | None]]] = {
    ROSTER: _operation,
    ASK: _ask,
    SAID: _said,
}
