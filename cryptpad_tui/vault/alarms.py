"""The vault's alarms: what somebody was caught at, with its proof, and whether it is open, past or dismissed.

Rows are never deleted here: evidence against a relay outlives its pad. One open row a pad and code, so that a
relay that lies again and again fills no disk.
"""

from __future__ import annotations

from typing import Final, cast

from cryptpad_relay.protocol.labels import hash_parts
from cryptpad_tui.vault.database import Database, Value
from cryptpad_tui.vault.records import AlarmRow, AlarmState

ALARM_LABEL: Final = "pad1/vaultalarm"
MAX_ENDED_ROWS: Final = 256
"""Of one pad. Older ones that ended go: only a relay that lies every minute makes so many."""
_COLUMNS: Final = "id, pad_id, code, sentence, proof, at_ms, detail, lasting, state, ended_ms"
_INSERT: Final = (
    "INSERT INTO alarm(pad_id, code, sentence, proof, at_ms, digest, detail, lasting, state)"
    " VALUES(?,?,?,?,?,?,?,?,?) ON CONFLICT(digest) DO UPDATE SET state=excluded.state, ended_ms=0"
)


class AlarmTable:
    """What Vault offers of alarms; each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_alarm(
        self,
        pad_id: bytes | None,
        code: str,
        sentence: str,
        proof: bytes,
        at_ms: int,
        *,
        detail: str = "",
        lasting: bool = False,
        state: AlarmState = AlarmState.OPEN,
    ) -> None:
        """Keep an alarm. One that is open for the same pad and code stays as it is, with its first time;
        only a lasting one takes the place of one that is not.
        """
        digest = hash_parts(ALARM_LABEL, pad_id or b"", code.encode(), proof)
        with self._database.transaction():
            known = self._database.row(
                "SELECT id, lasting FROM alarm WHERE pad_id IS ? AND code=? AND state=?",
                (pad_id, code, AlarmState.OPEN),
            )
            if known and (known[1] or not lasting):
                return
            if known:
                self._database.execute("DELETE FROM alarm WHERE id=?", (known[0],))
            values = (pad_id, code, sentence, proof, at_ms, digest, detail, int(lasting), int(state))
            self._database.execute(_INSERT, values)
            self._database.execute(
                "DELETE FROM alarm WHERE id IN (SELECT id FROM alarm WHERE pad_id IS ? AND state<>?"
                " ORDER BY id DESC LIMIT -1 OFFSET ?)",
                (pad_id, AlarmState.OPEN, MAX_ENDED_ROWS),
            )

    def alarms(self, pad_id: bytes | None = None) -> list[AlarmRow]:
        """Of one pad, or all; oldest first."""
        query, values = f"SELECT {_COLUMNS} FROM alarm ORDER BY id", list[Value]()
        if pad_id is not None:
            query, values = f"SELECT {_COLUMNS} FROM alarm WHERE pad_id=? ORDER BY id", [pad_id]
        return [_row(row) for row in self._database.rows(query, values)]

    def alarm_codes(self, state: AlarmState) -> dict[bytes, tuple[str, ...]]:
        """The codes of each pad's alarms in this state, oldest first; reads no proof."""
        rows = self._database.rows(
            "SELECT pad_id, code FROM alarm WHERE state=? AND pad_id IS NOT NULL ORDER BY id", (int(state),)
        )
        codes: dict[bytes, tuple[str, ...]] = {}
        for pad_id, code in cast(list[tuple[bytes, str]], rows):
            codes[pad_id] = (*codes.get(pad_id, ()), code)
        return codes

    def end_alarms(self, pad_id: bytes, state: AlarmState, at_ms: int) -> int:
        """End the open alarms of a pad, as past or dismissed; lasting ones only by dismissing. How many."""
        return self._database.execute(
            "UPDATE alarm SET state=?1, ended_ms=?2 WHERE pad_id=?3 AND state=?4 AND (NOT lasting OR ?1=?5)",
            (int(state), at_ms, pad_id, AlarmState.OPEN, AlarmState.DISMISSED),
        )


def _row(row: tuple[Value, ...]) -> AlarmRow:
    values = dict(zip(_COLUMNS.split(", "), row, strict=True))
    values["lasting"] = bool(values["lasting"])
    values["state"] = AlarmState(cast(int, values["state"]))
    return AlarmRow(**values)  # type: ignore[arg-type]
