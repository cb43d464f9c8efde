"""COMMITs of a pad that came and are not folded yet: in order, and never more than fits in little memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from cryptpad_relay.protocol import frames
from cryptpad_tui.pad.ports import OutboxRow

MAX_QUEUED_COMMITS: Final = 256
"""Above this, what waits to be folded is fetched in order instead of kept in memory."""
MAX_QUEUED_BYTES: Final = 8 * 1024 * 1024
"""The same: a relay that does not answer must not fill this machine's memory by pushing."""


class CommitQueue:
    """First in, first out. Of too many only the newest is kept, which says how far the log goes."""

    def __init__(self) -> None:
        self.waiting: list[frames.Commit] = []
        self.queued_bytes = 0

    def __bool__(self) -> bool:
        return bool(self.waiting)

    def push(self, body: bytes) -> None:
        """Raises Malformed."""
        self.waiting.append(frames.Commit.decode(body))
        self.queued_bytes += len(body)
        if len(self.waiting) > MAX_QUEUED_COMMITS or self.queued_bytes > MAX_QUEUED_BYTES:
            del self.waiting[:-1]
            self.queued_bytes = len(body)

    def pop(self) -> frames.Commit:
        commit = self.waiting.pop(0)
        self.queued_bytes = self.queued_bytes if self.waiting else 0
        return commit


def whole(
    commit: frames.Commit, outbox: Sequence[OutboxRow], beside: Mapping[bytes, bytes]
) -> tuple[bytes, ...] | None:
    """The commit's entries, with one's own, sent as ids, put back from the outbox and from beside it.

    None where one is there no more, since what had been sent was made again by another writer.
    """
    if all(len(entry) != frames.ENTRY_ID_BYTES for entry in commit.entries):
        return commit.entries
    mine = {row.entry_id: row.entry for row in outbox} | dict(beside)
    entries = tuple([mine.get(entry, entry) for entry in commit.entries])
    return None if any(len(entry) == frames.ENTRY_ID_BYTES for entry in entries) else entries
