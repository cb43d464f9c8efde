"""Who else owns a pad of one's own, as notes in the drive, and what follows for its list of members.

Whoever was given the owner's key has it for good: no change of keys takes them out. Rows and nothing else;
`owning` says how they come about.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from cryptpad_tui.engine import sealed_notes
from cryptpad_tui.engine.errors import EngineError
from cryptpad_tui.engine.limited import is_limited
from cryptpad_tui.people.contacts import contact_id
from cryptpad_tui.people.messages import OwnershipAnswer

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession

OFFERED: Final = "offered"
ACCEPTED: Final = "accepted"
_NOTE: Final = "owner-"
_EPOCH: Final = "own-epoch/"


class CoOwnerStays(EngineError):
    """A co-owner has the pad's owner key, which nobody can take back, so no change of keys takes them out.
    Nothing was changed. Leave them behind with a new pad: `cryptpad-tui duplicate`, and invite the others."""


def co_owners(engine: Engine, pad_id: bytes) -> dict[bytes, str]:
    """OFFERED or ACCEPTED by the identity of those who were offered the pad, or whom one has it from."""
    found = {}
    for name, note in engine.drive.notes(pad_id, _NOTE).items():
        try:
            ident_pk = bytes.fromhex(name.removeprefix(_NOTE))
        except ValueError:
            continue
        state = sealed_notes.opened(engine, pad_id, name, note)
        if len(ident_pk) == 32 and state in (OFFERED, ACCEPTED):
            found[ident_pk] = state
    return found


def state_of(engine: Engine, pad_id: bytes, ident_pk: bytes) -> str | None:
    name = _NOTE + ident_pk.hex()
    return sealed_notes.opened(engine, pad_id, name, engine.drive.note(pad_id, name))


def set_state(engine: Engine, pad_id: bytes, ident_pk: bytes, state: str | None) -> None:
    """Inside the transaction of what it is about. Sealed once more: a team's roster names owners by it, and
    no device without the account's root has a say in that."""
    if state is None:
        engine.drive.set_note(pad_id, _NOTE + ident_pk.hex(), None)
    else:
        sealed_notes.put(engine, pad_id, _NOTE + ident_pk.hex(), state)


def hear(engine: Engine, sender: bytes, answer: OwnershipAnswer) -> None:
    """An answer of this identity came: it counts where they were asked, and once."""
    if state_of(engine, answer.pad_id, sender) == OFFERED:
        set_state(engine, answer.pad_id, sender, ACCEPTED if answer.accepted else None)


def lines(engine: Engine, pad_id: bytes) -> dict[bytes, tuple[str, str, str]]:
    """Name, right and how they came in, by identity; names are raw."""
    if is_limited(engine.vault):
        return {}
    found = {}
    for ident, state in co_owners(engine, pad_id).items():
        known = engine.people.contact(contact_id(ident))
        name = known.name if known else f"key {ident.hex()[:8]}"
        found[ident] = (name, "owner", "member") if state == ACCEPTED else (name, "edit", "offered")
    return found


def refuse_owners(engine: Engine, pad_id: bytes, idents: Iterable[bytes]) -> None:
    """Raise CoOwnerStays where one of these keys is of somebody who was given the owner's."""
    idents = list(idents)
    if but_owners(engine, pad_id, idents) != idents:
        raise CoOwnerStays


def but_owners(engine: Engine, pad_id: bytes, idents: Sequence[bytes]) -> list[bytes]:
    """Those of these keys that are of nobody who was given the owner's."""
    owners = co_owners(engine, pad_id) if idents else {}
    ids = {contact_id(ident) for ident in owners}
    known = engine.people.known_in(pad_id) if ids and not is_limited(engine.vault) else {}
    return [ident for ident in idents if ident not in owners and known.get(ident) not in ids]


# -- whose list of members counts


def other_turned(engine: Engine, session: PadSession) -> bool:
    """Whether a co-owner, or another machine of one's own, changed the keys since this vault wrote its list:
    then theirs counts, so that nobody comes back in whom they took out."""
    noted = engine.vault.setting(_EPOCH + session.pad_id.hex())
    return noted is not None and session.replica.fold.epoch > int(noted)


def note_epoch(engine: Engine, pad_id: bytes, epoch: int) -> None:
    """This vault's list is that of this epoch."""
    engine.vault.set_setting(_EPOCH + pad_id.hex(), str(epoch))


def forget(engine: Engine, pad_id: bytes) -> None:
    """The pad was taken out of this vault."""
    engine.vault.set_setting(_EPOCH + pad_id.hex(), None)
