"""Signing in on the first screen, and a login made, changed and ended from the palette."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ui.test_screens_fake import world

from cryptpad_tui.engine import login_memory, logins, signing_in
from cryptpad_tui.people.login_errors import LoginFull, LoginRolledBack
from cryptpad_tui.people.login_record import LoginMode, LoginRecord
from cryptpad_tui.ui.login_errands import watch_login
from cryptpad_tui.ui.screens.drive import DriveScreen
from cryptpad_tui.ui.screens.first_run import FirstRunScreen
from cryptpad_tui.ui.screens.sign_in import SignInScreen

RECORD = LoginRecord(2, LoginMode.KEY, b"\1" * 32, 5, b"\2" * 32, "anna")
URL = "wss://pads.example"


async def test_the_first_screen_signs_in() -> None:
    async with world(exists=False) as there:
        await there.press("f2")
        await there.sees("Sign in with your login")
        assert isinstance(there.app.screen, SignInScreen)
        await there.press(*"nowhere", "enter", *"anna", "enter", *"no", "enter", "enter")
        await there.sees("starts with wss://")
        await there.press("home", *"wss://", "enter", "enter", "enter", "enter")
        await there.sees("nothing for this name, passphrase")
        await there.press("shift+tab", *"pw", "enter", *"KEY", "enter")
        await there.until(lambda: isinstance(there.app.screen, DriveScreen))
        assert there.backend.signed_in == ("wss://nowhere", "anna", "pw", "KEY")


async def test_nothing_that_is_typed_there_is_shown_and_f2_goes_back() -> None:
    async with world(exists=False) as there:
        await there.press("f2", "enter", "enter", *"secret", "enter", *"keykey")
        assert "secret" not in there.text().replace("secret key", "")
        assert "keykey" not in there.text()
        await there.press("f2")
        await there.until(lambda: isinstance(there.app.screen, FirstRunScreen))


class FakeLogins:
    """What engine.logins does, without a relay."""

    def __init__(self) -> None:
        self.record: LoginRecord | None = None
        self.calls: list[str] = []
        self.full = False

    async def settle(self, engine: Any) -> None:
        self.calls.append("settle")

    def record_of(self, engine: Any) -> LoginRecord | None:
        return self.record

    def address(self, engine: Any) -> str:
        return URL

    async def begin(self, engine: Any, *, changing: bool) -> LoginRecord | None:
        self.calls.append("change" if changing else "create")
        return self.record

    async def set_login(self, engine: Any, old: LoginRecord | None, credentials: Any) -> LoginRecord:
        if self.full:
            raise LoginFull
        self.calls.append(f"set {credentials.name} {credentials.passphrase}")
        self.record = RECORD
        return RECORD

    async def remove(self, engine: Any) -> None:
        self.calls.append("remove")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeLogins:
    made = FakeLogins()
    for name in ("settle", "address", "begin", "set_login", "remove"):
        monkeypatch.setattr(logins, name, getattr(made, name))
    monkeypatch.setattr(login_memory, "record_of", made.record_of)
    return made


async def test_a_login_is_made_when_its_key_is_written_down_and_changed_and_ended(fake: FakeLogins) -> None:
    async with world() as there:
        await there.press("ctrl+p", *"login for", "enter")
        await there.sees("A login for new machines: its name")
        await there.press(*"Anna", "enter", *"lp", "enter", *"lp", "enter")
        await there.sees("The login's secret key")
        assert URL in there.text()
        await there.press("enter")
        await there.sees("The login is made")
        assert fake.calls[-2:] == ["create", "set anna lp"]
        await there.press("ctrl+p", *"login for", "enter")
        await there.sees("anna at wss://pads.example")
        await there.press("down", "down", "enter")
        await there.sees("The login is ended")
        assert fake.calls[-1] == "remove"


async def test_a_login_whose_key_nobody_wrote_down_is_not_made(fake: FakeLogins) -> None:
    fake.full = True
    async with world() as there:
        for answer, sees in (("down", "Nothing was made"), ("up", "no room for another login")):
            await there.press("ctrl+p", *"login for", "enter")
            await there.sees("its name")
            await there.press(*"anna", "enter", *"lp", "enter", *"lp", "enter")
            await there.sees("The login's secret key")
            await there.press(answer, "enter")
            await there.sees(sees)
        assert fake.record is None


async def test_an_old_login_is_told_as_soon_as_the_drive_came(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Exception] = []
    session = SimpleNamespace(attached_here=True)
    engine: Any = SimpleNamespace(
        has_drive_open=True,
        drive_session=session,
        vault=SimpleNamespace(setting=lambda name: "00" if name == login_memory.SIGNED_IN else None),
    )
    app: Any = SimpleNamespace(engine=engine, tell_failure=told.append)

    def judge(_: Any) -> None:
        raise LoginRolledBack

    monkeypatch.setattr(signing_in, "judge", judge)
    await watch_login(app, engine)
    assert [type(each) for each in told] == [LoginRolledBack]
