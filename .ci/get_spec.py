"""Fetch CommonMark's own examples, which the tests read: they are in the source package of markdown-it-py.

The package is one that the program needs, at the version and with the hashes of requirements.lock; nothing of
it is run or installed. The specification is CC-BY-SA and no part of this project.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

LOCK = Path("requirements.lock")
TARGET = Path(".venv/commonmark/spec.md")
PACKAGE = "markdown-it-py"
MEMBER = "/tests/test_cmark_spec/spec.md"


def main() -> None:
    found = re.search(rf"^{PACKAGE}==.*(?:\n +--hash=.*)+\n", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        sys.exit(f"{LOCK} does not name {PACKAGE}")
    with tempfile.TemporaryDirectory() as work:
        wanted = Path(work, "wanted.txt")
        wanted.write_text(found[0], encoding="utf-8")
        # Its build backend is in the lock too: pip asks it for the package's name.
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        only = ["--no-deps", "--no-build-isolation", "--no-binary", ":all:", "--require-hashes"]
        subprocess.run([*pip, *only, "-r", str(wanted), "-d", work], check=True)
        [source] = Path(work).glob("*.tar.gz")
        with tarfile.open(source) as archive:
            [member] = [each for each in archive.getmembers() if each.name.endswith(MEMBER)]
            stream = archive.extractfile(member)
            assert stream is not None
            TARGET.parent.mkdir(exist_ok=True)
            TARGET.write_bytes(stream.read())


if __name__ == "__main__":
    main()
