"""As whom this person appears in a pad: under a key of that pad's own, or as the identity of their card.

The choice is the account's: it stands in the drive, sealed under the account's root, so that no device which
holds the drive alone tells others who somebody is. What was written before stays under the key of before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptpad_tui.crypto.keys import identity_of, pseudonym_of
from cryptpad_tui.engine import people, sealed_notes
from cryptpad_tui.engine.keyrings import former_roots
from cryptpad_tui.engine.limited import is_limited, require_account
from cryptpad_tui.pad.outgoing import Profile

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

NOTE: Final = "as"
"""The note of a pad in the drive that says it, sealed."""
CONTACT: Final = "contact"
PSEUDONYM: Final = "pseudonym"
WHAT_IT_TELLS: Final = (
    "Everybody who can read the pad, also later, sees the identity of your card behind what you write from"
    " now on: who has your card knows that it is you, and pads in which you do this show the same person."
    " Nobody can take that back for what was written meanwhile."
)
_SETTING: Final = "as/"


def word_of(engine: Engine, pad_id: bytes) -> str:
    """CONTACT, or empty for a pseudonym."""
    return engine.vault.setting(_SETTING + pad_id.hex()) or ""


def profile_of(engine: Engine, pad_id: bytes) -> Profile:
    """How this vault's writers introduce themselves in the pad."""
    root = engine.vault.account_root
    pseudonym, card = pseudonym_of(root, pad_id), identity_of(root)
    shown, other = (card, pseudonym) if word_of(engine, pad_id) == CONTACT else (pseudonym, card)
    before = [key for each in former_roots(engine) for key in (pseudonym_of(each, pad_id), identity_of(each))]
    return Profile(
        shown,
        engine.name(),
        bytes(people.colour_of(shown.public)),
        card_pk=card.public,
        others=(other, *before),
    )


def choose(engine: Engine, pad_id: bytes, *, as_contact: bool) -> None:
    """For all devices of the account, durable when this returns; raises LimitedDevice or VaultError."""
    require_account(engine)
    word = CONTACT if as_contact else PSEUDONYM
    if not as_contact and not word_of(engine, pad_id):
        return
    with engine.drive_session.replica.store.transaction():
        sealed_notes.put(engine, pad_id, NOTE, word)
        engine.drive_session.flush()
        _keep(engine, pad_id, word)
    _show(engine, pad_id)


def agree(engine: Engine, pad_id: bytes) -> None:
    """Inside a transaction: do as another device of this account chose."""
    note = engine.drive.note(pad_id, NOTE)
    if note is None or is_limited(engine.vault):
        return
    word = sealed_notes.opened(engine, pad_id, NOTE, note)
    if word not in (CONTACT, PSEUDONYM):
        return
    if (word == CONTACT) != (word_of(engine, pad_id) == CONTACT):
        _keep(engine, pad_id, word)
    _show(engine, pad_id)


def forget(engine: Engine, pad_id: bytes) -> None:
    """The pad was taken out of this vault."""
    engine.vault.set_setting(_SETTING + pad_id.hex(), None)


def _keep(engine: Engine, pad_id: bytes, word: str) -> None:
    engine.vault.set_setting(_SETTING + pad_id.hex(), CONTACT if word == CONTACT else None)


def _show(engine: Engine, pad_id: bytes) -> None:
    session, profile = engine.session_of(pad_id), profile_of(engine, pad_id)
    if session is not None and session.replica.profile.identity.public != profile.identity.public:
        session.appear_as(profile)
