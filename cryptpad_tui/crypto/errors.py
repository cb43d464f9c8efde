"""What can go wrong with sealed bytes and links.

- `CryptoError`
    - `SealBroken`: bytes that this key did not seal, in this place, for this purpose.
    - `BadPadding`: opened bytes whose padding is not the one minimal form.
    - `BadLink`: text that is no link of this version; `reason` is for the person.
    - `LinkStaysLocked`: a passphrase that is not the link's, or a link that was changed: one answer for both.
    - `LinkTooCostly`: no memory for what a locked link asks.
    - `NoLinkPassphrase`: a link cannot be locked with nothing.
"""

from __future__ import annotations


class CryptoError(Exception):
    """Sealed bytes or a link did not check out. Nothing was changed."""


class SealBroken(CryptoError):
    """These bytes were not sealed with this key for this place: they were changed, moved or forged."""


class BadPadding(CryptoError):
    """The padding inside is not minimal; an honest writer never makes it."""


class BadLink(CryptoError):
    """This is not a link that cryptpad-tui can use. Nothing was changed; ask for the link again."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class LinkStaysLocked(CryptoError):
    """That passphrase does not open this link, or the link was changed on its way. Nothing was changed; type
    the passphrase again, or ask for the link again."""


class LinkTooCostly(CryptoError):
    """There is not enough memory for a locked link. Nothing was changed; close something first."""


class NoLinkPassphrase(CryptoError):
    """A locked link needs a passphrase of at least eight characters. No link was made."""
