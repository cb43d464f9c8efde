"""A lab a test; in the end what must always hold is checked, unless the test took a defence out."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from adversary.people import Lab


@pytest_asyncio.fixture
async def lab(request: pytest.FixtureRequest) -> AsyncIterator[Lab]:
    made = Lab()
    yield made
    await made.close()
    callspec = getattr(request.node, "callspec", None)
    if callspec is None or callspec.params.get("defended", True):
        made.check_always()
