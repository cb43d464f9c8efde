"""`sync` and a relay that shows less than it had: exit code 6 while it takes nothing back, 0 when it does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.fakes import Inside, MakePerson

from support.backed_up_relay import BackedUpRelay

pytestmark = pytest.mark.e2e


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[BackedUpRelay]:
    process = BackedUpRelay(tmp_path / "relay-data")
    yield process
    process.kill()


def test_a_relay_that_takes_nothing_back_is_an_alarm_and_an_honest_one_a_note(
    make_person: MakePerson, inside: Inside, relay: BackedUpRelay
) -> None:
    anna = make_person("Anna-restored")
    assert inside(anna, "relay", "set", relay.url).code == 0
    pad = inside(anna, "new", "Notes", "--from", "-", stdin=b"one\n").text
    assert inside(anna, "sync").code == 0
    relay.back_up()
    for word in (b"two\n", b"three\n"):
        assert inside(anna, "append", pad, stdin=word).code == 0
    assert inside(anna, "sync").code == 0
    relay.lose_everything()
    relay.start_lying()
    ended = inside(anna, "sync")
    assert ended.code == 6
    assert "ROLLBACK" in ended.err
    assert inside(anna, "cat", pad).out == b"one\ntwo\nthree\n"
    relay.stop()
    relay.start()
    ended = inside(anna, "sync")
    assert (ended.code, ended.err.count("the relay had lost ")) == (0, 1), ended.err
    assert inside(anna, "cat", pad).out == b"one\ntwo\nthree\n"
