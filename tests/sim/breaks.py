"""Defences of the product, each taken out: what the simulation must find. Used by its tests alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from cryptpad_relay import appending
from cryptpad_relay.hub import Hub
from cryptpad_relay.protocol.frames import REPLY_BIT, Appended, Op, join_frame
from cryptpad_relay.protocol.labels import hash_parts
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.crypto.keys import EditKeys, Role
from cryptpad_tui.crypto.sealing import SEAL_OVERHEAD
from cryptpad_tui.engine import Engine, member_lines, membership
from cryptpad_tui.pad import outgoing, sealed_checks, snapshots, writer
from cryptpad_tui.pad.flows_epoch import Kept
from cryptpad_tui.pad.fold import Fold
from cryptpad_tui.pad.freshness import Freshness, FreshnessState, FreshnessWatch
from cryptpad_tui.pad.moves import Whereabouts
from cryptpad_tui.pad.outgoing import Outgoing
from cryptpad_tui.pad.peers import Session
from cryptpad_tui.pad.writer import Writer
from cryptpad_tui.vault.padstore import VaultPadStore

Break = Callable[[pytest.MonkeyPatch], None]


def acknowledge_before_the_disk(patched: pytest.MonkeyPatch) -> None:
    def at_once(self: Hub, pad: object, session: Any, req: int, appended: Appended) -> None:
        session.peer.send(join_frame(Op.APPEND | REPLY_BIT, req, appended.encode()))
        self._answer_later(_Deaf(), 0, Op.APPEND, b"")

    patched.setattr(Hub, "answer_append", at_once)


def believe_any_base(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(Fold, "_check_base", lambda self, entry, writer, n: None)


def keep_a_writer_in_the_vault(patched: pytest.MonkeyPatch) -> None:
    """One key for ever, going on where the vault says: a backup then signs a second time."""

    def from_vault(self: Outgoing) -> Writer | None:
        if not isinstance(self._pad.keys, EditKeys):
            return None
        assert isinstance(self._pad.store, VaultPadStore)
        seed = hash_parts("sim/writer", self.profile.identity.public)
        fresh = Writer(self._pad.pad_id, self._pad.epoch, self._pad.keys, rng=self._rng, seed=seed)
        tail = self._pad.store.writer_tail(fresh.pk)
        if tail:
            fresh.take_back(tail.seq + 1, tail.entry_id)
        return fresh

    patched.setattr(Outgoing, "_new_writer", from_vault)


def believe_whoever_is_here(patched: pytest.MonkeyPatch) -> None:
    def credulous(
        self: FreshnessWatch, session: Session, my_n: int, my_head: bytes, there: bytes | None, now: float
    ) -> None:
        if session.ident_pk and session.confirmed_at == now:
            self._confirmed = FreshnessState(Freshness.CONFIRMED, session.ident_pk, now)

    patched.setattr(FreshnessWatch, "heard", credulous)


def send_in_the_clear(patched: pytest.MonkeyPatch) -> None:
    head, tail = bytes(SEAL_OVERHEAD - 16), bytes(16)

    def open_clear(key: bytes, aad: bytes, sealed: bytes) -> bytes:
        return sealed[len(head) : -len(tail)]

    patched.setattr(writer, "seal", lambda key, aad, plain, *, rng: head + plain + tail)
    for module in (sealed_checks, outgoing, snapshots):
        opens = module.open_sealed  # type: ignore[attr-defined]

        def either(key: bytes, aad: bytes, sealed: bytes, opens: Any = opens) -> Any:
            return open_clear(key, aad, sealed) if sealed.startswith(head) else opens(key, aad, sealed)

        patched.setattr(module, "open_sealed", either)


def show_not_all(patched: pytest.MonkeyPatch) -> None:
    apply = ViewDocument.apply

    def lazy(self: ViewDocument, update: bytes) -> None:
        if update[-1] % 8 != 3:
            apply(self, update)

    patched.setattr(ViewDocument, "apply", lazy)


def hold_one_relay_to_anothers_word(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(Whereabouts, "is_left_by", lambda place, fold: False)


def write_where_the_pad_was(patched: pytest.MonkeyPatch) -> None:
    """The relay lets it, and who is there does not go along."""
    patched.setattr(appending, "check_writable", lambda pad, entry, relay_pk: None)
    patched.setattr(Whereabouts, "check", lambda place, fold: None)


def let_everybody_write(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(member_lines, "kept", lambda each: Kept(each.ident_pk, Role.EDIT, each.box_pk))


def end_no_link(patched: pytest.MonkeyPatch) -> None:
    async def keep_them_all(engine: Engine, pad_id: bytes, reference: str) -> None:
        await membership.revoke(engine, pad_id, keep_links=membership.links(engine, pad_id))

    patched.setattr(membership, "end_link", keep_them_all)


class _Deaf:
    """Who was answered already."""

    @property
    def peer(self) -> _Deaf:
        return self

    def send(self, *parts: bytes) -> None: ...

    def advance(self, now: float) -> None: ...

    def answered(self, op: Op) -> None: ...


BREAKS: Final[dict[str, tuple[Break, bool, str]]] = {
    "acknowledge before the disk": (acknowledge_before_the_disk, False, "acknowledged at"),
    "believe any base": (believe_any_base, True, "had seen another log"),
    "believe whoever is here": (believe_whoever_is_here, True, "who did not"),
    "keep a writer in the vault": (keep_a_writer_in_the_vault, False, "two bodies"),
    "send in the clear": (send_in_the_clear, False, "a secret on the wire"),
    "show not all": (show_not_all, False, "the screen is not"),
    "hold one relay to another's word": (hold_one_relay_to_anothers_word, False, "is accused"),
    "write where the pad was": (write_where_the_pad_was, False, "two relays took different entries"),
    "let everybody write": (let_everybody_write, False, "was to VIEW"),
    "end no link": (end_no_link, False, "was ended, and opens"),
}
"""The broken defence, whether the relay lies, and a part of what is said when it is found."""
WORLDS: Final = {
    "hold one relay to another's word": "moving",
    "write where the pad was": "moving",
    "let everybody write": "sharing",
    "end no link": "sharing",
}
"""What else there must be for it to matter."""
