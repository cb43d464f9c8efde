"""Values that several tests of the vault share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hypothesis import settings

from cryptpad_tui.vault.records import PadRecord

PASSPHRASE = b"correct horse battery staple"
DATABASE_KEY = bytes(range(32))

steady = settings(deadline=None, derandomize=True)
"""The same examples in each run, however busy the machine is."""


@dataclass(frozen=True)
class Template:
    """A closed vault with all three kinds of slot."""

    directory: Path
    keyfile: Path
    recovery_key: str
    account_root: bytes


def make_pad_record(number: int) -> PadRecord:
    return PadRecord(
        pad_id=number.to_bytes(32),
        genesis=bytes(236),
        kind=0,
        role="owner",
        secret=b"\xaa" * 32,
        epoch=0,
        relay_url=None,
        relay_pk=b"",
        pin_n=0,
        pin_head=b"",
        uploaded=False,
        created_ms=5,
    )
