"""Where things live. Only names places: creating and checking them is files.py's."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import platformdirs

HOME_VARIABLE = "CRYPTPAD_TUI_HOME"
HEADER_NAME = "vault.hdr"
"""The file of a vault whose being there says that there is a vault."""
DATABASE_NAME = "vault.db"


def home(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of everything durable: $CRYPTPAD_TUI_HOME, else the platform's folder for user data."""
    chosen = environ.get(HOME_VARIABLE, "")
    if chosen:
        return Path(chosen).expanduser().absolute()
    return Path(platformdirs.user_data_path("cryptpad-tui", appauthor=False))


def vault_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """The vault's folder: vault.hdr, vault.db and run/."""
    return home(environ)


def relay_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """The data of this machine's own relay, beside the vault: one relay for one home."""
    return home(environ) / "relay"
