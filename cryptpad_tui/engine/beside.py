"""A backup opened as a vault beside the one in use, sealed like it, and gone afterwards.

The folder is held while it is used, so that two restores follow each other; what a killed one left is removed
by the next.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cryptpad_tui.host import files
from cryptpad_tui.vault.restore import Restored, restore_new
from cryptpad_tui.vault.sealed_file import SealedReader
from cryptpad_tui.vault.seam import host_errors_translated
from cryptpad_tui.vault.vault import Vault

FOLDER: Final = "restoring"


@contextlib.contextmanager
def backup_beside(
    directory: Path, reader: SealedReader, master_key: bytes
) -> Iterator[tuple[Vault, Restored]]:
    """The backup's vault while the block lasts."""
    folder = directory / FOLDER
    with host_errors_translated():
        files.ensure_private_dir(folder)
    with files.locked_dir(folder):
        place = folder / "vault"
        try:
            _remove(place)
            restored = restore_new(place, reader, master_key)
            vault = Vault.open_held(place, reader.header.vault_id, master_key)
            try:
                yield vault, restored
            finally:
                vault.close()
        finally:
            _remove(place)
    with contextlib.suppress(OSError):
        os.rmdir(folder)


def _remove(place: Path) -> None:
    with host_errors_translated():
        if os.path.lexists(place):
            shutil.rmtree(place)
