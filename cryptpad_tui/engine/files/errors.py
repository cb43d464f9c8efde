"""What can keep a file from coming or going; each docstring is the sentence a person reads.

- `EngineError`
    - `NoSuchFile`, `SeveralFiles`: a reference names no file of the pad, or more than one.
    - `NotAFile`: what was named on disk is no plain file.
    - `NotThere`: nobody who is here has the bytes.
    - `DeletedByOwner`: the owner's signature says so.
    - `NoRoom`: the relay has no room for the file.
    - `TargetExists`: something else has that name.
"""

from __future__ import annotations

from cryptpad_tui.engine.errors import EngineError


class NoSuchFile(EngineError):
    """This pad has no such file. `cryptpad-tui files PAD` lists those it has."""


class SeveralFiles(EngineError):
    """This pad has several files. Name one by its id or its name; `cryptpad-tui files PAD` lists them."""


class NotAFile(EngineError):
    """This is no plain file that can be read. Nothing was changed; for a folder, name the files in it."""


class NotThere(EngineError):
    """The file's bytes are not here, and not all of them on the relay yet. Try again when whoever attached it
    has sent it."""


class DeletedByOwner(EngineError):
    """The pad's owner deleted this file from the relay, and no copy of it is here."""


class NoRoom(EngineError):
    """The relay has no room for this file; it is kept here, sealed, and everything else goes on. Delete files
    from the relay (`cryptpad-tui files PAD --delete FILE`), ask who runs it for more room, or set another
    relay for new pads; then `cryptpad-tui sync` sends it."""


class TargetExists(EngineError):
    """Something else has that name already. Nothing was changed; choose another with -o, or use --force."""
