"""T56: locking drops the keys and the documents, as far as Python can tell: nothing reaches them any more.

What libraries below Python freed is the system's; best effort is what is promised (docs/security.md).
"""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import pytest

from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.crypto.keys import SigningSeed, ViewKeys
from cryptpad_tui.engine import Engine
from cryptpad_tui.ui.app import CryptpadApp
from cryptpad_tui.ui.habits import Habits
from cryptpad_tui.ui.screens.pad import PadScreen
from cryptpad_tui.ui.screens.unlock import UnlockScreen
from cryptpad_tui.vault import passwords
from cryptpad_tui.vault.keys import MasterKey
from cryptpad_tui.vault.vault import Vault
from support import kept_keys

pytestmark = pytest.mark.small_process
PASSPHRASE = b"the passphrase of row 56"
TEXTS = (str, bytes, bytearray)
WIPED = (ViewDocument, CanonicalDocument, ViewKeys, SigningSeed)
CANARY = ("canary", "of", "row", "fifty", "six")
"""In pieces: the search must not find this module."""


@pytest.fixture(autouse=True)
def passphrases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretched at once: what stretching does to a key is not looked for here."""
    monkeypatch.setattr(passwords.argon2id, "kdf", kept_keys.cheap)


def held(secrets: list[bytes]) -> list[str]:
    """Kinds of the objects in memory through which a secret, given reversed, can be reached."""
    gc.collect()
    needles = [bytes(reversed(secret)) for secret in secrets] + ["-".join(CANARY).encode()]
    holders = [holder for holder in gc.get_objects() if holder is not needles]
    # All at once first, each text once: a walk from holder to holder is only for naming them.
    texts = {id(value): value for value in gc.get_referents(*holders) if isinstance(value, TEXTS)}
    everything = b"\0".join(map(_raw, texts.values()))
    if not any(needle in everything for needle in needles):
        return []
    found = {key for key, value in texts.items() if any(needle in _raw(value) for needle in needles)}
    return [
        type(each).__name__ for each in holders if any(id(value) in found for value in gc.get_referents(each))
    ]


def _raw(value: str | bytes | bytearray) -> bytes | bytearray:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value


def alive() -> list[str]:
    """Documents and keys that are still reachable."""
    gc.collect()
    objects = gc.get_objects()
    kinds = [type(each).__name__ for each in objects if isinstance(each, WIPED)]
    return kinds + ["MasterKey" for each in objects if isinstance(each, MasterKey) and _is_there(each)]


def _is_there(key: MasterKey) -> bool:
    return bool(key._MasterKey__raw)  # type: ignore[attr-defined]


async def reaches(pilot: Any, screen: type) -> None:
    for _ in range(400):
        if isinstance(pilot.app.screen, screen):
            return
        await pilot.pause(0.02)
    raise AssertionError(f"the screen is {type(pilot.app.screen).__name__}")


async def test_t56_after_locking_no_key_and_no_document_is_reachable(tmp_path: Path) -> None:
    gc.unfreeze()
    before = sorted(alive())
    secrets = await _write_a_pad(tmp_path / "vault")
    app = CryptpadApp(tmp_path / "vault", pad="T", passphrase=PASSPHRASE, environ={"TERM": "xterm"})
    async with app.run_test() as pilot:
        await reaches(pilot, PadScreen)
        await pilot.pause(0.2)
        assert len(alive()) > len(before)
        assert "SigningSeed" in alive()
        assert held(secrets), "the search finds nothing even while it is there"
        await app.lock()
        await reaches(pilot, UnlockScreen)
        await pilot.pause(0.5)
        assert sorted(alive()) == before
        assert held(secrets) == []


async def test_t56_without_dropping_the_engine_all_of_it_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = await _write_a_pad(tmp_path / "vault")
    app = CryptpadApp(tmp_path / "vault", pad="T", passphrase=PASSPHRASE, environ={"TERM": "xterm"})
    async with app.run_test() as pilot:
        await reaches(pilot, PadScreen)
        with monkeypatch.context() as patch:
            patch.setattr(app, "drop_engine", AsyncMock())
            await app.lock()
            await reaches(pilot, UnlockScreen)
        assert "SigningSeed" in alive()
        assert held(secrets)


@pytest.mark.parametrize("keys", [("ctrl+f", "ctrl+p"), ("f8",)], ids="-".join)
async def test_t56_under_a_dialog_and_beside_a_line_for_questions_it_drops_the_same(
    tmp_path: Path, keys: tuple[str, ...]
) -> None:
    gc.unfreeze()
    before = sorted(alive())
    secrets = await _write_a_pad(tmp_path / "vault")
    app = CryptpadApp(tmp_path / "vault", pad="T", passphrase=PASSPHRASE, environ={"TERM": "xterm"})
    async with app.run_test() as pilot:
        await reaches(pilot, PadScreen)
        for key in keys:
            await pilot.press(key)
            await pilot.pause(0.3)
        await app.lock()
        await reaches(pilot, UnlockScreen)
        await pilot.pause(0.3)
        assert sorted(alive()) == before
        assert held(secrets) == []


async def test_t56_locked_by_itself_it_drops_the_same(tmp_path: Path) -> None:
    gc.unfreeze()
    before = sorted(alive())
    secrets = await _write_a_pad(tmp_path / "vault")
    habits = Habits()
    habits.settings = replace(habits.settings, idle_lock_minutes=1)
    app = CryptpadApp(
        tmp_path / "vault", pad="T", passphrase=PASSPHRASE, environ={"TERM": "xterm"}, habits=habits
    )
    async with app.run_test() as pilot:
        await reaches(pilot, PadScreen)
        await pilot.pause(0.2)
        app.idle._last_s -= 61
        app.idle._look()
        await reaches(pilot, UnlockScreen)
        await pilot.pause(0.5)
        assert sorted(alive()) == before
        assert held(secrets) == []


async def _write_a_pad(home: Path) -> list[bytes]:
    """A vault with one pad; its root and master key, reversed."""
    vault, _ = Vault.create(home, PASSPHRASE, name="A", relay_url=None, kdf_memory_mib=64)
    secrets = [vault.account_root[::-1], vault._master_key.reveal()[::-1]]
    engine = Engine(vault)
    session = engine.open_pad(engine.create_pad("T").pad_id)
    session.view.replace(Position(0, 0), Position(0, 0), "-".join(CANARY))
    session.flush()
    session.close()
    await engine.close()
    return secrets
