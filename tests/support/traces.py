"""Real editing histories beside the checkout; tests that need them skip, with the reason, without them."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

DATA = Path(os.environ.get("CRYPTPAD_TUI_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))


def load_trace(name: str) -> dict[str, Any]:
    path = DATA / f"{name}.json.gz"
    if not path.exists():
        pytest.skip(f"the editing history {path.name} is not beside this checkout")
    with gzip.open(path) as file:
        trace: dict[str, Any] = json.load(file)
    return trace
