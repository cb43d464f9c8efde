"""Each verb against a fake engine: what it asks for, what it prints where, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli.fakes import Command, FakeEngine

from cryptpad_tui.cli import link_input
from cryptpad_tui.cli.screen_request import Screen, ScreenRequest
from cryptpad_tui.crypto.keys import Role
from cryptpad_tui.crypto.links import NO_RELAY, Link, encode_link
from cryptpad_tui.engine import (
    AlarmLine,
    LogLine,
    NoticeLine,
    RelayUnreachable,
    SyncReport,
    SyncWord,
    verifying,
)
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.judgement import StartReport

WAITS = "cryptpad-tui: note: saved here; it waits for the relay and goes with the next `cryptpad-tui sync`"


def test_a_new_pad_prints_its_short_id_alone(engine: FakeEngine, command: Command) -> None:
    ended = command("new", "Shopping", "--from", "-", stdin=b"milk\r\n")
    assert (ended.code, ended.text) == (0, "aaaaaaaa")
    assert ended.lines == ["cryptpad-tui: note: line ends (CR or CRLF) were made LF"]
    assert list(engine.texts.values()) == ["milk\n"]
    assert engine.calls == ["create", "sync 1 2", "close", "lock"]


def test_a_new_pad_takes_its_text_from_a_file(engine: FakeEngine, command: Command, tmp_path: Path) -> None:
    (tmp_path / "list.md").write_bytes(b"tea")
    assert command("new", "T", "--from", str(tmp_path / "list.md")).code == 0
    assert list(engine.texts.values()) == ["tea"]


def test_without_a_source_a_new_pad_is_empty_and_standard_input_is_left_alone(
    engine: FakeEngine, command: Command
) -> None:
    assert command("new", "T", stdin=b"not this").code == 0
    assert list(engine.texts.values()) == [""]


def test_unclean_text_is_refused_before_anything_is_opened(engine: FakeEngine, command: Command) -> None:
    engine.add("Shopping", "old")
    for verb in (("new", "T", "--from", "-"), ("write", "Shopping"), ("append", "Shopping")):
        ended = command(*verb, stdin=b"a\n b\x1b")
        assert ended.code == 1
        assert "line 2, column 3: the control character U+001B" in ended.err
        assert len(ended.lines) == 1
    assert engine.calls == []
    assert list(engine.texts.values()) == ["old"]


def test_write_makes_the_text_equal_and_append_adds_nothing_of_its_own(
    engine: FakeEngine, command: Command
) -> None:
    pad = engine.add("Shopping", "milk")
    assert command("append", "Shopping", stdin=b"tea").code == 0
    assert engine.texts[pad.pad_id] == "milktea"
    assert command("write", "aaaaaaaa", stdin=b"coffee\n").code == 0
    assert engine.texts[pad.pad_id] == "coffee\n"
    assert engine.calls[:4] == ["flush", "close session", "sync 1 2", "close"]


def test_a_pad_that_may_only_be_viewed_is_not_written_to(engine: FakeEngine, command: Command) -> None:
    engine.add("Theirs", "x", role="view")
    ended = command("write", "Theirs", stdin=b"y")
    assert ended.code == 1
    assert len(ended.lines) == 1
    assert ended.lines[0].startswith("cryptpad-tui: error: You have a view link to this pad")
    assert "flush" not in engine.calls


@pytest.mark.parametrize("problem", ["error", "unreachable", "waiting"])
def test_what_cannot_be_sent_is_one_line_and_success(
    engine: FakeEngine, command: Command, problem: str
) -> None:
    engine.add("Shopping")
    if problem == "error":
        engine.sync_error = RelayUnreachable("away")
    else:
        engine.report = SyncReport(1, problem == "unreachable", (), ())
    for verb in (("write", "Shopping"), ("append", "Shopping"), ("rename", "Shopping", "B"), ("new", "C")):
        ended = command(*verb, stdin=b"x")
        assert (ended.code, ended.lines) == (0, [WAITS]), verb


def test_rename_gives_the_other_title(engine: FakeEngine, command: Command) -> None:
    engine.add("Shopping")
    assert command("rename", "Shopping", "Errands").code == 0
    assert engine.calls[0] == "rename Errands"
    assert command("rename", "Shopping", "a\nb").code == 1


def test_rm_sends_what_others_wait_for_before_the_pad_leaves(engine: FakeEngine, command: Command) -> None:
    engine.add("Shopping", waiting=2)
    ended = command("rm", "Shopping")
    assert (ended.code, ended.err) == (0, "")
    assert engine.calls == ["sync 1 2", "trash", "close", "lock"]


def test_rm_says_when_edits_wait_in_the_trash(engine: FakeEngine, command: Command) -> None:
    engine.add("Shopping", waiting=2)
    engine.report = SyncReport(2, True, (), ())
    ended = command("rm", "Shopping")
    assert ended.code == 0
    assert "wait there with it" in ended.err


def test_cat_is_byte_exact(engine: FakeEngine, command: Command) -> None:
    text = "no end of line \u202e é 😀\x07".replace("\x07", "")
    engine.add("T", text)
    ended = command("cat", "T")
    assert (ended.code, ended.out, ended.err) == (0, text.encode(), "")


def test_an_unknown_pad_is_refused(engine: FakeEngine, command: Command) -> None:
    for verb in ("cat", "append", "share", "log", "rm", "sync"):
        ended = command(verb, "nothing", stdin=b"")
        assert (ended.code, ended.out) == (1, b"")
        assert ended.lines[-1].startswith("cryptpad-tui: error: There is no such pad in this drive.")


PAD_FIELDS = [
    "id",
    "title",
    "kind",
    "folder",
    "right",
    "changed",
    "size_bytes",
    "sync",
    "waiting",
    "pad_id",
    "path",
    "tags",
    "template",
]


def test_ls_prints_the_fields_of_the_contract(engine: FakeEngine, command: Command) -> None:
    engine.add("a\x1b[31m\u202e", "héé", waiting=3, sync=SyncWord.WAITING)
    ended = command("ls", "--json")
    (pad,) = json.loads(ended.out)
    assert list(pad) == PAD_FIELDS
    assert pad["title"] == "a\x1b[31m\u202e"
    assert (pad["id"], pad["kind"], pad["right"], pad["sync"]) == ("aaaaaaaa", "text", "owner", "waiting")
    assert (pad["changed"], pad["size_bytes"], pad["waiting"]) == ("2023-11-14T22:13:20.000Z", 5, 3)
    assert ended.out.isascii()
    assert b"\x1b" not in ended.out


def test_ls_as_a_table_is_safe_to_look_at(engine: FakeEngine, command: Command) -> None:
    engine.add("a\x1b[31m\u202e", waiting=3, sync=SyncWord.WAITING)
    ended = command("ls")
    assert b"\x1b" not in ended.out
    assert "\u202e" not in ended.out.decode()
    assert "waiting" in ended.text


def test_ls_of_an_empty_drive_prints_nothing_or_an_empty_list(engine: FakeEngine, command: Command) -> None:
    assert command("ls").out == b""
    assert command("ls", "--json").out == b"[]\n"


def test_status_tells_what_happened_to_pads_that_are_here(
    engine: FakeEngine, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    pad = engine.add("A")
    lines = [
        NoticeLine(pad.pad_id.hex(), "RESTORED", "2 entries\x1b[2J given back", 0, told=True),
        NoticeLine("ff" * 32, "", "of a pad that is gone", 0),
    ]
    monkeypatch.setattr("cryptpad_tui.engine.notices.kept", lambda engine: lines)
    told = json.loads(command("status", "--json").out)["pads"][0]["notices"]
    text = "2 entries\x1b[2J given back"
    assert told == [{"code": "RESTORED", "text": text, "time": "1970-01-01T00:00:00.000Z"}]
    shown = command("status").text.splitlines()[-1]
    assert shown.startswith(f"note 1970-01-01 00:00 {pad.short_id} RESTORED: 2 entries")
    assert "\x1b" not in shown


def test_status_prints_the_fields_of_the_contract(engine: FakeEngine, command: Command) -> None:
    engine.relay = "wss://pads.example"
    engine.add("A", waiting=2, log_n=7, head="ab" * 32, freshness="stale", alarms=("FORK",))
    engine.add("B", relay="ws://other")
    status = json.loads(command("status", "--json").out)
    assert list(status) == ["vault", "relays", "pads", "files"]
    assert status["vault"] == {"path": "/vault", "name": "Anna", "relay": "wss://pads.example"}
    assert status["relays"] == [
        {"url": "wss://pads.example", "pads": 1, "waiting": 2},
        {"url": "ws://other", "pads": 1, "waiting": 0},
    ]
    first = status["pads"][0]
    added = [
        *["log_n", "head", "freshness", "alarms", "relay", "past_alarms", "notices"],
        *["expires", "delete_after_unused_days"],
    ]
    assert list(first) == [*PAD_FIELDS, *added]
    assert (first["log_n"], first["head"], first["freshness"], first["alarms"]) == (
        7,
        "ab" * 32,
        "stale",
        ["FORK"],
    )
    text = command("status").text
    assert "wss://pads.example" in text
    assert "FORK" in text


def test_log_prints_the_fields_of_the_contract(engine: FakeEngine, command: Command) -> None:
    engine.add("A")
    engine.log_lines = [
        LogLine(1, "hello", "Eve\x1b[2J", "12345678", True, False, 320, 0),
        LogLine(2, "update", "Eve", "12345678", True, True, 99, None),
    ]
    first, second = json.loads(command("log", "A", "--json").out)
    assert first == {
        "n": 1,
        "position": 1,
        "kind": "hello",
        "author": "Eve\x1b[2J",
        "author_key": "12345678",
        "verified": True,
        "void": False,
        "bytes": 320,
        "time": "1970-01-01T00:00:00.000Z",
    }
    assert (second["time"], second["void"]) == (None, True)
    table = command("log", "A").text
    assert "Eve␛[2J (12345678)" in table
    assert "update (void)" in table


def test_share_prints_the_link_and_nothing_else(engine: FakeEngine, command: Command) -> None:
    engine.add("A")
    assert command("share", "A").out == b"pad1:edit\n"
    assert command("share", "A", "--view").out == b"pad1:view\n"


@pytest.mark.parametrize("is_whole", [True, False])
def test_join_says_who_vouches_for_a_start_that_is_not_the_beginning(
    engine: FakeEngine, command: Command, monkeypatch: pytest.MonkeyPatch, is_whole: bool
) -> None:
    said = "starts from a snapshot by Mallory; nobody else has checked it yet (`verify --deep` does)"
    start = StartReport(7, 9, "Mallory", bytes(32), (), (), False, said)
    monkeypatch.setattr(verifying, "start_of", lambda session: None if is_whole else start)
    link = Link(Role.EDIT, bytes(32), 0, bytes(32), 0, bytes(16), NO_RELAY, "wss://relay.example.org")
    ended = command("join", stdin=encode_link(link).encode())
    assert (ended.code, ended.text) == (0, "aaaaaaaa")
    assert ended.lines == ([] if is_whole else [f"cryptpad-tui: note: aaaaaaaa {said}"])


def test_share_of_what_one_may_only_view_is_refused(engine: FakeEngine, command: Command) -> None:
    engine.add("A", role="view")
    assert command("share", "A").code == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("join", "pad1:AAAA"),
        ("cat", "pad1:AAAA"),
        ("pad1:AAAA",),
        ("new", "--from=pad1:AAAA", "T"),
        ("edit", " pad1:A"),
    ],
)
def test_a_link_among_the_arguments_is_refused_and_not_repeated(
    engine: FakeEngine, command: Command, arguments: tuple[str, ...]
) -> None:
    ended = command(*arguments)
    assert (ended.code, ended.out) == (2, b"")
    assert "AAAA" not in ended.err
    assert "pad1" not in ended.err
    assert len(ended.lines) == 1
    assert engine.calls == []


def test_join_refuses_what_is_no_link_before_it_opens_the_vault(engine: FakeEngine, command: Command) -> None:
    ended = command("join", stdin=b"hello\n")
    assert ended.code == 1
    assert ended.lines[0].startswith("cryptpad-tui: error: This is not a link")
    assert engine.calls == []


def test_join_prints_the_short_id(
    engine: FakeEngine, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    pad = engine.add("A")
    given: list[str] = []

    async def join(link: str, *, wait_s: float) -> object:
        given.append(link)
        return pad

    monkeypatch.setattr("cryptpad_tui.crypto.locked_links.read_link", str.strip)
    monkeypatch.setattr(engine, "join", join)
    monkeypatch.setattr(verifying, "start_of", lambda session: None)
    assert command("join", stdin=b"pad1:AAAA\n").out == b"aaaaaaaa\n"
    assert given == ["pad1:AAAA"]


def test_a_join_that_meets_an_alarm_ends_in_6(
    engine: FakeEngine, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def join(link: str, *, wait_s: float) -> object:
        raise Alarm(AlarmCode.ROLLBACK)

    monkeypatch.setattr("cryptpad_tui.crypto.locked_links.read_link", str.strip)
    monkeypatch.setattr(engine, "join", join)
    monkeypatch.setattr(verifying, "start_of", lambda session: None)
    ended = command("join", stdin=b"pad1:AAAA\n")
    assert ended.code == 6
    assert ended.lines[0].startswith("cryptpad-tui: alarm: ROLLBACK: ")


def test_sync_ends_in_0_only_when_nothing_waits_and_every_log_checked_out(
    engine: FakeEngine, command: Command
) -> None:
    engine.relay = "ws://r"
    pad = engine.add("A")
    alarm = AlarmLine(pad.pad_id, "FORK", "the relay shows two histories", "Keep a copy.")
    for report, code, word in (
        (SyncReport(0, False, (), ("a note",)), 0, "note: a note"),
        (SyncReport(3, True, (), ()), 5, "3 waiting"),
        (SyncReport(0, True, (), ()), 5, "did not answer"),
        (SyncReport(1, False, (), ()), 1, "1 waiting"),
        (SyncReport(1, True, (alarm,), ()), 6, "alarm: FORK: the relay shows two histories (pad aaaaaaaa)"),
    ):
        engine.report = report
        ended = command("sync")
        assert (ended.code, len(ended.lines)) == (code, 1), report
        assert word in ended.err


def test_sync_of_named_pads_waits_as_long_as_it_is_told(engine: FakeEngine, command: Command) -> None:
    engine.relay = "ws://r"
    engine.add("A")
    engine.add("B")
    assert command("sync", "A", "B", "--wait", "2.5").code == 0
    assert command("sync").code == 0
    assert [call for call in engine.calls if call.startswith("sync")] == ["sync 2 2.5", "sync all 10"]


def test_sync_without_any_relay_has_nothing_to_do(engine: FakeEngine, command: Command) -> None:
    engine.add("A")
    ended = command("sync")
    assert ended.code == 0
    assert "nothing to do" in ended.err


def test_the_app_is_asked_for_with_and_without_a_pad(engine: FakeEngine, command: Command) -> None:
    shown: list[ScreenRequest] = []
    command(shown=shown)
    command("edit", "Shopping", "--passphrase-file", "/there", shown=shown)
    command("demo", shown=shown)
    assert [(request.screen, request.pad) for request in shown] == [
        (Screen.APP, None),
        (Screen.APP, "Shopping"),
        (Screen.DEMO, None),
    ]
    assert shown[1].sources.passphrase_file == Path("/there")


def test_relay_set_and_show(engine: FakeEngine, command: Command) -> None:
    assert command("relay", "set", "wss://pads.example:444").code == 0
    assert command("relay", "show").text == "wss://pads.example:444"
    assert command("relay", "set", "this-machine").code == 0
    assert engine.relay == "local"
    assert command("relay", "show").text == "this-machine"
    assert command("relay", "set", "none").code == 0
    assert command("relay", "show").text == "none"


@pytest.mark.parametrize(
    "address",
    ["pads.example", "http://x", "ws://", "wss://a b", "wss://me:pw@x", "ws://[", "ws://x:99999", "wss://é"],
)
def test_what_is_no_relay_address_is_refused(engine: FakeEngine, command: Command, address: str) -> None:
    ended = command("relay", "set", address)
    assert (ended.code, engine.relay) == (2, None)
    assert len(ended.lines) == 1


def test_an_open_address_that_leaves_the_machine_is_warned_about(
    engine: FakeEngine, command: Command
) -> None:
    assert command("relay", "set", "ws://127.0.0.1:80").err == ""
    assert (
        command("relay", "set", "ws://pads.example").lines[0].startswith("cryptpad-tui: warning: ws:// hides")
    )


def test_relay_stop_where_none_runs_says_so(engine: FakeEngine, command: Command) -> None:
    ended = command("relay", "stop")
    assert ended.code == 0
    assert "nothing to stop" in ended.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("frobnicate",),
        ("cat",),
        ("ls", "--nope"),
        ("relay",),
        ("sync", "--wait", "-1"),
        ("sync", "--wait", "x"),
        ("cat", "a", "b"),
        ("completion", "tcsh"),
    ],
)
def test_wrong_use_is_one_line_and_2(
    engine: FakeEngine, command: Command, arguments: tuple[str, ...]
) -> None:
    ended = command(*arguments)
    assert (ended.code, ended.out, len(ended.lines)) == (2, b"", 1)
    assert ended.lines[0].startswith("cryptpad-tui: usage: ")


def test_surplus_arguments_are_not_repeated(engine: FakeEngine, command: Command) -> None:
    ended = command("passphrase", "hunter2")
    assert ended.code == 2
    assert "hunter2" not in ended.err


def test_an_unforeseen_error_is_one_line_without_its_message(
    engine: FakeEngine, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(reference: str) -> None:
        raise RuntimeError("text of a pad")

    engine.add("A")
    monkeypatch.setattr(engine, "find", broken)
    ended = command("cat", "A")
    assert (ended.code, len(ended.lines)) == (1, 1)
    assert "text of a pad" not in ended.err
    assert "RuntimeError at verbs_look.py:" in ended.err


def test_ctrl_c_ends_in_130_without_a_word_and_closes_everything(
    engine: FakeEngine, command: Command
) -> None:
    engine.relay = "ws://r"
    engine.add("A")
    engine.sync_error = KeyboardInterrupt()
    ended = command("sync")
    assert (ended.code, ended.err) == (130, "")
    assert engine.calls[-2:] == ["close", "lock"]


def test_the_title_of_a_pad_cannot_speak_through_an_error_line(engine: FakeEngine, command: Command) -> None:
    ended = command("frob\x1b[31m\nnicate")
    assert "\x1b" not in ended.err
    assert len(ended.lines) == 1


def test_link_limit_is_far_above_any_link() -> None:
    assert link_input.LINK_LIMIT > 8 * 1024
