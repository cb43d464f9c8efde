"""The program pandoc, where a person asks for it: it reads a pipe and writes one.

It gets of the environment what programs are found by, and no secret. In its sandbox it can open no other file
and no address.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Final

from cryptpad_tui.convert.errors import NeedsPandoc, NotConverted

PANDOC_SECONDS: Final = 120
_MEMORY: Final = "-M1G"
LEFT_OUT: Final = "what pandoc leaves out (it does not say)"
_TOLD: Final = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL")
"""What it, and the engines of PDF that it starts, need to find their own files."""


def by_pandoc(data: bytes, arguments: list[str]) -> bytes:
    """What it makes of the data; raises NeedsPandoc or NotConverted."""
    program = shutil.which("pandoc")
    if program is None:
        raise NeedsPandoc
    # A PDF engine is a program of its own, which the sandbox does not let pandoc start.
    sandbox = [] if "pdf" in arguments else ["--sandbox"]
    try:
        done = subprocess.run(
            [program, "+RTS", _MEMORY, "-RTS", *sandbox, *arguments],
            input=data,
            capture_output=True,
            timeout=PANDOC_SECONDS,
            check=False,
            env={name: os.environ[name] for name in _TOLD if name in os.environ},
            start_new_session=True,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotConverted("pandoc did not answer in time") from error
    if done.returncode:
        # It wrote nothing that we could have made wrong: an engine is missing.
        raise (
            NeedsPandoc("it ended with an error") if "pdf" in arguments else NotConverted("pandoc refused it")
        )
    return done.stdout
