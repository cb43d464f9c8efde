"""What changes in an open rich text behind its picture, kept with each save, so that a death costs the next
opening nothing.

A row says what the view told since the row before and what it holds with it, in the transaction that makes
these edits durable; what is typed on goes into the row before. It must never say that the view holds what it
may not: where that is not certain, it ends, and the picture is made anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.errors import InvalidUpdate
from cryptpad_tui.crdt.holding import LONG_BYTES, Holding, parted
from cryptpad_tui.crdt.picture import is_plain
from cryptpad_tui.crdt.picture_steps import Step, joined
from cryptpad_tui.crdt.values import Change, Origin
from cryptpad_tui.vault.errors import VaultError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from cryptpad_tui.crdt.canonical import CanonicalDocument
    from cryptpad_tui.crdt.view import ViewDocument
    from cryptpad_tui.pad.replica import Replica
    from cryptpad_tui.vault.vault import Vault

MAX_WAITING: Final = 4_096
"""Changes that no row could say yet."""


class PictureSteps:
    """Of one open pad. Off until `begin`, and after whatever makes its view another one."""

    def __init__(self, vault: Vault, replica: Replica) -> None:
        self._vault, self._replica, self._pad_id = vault, replica, replica.pad_id
        self._digest: bytes | None = None
        """Of the picture that the rows come behind; None while this is off."""
        self._document: CanonicalDocument | None = None
        self._base, self._last = b"", 0
        self._held = Holding()
        """Beyond the base, as far as rows say."""
        self._new = Holding()
        self._changes: list[Change] = []
        self._keys: dict[str, set[str]] = {}
        self._row: Step | None = None
        """The last of them, where it is of this process."""
        self.count = 0
        """The rows behind the picture."""

    def watch(self, view: ViewDocument) -> None:
        """Take note of what this view tells from here on."""
        self._view = view
        view.observe(self._changed)
        view.observe_maps(lambda root, keys: self._keys.setdefault(root, set()).update(keys))

    def begin(self, digest: bytes, base: bytes, held: Holding, count: int = 0) -> None:
        """The view shows what the picture and its rows do: those bytes, and what is held beyond them."""
        self.end()
        self._digest, self._base, self._held, self.count = digest, base, held, count
        self._last = self._vault.last_picture_step(self._pad_id)
        self._document = self._replica.fold.document
        self._document.kept_as.before.clear()

    def end(self) -> None:
        """No row may follow: the view became something else, or somebody else writes them."""
        self._digest, self._new, self._held = None, Holding(), Holding()
        self._changes, self._keys, self._row = [], {}, None

    @property
    def is_on(self) -> bool:
        return self._digest is not None

    @property
    def has_new(self) -> bool:
        """Whether something waits to be said: of the view, or of the bytes that it is told by."""
        if self._digest is None or self._document is None:
            return False
        held = self._held.ends
        is_further = any(end > held.get(client, 0) for client, end in self._new.ends.items())
        is_moved = self._document.kept_as.digest != self._base
        is_longer = not self._new.long <= self._held.long
        return is_further or is_longer or is_moved or bool(self._changes or self._keys)

    def took(self, updates: Sequence[bytes]) -> None:
        """The view holds these, own ones or those of others."""
        if not self.is_on:
            return
        try:
            for update in updates:
                self._take(update)
        except InvalidUpdate:
            self.end()

    def _take(self, update: bytes) -> None:
        # What was held as short edits is signed as one, and comes back so.
        if len(update) < LONG_BYTES or not self._held.has_items_of(update):
            self._new.take(update)

    def _changed(self, change: Change) -> None:
        if change.origin is Origin.RELOAD or len(self._changes) > MAX_WAITING:
            self.end()
        elif self.is_on and (change.edits or change.formatted):
            self._changes.append(change)

    @property
    def is_of_the_vault(self) -> bool:
        """Whether the next opening will find all that it looks for. Reads what waits."""
        return not self.has_new and self.holds_all

    @property
    def holds_all(self) -> bool:
        """Whether the view is known to hold what log and queue do. Reads what waits."""
        if self._document is None or not self.is_on or self._replica.fold.document is not self._document:
            return False
        kept, held = self._document.kept_as, self._held.tidied()
        held.add(self._new)
        if kept.digest != self._base or kept.since is None:
            return False
        try:
            parts = parted([*kept.since, *self._replica.queue.pending_updates()], held)
        except InvalidUpdate:
            return False
        return parts is not None and not parts[1]

    def base_moved(self) -> None:
        """Inside the transaction in which the document is kept anew: say of which bytes the rows are from
        here on, whatever is not saved yet. Else a death before the next save would cost all of them."""
        if not self.is_on or not self._may_follow():
            return
        found = self._beyond(self._held.tidied())
        if found is None:
            return
        self._base, self._held = found
        clocks = self._view.state_vector() if self._held.long else {}
        try:
            self._add(Step((), {}, {}, self._held, self._base, clocks))
        except VaultError:
            # The document is kept without them, or not: that is for who keeps it to say.
            self.end()

    def _may_follow(self) -> bool:
        """Whether the rows there are this process's, and of the document that is; else this is off."""
        known = self._vault.picture_digest(self._pad_id), self._vault.last_picture_step(self._pad_id)
        if known != (self._digest, self._last) or self._replica.fold.document is not self._document:
            self.end()
        return self.is_on

    def write(self) -> None:
        """Inside a transaction, while nothing of the view is on its way to the vault: say what came."""
        if not self.has_new or not self._may_follow():
            return
        assert self._document is not None
        held = self._held.tidied()
        held.add(self._new)
        said, base = self._new, None
        if not self.count or self._document.kept_as.digest != self._base:
            found = self._beyond(held)
            if found is None:
                return
            base, said = found
            held = said
        clocks = self._view.state_vector() if said.long else {}
        self._add(Step(tuple(joined(self._changes)), *self._map_values(), said, base, clocks))
        self._base = base or self._base
        self._held, self._new, self._changes, self._keys = held, Holding(), [], {}

    def _add(self, step: Step) -> None:
        both = self._row.followed_by(step) if self._row is not None else None
        if both is not None:
            self._vault.drop_picture_step(self._pad_id, self._last)
            self.count -= 1
        self._row = both or step
        self._last = self._vault.add_picture_step(self._pad_id, self._row.encode())
        self.count += 1

    def _beyond(self, held: Holding) -> tuple[bytes, Holding] | None:
        """The bytes that the document was last kept as and what the view holds beyond them; None while it
        lacks something of the log, or holds more than log and queue do."""
        assert self._document is not None
        kept = self._document.kept_as
        if kept.digest is None or kept.since is None:
            self.end()
            return None
        beyond = [*kept.since, *self._replica.queue.pending_updates()]
        try:
            parts, rest = parted([*kept.before, *beyond], held), Holding.of(beyond)
        except InvalidUpdate:
            self.end()
            return None
        if parts is None or parts[1]:
            return None
        kept.before.clear()
        return kept.digest, rest

    def _map_values(self) -> tuple[dict[str, dict[str, Any] | None], dict[str, list[str]]]:
        maps: dict[str, dict[str, Any] | None] = {}
        gone: dict[str, list[str]] = {}
        for root, keys in self._keys.items():
            there = set(self._view.map_keys(root))
            values = {key: self._view.map_value(root, key) for key in keys & there}
            maps[root] = values if is_plain(values) else None
            gone[root] = sorted(keys - there)
        return maps, gone
