"""Where the app gets its vault and its engine from. Imports late: the first frame needs neither.

`create` and what opens block for as long as Argon2 takes and belong in a thread; `engine` belongs to the
loop. Tests put another backend in its place.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine
    from cryptpad_tui.vault.vault import Vault


class LoginAnswers(NamedTuple):
    """What a person typed to sign in. The key may be empty."""

    relay: str
    login: str
    passphrase: str
    key: str

    def __repr__(self) -> str:
        return "LoginAnswers()"


class Backend(Protocol):
    """What the app needs to begin."""

    def has_vault(self) -> bool: ...
    def create(self, passphrase: bytes, name: str, relay: str | None) -> tuple[Vault, str]: ...
    def sign_in(self, answers: LoginAnswers) -> Vault: ...
    def open(self, passphrase: bytes) -> Vault: ...
    def open_held(self) -> Vault | None: ...
    def open_by_recovery(self, recovery_key: str) -> Vault: ...
    def open_by_keyfile(self, keyfile: Path) -> Vault: ...
    def engine(self, vault: Vault) -> Engine: ...
    def warm_up(self) -> None: ...


class VaultBackend:
    """The vault in a folder."""

    def __init__(self, home: Path, *, kdf_memory_mib: int | None = None) -> None:
        self._home = home
        self._kdf_memory_mib = kdf_memory_mib

    def has_vault(self) -> bool:
        """Whether there is something to unlock, or half of it: opening then says what is missing."""
        from cryptpad_tui.host.paths import DATABASE_NAME, HEADER_NAME

        return any(os.path.lexists(self._home / name) for name in (HEADER_NAME, DATABASE_NAME))

    def create(self, passphrase: bytes, name: str, relay: str | None) -> tuple[Vault, str]:
        """A vault and its recovery key."""
        from cryptpad_tui.vault.passwords import DEFAULT_MEMORY_MIB
        from cryptpad_tui.vault.vault import Vault

        vault, recovery_key = Vault.create(
            self._home,
            passphrase,
            name=name,
            relay_url=relay,
            kdf_memory_mib=self._kdf_memory_mib or DEFAULT_MEMORY_MIB,
            recovery=True,
        )
        assert recovery_key is not None
        return vault, recovery_key

    def sign_in(self, answers: LoginAnswers) -> Vault:
        """This machine's vault for the account of a login; raises LoginError and what a relay may mean."""
        import asyncio

        from cryptpad_tui.engine import signing_in
        from cryptpad_tui.people.login_keys import Credentials, SecretKey
        from cryptpad_tui.vault.passwords import DEFAULT_MEMORY_MIB

        secret = SecretKey.parse(answers.key) if answers.key.strip() else None
        relay = answers.relay.strip()
        credentials = Credentials(answers.login, answers.passphrase, secret)
        found = asyncio.run(signing_in.sign_in(relay, credentials))
        chosen = answers.passphrase.encode()
        memory_mib = self._kdf_memory_mib or DEFAULT_MEMORY_MIB
        return signing_in.make_vault(self._home, chosen, found, relay, kdf_memory_mib=memory_mib)

    def open(self, passphrase: bytes) -> Vault:
        from cryptpad_tui.vault.vault import Vault

        return Vault.open(self._home, passphrase=passphrase)

    def open_held(self) -> Vault | None:
        """By the key that `unlock` left with an agent; None where there is none."""
        from cryptpad_tui.vault import agent
        from cryptpad_tui.vault.errors import VaultError

        try:
            return agent.open_held(self._home)
        except VaultError:
            # A passphrase meets the same, and the screen says what it is.
            return None

    def open_by_recovery(self, recovery_key: str) -> Vault:
        from cryptpad_tui.vault.vault import Vault

        return Vault.open(self._home, recovery_key=recovery_key)

    def open_by_keyfile(self, keyfile: Path) -> Vault:
        from cryptpad_tui.vault.vault import Vault

        return Vault.open(self._home, keyfile=keyfile)

    def engine(self, vault: Vault) -> Engine:
        from cryptpad_tui.engine import Engine

        return Engine(vault)

    def warm_up(self) -> None:
        """Load the list, the engine and the editor."""
        import cryptpad_tui.engine
        import cryptpad_tui.ui.screens.drive
        import cryptpad_tui.ui.screens.pad  # noqa: F401 - not to use, but to have


def given_secret(
    backend: Backend, passphrase: bytes | None, keyfile: Path | None
) -> Callable[[], Vault] | None:
    """How to open the vault with what the command line gave; None where it gave nothing."""
    if passphrase is not None:
        return lambda: backend.open(passphrase)
    if keyfile is not None:
        return lambda: backend.open_by_keyfile(keyfile)
    return None
