"""Which relays nobody elsewhere reaches, so that a link to them says so."""

from __future__ import annotations

import pytest

from cryptpad_tui.host.loopback import is_only_here


@pytest.mark.parametrize(
    "url", ["local", "ws://127.0.0.1:8765", "ws://localhost", "unix:/run/r", "wss://[::1]:1"]
)
def test_a_relay_of_this_host_is_told(url: str) -> None:
    assert is_only_here(url)


@pytest.mark.parametrize(
    "url", [None, "", "wss://pads.example", "ws://10.0.0.1:1", "ws://[broken", "local.example"]
)
def test_others_are_not(url: str | None) -> None:
    assert not is_only_here(url)
