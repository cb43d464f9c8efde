"""What the doors may have to tell a person about contacts and mail; each docstring is the sentence.

- `EngineError`
    - `NoMailbox`: a mailbox needs a relay
    - `UnknownContact`, `ContactNameTaken`, `NotAContact`, `YourOwnCard`: about a name or a card
    - `KeysAreOthers`: nothing is sent before a person accepts the new keys; `NumbersDiffer`
    - `UnknownItem`, `NothingToAnswer`: about the inbox
"""

from __future__ import annotations

from cryptpad_tui.engine.errors import EngineError, NoRelay


class NoMailbox(NoRelay):
    """Contacts reach you through a mailbox at your relay, and none is set. Nothing was changed; set one with
    `cryptpad-tui relay set URL`."""


class UnknownContact(EngineError):
    """You have no contact, or several, who are called so. `cryptpad-tui contact list` shows them. Nothing was
    changed."""


class ContactNameTaken(EngineError):
    """You have a contact of that name with other keys. If this is somebody else, take another name with
    --name. If it is the same person with new keys, say so with --replaces, and compare the safety number."""


class NotAContact(EngineError):
    """They did not answer yet, or are a contact no more, so nothing was sent. `cryptpad-tui contact list`
    shows how things stand."""


class YourOwnCard(EngineError):
    """That is your own card. Give it to the other person, and add theirs. Nothing was changed."""


class KeysAreOthers(EngineError):
    """THE KEYS OF THIS CONTACT CHANGED, so nothing is sent to them. Somebody may stand between you: ask them
    in another way, compare `cryptpad-tui contact verify`, then `contact accept` or `contact decline`."""


class NumbersDiffer(EngineError):
    """THE SAFETY NUMBERS ARE NOT THE SAME, so at least one of you has somebody else's keys. Nothing was
    marked: tell each other nothing by this way, and exchange cards again by another."""


class UnknownItem(EngineError):
    """There is nothing with that number in your inbox. `cryptpad-tui inbox` shows what is. Nothing was
    changed."""


class NothingToAnswer(EngineError):
    """That message asks for no answer; `cryptpad-tui inbox decline` puts it away. Nothing was changed."""
