"""What the doors may have to tell a person; each docstring is the sentence.

- `EngineError`
    - `UnknownPad`, `AmbiguousTitle`: a reference names no pad, or several
    - `NotAllowed`: this vault's right to the pad does not reach so far
    - `NotOwner`: only the pad's owner may
    - `UnknownMember`: a reference names nobody in the pad, or several
    - `UnknownLink`, `LinkNameTaken`, `BadLinkName`, `TooManyLinks`: about the owner's list of links
    - `NoRelay`: the pad has no relay to be shared through
    - `RelayRefused`: the relay answered no; `code` says which rule

`sync.connection.RelayUnreachable`, `pad.alarms.Alarm` and `crypto.errors.BadLink` come through as they are.
"""

from __future__ import annotations

from cryptpad_relay.protocol.errors import Code
from cryptpad_tui.sync.connection import RelayUnreachable

__all__ = [
    "AmbiguousTitle",
    "BadLinkName",
    "EngineError",
    "LinkNameTaken",
    "NoAlarm",
    "NoRelay",
    "NotAllowed",
    "NotCopied",
    "NotOwner",
    "RelayRefused",
    "RelayUnreachable",
    "TooManyLinks",
    "UnknownLink",
    "UnknownMember",
    "UnknownPad",
]


class EngineError(Exception):
    """The request could not be done. Nothing was changed."""


class UnknownPad(EngineError):
    """There is no such pad in this drive. `cryptpad-tui ls` lists them."""


class AmbiguousTitle(EngineError):
    """Several pads have this title. Use the short id that `cryptpad-tui ls` shows."""


class NotAllowed(EngineError):
    """You have a view link to this pad, which cannot do that. Ask its owner for an edit link."""


class NotCopied(EngineError):
    """This is nothing that can be copied within the drive."""


class NotOwner(EngineError):
    """Only the pad's owner can do that, since only their signature counts. Nothing was changed."""


class UnknownLink(EngineError):
    """No link of this pad, or several, are called so. `cryptpad-tui share PAD --list` shows them."""


class LinkNameTaken(EngineError):
    """A link of this pad has that name already, so nobody could tell them apart. Take another name."""


class BadLinkName(EngineError):
    """A link's name is one line of at most 64 characters. No link was made."""


class TooManyLinks(EngineError):
    """This pad has as many named links as one change of keys can carry. End some with `revoke --link`."""


class UnknownMember(EngineError):
    """Nobody in this pad, or several people, are called so. Nothing was changed; `cryptpad-tui members PAD`
    shows who is in it, and the beginning of a key means one alone."""


class NoAlarm(EngineError):
    """Nobody was caught at anything with this pad, so there is no proof to give. Nothing was changed."""


class NoRelay(EngineError):
    """This pad has no relay to be shared through. Set one with `cryptpad-tui relay set URL`."""


class RelayRefused(EngineError):
    """The relay refused; everything is kept here."""

    def __init__(self, code: Code) -> None:
        super().__init__(code.name)
        self.code = code
