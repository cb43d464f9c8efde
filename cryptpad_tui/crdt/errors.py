"""What can go wrong with a document. Each docstring is the sentence a person reads.

- `DocumentError`
    - `InvalidUpdate`: foreign bytes break the rules; a verdict that every client reaches
    - `EngineFailure`: the engine raised; the document must be rebuilt
    - `CannotLoadHere`: a limit of this machine, never a verdict
    - `NeedsTime`: it can be judged after some slices of work, between which others may run
    - `UncleanText`: an edit of our own carries characters that no pad may hold
    - `UnfitValue`: an edit of our own carries a format or a value that no pad may hold

No message carries text, keys or values of a document.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class DocumentError(Exception):
    """Something is wrong with this pad's document; nothing that was saved is lost."""


class InvalidUpdate(DocumentError):
    """A change by another editor breaks the rules of pads. It was left out; everything else is safe."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class EngineFailure(DocumentError):
    """The document engine failed on a change. The pad is being rebuilt from its log; nothing is lost."""


class CannotLoadHere(DocumentError):
    """A change in this pad cannot be loaded on this machine: it takes too much memory or time, or breaks the
    engine. The pad stays readable as it was before it, and what you type is kept. It goes on by itself when
    its owner voids that change (`cryptpad-tui void`), or when somebody makes a snapshot after it.
    """


class NeedsTime(DocumentError):
    """A change by another editor waits until the order of this long text is known, some seconds. Nothing is
    lost, and you can go on writing.
    """


class UncleanText(DocumentError, ValueError):
    """The text holds a control character, which pads cannot carry. Nothing was changed; remove it first."""


class UnfitValue(DocumentError, ValueError):
    """The value cannot be stored in this kind of pad. Nothing was changed."""


@contextmanager
def engine_call() -> Iterator[None]:
    """Turn whatever the engine raises into EngineFailure: its panics derive from BaseException alone."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError, ImportError, OSError, DocumentError):
        # Memory and files are conditions of this machine, and must not look like the engine's answer.
        raise
    except BaseException as exc:
        raise EngineFailure(type(exc).__name__) from None
