"""Values of maps as the rest of this room takes them. It must never change what a value means."""

from __future__ import annotations

from typing import Any


def with_bytes(value: Any) -> Any:
    """The engine reads bytes as a bytearray, which it does not take back."""
    if isinstance(value, bytearray):
        return bytes(value)
    if isinstance(value, list):
        return [with_bytes(item) for item in value]
    if isinstance(value, dict):
        return {key: with_bytes(item) for key, item in value.items()}
    return value
