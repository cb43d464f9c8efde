"""That a key in a pad is a contact's: the key itself signs it, for one reader.

In pads everybody has a pseudonym; who somebody is there is told to those alone whom they tell. Pure.
"""

from __future__ import annotations

from typing import Final

from cryptpad_relay.protocol.labels import verify_parts
from cryptpad_tui.crypto.keys import SigningSeed
from cryptpad_tui.people.messages import EditRequest, InvitationAnswer, OwnershipAnswer, OwnershipOffer

_LABEL: Final = "pad1/known"


def prove_key(key: SigningSeed, *, pad_id: bytes, sender: bytes, recipient: bytes) -> bytes:
    """Signed by the key in the pad: its holder is the sender's identity, said to the recipient."""
    return key.sign(_LABEL, pad_id, sender, recipient)


Proving = InvitationAnswer | EditRequest | OwnershipOffer | OwnershipAnswer
"""Messages that tell under which key their sender writes in a pad."""


def proves_key(message: Proving, *, sender: bytes, recipient: bytes) -> bool:
    """Without this, anybody could pass themselves off as whoever wrote in a pad."""
    parts = (message.pad_id, sender, recipient)
    return verify_parts(message.key, message.proof, _LABEL, *parts)
