"""What the first frame must not wait for."""

from __future__ import annotations

import subprocess
import sys

_LATER = (
    "cryptpad_tui.pad",
    "cryptpad_tui.crdt",
    "cryptpad_tui.crypto",
    "cryptpad_tui.engine",
    "pycrdt",
    "apsw",
)


def test_the_first_frame_loads_neither_documents_nor_keys() -> None:
    code = (
        "import sys, cryptpad_tui.ui.app, cryptpad_tui.ui.screens.unlock, cryptpad_tui.ui.screens.first_run; "
        f"sys.exit(', '.join(name for name in {_LATER!r} if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""
