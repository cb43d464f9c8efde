"""Tests that walk over everything in memory are run in a process of their own, which holds little else.

In the test run's process are thousands of tests and what they loaded: there each walk takes seconds.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

INSIDE = "TESTS_IN_A_SMALL_PROCESS"


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if pyfuncitem.get_closest_marker("small_process") is None or INSIDE in os.environ:
        return None
    failed = _failures(pyfuncitem.path, pyfuncitem.config.rootpath)
    assert pyfuncitem.name in failed, "the small process did not run it"
    if failed[pyfuncitem.name]:
        pytest.fail(failed[pyfuncitem.name], pytrace=False)
    return True


@functools.cache
def _failures(path: Path, root: Path) -> dict[str, str]:
    """Every test of the file with what it failed with, empty where it passed; all are run at once."""
    report = "/dev/stderr"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", f"--junit-xml={report}", str(path)]
    done = subprocess.run(
        command, cwd=root, env={**os.environ, INSIDE: "1"}, capture_output=True, text=True, timeout=300
    )
    start = done.stderr.find("<?xml")
    assert start >= 0, done.stdout + done.stderr
    cases = ElementTree.fromstring(done.stderr[start:]).iter("testcase")
    return {
        case.attrib["name"]: "\n".join(
            each.text or "failed" for each in case if each.tag in ("failure", "error")
        )
        for case in cases
    }
