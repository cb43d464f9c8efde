"""What goes wrong between people. Each class docstring is the sentence that a person reads.

- `PeopleError`
    - `BadCard`: text that is no contact card
    - `MailRefused`: a message that nobody is shown; `why` is for a log of counts, never for a screen
    - `TooLongToSend`: a note or title over its limit
"""

from __future__ import annotations


class PeopleError(Exception):
    """Something about people could not be done. Nothing was changed."""


class BadCard(PeopleError):
    """That is no contact card. Nothing was changed; a card is one line that starts with padc1: and is copied
    whole, from `cryptpad-tui contact card`."""


class MailRefused(PeopleError):
    """A message was not what it says, so nobody is shown it. Nothing was changed."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class TooLongToSend(PeopleError):
    """A message to a person holds 400 bytes of note and 256 of title. Nothing was sent; say it shorter, or
    write it into a pad."""
