"""Who seems to be here: yesterday's frames, borrowed names, counters set back, crowds nobody invited."""

from __future__ import annotations

from adversary.people import Client, Lab
from adversary.sabotage import Patch, both, yes
from cryptpad_relay.protocol.frames import Frame, Op
from cryptpad_tui.pad import presence as presence_module
from cryptpad_tui.pad.freshness import Freshness
from cryptpad_tui.pad.presence import Presence


def here(client: Client) -> set[str]:
    return {session.name for session in client.presence.present()}


def told(client: Client) -> list[Frame]:
    """The presence that this client sent, as the relay would show it."""
    return [Frame(Op.PRESENCE, 0, message[5:]) for message in client.seat.heard if message[0] == Op.PRES]


@both
async def test_t28_yesterdays_presence_for_a_session_of_today(
    lab: Lab, monkeypatch: Patch, defended: bool
) -> None:
    anna, boris = await lab.client("Anna", 1), await lab.client("Boris", 2)
    await anna.write("Opening ")
    await lab.talk(4, anna, boris)
    tape = told(anna)
    assert here(boris) == {"Anna"}
    await anna.hang_up()
    lab.now += 86_400
    victim = await lab.client("Viktor", 3)
    if not defended:
        monkeypatch.setattr(Presence, "present", lambda self: list(self.sessions.values()))
    await victim.tell_presence()
    for frame in tape:
        victim.seat.show(frame)
    await lab.settle()
    assert (here(victim) == set()) == defended
    assert victim.freshness() is not Freshness.CONFIRMED


@both
async def test_t28_a_borrowed_name(lab: Lab, monkeypatch: Patch, defended: bool) -> None:
    """R+E: an editor's session with Anna's identity key beside it, which she never signed for it."""
    anna, mallory = await lab.client("Anna", 1), lab.newcomer("Mallory", 9)
    victim = await lab.client("Viktor", 3)
    public = anna.person.identity.public

    class Borrowed:
        def sign(self, label: str, *parts: bytes) -> bytes:
            return bytes(64)

    borrowed = Borrowed()
    borrowed.public = public  # type: ignore[attr-defined]
    mallory.presence._identity = borrowed  # type: ignore[assignment]
    mallory.presence._name = "Anna"
    if not defended:
        monkeypatch.setattr(presence_module, "identity_signature_ok", yes)
    await mallory.connect()
    await lab.talk(4, mallory, victim)
    named = {session.name for session in victim.presence.sessions.values() if session.ident_pk == public}
    assert (named == set()) == defended


@both
async def test_t28_a_counter_set_back(lab: Lab, monkeypatch: Patch, defended: bool) -> None:
    """The last frame of a minute ago, again: an older position must not become the present one."""
    anna, victim = await lab.client("Anna", 1), await lab.client("Viktor", 3)
    await lab.talk(4, anna, victim)
    old = told(anna)[-1]
    await anna.write("newer ")
    await lab.talk(12, anna, victim)
    session = next(iter(victim.presence.sessions.values()))
    counted, n = session.counter, session.n
    if not defended:
        monkeypatch.setattr(Presence, "_counters", NeverSeen(), raising=False)
        victim.presence._counters = NeverSeen()
    victim.seat.show(old)
    await lab.settle()
    assert ((session.counter, session.n) == (counted, n)) == defended


class NeverSeen(dict[bytes, int]):
    """A memory of counters that remembers none."""

    def get(self, key: bytes, default: int = 0) -> int:  # type: ignore[override]
        return default


@both
async def test_t28_a_crowd_of_made_up_sessions(lab: Lab, monkeypatch: Patch, defended: bool) -> None:
    """R10: whoever holds a link can make session keys without end."""
    await lab.client("Anna", 1)
    victim = await lab.client("Viktor", 3)
    monkeypatch.setattr(presence_module, "MAX_SESSIONS", 12 if defended else 10_000)
    monkeypatch.setattr(presence_module, "MAX_VIEWERS", 4 if defended else 10_000)
    for seed in range(40):
        stranger = Client(lab, f"Stranger {seed}", 100 + seed, view_only=seed % 2 == 0)
        frame = stranger.presence.tick(lab.now, stranger.replica.base(), QUIET, typing=False)
        assert frame
        victim.seat.show(Frame(Op.PRESENCE, 0, frame))
    await lab.settle()
    assert (len(victim.presence.sessions) <= 12) == defended
    assert len(victim.presence._counters) <= 4 * presence_module.MAX_SESSIONS


QUIET = (presence_module.NO_CURSOR, presence_module.NO_CURSOR)


@both
async def test_r11_a_lying_peer_cannot_make_an_honest_relay_look_forked(
    lab: Lab, monkeypatch: Patch, defended: bool
) -> None:
    """R9 too: what comes outside the log is said, and changes neither the fold nor what is believed of it."""
    anna, liar, victim = [await lab.client(name, i) for i, name in enumerate(("Anna", "Lars", "Viktor"), 1)]
    await anna.write("Opening ")
    before = victim.state()
    honest = liar.replica.base()
    liar.replica.base = lambda: type(honest)(honest.n, b"\7" * 32)  # type: ignore[method-assign]
    if not defended:
        alarmed_by_peers(monkeypatch)
    await lab.talk(5, anna, liar, victim)
    assert victim.state() == before
    assert (victim.alarm is None) == defended
    if defended:
        await anna.write("and on ")
        assert victim.state().n == before.n + 1


def alarmed_by_peers(monkeypatch: Patch) -> None:
    """A peer's unproven word is taken for a fork."""
    from cryptpad_tui.pad.alarms import Alarm, AlarmCode

    honest = Client.presence_frame

    def hear(self: Client, frame: bytes) -> None:
        honest(self, frame)
        if self.watch.state(online=True, now=self.lab.now).disagrees:
            raise Alarm(AlarmCode.FORK)

    monkeypatch.setattr(Client, "presence_frame", hear)
