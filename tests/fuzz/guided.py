"""One target under atheris: coverage-guided, in this process, until its time is up. Run by `python -m fuzz`.

python -m fuzz.guided TARGET SECONDS FOUND_FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

MAX_BYTES = 4_096
SLOW_INPUT_S = 60


def main() -> None:
    name, seconds, found = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    with atheris.instrument_imports(include=["cryptpad_tui", "cryptpad_relay", "fuzz"]):
        from fuzz.targets import CORPUS, TARGETS
    found.mkdir(parents=True, exist_ok=True)
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={MAX_BYTES}",
        f"-timeout={SLOW_INPUT_S}",
        f"-artifact_prefix={found}/crash-{name}-",
        "-print_final_stats=1",
        "-rss_limit_mb=4096",
    ]
    (found / name).mkdir(exist_ok=True)
    atheris.Setup([sys.argv[0], *options, str(found / name), str(CORPUS / name)], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
