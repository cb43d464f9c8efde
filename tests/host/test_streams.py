"""What libraries print below Python reaches nobody; what we print does."""

from __future__ import annotations

import subprocess
import sys

_ENGINE_PANICS = """
import sys
from cryptpad_tui.host.streams import keep_stderr_ours
if sys.argv[1] == "kept":
    keep_stderr_ours()
from pycrdt import Doc, Text
text = Doc().get("text", type=Text)
text += "é"
try:
    del text[1:9]
except BaseException as error:
    print(type(error).__name__, file=sys.stderr)
"""


def stderr_of(mode: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _ENGINE_PANICS, mode], capture_output=True, text=True, check=True
    )
    return done.stderr


def test_a_panic_of_the_engine_prints_nothing() -> None:
    assert stderr_of("kept") == "PanicException\n"


def test_without_the_guard_it_prints_a_backtrace() -> None:
    assert "panicked at" in stderr_of("as it is")
