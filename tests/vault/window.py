"""Another window of a vault, as a process of its own: does what its first argument says and reports it.

`hold`: takes the lease of pad 1 and waits. `work`: types, seals and folds without end, and says after each
step what the vault acknowledged.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from vault.helpers import make_pad_record

from cryptpad_tui.pad.ports import LogRow, OutboxRow
from cryptpad_tui.vault.padstore import VaultPadStore
from cryptpad_tui.vault.vault import Vault

PAD_ID = make_pad_record(1).pad_id


def say(line: str) -> None:
    os.write(1, line.encode() + b"\n")


def work(store: VaultPadStore, writer: bytes) -> None:
    """Each number is typed once; an entry's content is the numbers it holds."""
    tail = store.log_after(0, 1 << 30)
    for number in range(1 << 30):
        journal_id = store.append_journal(writer, [b"%s-%d " % (writer[:4].hex().encode(), number)])
        say(f"typed {writer[:4].hex()}-{number}")
        if number % 3 == 2:
            rows = store.journal_after(journal_id[0] - 3)
            seq = number // 3
            content = b"".join(row.update for row in rows)
            entry = OutboxRow(0, writer, seq, writer[:16] + seq.to_bytes(16), content)
            store.seal_journal([row.id for row in rows], [entry])
            say("sealed")
        if number % 6 == 5:
            first = store.outbox()[0]
            n = len(tail) + number // 6 + 1
            store.commit_fold([LogRow(n, first.entry_id, n.to_bytes(32), first.entry, False)])
            store.set_checkpoint(n, b"state" * 2_000)
            say("folded")


def main() -> None:
    task, directory, keyfile = sys.argv[1:]
    vault = Vault.open(Path(directory), keyfile=Path(keyfile))
    say(f"token {vault.process_token()}")
    if task == "hold":
        say(f"lease {vault.acquire_lease(PAD_ID)}")
        time.sleep(600)
    else:
        work(vault.store(PAD_ID), os.urandom(32))


if __name__ == "__main__":
    main()
