"""Which text may be a relay's address, before anybody connects to it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cryptpad_tui.crypto.relay_address import is_relay_address
from cryptpad_tui.engine.whereabouts import place_of
from cryptpad_tui.sync.connection import RelayUnreachable, open_connection

NONE = (
    *(
        "",
        "local",
        "https://pads.example",
        "wss://",
        "wss:///",
        "wss://:443",
        "ws://[",
        "ws://[::1",
        "ws://a..b",
    ),
    *(
        "ws://h:99999",
        "ws://h:x",
        "wss://user@pads.example",
        "wss://pads.example\x1b[31m",
        "wss://pé.example",
    ),
    *("wss://" + "a" * 64, "wss://" + "a." * 130, "unix:", "unix:" + "a" * 251),
)


@pytest.mark.parametrize(
    "text",
    [
        *("wss://pads.example", "wss://pads.example.:8443/a/b", "ws://127.0.0.1:7411", "ws://[::1]:7411"),
        *("unix:/run/user/1000/relay", "ssh://pads.example", "ws://localhost"),
    ],
)
def test_what_could_be_connected_to_is_an_address(text: str) -> None:
    assert is_relay_address(text)


@pytest.mark.parametrize("text", NONE)
def test_what_could_not_is_none(text: str) -> None:
    assert not is_relay_address(text)


@pytest.mark.parametrize("url", ["ws://a..b", "ws://h:99999", "ws://["])
async def test_an_address_that_the_libraries_refuse_is_a_relay_that_cannot_be_reached(url: str) -> None:
    """Anything else ended the task that was to bring mail, at every start."""
    with pytest.raises(RelayUnreachable):
        await open_connection(url, timeout_s=1)


@given(st.text(st.sampled_from("ws:/[]@.a1-%#?é\x1b"), max_size=24).map(lambda text: f"ws://{text}"))
@example("ws://[")
def test_a_place_can_always_be_named(url: str) -> None:
    assert place_of(url)
