"""What hundreds of app starts and thousands of keys need not pay each time; nothing here is looked at."""

from __future__ import annotations

from typing import Any

import pytest
from textual import _wait
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet

from cryptpad_tui.vault import passwords
from support import kept_keys

_parsed: dict[object, list[RuleSet]] = {}
_parse = Stylesheet._parse_rules


def _parse_once(sheet: Stylesheet, css: str, *given: Any, **named: Any) -> list[RuleSet]:
    key = (css, given, tuple(sorted(named.items())), tuple(sorted(sheet._variables.items())))
    if key not in _parsed:
        _parsed[key] = _parse(sheet, css, *given, **named)
    return _parsed[key]


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pilot's pause lasts until the app was idle for 5 ms, not 20: most of these tests' time was that."""
    monkeypatch.setattr(_wait, "SLEEP_GRANULARITY", 0.005)
    monkeypatch.setattr(_wait, "SLEEP_IDLE", 0.000_5)


@pytest.fixture
def cheap_passphrases(monkeypatch: pytest.MonkeyPatch) -> None:
    """For vaults that no other process opens."""
    monkeypatch.setattr(passwords.argon2id, "kdf", kept_keys.cheap)


@pytest.fixture(autouse=True)
def sheets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stylesheets are parsed once a process, not once an app: they stay the same."""
    monkeypatch.setattr(Stylesheet, "_parse_rules", _parse_once)
