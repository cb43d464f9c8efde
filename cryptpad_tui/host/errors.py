"""What the machine can refuse. The docstring of each class is the sentence that a person reads.

- `HostError`
    - `UnsafePath`: a file or folder that others could read, change or swap.
    - `RelayError`
        - `RelayPortTaken`, `RelayDidNotStart`, `RelayDidNotStop`
    - `ChildFailed`: a process without keys
        - `ChildNotStarted`, `ChildEnded`, `ChildTooSlow`, `ChildTalkedTooMuch`
"""

from __future__ import annotations

from pathlib import Path


class HostError(Exception):
    """The machine refused something. Nothing was changed."""


class UnsafePath(HostError):
    """A file or folder is not safe to keep secrets in, so it was left alone. Fix what is named, try again."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class RelayError(HostError):
    """The relay on this machine did not do as asked. Your pads are safe in the vault."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class RelayPortTaken(RelayError):
    """Another program uses the port of this machine's relay. Links contain that port, so it is not changed
    by itself: stop the other program, then try again. Your pads are safe in the vault."""


class RelayDidNotStart(RelayError):
    """The relay on this machine did not start. Your pads are safe in the vault and wait there; the relay's
    log file says why."""


class RelayDidNotStop(RelayError):
    """The relay on this machine does not stop. Nothing is lost; end its process by hand."""


class ChildFailed(HostError):
    """The process that reads foreign bytes failed. Nothing was changed."""


class ChildNotStarted(ChildFailed):
    """No process could be started to read foreign bytes in. Nothing was changed; try again."""


class ChildEnded(ChildFailed):
    """The process that reads foreign bytes ended over them. Nothing was changed."""


class ChildTooSlow(ChildFailed):
    """Reading foreign bytes took too long and was ended. Nothing was changed."""


class ChildTalkedTooMuch(ChildFailed):
    """The process that reads foreign bytes answered more than it may. Nothing was changed."""
