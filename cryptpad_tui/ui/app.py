"""The app: which screen is shown, and the one vault and engine behind all of them.

It composes and delegates. Whatever happens, it flushes and closes the engine before it ends, so that no edit
is lost to a quit, a signal or a fault.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual import events
from textual.screen import Screen

from cryptpad_tui.settings.reading import Loaded
from cryptpad_tui.ui import words
from cryptpad_tui.ui.backend import Backend, VaultBackend, given_secret
from cryptpad_tui.ui.bell import Bell
from cryptpad_tui.ui.everywhere import Everywhere
from cryptpad_tui.ui.failures import engine_failures
from cryptpad_tui.ui.forgetting import ForgettingApp
from cryptpad_tui.ui.habits import Habits
from cryptpad_tui.ui.idle_lock import BY_A_PERSON, IdleLock
from cryptpad_tui.ui.screens.base import Action, CommandScreen

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine, PadSession
    from cryptpad_tui.host.colours import Colourist
    from cryptpad_tui.ui.errands import Errands
    from cryptpad_tui.ui.transfers import Running
    from cryptpad_tui.vault.vault import Vault


class CryptpadApp(ForgettingApp):
    """cryptpad-tui on a screen."""

    CSS_PATH = "theme.tcss"
    TITLE = "cryptpad-tui"

    def __init__(
        self,
        home: Path,
        *,
        pad: str | None = None,
        passphrase: bytes | None = None,
        keyfile: Path | None = None,
        backend: Backend | None = None,
        environ: Mapping[str, str] | None = None,
        habits: Habits | None = None,
    ) -> None:
        self.habits = habits or Habits()
        super().__init__(environ=environ, diff=self.habits.settings.frame_diff)
        self.backend: Backend = backend or VaultBackend(home)
        self.engine: Engine | None = None
        self._pad = pad
        self._opening = given_secret(self.backend, passphrase, keyfile)
        self._by_agent = True
        """Once, at the start: a vault that was locked on the screen asks."""
        self._warming: asyncio.Task[None] | None = None
        self._everywhere = Everywhere(self)
        self.idle = IdleLock(self)
        self.mail_bell = Bell(self)
        self.lost = ""
        """What could not be saved when the app ended, as a sentence."""
        self.on_their_way: list[Running] = []
        """Files whose bar may be called back."""
        self._colourist: Colourist | None = None

    # ---- life

    async def on_mount(self) -> None:
        await self.push_screen(self._locked_screen())

    def _locked_screen(self) -> Screen[Any]:
        if self.backend.has_vault():
            from cryptpad_tui.ui.screens.unlock import UnlockScreen

            opening, self._opening = self._opening, None
            by_agent, self._by_agent = self._by_agent and opening is None, False
            return UnlockScreen(opening=opening, by_agent=by_agent)
        from cryptpad_tui.ui.screens.first_run import FirstRunScreen

        return FirstRunScreen()

    def warm_up(self) -> None:
        """Load the rest while Argon2 works: it leaves Python to others, and nobody types then."""
        if self._warming is None:
            self._warming = asyncio.create_task(asyncio.to_thread(self.backend.warm_up))

    async def enter(self, vault: Vault, *, by_recovery: bool = False) -> None:
        """The vault is open: show the drive, then go online."""
        if self._warming is not None:
            # Two threads that load the same modules in another order meet each other's halves.
            await asyncio.gather(self._warming, return_exceptions=True)
        from cryptpad_tui.host.external_editor import remove_leftovers
        from cryptpad_tui.host.process import runtime_dir
        from cryptpad_tui.ui.screens.drive import DriveScreen

        try:
            self.engine = self.backend.engine(vault)
        except BaseException:
            vault.close()
            raise
        self._everywhere.restore_theme()
        self.mail_bell.follow(self.engine)
        self.start(asyncio.to_thread(remove_leftovers, runtime_dir(self.environ), vault.directory))
        left_in = self._left_in() if self.habits.settings.open_last else None
        drive = DriveScreen()
        await self.switch_screen(drive)
        if problem := self.habits.take_problem():
            self.call_later(self.tell_failure, problem)
        self.idle.arm()
        self.start(self.engine.start())
        if by_recovery:
            await self.errands.choose_passphrase(vault)
        if self._pad is not None:
            reference, self._pad = self._pad, None
            await self.open_pad(self.engine.find(reference).pad_id)
        elif left_in is not None and self.engine is not None:
            await self.open_pad(left_in)
        if self.engine is not None:
            self.start(self._remind(self.engine))

    async def _remind(self, engine: Engine) -> None:
        from cryptpad_tui.ui.kit_reminder import remind_of_kit
        from cryptpad_tui.ui.login_errands import watch_login

        self.start(watch_login(self, engine))
        await remind_of_kit(self, engine)

    def _left_in(self) -> bytes | None:
        """The pad that was open when the app ended, if it is still in the list."""
        from cryptpad_tui.ui.pads.place import OPEN_PAD

        assert self.engine is not None
        setting = self.engine.vault.setting(OPEN_PAD)
        if setting is None:
            return None
        return next((pad.pad_id for pad in self.engine.listing() if pad.pad_id.hex() == setting), None)

    async def on_unmount(self) -> None:
        await self.leave_vault()

    async def leave_vault(self) -> None:
        """The app ends, whatever the disk says: what could not be saved is told when the screen is gone."""
        engine = self.engine
        try:
            await self.drop_engine()
        except engine_failures() as error:
            self.lost = words.sentence_of(error)
            if engine is not None:
                with suppress(*engine_failures()):
                    await engine.abandon()

    async def drop_engine(self) -> None:
        """Flush and close; the vault's keys are gone afterwards."""
        engine, self.engine = self.engine, None
        self.mail_bell.stop()
        self.habits.lock()
        if self._colourist is not None:
            await self._colourist.closed()
        if engine is not None:
            await engine.close()

    @property
    def colourist(self) -> Colourist:
        """Who reads code, in a process that knows no key."""
        if self._colourist is None:
            from cryptpad_tui.host.colours import Colourist

            self._colourist = Colourist()
        return self._colourist

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, BY_A_PERSON) and not self.idle.touched():
            self.start(self.lock())
            return
        await super().on_event(event)

    def takes_keys(self, screen: Screen[Any]) -> bool:
        ready = isinstance(screen, CommandScreen) and screen.is_mounted
        return ready and (screen.focused is not None or not screen.focus_chain)

    def start(self, work: Awaitable[object]) -> None:
        """Do something that takes time; what it is expected to meet is told in a sentence."""
        self.run_worker(self._guarded(work), exit_on_error=True)

    async def _guarded(self, work: Awaitable[object]) -> None:
        try:
            await work
        except engine_failures() as error:
            self.tell_failure(error)

    def tell_failure(self, error: BaseException) -> None:
        """An expected failure, where the person looks; an app that ends has no such place."""
        if not self.screen_stack:
            return
        self.say(words.sentence_of(error), "warning")

    def _note_loop_failure(self, loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, engine_failures()) and self._running:
            self.tell_failure(error)
        else:
            super()._note_loop_failure(loop, context)

    # ---- what is said

    def say(self, text: str, role: str = "strong") -> None:
        """A sentence on the screen that is shown."""
        if isinstance(self.screen, CommandScreen):
            self.screen.say(text, role)
        else:
            self.toast(text)

    def unsay(self) -> None:
        """Take back what was said while something was waited for."""
        if isinstance(self.screen, CommandScreen):
            self.screen.unsay()

    def refresh_bell(self) -> None:
        """The inbox changed: show the count where it stands."""
        from cryptpad_tui.ui.screens.drive import DriveScreen

        if isinstance(self.screen, DriveScreen):
            self.screen.show()

    def ring(self, sound: str) -> None:
        """What the person chose to hear of a message; nothing unless they did."""
        if sound and self._may_write():
            self._write(sound)

    def toast(self, text: str) -> None:
        """A sentence over a screen without a status line."""
        super().notify(text)

    def notify(self, message: str, *, markup: bool = False, **options: Any) -> None:
        self.say(words.safe_line(message))

    # ---- commands

    def actions(self) -> Mapping[str, Action]:
        """What works on every screen."""
        return self._everywhere.actions()

    def action_quit(self) -> Any:
        """Ctrl+Q, wherever it is pressed."""
        return self.quit()

    def quit(self) -> Any:
        """Leave, once what is not sent was mentioned."""
        return self._everywhere.quit()

    def take_settings(self, loaded: Loaded) -> None:
        """Settings that were changed while the app runs."""
        self.habits.take(loaded)
        self.idle.arm()
        if loaded.settings.theme and not self.native_ansi_color:
            self.theme = loaded.settings.theme
        for screen in self.screen_stack:
            if isinstance(screen, CommandScreen):
                screen.take_settings()

    async def lock(self) -> None:
        """Drop every key, and ask for the passphrase; what cannot be saved stays open instead."""
        if self.engine is not None:
            self.engine.flush()
        from cryptpad_tui.ui.idle_lock import end_errands
        from cryptpad_tui.ui.screens.pad import PadScreen

        end_errands(self)
        while len(self.screen_stack) > 2:
            if isinstance(self.screen, PadScreen):
                self.screen.release()
            await self.pop_screen()
        await self.switch_screen(self._locked_screen())
        self.forget_screens()
        await self.drop_engine()

    # ---- pads

    @property
    def errands(self) -> Errands:
        """What can be asked for while the vault is open."""
        from cryptpad_tui.ui.errands import Errands

        assert self.engine is not None
        return Errands(self, self.engine)

    async def open_pad(self, pad_id: bytes) -> None:
        """Show a pad."""
        from cryptpad_tui.crdt.kinds import PadKind
        from cryptpad_tui.ui.screens.pad import PadScreen

        assert self.engine is not None
        session = self.engine.open_pad(pad_id)
        if session.kind is PadKind.FILE:
            session.close()
            await self.errands.files.show(pad_id)
        elif session.kind is PadKind.FOLDER:
            session.close()
            self._show_folder(pad_id)
        elif not self._leave_for(session):
            await self.push_screen(PadScreen(session))

    def _leave_for(self, session: PadSession) -> bool:
        """Whether the pad is what is shown. A screen of it that another right made stale is left."""
        from cryptpad_tui.ui.screens.pad import PadScreen

        here = self.screen
        if not isinstance(here, PadScreen) or here.session.pad_id != session.pad_id:
            return False
        if here.session is session:
            session.close()
            return True
        here.release()
        self.pop_screen()
        return False

    def _show_folder(self, pad_id: bytes) -> None:
        """A shared folder that came in, in the list."""
        from cryptpad_tui.drive.tree import shared_id_of
        from cryptpad_tui.ui.screens.drive import DriveScreen

        if isinstance(self.screen, DriveScreen):
            self.screen.shelf.open_folder(shared_id_of(pad_id))
            self.screen.choose_key(shared_id_of(pad_id), unfold=True)

    def back_to_list(self, pad_id: bytes) -> None:
        """A pad was closed: the list, with the mark on it."""
        from cryptpad_tui.ui.pads.place import OPEN_PAD
        from cryptpad_tui.ui.screens.drive import DriveScreen

        if self.engine is not None:
            self.engine.vault.set_setting(OPEN_PAD, None)
        self.pop_screen()
        if isinstance(self.screen, DriveScreen):
            self.call_later(self.screen.choose, pad_id)
