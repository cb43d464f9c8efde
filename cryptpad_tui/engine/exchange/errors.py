"""What can keep a pad from coming in or going out; each docstring is the sentence a person reads.

- `EngineError`
    - `FileNotRead`, `FileTooLong`, `LeadsOut`: what was named cannot come in
    - `NameTaken`, `FileNotWritten`: where it should go cannot take it
"""

from __future__ import annotations

from cryptpad_tui.engine.errors import EngineError


class FileNotRead(EngineError):
    """The file cannot be read. Nothing was changed; check its name and rights."""


class FileTooLong(EngineError):
    """The file is longer than a pad can be. Nothing was changed; split it."""


class LeadsOut(EngineError):
    """The archive holds a name that leads out of it. Nothing was imported."""


class NameTaken(EngineError):
    """Something is there already. Nothing was changed; choose another name."""


class FileNotWritten(EngineError):
    """The file was not written. Everything is in the vault; check its folder, its rights and the room."""
