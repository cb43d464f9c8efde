"""Each test of the rules runs over both stores: what is true of one must be true of the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cryptpad_relay.store.base import Store
from cryptpad_relay.store.memory import MemoryStore
from cryptpad_relay.store.sqlite import SqliteStore
from support.forge import Desk, DeskClient, Forge, ForgedPad


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    store: Store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "relay.db")
    yield store
    store.close()


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store, Forge())


@pytest.fixture
def pad(desk: Desk) -> ForgedPad:
    pad = desk.forge.pad()
    desk.connect().create(pad)
    return pad


@pytest.fixture
def client(desk: Desk, pad: ForgedPad) -> DeskClient:
    client = desk.connect()
    client.subscribe(pad)
    return client
