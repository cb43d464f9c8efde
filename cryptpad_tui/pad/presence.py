"""Who is here, and what they confirm (protocol §12). Ephemeral: nothing of it is ever stored.

A session is shown only once it echoed this session's challenge, so a relay cannot replay yesterday's people.
Only sessions that prove the edit capability and an identity confirm. Clock and randomness come in.
"""

from __future__ import annotations

from hmac import compare_digest
from typing import Final

from cryptpad_relay.protocol import labels
from cryptpad_relay.protocol.entry import (
    Entry,
    Kind,
    header_bytes,
    parse_presence,
    presence_id_of,
    viewer_cert_parts,
    writer_cert_parts,
)
from cryptpad_relay.protocol.errors import Malformed
from cryptpad_tui.crypto.errors import CryptoError
from cryptpad_tui.crypto.keys import SigningSeed, ViewKeys
from cryptpad_tui.crypto.sealing import (
    SEAL_OVERHEAD,
    RandomBytes,
    open_sealed,
    pad,
    padded_length,
    seal,
    unpad,
)
from cryptpad_tui.pad.epochs import EpochMark
from cryptpad_tui.pad.payloads import (
    CHALLENGE_ECHO_BYTES,
    MAX_ECHOES,
    Cursor,
    PresencePayload,
    SessionProof,
)
from cryptpad_tui.pad.peers import NO_CURSOR, Session
from cryptpad_tui.pad.writer import Base, Writer, identity_signature, identity_signature_ok

FRAME_BYTES: Final = 552
BYTES_PER_SECOND: Final = 8_000
IDLE_S: Final = 10.0
CURSOR_S: Final = 0.25
CROWD: Final = 50
CROWD_CURSOR_S: Final = 1.0
ANSWER_S: Final = 1.0
ANSWERERS: Final = 3
PROOF_EVERY: Final = 10
MAX_SESSIONS: Final = 1_024
MAX_VIEWERS: Final = 32
"""Sessions that proved no right to edit: viewers, and keys of which no certificate has come yet."""
CHALLENGE_S: Final = 60.0


class Presence:
    """This process's presence in one pad: what to send when, and who else is here."""

    def __init__(
        self,
        pad_id: bytes,
        epoch: EpochMark,
        keys: ViewKeys,
        identity: SigningSeed,
        writer: Writer | None,
        *,
        name: str = "",
        rng: RandomBytes,
        first_counter: int = 0,
    ) -> None:
        """`writer` is this process's own; a viewer has none and gets a session key.

        `first_counter` must be above every count that this writer's presence reached before: peers drop
        what does not ascend. Milliseconds of a clock are.
        """
        self._pad_id = pad_id
        self._mark, self._epoch = epoch, epoch.number
        self._keys = keys
        self._identity = identity
        self._writer = writer
        self._name = name
        self._session_key = SigningSeed(rng(32))
        self._rng = rng
        self._counter = first_counter
        self._frames_sent = 0
        self._owes_proof = False
        """Whether somebody came who has not been shown yet whose session this is."""
        self._challenge = rng(16)
        self._challenge_at = 0.0
        self._challenges: list[tuple[bytes, float]] = []
        self._to_echo: list[bytes] = []
        self._due_at = 0.0
        self._last_sent = -IDLE_S
        self._last_cursors = (NO_CURSOR, NO_CURSOR)
        self._last_typing = False
        self.sessions: dict[bytes, Session] = {}
        self._counters: dict[bytes, int] = {}

    @property
    def pk(self) -> bytes:
        return self._writer.pk if self._writer else self._session_key.public

    def enter(self, epoch: EpochMark, keys: ViewKeys) -> None:
        """Another epoch began: nobody of before is here any more, and this session shows itself anew."""
        self._mark, self._epoch, self._keys = epoch, epoch.number, keys
        self.sessions.clear()
        self.announce()

    def use_writer(self, writer: Writer) -> None:
        """Another writer of this process took over; its session starts afresh."""
        self._writer, self._frames_sent = writer, 0

    def use_identity(self, identity: SigningSeed) -> None:
        """Who this session is shown as, from its next writer on."""
        self._identity = identity

    # -- sending

    def interval(self) -> float:
        """T of protocol §12: what each may send so that everybody receives about 8 kB/s."""
        return max(1.0, (len(self.sessions) + 1) * FRAME_BYTES / BYTES_PER_SECOND)

    def announce(self) -> None:
        """Say at the next tick that this session is here (after a connection was made)."""
        self._frames_sent = 0
        self._due_at = 0.0
        self._last_sent = -IDLE_S

    def tick(self, now: float, base: Base, cursors: tuple[Cursor, Cursor], typing: bool) -> bytes | None:
        """The frame to send at this moment, if one is due."""
        self._expire(now)
        moved = cursors != self._last_cursors or typing != self._last_typing
        if self._frames_sent and not self.sessions:
            return None
        spacing = CURSOR_S if len(self.sessions) < CROWD else CROWD_CURSOR_S
        if moved and now - self._last_sent >= max(spacing, self.interval() / 4):
            self._due_at = now
        if self._frames_sent and now < self._due_at:
            return None
        return self._frame(now, base, cursors, typing)

    def _frame(self, now: float, base: Base, cursors: tuple[Cursor, Cursor], typing: bool) -> bytes:
        if now - self._challenge_at >= max(CHALLENGE_S, 4 * self.interval()) / 2 or not self._challenges:
            self._challenge, self._challenge_at = self._rng(16), now
            self._challenges.append((self._challenge, now))
        echoes = tuple(self._to_echo[:MAX_ECHOES])
        del self._to_echo[:MAX_ECHOES]
        payload = PresencePayload(
            n=base.n,
            head=base.head,
            checkpoint_n=0,
            state_digest=bytes(32),
            challenge=self._challenge,
            echoes=echoes,
            cursors=cursors,
            typing=typing,
            name_rev=0,
            proof=self._proof() if self._owes_proof or self._frames_sent % PROOF_EVERY == 0 else None,
        )
        self._frames_sent += 1
        self._owes_proof = False
        self._last_sent, self._last_cursors, self._last_typing = now, cursors, typing
        self._due_at = now + max(IDLE_S, self.interval())
        return self._seal(payload, base)

    def _proof(self) -> SessionProof | None:
        if self._writer is None:
            return None
        pad_id = self._pad_id
        signature = identity_signature(self._identity, pad_id, self._epoch, self.pk)
        return SessionProof(self._writer.cert(), self._identity.public, signature, self._name)

    def _seal(self, payload: PresencePayload, base: Base) -> bytes:
        pad_id, plaintext = self._pad_id, payload.encode()
        clear = b""
        kind = Kind.PRESENCE
        if self._writer is None:
            kind = Kind.VIEWER_PRESENCE
            clear = self._keys.viewer_cert(pad_id, self._epoch, self.pk)
        self._counter += 1
        body_len = len(clear) + SEAL_OVERHEAD + padded_length(len(plaintext) + 1)
        aad = header_bytes(
            kind, pad_id, self._epoch, self.pk, self._counter, bytes(32), base.n, base.head, body_len
        )
        aad += clear
        unsigned = aad + seal(self._keys.presence_key, aad, pad(plaintext), rng=self._rng)
        signer = self._writer.sign if self._writer else self._session_key.sign
        return unsigned + signer(labels.PRESENCE_SIGNATURE, presence_id_of(unsigned))

    # -- receiving

    def receive(self, frame: bytes, now: float) -> Session | None:
        """Take another session's frame; None where it is nothing that may count."""
        try:
            entry = parse_presence(frame)
            session = self._session_of(entry, now)
            if session is None:
                return None
            sealed = open_sealed(self._keys.presence_key, entry.associated_data, entry.sealed)
            payload = PresencePayload.decode(unpad(sealed))
        except (Malformed, CryptoError):
            return None
        if payload.proof and not session.viewer:
            self._check_proof(session, payload.proof)
        if session.session_pk not in self.sessions and not self._has_room(session):
            return None
        # A count that jumps is a pad that was closed and opened again: its process knows nobody any more.
        is_new = session.session_pk not in self.sessions or entry.seq != session.counter + 1
        self._owes_proof |= is_new
        self._counters[session.session_pk] = session.counter = entry.seq
        self.sessions[session.session_pk] = session
        self._take(session, payload, now)
        return session

    def _session_of(self, entry: Entry, now: float) -> Session | None:
        pad_id = self._pad_id
        if entry.pad_id != pad_id or entry.epoch != self._epoch or entry.writer_pk == self.pk:
            return None
        if entry.seq <= self._counters.get(entry.writer_pk, 0):
            return None
        if not labels.verify_parts(
            entry.writer_pk, entry.signature, labels.PRESENCE_SIGNATURE, entry.entry_id
        ):
            return None
        known = self.sessions.get(entry.writer_pk)
        if known:
            return known
        viewer = entry.kind == Kind.VIEWER_PRESENCE
        if viewer and not self._viewer_ok(entry):
            return None
        return Session(entry.writer_pk, viewer, entry.seq, now)

    def _has_room(self, session: Session) -> bool:
        if len(self.sessions) >= MAX_SESSIONS:
            return False
        unproven = sum(not other.ident_pk for other in self.sessions.values())
        return bool(session.ident_pk) or unproven < MAX_VIEWERS

    def _viewer_ok(self, entry: Entry) -> bool:
        parts = viewer_cert_parts(entry.pad_id, entry.epoch, entry.writer_pk)
        return labels.verify_parts(self._mark.fetch_pk, entry.cert, labels.VIEW_CERT, *parts)

    def _take(self, session: Session, payload: PresencePayload, now: float) -> None:
        session.last_heard, session.n, session.head = now, payload.n, payload.head
        session.cursors, session.typing = payload.cursors, payload.typing
        if any(
            compare_digest(echo, mine[:CHALLENGE_ECHO_BYTES])
            for echo in payload.echoes
            for mine, _ in self._challenges
        ):
            session.confirmed_at = now
        if payload.challenge != session.challenge:
            session.challenge = payload.challenge
            self._to_echo.append(payload.challenge[:CHALLENGE_ECHO_BYTES])
            del self._to_echo[: -MAX_ECHOES * 4]
            if self._elected(payload.challenge):
                self._due_at = min(self._due_at, max(now, self._last_sent + CURSOR_S))

    def _check_proof(self, session: Session, proof: SessionProof) -> None:
        pad_id, pk = self._pad_id, session.session_pk
        parts = writer_cert_parts(pad_id, self._epoch, pk)
        if labels.verify_parts(self._mark.cap_pk, proof.cert, labels.CERT, *parts) and (
            identity_signature_ok(proof.ident_pk, proof.ident_signature, pad_id, self._epoch, pk)
        ):
            session.ident_pk, session.name = proof.ident_pk, proof.name

    def _elected(self, challenge: bytes) -> bool:
        """Whether this session is one of the three that answer a new challenge at once."""

        def rank(pk: bytes) -> bytes:
            return labels.hash_parts(labels.ELECTION, challenge, pk)

        mine = rank(self.pk)
        return sum(rank(pk) < mine for pk in self.sessions) < ANSWERERS

    def _expire(self, now: float) -> None:
        limit = max(30.0, 3 * max(IDLE_S, self.interval()) + 5.0)
        silent = [pk for pk, session in self.sessions.items() if now - session.last_heard > limit]
        for pk in silent:
            del self.sessions[pk]
        if silent and not self.sessions:
            # Perhaps frames were lost: two who forgot each other would both keep silent for ever.
            self.announce()
        lifetime = max(CHALLENGE_S, 4 * self.interval())
        self._challenges = [c for c in self._challenges if now - c[1] <= lifetime]
        if len(self._counters) > 4 * MAX_SESSIONS:
            self._counters = {pk: n for pk, n in self._counters.items() if pk in self.sessions}

    def present(self) -> list[Session]:
        """The sessions that may be shown, longest known first."""
        return [session for session in self.sessions.values() if session.confirmed_at is not None]
