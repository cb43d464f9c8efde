"""What the command line itself refuses. The docstring of each class is the sentence that a person reads.

- `CliError`
    - `WrongUse`: arguments that make no sense together; exit code 2.
        - `LinkInArguments`: a secret where every user of the machine can read it.
    - `NobodyToAsk`: locked, and no terminal to ask on; exit code 4.
        - `LinkWantsPassphrase`: the same of a link.
    - `LinkTooLong`: what came in place of a link cannot be one.
    - `InputTooLong`, `FileUnreadable`, `OutputFailed`: what the machine would not read or write.
    - `FileUnwritable`: a file that could not be made.
    - `ReaderLeft`: whoever read the output has seen enough, as `head` does; ends the command in silence.
    - `PassphrasesDiffer`, `EmptySecret`: an answer that cannot be used.
    - `KeyfileUnnamed`: a rekey that would lock a keyfile out.
    - `AmbiguousRestore`: a backup file and a pad in the trash of one name.
    - `BadName`, `BadRelayAddress`: arguments that no person or relay can have.
    - `RelayUnreachable`: the relay was needed and did not answer; exit code 5.
    - `StillWaiting`: the relay answered and did not take everything.
    - `ChecksFailed`: the doctor found something that stops the program.
    - `NoScreenHere`: this installation has no such screen.
"""

from __future__ import annotations


class CliError(Exception):
    """The command was refused. Nothing was changed."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        """More for the person, never secret. May be empty."""


class WrongUse(CliError):
    """These arguments do not go together. Nothing was changed; see `cryptpad-tui --help`."""


class LinkInArguments(WrongUse):
    """A link is a secret, and every user of this machine can read arguments. It was not used and nothing was
    changed; treat it as seen, and give links on standard input: `cryptpad-tui join < FILE`."""


class NobodyToAsk(CliError):
    """The vault is locked and there is no terminal to ask for its passphrase. Nothing was changed; use
    --passphrase-file FILE or set CRYPTPAD_TUI_PASSPHRASE_FILE."""


class LinkWantsPassphrase(NobodyToAsk):
    """The link is locked and there is no terminal to ask for its passphrase. Nothing was changed; put it on
    the line after the link, or into a file for --lock-file."""


class InputTooLong(CliError):
    """The input is longer than a pad can be. Nothing was changed; split it."""


class LinkTooLong(CliError):
    """No link is so long. Nothing was changed; give the link alone, as one line that begins with `pad1:`."""


class FileUnreadable(CliError):
    """The file cannot be read. Nothing was changed; check its name and rights."""


class FileUnwritable(CliError):
    """The file cannot be made. Nothing was changed; choose another name or folder."""


class OutputFailed(CliError):
    """The output could not be written to its end. What is in the vault is safe; make room and try again."""


class ReaderLeft(CliError):
    """Whoever read the output has left. What is in the vault is safe."""


class PassphrasesDiffer(CliError):
    """The two passphrases are not the same. Nothing was changed; try again."""


class EmptySecret(CliError):
    """An empty passphrase protects nothing. Nothing was changed; choose another."""


class KeyfileUnnamed(CliError):
    """A keyfile opens this vault, too, and would open it no more. Nothing was changed; name it with
    --keep-keyfile FILE, or give it up with --drop-keyfile."""


class AmbiguousRestore(CliError):
    """A backup file and a pad in the trash are both called so. Nothing was changed; write ./FILE for the
    file, or the pad's short id."""


class BadName(CliError):
    """A name is one line of text, not empty and at most 64 bytes in UTF-8. Nothing was changed."""


class BadRelayAddress(CliError):
    """A relay is wss://HOST, ws://HOST, unix:PATH, `this-machine` or `none`. Nothing was changed."""


class RelayUnreachable(CliError):
    """The relay did not answer. Everything is saved here; run `cryptpad-tui sync` later."""


class StillWaiting(CliError):
    """Not everything could be sent. It is saved here; run `cryptpad-tui sync` again."""


class ChecksFailed(CliError):
    """Something on this machine stops cryptpad-tui. Nothing was changed; the lines marked `fail` say what."""


class NoScreenHere(CliError):
    """This installation has no such screen. Nothing was changed; the other verbs work."""
