"""The errors that a screen expects and shows as a sentence.

Anything else is a fault of ours and ends the app, which loses nothing: edits are saved as they are made.
"""

from __future__ import annotations

from typing import Final

from cryptpad_tui.host.errors import HostError
from cryptpad_tui.vault.errors import VaultError

VAULT_FAILURES: Final = (VaultError, HostError, OSError)
"""What opening or making a vault may meet."""


def engine_failures() -> tuple[type[Exception], ...]:
    """What a call of the engine may meet; a function, since the first frame needs nothing of the engine."""
    from cryptpad_relay.protocol.errors import Malformed, Refused
    from cryptpad_tui.crdt.errors import DocumentError
    from cryptpad_tui.crypto.errors import CryptoError
    from cryptpad_tui.drive.errors import DriveError
    from cryptpad_tui.engine import EngineError, RelayUnreachable
    from cryptpad_tui.pad.alarms import Alarm
    from cryptpad_tui.pad.moves import MoveError
    from cryptpad_tui.people.errors import PeopleError

    ours = (EngineError, DriveError, RelayUnreachable, VaultError, HostError, CryptoError, DocumentError)
    return (*ours, PeopleError, Alarm, MoveError, Malformed, Refused, OSError)


def code_failures() -> tuple[type[Exception], ...]:
    """The same where a one-time code is shown or entered."""
    from cryptpad_tui.pad.codes import CodeError

    return (CodeError, *engine_failures())


def login_failures() -> tuple[type[Exception], ...]:
    """The same of a login at the relay."""
    from cryptpad_tui.people.login_errors import LoginError

    return (*engine_failures(), LoginError)
