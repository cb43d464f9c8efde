"""What the relay says on stderr: events and faults, never a pad, a person or an address.

Exceptions are named by their type and place alone, since their text may quote what a client sent.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Final

from cryptpad_relay.protocol.term_safe import term_safe

LOG: Final = logging.getLogger("cryptpad_relay")


class SafeFormatter(logging.Formatter):
    """Log lines go to a terminal, so nothing in them may command it."""

    def format(self, record: logging.LogRecord) -> str:
        return term_safe(super().format(record))


def log_to_stderr(level: int) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(SafeFormatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("asyncio").setLevel(logging.WARNING)


def describe(error: BaseException) -> str:
    """The type of an unexpected exception and the line that raised it."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
    return type(error).__name__ + where
