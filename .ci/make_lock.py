"""Write requirements.lock: what the program needs, then, below markers, what development and fuzzing need.

Run by `make lock`. Every package is pinned by version and hashes; no registry is named.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

LOCK = Path("requirements.lock")
MARKER = "# development"
FUZZ_MARKER = "# fuzzing"
COMPILE = [
    "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes",
    "--no-emit-index-url", "--no-header", "--no-annotate", "--upgrade", "pyproject.toml",
]  # fmt: skip


def compiled(*options: str) -> dict[str, str]:
    """Package name to its block of lines (the requirement and its hashes)."""
    text = subprocess.run([*COMPILE, *options], check=True, capture_output=True, text=True).stdout
    blocks = re.split(r"\n(?=\S)", text.strip())
    return {re.split(r"[=@ ;\[]", block, maxsplit=1)[0]: block for block in blocks}


def main() -> None:
    run = compiled("--extra", "build", "--extra", "syntax")
    everything = compiled("--extra", "build", "--extra", "syntax", "--extra", "dev")
    changed = [name for name in run if run[name] != everything[name]]
    if changed:
        sys.exit(f"development needs other versions of {', '.join(changed)}")
    development = [block for name, block in everything.items() if name not in run]
    fuzzing = [block for name, block in compiled("--extra", "fuzz").items() if name not in everything]
    parts = [*run.values(), MARKER, *development, FUZZ_MARKER, *fuzzing]
    LOCK.write_text("\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
