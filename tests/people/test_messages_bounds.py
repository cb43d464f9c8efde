"""Every field of every message has a bound of its own."""

from __future__ import annotations

from dataclasses import fields

import pytest

from cryptpad_tui.people import messages


@pytest.mark.parametrize("form", messages.KINDS.values(), ids=lambda form: form.__name__)
def test_no_field_is_without_a_bound(form: type[messages.Message]) -> None:
    bounded = {*messages._TEXTS, *messages._FIXED, *messages._FLAGS}
    assert {each.name for each in fields(form)} <= bounded
