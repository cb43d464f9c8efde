"""What long rich texts looked like when they were left, a row a pad: shown at the next opening at once.

It holds pads' text, in the vault's pages like all, and goes with its pad, from which it can be made again.
"""

from __future__ import annotations

from typing import Protocol, cast

from cryptpad_tui.vault.database import Database


class _HasDatabase(Protocol):
    _database: Database


_PAD = "(SELECT id FROM pad WHERE pad_id=? AND NOT forgotten)"


class PictureTable:
    """A part of Tables."""

    def picture_digest(self: _HasDatabase, pad_id: bytes) -> bytes | None:
        """Which bytes the pad's picture is of; None where it has none."""
        query = f"SELECT digest FROM picture WHERE pad={_PAD}"
        return cast(bytes | None, self._database.scalar(query, (pad_id,)))

    def picture(self: _HasDatabase, pad_id: bytes, digest: bytes) -> bytes | None:
        """The pad's picture of these bytes."""
        query = f"SELECT image FROM picture WHERE pad={_PAD} AND digest=?"
        return cast(bytes | None, self._database.scalar(query, (pad_id, digest)))

    def put_picture(self: _HasDatabase, pad_id: bytes, digest: bytes, image: bytes) -> None:
        """In place of the one there and of what came behind it."""
        with self._database.transaction():
            self._database.execute(f"DELETE FROM picture_step WHERE pad={_PAD}", (pad_id,))
            self._database.execute(
                f"INSERT INTO picture(pad, digest, image) SELECT id, ?, ? FROM pad WHERE id={_PAD}"
                " ON CONFLICT(pad) DO UPDATE SET digest=excluded.digest, image=excluded.image",
                (digest, image, pad_id),
            )

    def picture_steps(self: _HasDatabase, pad_id: bytes) -> list[tuple[int, bytes]]:
        """What changed behind the pad's picture, in order, each with its number."""
        query = f"SELECT id, step FROM picture_step WHERE pad={_PAD} ORDER BY id"
        return cast(list[tuple[int, bytes]], self._database.rows(query, (pad_id,)))

    def last_picture_step(self: _HasDatabase, pad_id: bytes) -> int:
        """The number of the last of them; 0 where there is none."""
        query = f"SELECT max(id) FROM picture_step WHERE pad={_PAD}"
        return cast(int | None, self._database.scalar(query, (pad_id,))) or 0

    def drop_picture_step(self: _HasDatabase, pad_id: bytes, number: int) -> None:
        """What it said is in the next."""
        self._database.execute(f"DELETE FROM picture_step WHERE pad={_PAD} AND id=?", (pad_id, number))

    def add_picture_step(self: _HasDatabase, pad_id: bytes, step: bytes) -> int:
        """Its number."""
        return self._database.insert(
            f"INSERT INTO picture_step(pad, step) SELECT id, ? FROM pad WHERE id={_PAD}", (step, pad_id)
        )

    def drop_picture(self: _HasDatabase, pad_id: bytes) -> None:
        """The pad is long no more, or none of its bytes are those."""
        with self._database.transaction():
            self._database.execute(f"DELETE FROM picture_step WHERE pad={_PAD}", (pad_id,))
            self._database.execute(f"DELETE FROM picture WHERE pad={_PAD}", (pad_id,))
