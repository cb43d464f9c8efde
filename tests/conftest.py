"""What every test process does once, so that a run of thousands of tests ends in minutes.

It must never touch what a test checks: here is only what the interpreter keeps and how it cleans up.
"""

from __future__ import annotations

import gc
import os
import sys

# Hundreds of processes are started; without kept bytecode each would compile the program anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def pytest_collection_finish() -> None:
    """Take the modules and the collected tests out of the collector's sight: they stay to the end.

    It would walk over all of them again and again. A test that looks for what is in memory unfreezes first.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
