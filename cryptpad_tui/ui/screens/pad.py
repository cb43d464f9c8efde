"""One pad: its text, who is here, how safe it is, and what went wrong.

The text and its keys are EditorView's. Here status and people are shown as often as they change, but at most
once a second; what others are called is made safe first. Closing or losing this screen never loses an edit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Final

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widgets import Static

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.editor.code_languages import language_of_title
from cryptpad_tui.editor.commands import COMMANDS
from cryptpad_tui.editor.effects import PromptKind, ReadOnly
from cryptpad_tui.editor.rich_links import link_at_caret
from cryptpad_tui.engine import PadSession, SessionEvent
from cryptpad_tui.ui import standing_words, words
from cryptpad_tui.ui.commands import editor_keymap, footer_of
from cryptpad_tui.ui.pads.attachments import Attachments
from cryptpad_tui.ui.pads.authors import AuthorColours
from cryptpad_tui.ui.pads.chat import ChatFeature
from cryptpad_tui.ui.pads.code import CodeLanguage
from cryptpad_tui.ui.pads.comments import Comments
from cryptpad_tui.ui.pads.counts import Counts
from cryptpad_tui.ui.pads.export import Export
from cryptpad_tui.ui.pads.external_editor import ExternalEditor
from cryptpad_tui.ui.pads.feature import PadFeature
from cryptpad_tui.ui.pads.find import FindLine
from cryptpad_tui.ui.pads.focus import Focus
from cryptpad_tui.ui.pads.formats import Formats
from cryptpad_tui.ui.pads.keys import Keys
from cryptpad_tui.ui.pads.outline import OutlineFeature
from cryptpad_tui.ui.pads.people import People
from cryptpad_tui.ui.pads.place import LastPlace
from cryptpad_tui.ui.pads.preview import Preview
from cryptpad_tui.ui.pads.readying import Readying
from cryptpad_tui.ui.screens.base import Action, CommandScreen
from cryptpad_tui.ui.screens.prompt import PromptLine
from cryptpad_tui.ui.widgets.editor_view import EditorView
from cryptpad_tui.ui.widgets.parts import Part
from cryptpad_tui.ui.widgets.text_line import CalmLine, KeyBar, StatusLine
from cryptpad_tui.vault.errors import UnknownPad, VaultError

_COALESCE_S: Final = 0.1
_AGES_S: Final = 10.0
FEATURES: Final[tuple[type[PadFeature], ...]] = (
    Keys,
    CodeLanguage,
    Formats,
    Attachments,
    ExternalEditor,
    Export,
    Preview,
    OutlineFeature,
    Comments,
    ChatFeature,
    AuthorColours,
    Counts,
    Focus,
    LastPlace,
    Readying,
)
"""In the order in which their words stand in the status line."""
_VIEWER: Final = "You can read this pad but not change it. Ctrl+P and “ask” asks for the right to."
_HALTED: Final = "This pad takes no edits until you have answered its alarm: F8."


class PadView(EditorView):
    """The editor on a session: others learn where the caret is."""

    def __init__(self, session: PadSession) -> None:
        language = language_of_title(session.title())
        super().__init__(session.view, language=language, keymap=editor_keymap(), id="editor")
        self._session = session
        self._told: object = None
        self.watchers: list[Callable[[], None]] = []
        """Called whenever the text was painted, so they must do next to nothing at once."""
        self.key_watchers: list[Callable[[str], None]] = []
        """Told of every key, before it does anything."""

    def on_key(self, event: events.Key) -> None:
        # Textual calls the handler of the class below as well.
        for watch in self.key_watchers:
            watch(event.key)

    def command(self, name: str, argument: str = "") -> None:
        if name == "edit.newline" and self.is_on_object():
            self.post_message(self.CommandWanted(self, "pad.files"))
            return
        super().command(name, argument)

    def is_on_object(self) -> bool:
        """Whether the caret stands on a picture or a file of rich text, with nothing selected."""
        state, marks = self.editor.state, self._session.view.marks
        if marks is None or not state.selection.primary.empty:
            return False
        on_text = state.head.col < len(self._session.view.lines[state.head.line])
        return on_text and any(key == "object" for key, _ in marks.marks_at(state.head))

    def begin_at(self, caret: Position, top: Position) -> None:
        """Stand where the person was; before the first frame, so nothing moves."""
        editor = self.editor
        editor.reveal(caret)
        editor.state = replace(editor.state, viewport=editor.state.viewport._replace(top=top))
        self.update_view()

    def update_view(self) -> None:
        super().update_view()
        for watch in self.watchers:
            watch()
        selection = self.editor.state.selection.primary
        if selection != self._told:
            self._told = selection
            self._session.set_cursor(selection.anchor, selection.head)


class PadScreen(CommandScreen[None]):
    """A pad that is open."""

    contexts = ("pad", "app", "everywhere", "editor")

    def __init__(self, session: PadSession) -> None:
        super().__init__()
        self.session = session
        self.view = PadView(session)
        self.people = People(self)
        self.features: tuple[PadFeature, ...] = (self.people, *[feature(self) for feature in FEATURES])
        self.view.key_watchers += [feature.pressed for feature in self.features]
        self._banner = ""
        self._look_timer: Timer | None = None
        self._released = False
        self._stop_observing = session.observe(self._on_session)

    def body(self) -> ComposeResult:
        yield CalmLine(id="header")
        yield Static("", id="alarm", markup=False)
        with Horizontal(id="desk"):
            yield self.view
            for feature in self.features:
                yield from feature.panes()
        yield PromptLine(self.view.update_view, self.view.command)
        yield FindLine(self.view, self.session.view)
        with Horizontal(id="foot"):
            yield StatusLine(id="status")
        yield self.key_bar()

    def on_mount(self) -> None:
        if not self.query(StatusLine):
            # Left before all of it was there.
            return
        self.view.focus()
        self.look()
        self.call_after_refresh(self._say_news)
        self.set_interval(_AGES_S, self.look)

    def on_unmount(self) -> None:
        # What cannot be saved is the engine's to tell, which ends after this screen.
        with suppress(VaultError):
            self.release()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The foot says what the keys do where the keyboard is."""
        keys = [key for feature in self.features for key in feature.footer(event.widget)]
        for line in (*self.query(PromptLine), *self.query(FindLine)):
            if line in event.widget.ancestors_with_self:
                keys = [*line.KEYS]
        for bar in self.query(KeyBar):
            bar.show_keys(keys or footer_of(self.contexts))

    def flush(self) -> None:
        """Make what is typed durable at once."""
        if not self._released:
            self.session.flush()

    def release(self) -> None:
        """Make everything durable and let go of the session; once. What cannot be saved stays open."""
        if self._released:
            return
        # Of a pad that was removed in another window the keys are gone too: it can only be left.
        with suppress(UnknownPad):
            self.session.flush()
        self._released = True
        self._stop_observing()
        for feature in self.features:
            feature.close()
        self.session.close()

    # ---- commands

    def actions(self) -> Mapping[str, Action]:
        own: dict[str, Action] = {
            "pad.close": self._close,
            "pad.save": self._save,
            "pad.share": lambda: self.door.errands.share(self.session.pad_id, self.session.title()),
            "pad.relocate": lambda: self.door.errands.relocation.pad(
                self.session.pad_id, self.session.title()
            ),
            "pad.ask": self._ask,
            "pad.rename": self._rename,
            "pad.alarm": self._explain,
            "pad.numbers": self._toggle_numbers,
        }
        for feature in self.features:
            own.update(feature.actions())
        return own

    def take_settings(self) -> None:
        for feature in self.features:
            feature.take_settings()

    def perform(self, name: str) -> bool:
        if name in COMMANDS:
            self.view.command(name)
            return True
        return super().perform(name)

    def _close(self) -> None:
        prompt = self.query_one(PromptLine)
        if prompt.is_open:
            prompt.cancel()
            self.view.focus()
            return
        self.release()
        self.door.back_to_list(self.session.pad_id)

    def _save(self) -> None:
        self.session.flush()
        self.say("Saved on this machine.")

    async def _ask(self) -> None:
        from cryptpad_tui.ui.ask_errand import ask_to_write

        await ask_to_write(self.door, self.session)

    async def _rename(self) -> None:
        await self.door.errands.rename(self.session.pad_id, self.session.title())
        self.look()

    def _toggle_numbers(self) -> None:
        self.view.line_numbers = not self.view.line_numbers
        self.view.update_view()

    async def _explain(self) -> None:
        await self.door.errands.standing.show(self.session.pad_id, self.session.title())
        self.look()

    def go_to(self, thread: str) -> None:
        """Show the remark that a message is about."""
        if not any(feature.go_to(thread) for feature in self.features):
            self.say("It is not there any more, or did not come yet.")

    # ---- what the editor says

    def on_editor_view_said(self, message: EditorView.Said) -> None:
        if message.text != ReadOnly.__doc__:
            self.say(words.safe_line(message.text))
        else:
            self.say(_HALTED if self.session.halted else _VIEWER)

    def on_editor_view_moved(self) -> None:
        self._show_status()

    def on_editor_view_prompt_wanted(self, message: EditorView.PromptWanted) -> None:
        if message.kind in ("find", "replace"):
            self.query_one(FindLine).open(replacing=message.kind == "replace")
        else:
            self.query_one(PromptLine).open(message.kind, self._known_answer(message.kind))

    def _known_answer(self, kind: PromptKind) -> str:
        """The link at the caret, to be changed; others wrote it, so only where it shows as it is."""
        link = link_at_caret(self.view.editor.state) or "" if kind == "link" else ""
        return link if link.isprintable() else ""

    def on_editor_view_command_wanted(self, message: EditorView.CommandWanted) -> None:
        self.perform(message.command)

    def on_editor_view_mode_changed(self) -> None:
        """At once: what a key does hangs on the mode."""
        self._show_status()
        vim = self.view.vim
        self.query_one(StatusLine).hurry(alone=vim is not None and bool(vim.prompt or vim.status))

    def on_find_line_done(self) -> None:
        self.view.focus()

    def on_prompt_line_done(self) -> None:
        self.view.focus()

    # ---- what the session says

    def _on_session(self, event: SessionEvent) -> None:
        if event is SessionEvent.NOTICE:
            self.call_later(self._say_news)
        if self._look_timer is None and self.is_running:
            self._look_timer = self.set_timer(_COALESCE_S, self.look)

    def _say_news(self) -> None:
        told = [(notice.text, "strong") for notice in self.session.take_notices()]
        for text, role in [*told, (self.session.problem, "warning")]:
            if line := words.safe_line(text):
                self.say(f"{line[:1].upper()}{line[1:]}.", role)

    def look(self) -> None:
        """Show what the session knows."""
        if self._look_timer is not None:
            self._look_timer.stop()
            self._look_timer = None
        if self._released or self.door.engine is None:
            # What was to be shown later may come when the app is on its way out.
            return
        for feature in self.features:
            feature.look()
        self._show_header()
        self._show_status()

    def _show_header(self) -> None:
        title: list[Part] = [(f" {words.safe_title(self.session.title())}", "strong")]
        if not self.session.can_edit:
            title.append(("  view only", "warning"))
        elif self.session.halted:
            title.append(("  read-only", "warning"))
        self.query_one("#header", CalmLine).show(title, self.people.header())

    def _show_status(self) -> None:
        if self._released:
            return
        status = self.session.status()
        place = self.view.position
        text, role = standing_words.in_short(status)
        for feature in self.features:
            if written := feature.answer():
                self.query_one(StatusLine).show(written)
                return
        right = [part for feature in self.features for part in feature.status()]
        right.append((f"line {place.line + 1}, column {place.col + 1} ", "muted"))
        self.query_one(StatusLine).show([(f" {text}", role)], right)
        self._show_banner(standing_words.banner(status))

    def _show_banner(self, text: str) -> None:
        if text != self._banner:
            self._banner = text
            banner = self.query_one("#alarm", Static)
            banner.update(text)
            banner.display = bool(text)
