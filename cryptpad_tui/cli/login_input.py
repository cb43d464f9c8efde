"""What a person types, reads and keeps for a login. Secrets come from the terminal, stdin or files."""

from __future__ import annotations

import asyncio
import platform
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptpad_tui.cli import diagnostics, output
from cryptpad_tui.cli.errors import EmptySecret, NobodyToAsk, PassphrasesDiffer, WrongUse
from cryptpad_tui.cli.secret_sources import ask_secret, new_passphrase, read_passphrase_file
from cryptpad_tui.cli.text_input import require_name
from cryptpad_tui.cli.vault_access import run_on, sync_first, tell
from cryptpad_tui.cli.verbs_kit import require_free, write_page

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine, SyncReport
    from cryptpad_tui.engine.logins import LoginState
    from cryptpad_tui.people.login_keys import Credentials
    from cryptpad_tui.vault.vault import Vault

_REPEATS: Final = 3


@dataclass(slots=True)
class Wish:
    """What kind of login is asked for, and where its page goes."""

    name: str | None
    words: int | None = None
    svg: bool = False
    path: Path | None = None
    kdf_memory: int | None = None
    login_passphrase_file: Path | None = None
    written: bool = field(default=False)

    def check(self) -> None:
        """Raises WrongUse before anything is asked."""
        with_key = (self.svg, self.path, self.kdf_memory, self.login_passphrase_file)
        if self.words is not None and any(with_key):
            raise WrongUse("--phrase is drawn and shown, and has no page, file or cost of its own")
        if self.path is not None:
            require_free(self.path)

    def unwrite(self) -> None:
        """The page is of nothing: take the file away again."""
        if self.written and self.path is not None:
            self.path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom to ask, and with what."""

    relay_url: str
    credentials: Credentials


def new_credentials(wish: Wish, name: str, relay_url: str, day: str) -> Credentials:
    """Make what a login needs and show it, once; raises PhraseNotRepeated or an error about a secret."""
    from cryptpad_tui.host.entropy import random_bytes
    from cryptpad_tui.people.login_keys import DEFAULT_MEMORY_MIB, Credentials, SecretKey, login_name

    name = login_name(name)
    if wish.words is not None:
        return Credentials(name, _shown_phrase(wish.words))
    secret = SecretKey.make(random_bytes, memory_mib=wish.kdf_memory or DEFAULT_MEMORY_MIB)
    passphrase = _new_login_passphrase(wish.login_passphrase_file)
    _show_page(wish, Credentials(name, passphrase, secret), relay_url, day)
    return Credentials(name, passphrase, secret)


def _new_login_passphrase(path: Path | None) -> str:
    if path is not None:
        return _text(new_passphrase(path))
    diagnostics.note("it may be your vault's passphrase: without the page nobody can try it")
    return _text(_asked_twice("A passphrase for the login: "))


def _asked_twice(prompt: str, otherwise: bytes = b"") -> bytes:
    chosen = ask_secret(prompt)
    if chosen and ask_secret("The same again: ") != chosen:
        raise PassphrasesDiffer
    if not (chosen or otherwise):
        raise EmptySecret
    return chosen or otherwise


def _show_page(wish: Wish, credentials: Credentials, relay_url: str, day: str) -> None:
    from cryptpad_tui.cli.login_page import page_lines, svg_page
    from cryptpad_tui.people.login_sheet import LoginSheet

    assert credentials.secret is not None
    sheet = LoginSheet(relay_url, credentials.name, credentials.secret)
    page = svg_page(sheet, day=day) if wish.svg else "\n".join(page_lines(sheet, day=day)) + "\n"
    if wish.path is None:
        output.write_lines(page.rstrip("\n").split("\n"))
    else:
        write_page(wish.path, page)
        wish.written = True


def _shown_phrase(count: int) -> str:
    """On standard output, and typed back where a person reads it there."""
    from cryptpad_tui.host.entropy import random_bytes
    from cryptpad_tui.people.login_errors import PhraseNotRepeated, WeakPhrase
    from cryptpad_tui.people.phrase import draw_phrase, read_phrase

    phrase = draw_phrase(random_bytes, count)
    output.write_line(phrase)
    diagnostics.note(
        "write it on paper: it is shown this once, and with the name it is all that is needed to be you"
    )
    for _ in range(_REPEATS if output.is_terminal() else 0):
        try:
            if read_phrase(_text(ask_secret("Type it, to see that you have it: "))) == phrase:
                return phrase
        except WeakPhrase:
            pass
        diagnostics.note("that is not the phrase; look at what you wrote")
    if output.is_terminal():
        raise PhraseNotRepeated
    return phrase


def known_credentials(
    name: str | None, relay: str | None, passphrase_file: Path | None, key_file: Path | None
) -> Asked:
    """What a login is asked for with: the arguments and the terminal, or a page on standard input."""
    from cryptpad_tui.cli.verbs_devices import require_relay
    from cryptpad_tui.people.login_keys import Credentials, SecretKey, login_name
    from cryptpad_tui.people.login_sheet import MAX_SHEET, parse_sheet

    if name is None:
        if relay is not None or key_file is not None:
            raise WrongUse("--relay and --secret-key-file go with a NAME; a page has all three")
        if sys.stdin.isatty():
            diagnostics.note("paste the page or the QR code's text; then Ctrl+D")
        sheet = parse_sheet(sys.stdin.buffer.read(MAX_SHEET + 1).decode("utf-8", "replace"))
        url, name, secret = require_relay(sheet.relay_url), sheet.name, sheet.secret
        return Asked(url, Credentials(name, _login_passphrase(passphrase_file), secret))
    if relay is None:
        raise WrongUse("--relay URL says where the login is")
    name, url = login_name(name), require_relay(relay)
    passphrase = _login_passphrase(passphrase_file)
    key = read_passphrase_file(key_file) if key_file is not None else _ask_for_key(passphrase_file)
    return Asked(url, Credentials(name, passphrase, SecretKey.parse(_text(key)) if key.strip() else None))


def _login_passphrase(path: Path | None) -> str:
    secret = read_passphrase_file(path) if path is not None else ask_secret("Login passphrase: ")
    if not secret:
        raise EmptySecret
    return _text(secret)


def _ask_for_key(passphrase_file: Path | None) -> bytes:
    """Who gives the passphrase in a file and no key has none."""
    return b"" if passphrase_file is not None else ask_secret("Secret key (Enter where there is none): ")


def vault_passphrase(path: Path | None, of_login: str) -> bytes:
    """This machine's own, or the login's where nothing is typed or nobody can be asked."""
    if path is not None:
        return new_passphrase(path)
    same = of_login.encode("utf-8", "surrogateescape")
    try:
        return _asked_twice("A passphrase for this machine's vault (Enter: the login's): ", same)
    except NobodyToAsk:
        return same


def device_name(name: str | None) -> str:
    return require_name(name or platform.node() or "a machine")


def first_sync_and_judge(vault: Vault) -> None:
    """Bring the drive and its pads, and hear from it whether the login was the newest; closes the vault."""
    from cryptpad_tui.engine import signing_in

    async def work(engine: Engine) -> SyncReport:
        report = await sync_first(engine)
        tell(engine, report)
        signing_in.judge(engine)
        return report

    try:
        report = asyncio.run(run_on(vault, work))
    finally:
        vault.close()
    if report.unreachable or report.waiting:
        diagnostics.note("not everything has come yet; the next `cryptpad-tui sync` goes on")


async def look(engine: Engine) -> tuple[LoginState, str]:
    """What is known, after what is open was settled; the relay's address, empty where there is none."""
    from cryptpad_tui.engine import logins, signing_in
    from cryptpad_tui.engine.errors import RelayUnreachable

    if engine.relay_url() is None:
        return await logins.status(engine, ask=False), ""
    signing_in.judge(engine)
    try:
        settled = await logins.settle(engine)
        state = await logins.status(engine)
    except RelayUnreachable:
        return await logins.status(engine, ask=False), logins.address(engine)
    if settled is not None:
        words = ("was not made: its page is good for nothing", "was made: its page is good")
        diagnostics.note(f"the last change, whose answer had not come, {words[settled]}")
    return state, logins.address(engine)


def as_json(state: LoginState, url: str) -> dict[str, object]:
    record = state.record
    there = record is not None and record.is_there
    return {
        "name": record.name if record and there else None,
        "relay": url or None,
        "mode": record.mode.name.lower() if record else "none",
        "version": record.version if record else 0,
        "made": day_of(record.made_ms) if record and there else None,
        "kept": state.is_kept if state.asked else None,
        "came_back": state.came_back,
    }


def day_of(unix_ms: int) -> str:
    from cryptpad_tui.cli.json_shapes import iso_time

    return iso_time(unix_ms)[:10]


def _text(secret: bytes) -> str:
    return secret.decode("utf-8", "surrogateescape")
