"""docs/recovery.md is true: its commands run, from the first to the last, and do what it says."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from support import zygote

PAGE = (Path(__file__).parents[2] / "docs" / "recovery.md").read_text()
BEFORE = """
export CRYPTPAD_TUI_HOME=~/anna CRYPTPAD_TUI_PASSPHRASE_FILE=~/passphrase
umask 077
printf 'correct horse\\n' > ~/passphrase
printf 'battery staple\\n' > ~/new-passphrase
printf 'next\\n' > ~/next-passphrase
cryptpad-tui init --name Anna
printf 'my text' | cryptpad-tui new Plan --from - > ~/id
"""
AFTER_KIT = "sed -n 's/^   \\([0-9A-Z]\\{4\\}-.*\\)$/\\1/p' ~/kit.txt > ~/recovery-key\n"
CHECKS = """
for home in new-machine from-kit; do
  CRYPTPAD_TUI_PASSPHRASE_FILE=~/$home.pw CRYPTPAD_TUI_HOME=~/$home cryptpad-tui cat Plan
done
cryptpad-tui cat "Plan (moved)" --passphrase-file ~/next-passphrase
"""


@pytest.mark.e2e
def test_every_command_of_the_page_does_what_it_says(bytecode: dict[str, str], tmp_path: Path) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    program = tmp_path / "bin" / "cryptpad-tui"
    program.parent.mkdir()
    warm = tmp_path / "warm"
    program.write_text(
        f'#!/bin/sh\n[ "$1" != init ] || set -- "$@" --kdf-memory 64\nexec {shlex.quote(str(warm))} "$@"\n'
    )
    warm.write_text(zygote.CLIENT)
    for script_file in (program, warm):
        script_file.chmod(0o755)
    home = tmp_path / "home"
    home.mkdir()
    environ = {**bytecode, "HOME": str(home), "PATH": f"{program.parent}:{bytecode['PATH']}"}
    environ["ZYGOTE"] = zygote.shared().address
    steps = [blocks[0], AFTER_KIT, blocks[1], *blocks[2:]]
    # The passphrase was changed after the backup was made, and from then on that is what is given.
    steps[3:3] = ["cp ~/passphrase ~/new-machine.pw; cp ~/new-passphrase ~/from-kit.pw\n"]
    steps[5:5] = ["export CRYPTPAD_TUI_PASSPHRASE_FILE=~/new-passphrase\n"]
    script = "set -eu\n" + BEFORE + "".join(f"echo '== {at}' >&2\n{step}" for at, step in enumerate(steps))
    done = subprocess.run(
        ["/bin/sh"],
        input=script + CHECKS,
        text=True,
        capture_output=True,
        env=environ,
        cwd=home,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("my text" * 3)
