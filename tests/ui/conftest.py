"""What hundreds of app starts and thousands of keys need not pay each time; nothing here is looked at."""

from __future__ import annotations

import pytest
from textual import _wait
from textual.css.stylesheet import Stylesheet

from cryptpad_tui.vault import passwords
from support import kept_keys, parsed_sheets


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
    monkeypatch.setattr(Stylesheet, "_parse_rules", parsed_sheets.parse_once)
