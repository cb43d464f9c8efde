"""The pictures in screenshots/ are what the app shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import screenshots


@pytest.mark.parametrize("scene", [screenshots.drive, screenshots.pad])
async def test_the_picture_is_up_to_date(scene: screenshots.Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "COLORTERM", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    kept = Path(screenshots.FOLDER / f"{scene.__name__}.svg").read_text(encoding="utf-8")
    assert await screenshots.picture(scene) + "\n" == kept, "run: python tests/support/screenshots.py"
