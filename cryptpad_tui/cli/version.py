"""The version that `--version` prints, kept as text: asking the package's metadata would cost 30 ms."""

from __future__ import annotations

from typing import Final

VERSION: Final = "0.1.0"
