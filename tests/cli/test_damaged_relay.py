"""A byte changed in the relay's files: exit code 6 for the next reader, nothing lost for its author."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.fakes import Inside, MakePerson

from cryptpad_tui.engine.listing import full_id
from support.relay import RelayProcess

pytestmark = pytest.mark.e2e


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[RelayProcess]:
    process = RelayProcess(tmp_path / "relay-data")
    yield process
    process.kill()


def change_a_byte(database: Path, pad: str, n: int, at: int) -> None:
    """Flip a bit of entry `n` of a pad, as a broken disk or a hostile operator would."""
    with sqlite3.connect(database) as stored:
        rows = stored.execute("SELECT place, raw FROM entry ORDER BY place").fetchall()
        places = [place for place, raw in rows if full_id(raw[8:40]).startswith(pad)]
        (raw,) = stored.execute("SELECT raw FROM entry WHERE place=?", (places[n - 1],)).fetchone()
        changed = bytearray(raw)
        changed[at] ^= 1
        stored.execute("UPDATE entry SET raw=? WHERE place=?", (bytes(changed), places[n - 1]))


@pytest.mark.parametrize("at", [100, 230, -70, -1], ids=["prev", "ciphertext", "tag", "signature"])
def test_a_changed_byte_in_the_relays_files_is_an_alarm_for_the_next_reader(
    make_person: MakePerson, inside: Inside, relay: RelayProcess, at: int
) -> None:
    anna, ben = make_person("Anna"), make_person("Ben")
    assert inside(anna, "relay", "set", relay.url).code == 0
    pad = inside(anna, "new", "Notes", "--from", "-", stdin=b"one\n").text
    for word in (b"two\n", b"three\n", b"four\n"):
        assert inside(anna, "append", pad, stdin=word).code == 0
    link = inside(anna, "share", pad).out
    assert inside(anna, "sync").code == 0
    relay.stop()
    change_a_byte(relay.data / "relay.db", pad, 3, at)
    relay.start()
    ended = inside(ben, "join", stdin=link)
    assert ended.code == 6, ended.err
    assert ended.text == ""
    assert inside(ben, "ls").text == ""
    assert inside(anna, "cat", pad).out == b"one\ntwo\nthree\nfour\n"
    assert inside(anna, "append", pad, stdin=b"five\n").code == 0
    assert inside(anna, "cat", pad).out == b"one\ntwo\nthree\nfour\nfive\n"
