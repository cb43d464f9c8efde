"""The table of cases given to a real vim, where there is one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from editor.vim_cases import CASES
from editor.vim_dsl import real_vim


def test_a_real_vim_does_the_same(tmp_path: Path) -> None:
    vim = shutil.which("vim")
    if vim is None:
        pytest.skip("there is no vim on this machine")
    made = real_vim(vim, CASES, tmp_path)
    differences = [
        f"{case.before!r} {case.keys}: vim {theirs!r}, the table {case.after!r}"
        for case, theirs in zip(CASES, made, strict=True)
        if theirs != case.after
    ]
    assert not differences, "\n".join(differences)
