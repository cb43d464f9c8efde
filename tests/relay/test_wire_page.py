"""docs/wire.md and the code say the same: numbers, names, field lists, limits."""

from __future__ import annotations

import re
from pathlib import Path

from cryptpad_relay import requests
from cryptpad_relay.limits import Limits
from cryptpad_relay.protocol import frames, mail_frames
from cryptpad_relay.protocol.errors import CloseCode, Code
from cryptpad_relay.protocol.frames import Op

PAGE = (Path(__file__).parents[2] / "docs/wire.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under this heading."""
    section = PAGE.split(f"## {heading}", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    cells = [
        [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines
    ]
    return cells[1:]


def test_every_op_has_its_number_and_name() -> None:
    page = {int(number, 16): name for number, name, *_ in rows("Frames")}
    assert page == {int(op): op.name for op in Op}


def test_other_numbers_are_not_answered() -> None:
    assert "Reserved and answered UNSUPPORTED: every other number." in PAGE
    assert requests.HANDLERS.keys() <= set(Op)


def test_every_request_of_the_page_has_a_handler() -> None:
    asked = {int(number, 16) for number, _, client, _ in rows("Frames") if client}
    assert asked == set(requests.HANDLERS)


def test_every_error_code_has_its_number_and_name() -> None:
    page = {int(number): name for number, name, *_ in rows("Error codes (ERR and APPEND)")}
    assert page == {int(code): code.name for code in Code if code is not Code.OK}


def test_every_close_code_has_its_number_and_name() -> None:
    page = {int(number): name for number, name, *_ in rows("Close codes")}
    assert page == {int(code): code.name for code in CloseCode}


def test_codes_that_are_not_final_say_what_to_do_again() -> None:
    finals = {Code(int(number)): final for number, _, final, _ in rows("Error codes (ERR and APPEND)")}
    again = {code for code, final in finals.items() if final == "no"}
    assert {Code.RETRY, Code.STORAGE, Code.CREATE_LIMIT, Code.CHUNK_MISSING, Code.BAD_SEQUENCE} <= again


def field_bytes(form: str) -> int | None:
    """The size of a form of fixed fields; None where something in it varies."""
    total = 0
    for field in form.strip("`").split("|"):
        size = re.fullmatch(r"[a-z_ ]*?(?:u(8|16|32|64)(?: = \d+)?|(\d+))", field.strip())
        if size is None:
            return None
        total += int(size[1]) // 8 if size[1] else int(size[2])
    return total


def test_forms_of_fixed_size_have_the_size_that_the_code_makes() -> None:
    zero32, zero16, zero64 = bytes(32), bytes(16), bytes(64)
    made = {
        ("GREETING", 3): frames.Greeting(zero32, zero32),
        ("CREATE", 2): frames.Create(bytes(236)),
        ("SUB", 2): frames.Sub(zero32, 0, zero64, 0, zero32, zero16),
        ("SUB", 3): frames.Subscribed(0, zero32, 0, zero64, 0, 0, zero16),
        ("FETCH", 2): frames.Fetch(zero32, 0, 1),
        ("BRIDGE", 2): frames.Bridge(zero32, 0, 1),
        ("CHUNK_GET", 2): frames.PadAndHash(zero32, zero32),
        ("OWNER_REC", 2): frames.OwnerRec(zero32, 0, zero64),
        ("STH", 2): frames.SthRequest(zero32, zero16),
        ("STH", 3): frames.SthReply(0, zero32, 0, zero64),
        ("LOOKUP", 2): frames.PadAndHash(zero32, zero32),
        ("HEAD", 3): frames.Head(zero32, 0, zero32),
        ("ERR", 3): frames.Error(Code.RETRY),
    }
    page = {(row[1], column): row[column] for row in rows("Frames") for column in (2, 3)}
    for place, value in made.items():
        assert field_bytes(page[place]) == len(value.encode()), place


def test_the_limits_of_the_page_are_those_of_the_code() -> None:
    for number in (frames.MAX_MESSAGE, frames.MAX_BODY):
        assert f"{number:,}" in PAGE
    assert f"at most {frames.MAX_PROOF_STEPS:,} steps" in PAGE
    assert "4 KiB in 10 s" in PAGE
    limits = Limits()
    assert (limits.unproven_bytes, limits.unproven_s) == (4 * 1024, 10.0)
    section = PAGE.split("## A relay restored from a backup", 1)[1].split("\n## ", 1)[0]
    assert f"At most {frames.MAX_APPEND_ENTRIES:,} entries a frame" in section
    for limit, words in (
        (limits.settle_s, "at least 60 s"),
        (limits.loss_hold_s / 3_600, "after 72 h"),
        (limits.restored_hold_s / 3_600, "after 24 h"),
    ):
        assert words in section
        assert f"{limit:.0f} " in words + " "


def test_the_limits_of_mailboxes_are_those_of_the_page() -> None:
    section, limits = PAGE.split("## Mailboxes", 1)[1], Limits()
    assert f"{mail_frames.SEALED_MAIL_BYTES:,} bytes" in section
    assert (
        f"{mail_frames.WORK_BITS} of them, {mail_frames.WORK_BITS_FULL} where the door is half full"
        in section
    )
    assert f"({limits.mails_at_door} messages at the door, {limits.mails_by_pass} by the pass" in section
    assert f"after {limits.mail_days} days, mailboxes after {limits.mailbox_days} days" in section
    assert f"at most {mail_frames.MAX_WORK_BITS}" in PAGE
    paces = (
        limits.mails_per_door,
        limits.mails_per_pass,
        limits.mails_per_connection,
        limits.mails_per_address,
    )
    assert [(pace.burst, round(1 / pace.per_s)) for pace in paces] == [(30, 60), (240, 5), (32, 5), (120, 5)]
