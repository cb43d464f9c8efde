"""Who is shown, who may confirm, and what replayed, forged or crowded presence gets: nothing."""

from __future__ import annotations

import pytest

from cryptpad_relay.protocol.entry import parse_presence
from cryptpad_tui.pad import presence as presence_module
from cryptpad_tui.pad.epochs import EpochMark
from cryptpad_tui.pad.freshness import Freshness, FreshnessWatch
from cryptpad_tui.pad.payloads import Cursor, PresencePayload
from cryptpad_tui.pad.peers import NO_CURSOR
from cryptpad_tui.pad.presence import Presence
from cryptpad_tui.pad.writer import Base
from support.pads import Person, seeded

START = Base(0, bytes(32))
QUIET = (NO_CURSOR, NO_CURSOR)


class Window:
    """One session of one person, with its clock in the test's hands."""

    def __init__(self, seed: int, *, view_only: bool = False, first_counter: int = 0) -> None:
        self.person = Person(f"person {seed}", seed, view_only=view_only)
        replica = self.person.replica
        self.presence = Presence(
            replica.genesis.pad_id,
            EpochMark.first(replica.genesis),
            replica.keys,
            self.person.identity,
            replica.writer,
            name=self.person.replica.profile.name,
            rng=seeded(seed + 50 + first_counter),
            first_counter=first_counter,
        )

    def frame(self, now: float, base: Base = START, cursors: tuple[Cursor, Cursor] = QUIET) -> bytes | None:
        return self.presence.tick(now, base, cursors, typing=False)


def talk(windows: list[Window], start: float, seconds: float, base: Base = START) -> int:
    """Let windows exchange frames for a while; returns how many were sent."""
    sent, now = 0, start
    while now < start + seconds:
        for window in windows:
            frame = window.frame(now, base)
            if frame:
                sent += 1
                for other in windows:
                    if other is not window:
                        other.presence.receive(frame, now)
        now += 0.25
    return sent


def shown(window: Window) -> set[bytes]:
    return {session.session_pk for session in window.presence.present()}


def test_two_windows_see_each_other_within_seconds() -> None:
    anna, boris = Window(1), Window(2)
    talk([anna, boris], 100.0, 3.0)
    assert shown(anna) == {boris.presence.pk}
    assert shown(boris) == {anna.presence.pk}
    assert anna.presence.present()[0].ident_pk == boris.person.identity.public
    assert anna.presence.present()[0].name == "person 2"


def test_who_closes_a_pad_and_opens_it_again_knows_who_is_still_there() -> None:
    anna, boris = Window(1), Window(2)
    talk([anna, boris], 100.0, 3.0)
    again = Window(1, first_counter=9_000)
    assert again.presence.pk == anna.presence.pk
    talk([again, boris], 104.0, 3.0)
    assert [session.name for session in again.presence.present()] == ["person 2"]


def test_who_comes_later_knows_at_once_who_was_there_before() -> None:
    anna, boris = Window(1), Window(2)
    talk([anna], 100.0, 3.0)
    talk([anna, boris], 103.0, 3.0)
    assert boris.presence.present()[0].ident_pk == anna.person.identity.public
    assert boris.presence.present()[0].name == "person 1"


def test_a_name_without_proof_is_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever claims another's identity is not called by the name they send with it."""
    anna, mallory = Window(1), Window(2)
    monkeypatch.setattr(presence_module, "identity_signature", lambda *parts: bytes(64))
    talk([anna, mallory], 100.0, 3.0)
    assert all(not session.name and not session.ident_pk for session in anna.presence.sessions.values())


def test_a_window_alone_says_so_once_and_is_silent() -> None:
    anna = Window(1)
    assert talk([anna], 100.0, 60.0) == 1


def test_yesterdays_frames_show_nobody() -> None:
    """T28: a session is shown only once it echoed this session's challenge."""
    anna, boris = Window(1), Window(2)
    tape = []
    for now in (100.0, 111.0, 122.0):
        frame = boris.frame(now)
        if frame:
            tape.append(frame)
        anna_frame = anna.frame(now)
        if anna_frame:
            boris.presence.receive(anna_frame, now)
    newcomer = Window(3)
    newcomer.frame(900.0)
    for frame in tape:
        newcomer.presence.receive(frame, 900.0)
    assert len(tape) >= 2
    assert shown(newcomer) == set()


def test_without_the_echo_rule_yesterdays_people_would_be_here(monkeypatch: pytest.MonkeyPatch) -> None:
    boris, newcomer = Window(2), Window(3)
    frame = boris.frame(100.0)
    assert frame
    newcomer.frame(900.0)
    newcomer.presence.receive(frame, 900.0)
    assert shown(newcomer) == set()
    monkeypatch.setattr(Presence, "present", lambda self: list(self.sessions.values()))
    assert shown(newcomer) == {boris.presence.pk}


def test_a_frame_counts_once_and_never_backwards() -> None:
    anna, boris = Window(1), Window(2)
    first = boris.frame(100.0)
    anna.frame(100.0)
    assert first
    assert anna.presence.receive(first, 100.0)
    assert anna.presence.receive(first, 100.1) is None


def test_every_changed_byte_of_a_frame_is_refused() -> None:
    anna, boris = Window(1), Window(2)
    frame = boris.frame(100.0)
    assert frame
    for i in range(len(frame)):
        changed = frame[:i] + bytes([frame[i] ^ 1]) + frame[i + 1 :]
        assert anna.presence.receive(changed, 100.0) is None
    assert anna.presence.sessions == {}


def test_presence_is_no_entry_and_an_entry_is_no_presence() -> None:
    """R8: other kinds, other labels: neither can be shown as the other."""
    anna, boris = Window(1), Window(2)
    frame = boris.frame(100.0)
    assert frame
    entry = parse_presence(frame)
    assert not entry.signature_ok()
    writer = boris.person.replica.writer
    assert writer
    raw = writer.hello(START, boris.person.identity, "Boris", bytes(3)).raw
    assert anna.presence.receive(raw, 100.0) is None


def test_viewers_are_shown_but_confirm_nothing() -> None:
    """R10."""
    anna, viewer = Window(1), Window(2, view_only=True)
    talk([anna, viewer], 100.0, 3.0)
    assert shown(anna) == {viewer.presence.pk}
    session = anna.presence.present()[0]
    assert session.viewer
    watch = FreshnessWatch()
    watch.heard(session, 0, bytes(32), None, session.confirmed_at or 0.0)
    assert watch.state(online=True, now=104.0).freshness is Freshness.RELAY_ONLY


def test_viewers_cannot_fill_the_room() -> None:
    """R10: at most 32 slots, and editors still get in."""
    anna = Window(1)
    anna.frame(100.0)
    for seed in range(10, 60):
        frame = Window(seed, view_only=True).frame(100.0)
        assert frame
        anna.presence.receive(frame, 100.0)
    assert len(anna.presence.sessions) == presence_module.MAX_VIEWERS
    editor = Window(2).frame(100.0)
    assert editor
    assert anna.presence.receive(editor, 100.0)


def test_a_stranger_with_no_certificate_is_nobody() -> None:
    anna = Window(1)
    stranger = Window(2, view_only=True)
    object.__setattr__(stranger.presence._keys, "viewer_cert", lambda *parts: bytes(64))
    frame = stranger.frame(100.0)
    assert frame
    assert anna.presence.receive(frame, 100.0) is None


def test_presence_received_stays_near_8_kilobytes_a_second() -> None:
    """Decision 16: N windows each sending every T make N·F/T bytes a second."""
    anna = Window(1)
    for seed in range(2, 200):
        frame = Window(seed).frame(100.0)
        assert frame
        anna.presence.receive(frame, 100.0)
    n = len(anna.presence.sessions) + 1
    assert n * presence_module.FRAME_BYTES / anna.presence.interval() <= 8_100


def test_who_left_is_forgotten() -> None:
    anna, boris = Window(1), Window(2)
    talk([anna, boris], 100.0, 3.0)
    anna.frame(200.0)
    assert anna.presence.sessions == {}


def test_a_confirmation_needs_the_same_head_and_a_named_editor() -> None:
    anna, boris = Window(1), Window(2)
    talk([anna, boris], 100.0, 3.0)
    session = anna.presence.present()[0]
    confirmed_at = session.confirmed_at or 0.0
    watch = FreshnessWatch()
    watch.heard(session, 0, bytes(32), None, confirmed_at)
    state = watch.state(online=True, now=confirmed_at + 4)
    assert (state.freshness, state.ident_pk) == (Freshness.CONFIRMED, boris.person.identity.public)
    other = FreshnessWatch()
    other.heard(session, 0, b"\1" * 32, None, confirmed_at)
    assert other.state(online=True, now=confirmed_at).freshness is Freshness.STALE
    assert other.state(online=True, now=confirmed_at).disagrees == session.session_pk


def test_a_peer_that_is_ahead_makes_the_state_stale_after_half_a_minute() -> None:
    anna, boris = Window(1), Window(2)
    talk([anna, boris], 100.0, 3.0)
    session = anna.presence.present()[0]
    session.n = 7
    watch = FreshnessWatch()
    watch.heard(session, 5, bytes(32), None, 103.0)
    assert watch.state(online=True, now=110.0).freshness is Freshness.RELAY_ONLY
    assert watch.state(online=True, now=134.0).freshness is Freshness.STALE
    watch.folded_to(7, [session])
    assert watch.state(online=True, now=135.0).freshness is Freshness.RELAY_ONLY


def test_the_payload_comes_back_as_it_was() -> None:
    payload = PresencePayload(
        n=3,
        head=bytes(32),
        checkpoint_n=0,
        state_digest=bytes(32),
        challenge=bytes(16),
        echoes=(b"abcd", b"efgh"),
        cursors=(Cursor(2**53 - 1, 5, -1), Cursor(0, 0, 0)),
        typing=True,
        name_rev=9,
        proof=None,
    )
    assert PresencePayload.decode(payload.encode()) == payload


def test_an_unproven_key_fills_no_more_room_than_a_viewer() -> None:
    """R10: a view link opens presence, so an editor's kind of frame alone proves nothing."""
    anna = Window(1)
    anna.frame(100.0)
    for seed in range(10, 60):
        stranger = Window(seed)
        stranger.presence._proof = lambda: None  # type: ignore[method-assign]
        frame = stranger.frame(100.0)
        assert frame
        anna.presence.receive(frame, 100.0)
    assert len(anna.presence.sessions) == presence_module.MAX_VIEWERS
    editor = Window(2).frame(100.0)
    assert editor
    assert anna.presence.receive(editor, 100.0)


def test_a_window_opened_again_with_its_writer_is_seen_at_once() -> None:
    anna, boris = Window(1), Window(2)
    talk([anna, boris], 100.0, 60.0)
    replica = boris.person.replica
    boris.presence = Presence(
        replica.genesis.pad_id,
        EpochMark.first(replica.genesis),
        replica.keys,
        boris.person.identity,
        replica.writer,
        rng=seeded(9),
        first_counter=1_000,
    )
    talk([anna, boris], 200.0, 3.0)
    assert shown(anna) == {boris.presence.pk}


def test_two_who_forgot_each_other_meet_again() -> None:
    """Frames were lost until each had forgotten the other, and no connection broke."""
    anna, boris = Window(1), Window(2)
    talk([anna, boris], 100.0, 3.0)
    for now in range(103, 135):
        anna.frame(float(now))
        boris.frame(float(now))
    talk([anna, boris], 135.0, 10.0)
    assert shown(anna) == {boris.presence.pk}
    assert shown(boris) == {anna.presence.pk}


def test_a_head_that_cannot_be_compared_confirms_nothing() -> None:
    """C5: a newcomer who joined from a snapshot does not know the heads before it."""
    anna, boris = Window(1), Window(2)
    talk([anna, boris], 100.0, 3.0)
    session = anna.presence.present()[0]
    session.n, session.head = 3, b"\7" * 32
    watch = FreshnessWatch()
    watch.heard(session, 9, bytes(32), None, session.confirmed_at or 0.0)
    assert watch.state(online=True, now=104.0).freshness is Freshness.RELAY_ONLY


def test_a_viewer_makes_nobody_look_stale() -> None:
    """R11."""
    anna, viewer = Window(1), Window(2, view_only=True)
    talk([anna, viewer], 100.0, 3.0)
    session = anna.presence.present()[0]
    watch = FreshnessWatch()
    session.head = b"\7" * 32
    watch.heard(session, 0, bytes(32), None, 103.0)
    session.n = 2**64 - 1
    watch.heard(session, 0, bytes(32), None, 103.0)
    assert watch.state(online=True, now=200.0).freshness is Freshness.RELAY_ONLY


def test_a_disagreement_ends_when_its_session_agrees() -> None:
    anna, boris = Window(1), Window(2)
    talk([anna, boris], 100.0, 3.0)
    session = anna.presence.present()[0]
    watch = FreshnessWatch()
    watch.heard(session, 0, b"\1" * 32, None, 103.0)
    assert watch.state(online=True, now=103.0).freshness is Freshness.STALE
    watch.heard(session, 0, session.head, None, 104.0)
    assert watch.state(online=True, now=104.0).freshness is Freshness.RELAY_ONLY
