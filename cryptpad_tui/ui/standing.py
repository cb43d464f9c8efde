"""How a pad stands, and what a person can do when somebody was caught: keep a copy, show it, leave, go on.

It paints nothing itself and changes no pad: a copy is another pad or a file, and going on is asked twice.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptpad_tui.engine.errors import UnknownPad
from cryptpad_tui.host.files import create_private_file
from cryptpad_tui.ui import standing_words, words
from cryptpad_tui.ui.screens.dialogs import AskDialog, ChooseDialog, ReportDialog
from cryptpad_tui.ui.screens.options import Option

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine, PadSession
    from cryptpad_tui.engine.alarms import AlarmView
    from cryptpad_tui.ui.app import CryptpadApp

_COPY: Final = Option("copy", "Keep a copy of the text as another pad of this vault")
_FILE: Final = Option("file", "Save the text as a file (not encrypted)")
_PROOF: Final = Option("proof", "Save the proof as a file (no text and no name is in it)")
_LEAVE: Final = Option("leave", "Choose another relay for pads that are made from now on")
_GO_ON: Final = Option("go-on", "Go on with this pad in spite of it")
_CLOSE: Final = Option("close", "Close")
_UNSAFE_IN_FILE_NAMES: Final = re.compile(r"[^\w-]+")
_LONGEST_STEM: Final = 40


class Standing:
    """For one unlocked vault."""

    def __init__(self, app: CryptpadApp, engine: Engine) -> None:
        self._app = app
        self._engine = engine

    # ---- what is shown

    async def show(self, pad_id: bytes, title: str) -> None:
        """How this pad stands."""
        views = self._engine.alarms_of(pad_id)
        session = self._opened(pad_id)
        try:
            told = standing_words.of_alarms(views) or [(standing_words.NOTHING, "")]
            if session is not None:
                start = session.replica.judgement.start_report(session.company.name_of)
                told += standing_words.of_status(
                    session.status(), problem=session.problem, start=start.sentence if start else ""
                )
            heading = f"How “{words.safe_title(title)}” stands"
            options = self._options(views, has_text=session is not None)
            answer = await self._app.push_screen_wait(ReportDialog(heading, told, options))
            await self._do(answer, pad_id, title, views, session)
        finally:
            if session is not None:
                session.close()

    async def show_all(self, titles: dict[bytes, str]) -> None:
        """What was caught in any pad; one pad at once, several to choose from."""
        views = self._engine.alarms_of(None)
        pads = list(dict.fromkeys(view.pad_id for view in views))
        if not pads:
            self._app.say(standing_words.NOTHING)
            return
        chosen: str | None = "0"
        if len(pads) > 1:
            options = [Option(str(at), _line(pad, titles, views)) for at, pad in enumerate(pads)]
            sentences = ("Enter says what is safe and what to do.",)
            chosen = await self._app.push_screen_wait(ChooseDialog("What was caught", sentences, options))
        if chosen is not None:
            pad = pads[int(chosen)]
            await self.show(pad, _title(pad, titles))

    def _opened(self, pad_id: bytes) -> PadSession | None:
        try:
            return self._engine.open_pad(pad_id)
        except UnknownPad:
            return None

    def _options(self, views: list[AlarmView], *, has_text: bool) -> list[Option]:
        is_open = any(view.state == "open" for view in views)
        options = [_COPY, _FILE] if is_open and has_text else []
        options += [_PROOF] if views else []
        options += [_LEAVE, _GO_ON] if is_open else []
        return [*options, _CLOSE] if is_open else [_CLOSE, *options]

    # ---- what is done

    async def _do(
        self,
        answer: str | None,
        pad_id: bytes,
        title: str,
        views: list[AlarmView],
        session: PadSession | None,
    ) -> None:
        if answer == _COPY.name and session is not None:
            self._keep_copy(session, title)
        elif answer == _FILE.name and session is not None:
            suffix = ".md" if int(session.kind) == 0 else ".txt"
            await self._save_file(f"{_stem(title)}{suffix}", session.view.text().encode(), private=True)
        elif answer == _PROOF.name:
            name = f"{_stem(title)}-{views[0].code.lower()}.proof"
            await self._save_file(name, self._engine.proof_of(pad_id, views[0].id), private=False)
        elif answer == _LEAVE.name:
            await self._app.errands.choose_relay()
        elif answer == _GO_ON.name:
            await self._go_on(pad_id, views)

    def _keep_copy(self, session: PadSession, title: str) -> None:
        view = session.view
        name = f"{words.safe_title(title)} (kept copy)"
        if int(session.kind) == 0:
            self._engine.create_pad(name, kind=session.kind, text=view.text())
        else:
            self._engine.create_pad(name, kind=session.kind, runs=view.runs())
        self._app.say(f"Kept as “{name}”.")

    async def _save_file(self, name: str, data: bytes, *, private: bool) -> None:
        """Ask where, and write it anew there; what exists is never written over."""
        warning = (
            "Whoever can read that disk can read the text." if private else "It is safe to show to others."
        )
        problem, value = "", str(Path.cwd() / name)
        while True:
            sentences = (problem or "Nothing that exists is written over.", warning)
            asked = await self._app.push_screen_wait(AskDialog("Save as", sentences, value=value))
            if asked is None or not asked.strip():
                return
            path = Path(asked.strip()).expanduser()
            try:
                create_private_file(path, data)
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or "that is no file name"
                problem, value = f"Not saved: {words.safe_line(reason)}. Choose another place.", asked
                continue
            self._app.say(f"Saved as {words.safe_line(str(path))}")
            return

    async def _go_on(self, pad_id: bytes, views: list[AlarmView]) -> None:
        sentences = (
            "The pad sends and takes edits again through the same relay. What was caught stays listed here"
            " with its proof, and is caught again where it goes on.",
        )
        options = (Option("no", "Not yet"), Option("yes", "Go on with this pad"))
        if (
            await self._app.push_screen_wait(ChooseDialog("Go on in spite of it?", sentences, options))
            == "yes"
        ):
            self._engine.dismiss_alarms(pad_id)
            self._app.say("The pad goes on.")


def _title(pad_id: bytes, titles: dict[bytes, str]) -> str:
    return titles.get(pad_id, "a pad that is not in this drive")


def _line(pad_id: bytes, titles: dict[bytes, str], views: list[AlarmView]) -> str:
    own = [view for view in views if view.pad_id == pad_id]
    state = "ALARM" if own[0].state == "open" else own[0].state
    return f"{words.safe_title(_title(pad_id, titles))}: {own[0].code}, {state}"


def _stem(title: str) -> str:
    """A file name that says which pad it is from, whatever the title has in it."""
    return _UNSAFE_IN_FILE_NAMES.sub("-", words.safe_title(title)).strip("-")[:_LONGEST_STEM] or "pad"
