"""Who an epoch was made for: the part of an EPOCH record that only its readers can open (protocol §5).

The seed of the epoch before may be in it, so that newcomers read the history; or not, so that they cannot.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.labels import u8, u16
from cryptpad_relay.protocol.owner_records import MAX_SLOTS, SLOTS_MULTIPLE
from cryptpad_relay.protocol.reader import Reader
from cryptpad_tui.crypto.keys import Role

MAX_NOTE_BYTES: Final = 4_096
NOTE_STEP: Final = 64
MEMBER_BYTES: Final = 33
NO_SEED: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody whom the owner keeps in the pad: an identity, and what it may do there."""

    ident_pk: bytes
    role: Role


@dataclass(frozen=True, slots=True)
class Roster:
    """The sealed part of an EPOCH record."""

    members: tuple[Member, ...]
    previous_view_seed: bytes | None = field(default=None, repr=False)
    note: str = field(default="", repr=False)

    def encode(self) -> bytes:
        note = self.note.encode("utf-8")
        # The record shows the length of this: it must tell no more of the members than the slots do.
        note += bytes(-len(note) % NOTE_STEP + -len(self.members) % SLOTS_MULTIPLE * MEMBER_BYTES)
        return b"".join(
            [
                u8(self.previous_view_seed is not None),
                self.previous_view_seed or NO_SEED,
                u16(len(self.members)),
                *[member.ident_pk + u8(member.role) for member in self.members],
                u16(len(note)),
                note,
            ]
        )

    @classmethod
    def decode(cls, raw: bytes) -> Roster:
        reader = Reader(raw)
        has_previous, seed, count = reader.u8(), reader.take(32), reader.u16()
        if has_previous > 1 or (not has_previous and seed != NO_SEED) or count > MAX_SLOTS:
            raise Malformed("roster")
        members = tuple([Member(reader.take(32), _role(reader.u8())) for _ in range(count)])
        size = reader.u16()
        note = reader.take(size)
        reader.end()
        if size > MAX_NOTE_BYTES:
            raise Malformed("roster")
        try:
            return cls(members, seed if has_previous else None, note.rstrip(b"\0").decode("utf-8"))
        except UnicodeDecodeError:
            raise Malformed("roster") from None


def _role(number: int) -> Role:
    if number not in (Role.EDIT, Role.VIEW):
        raise Malformed("roster")
    return Role(number)
