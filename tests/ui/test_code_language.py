"""Code on the screen: coloured by its language when somebody read it, and never waited for."""

from __future__ import annotations

import importlib.util

import pytest
from ui.fake_engine import listing
from ui.test_screens_fake import world

from cryptpad_tui.ui.pads.preview_pane import PreviewPane
from cryptpad_tui.ui.screens.pad import PadScreen

needs_parsers = pytest.mark.skipif(
    importlib.util.find_spec("tree_sitter_python") is None, reason="the extra `syntax` is not installed"
)
CODE = listing("tea.py", number=1)


def styles(screen: PadScreen) -> dict[str, tuple[str, ...]]:
    frame = screen.view._frame
    return {} if frame is None else {span.text: span.styles for row in frame.rows for span in row.spans}


@needs_parsers
async def test_a_pad_called_like_a_program_is_shown_as_one_and_has_no_preview() -> None:
    async with world(CODE) as there:
        session = there.engine.session(CODE, "# tea\ndef tea():\n    return 1\n")
        await there.app.open_pad(CODE.pad_id)
        await there.until(lambda: isinstance(there.app.screen, PadScreen))
        screen = there.app.screen
        assert isinstance(screen, PadScreen)
        await there.until(lambda: styles(screen).get("def") == ("code.keyword",))
        assert styles(screen)["# tea"] == ("code.comment",)
        await there.press("alt+shift+v")
        await there.sees("Only markdown has a preview")
        assert not screen.query_one(PreviewPane).display
        await there.press("alt+shift+y")
        await there.sees("have headings")
        session._title = "tea"
        screen.look()
        await there.until(lambda: styles(screen).get(" tea", ("",))[0] == "heading.1")
