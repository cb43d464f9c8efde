"""The chat beside the text: shown and hidden, what is new counted, and what is typed said.

Nothing is looked for on a key press. Saying something writes beside the text and never waits for a relay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from textual.widgets import Static

from cryptpad_tui.comments.chat import MessageTooLong, NothingSaid
from cryptpad_tui.crdt.errors import DocumentError
from cryptpad_tui.editor.clean import cleaned
from cryptpad_tui.engine import chatting
from cryptpad_tui.ui import words
from cryptpad_tui.ui.commands import app_keymap, key_label
from cryptpad_tui.ui.pads import mention_words
from cryptpad_tui.ui.pads.chat_pane import ChatPane
from cryptpad_tui.ui.pads.side_pane import SidePaneFeature
from cryptpad_tui.ui.screens.base import Action
from cryptpad_tui.ui.widgets.parts import Part

if TYPE_CHECKING:
    from cryptpad_tui.ui.screens.pad import PadScreen

_SHOWN: Final = 200
"""Messages in the pane; `chat PAD` prints more."""
_VIEWER: Final = "You may read here. Saying something needs the right to write."


class ChatFeature(SidePaneFeature[ChatPane]):
    """Shows the pane, and says in the status line what is new."""

    def __init__(self, screen: PadScreen) -> None:
        super().__init__(screen)
        self.edge = Static("", classes="edge")
        self.pane = ChatPane(self, can_say=self.session.can_edit)
        self._changes = -1
        self._unread = 0

    def actions(self) -> Mapping[str, Action]:
        return {"pad.chat": self.toggle}

    def look(self) -> None:
        if self._changes != self.session.chat.changes:
            self._take_in()

    def status(self) -> list[Part]:
        return [(f"{self._unread} new in the chat  ", "strong")] if self._unread else []

    # ---- shown and hidden

    def toggle(self) -> None:
        if not self.pane.display:
            self.show(shown=True)
            self._take_in_at_once()
            self.pane.can_say = self.session.can_edit
            self.pane.take_keyboard()
            if not self.session.can_edit:
                self.screen.say(_VIEWER)
        elif self.pane.has_keyboard:
            self.hide()
        else:
            self.pane.take_keyboard()

    def keys(self) -> Sequence[tuple[str, str]]:
        say = (("Enter", "Say it"),) if self.session.can_edit else ()
        return (*say, *super().keys(), (key_label(app_keymap().keys("pad.chat")[0]), "Hide the chat"))

    # ---- what is said

    def _take_in(self) -> None:
        engine = self.screen.door.engine
        if engine is None:
            return
        if self.pane.display:
            self.pane.show(chatting.lines(engine, self.session, _SHOWN))
            chatting.mark_read(engine, self.session)
        self._unread = chatting.unread(engine, self.session)
        self._changes = self.session.chat.changes

    def _take_in_at_once(self) -> None:
        self._take_in()
        self.screen.on_editor_view_moved()

    def said(self, text: str) -> bool:
        """Whether it was said; what is too long stays in the field."""
        try:
            message = self.session.chat.say(cleaned(text)[0])
        except (MessageTooLong, NothingSaid, DocumentError) as error:
            self.screen.say(words.sentence_of(error), "warning")
            return False
        self._take_in_at_once()
        mention_words.tell(self.screen, message.text, message.key)
        return True

    def names(self) -> list[str]:
        return mention_words.names(self.screen)

    def go_to(self, thread: str) -> bool:
        if not thread.startswith("chat/"):
            return False
        if not self.pane.display:
            self.toggle()
        return True
