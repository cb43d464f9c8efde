"""The readers of strangers' files without their process, for tests of what is said about the files."""

from __future__ import annotations

from cryptpad_tui.convert.reading import ForeignReader
from cryptpad_tui.convert.reading_child import Reader


class Nearby(Reader):
    """Answers in this process; or with what a test says, whatever is asked."""

    def __init__(self, readers: str = "", said: bytes | Exception | None = None) -> None:
        super().__init__()
        self.said, self.closed = said, 0

    def ask(self, request: bytes) -> bytes:
        if isinstance(self.said, Exception):
            raise self.said
        return self.answer(request) if self.said is None else self.said

    def warm_up(self) -> None:
        """There is nothing to start."""

    def close(self) -> None:
        self.closed += 1
        self._archive = None


def nearby() -> ForeignReader:
    """A reader whose processes are none."""
    return ForeignReader(Nearby)


def told(said: bytes | Exception) -> tuple[ForeignReader, Nearby]:
    """A reader whose process says this, and that process."""
    process = Nearby(said=said)
    return ForeignReader(lambda _: process), process
