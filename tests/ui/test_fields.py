"""One line of input: the terminal's own cursor stands where the next letter goes."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from cryptpad_tui.ui.screens.fields import Field, FilterField, LinkField, SecretField


@pytest.mark.parametrize("kind", [Field, SecretField, LinkField, FilterField])
async def test_the_cursor_is_where_the_next_letter_goes(kind: type[Field]) -> None:
    """Input methods and screen readers look there; the library's own is one cell behind the end."""

    class OneField(App[None]):
        def compose(self) -> ComposeResult:
            yield kind()

    app = OneField()
    async with app.run_test(size=(12, 3)) as pilot:
        assert app.cursor_position == (0, 0)
        await pilot.press("a", "b", "c")
        assert app.cursor_position == (3, 0)
        await pilot.press("left")
        assert app.cursor_position == (2, 0)
        await pilot.press("end", *"defghijklmno")
        field = app.query_one(kind)
        assert field.cursor_position == 15
        assert app.cursor_position == (11, 0)
