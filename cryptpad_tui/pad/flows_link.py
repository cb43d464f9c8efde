"""A link's first conversation with a relay: what the pad is, and which keys the link leads to at present.

A link is good for the epoch that it was made in. One with a slot of its own leads on, for as long as the
owner seals later keys to it; and whoever is a member comes in by their own slot, as when keys change while an
invitation is on its way. What a slot says counts only where the owner's record names the same keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.frames import Greeting, Op
from cryptpad_relay.protocol.records import Genesis
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crypto.errors import BadLink
from cryptpad_tui.crypto.keys import ViewKeys
from cryptpad_tui.crypto.links import Link
from cryptpad_tui.crypto.slots import BoxOpener
from cryptpad_tui.pad import flows
from cryptpad_tui.pad.asking import Flow, Request
from cryptpad_tui.pad.epochs import KeysChangedSince
from cryptpad_tui.pad.keyring import KeyRing
from cryptpad_tui.pad.owner_records import lifetime_in, verified_records

ENDED: Final = "the pad's owner has ended it: ask for another"


@dataclass(frozen=True, slots=True)
class LinkStart:
    """Where a joiner begins."""

    genesis: Genesis
    kind: PadKind
    epoch: int
    keys: ViewKeys = field(repr=False)
    lifetime: Mapping[str, int] = field(default_factory=dict)
    """What the owner's records say of the pad's end."""


def fetch_start(link: Link, greeting: Greeting, openers: Sequence[BoxOpener] = ()) -> Flow[LinkStart]:
    """GENESIS hashes to the pad id, and these are the keys of the present epoch; raises BadLink or Alarm.

    `openers`: what opens slots for whoever follows the link, but for the link's own.
    """
    try:
        genesis, kind = yield from flows.fetch_genesis(link.pad_id, link.epoch, link.keys(), greeting)
        start = LinkStart(genesis, kind, link.epoch, link.keys())
    except KeysChangedSince as changed:
        start = _through_slot(link, changed, openers)
    proof = link.keys().subscribe_proof(link.pad_id, link.epoch, greeting.relay_nonce, greeting.relay_pk)
    body = yield Request(Op.OWNER_REC, frames.OwnerRec(link.pad_id, link.epoch, proof).encode())
    records = verified_records(start.genesis, frames.OwnerRecords.decode(body).records)
    return replace(start, lifetime=lifetime_in(records))


def _through_slot(link: Link, changed: KeysChangedSince, own: Sequence[BoxOpener]) -> LinkStart:
    opener = link.opener()
    openers = [*own, *([opener] if opener else [])]
    for kind in PadKind:
        ring = KeyRing({link.epoch: link.keys()}, kind, openers=openers)
        keys = ring.find(changed.record)
        if keys is not None:
            return LinkStart(changed.genesis, kind, changed.record.epoch, keys)
    if opener is None:
        raise changed
    raise BadLink(ENDED) from None
