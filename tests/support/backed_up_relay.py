"""A real relay process whose operator makes a backup and puts it back; and one that takes nothing back."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from support.relay import RelayProcess

TAKES_NOTHING_BACK = """
import sys
from cryptpad_relay import cli, requests
from cryptpad_relay.protocol.frames import Op
del requests.HANDLERS[Op.RESTORE]
sys.exit(cli.main())
"""


class BackedUpRelay(RelayProcess):
    """`settle_s` of its data is short, so that a test need not wait for a minute."""

    def __init__(self, data: Path, *, settle_s: float = 0.5) -> None:
        data.mkdir(mode=0o700)
        (data / "relay.toml").write_text(f"[limits]\nsettle_s = {settle_s}\n")
        self._copy = data.with_suffix(".backup")
        super().__init__(data)

    def back_up(self) -> None:
        """As docs/relay.md says: SQLite's own backup, and the other files of the folder."""
        self._copy.mkdir(mode=0o700)
        for path in self.data.iterdir():
            if path.suffix in (".key", ".toml"):
                shutil.copy2(path, self._copy)
        with (
            closing(sqlite3.connect(self.data / "relay.db")) as source,
            closing(sqlite3.connect(self._copy / "relay.db")) as target,
        ):
            source.backup(target)
        (self._copy / "relay.db").chmod(0o600)

    def lose_everything(self) -> None:
        """The machine dies, and its disk with it; another one has the backup."""
        self.kill()
        shutil.rmtree(self.data)
        shutil.copytree(self._copy, self.data)

    def start_lying(self) -> None:
        """One that says it was restored, and refuses to take anything back."""
        self.program = ("-c", TAKES_NOTHING_BACK)
        self.start()
        del self.program

    def entries(self) -> int:
        with closing(sqlite3.connect(self.data / "relay.db")) as connection:
            return int(connection.execute("SELECT count(*) FROM entry").fetchone()[0])
