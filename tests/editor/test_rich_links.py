"""A link says where it really leads, and nothing opens it."""

from __future__ import annotations

import pytest
from editor.dsl import Session, run

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.editor.effects import CopyToTerminal, Effect, Notice
from cryptpad_tui.editor.rich_links import described


def effects(session: Session, command: str) -> list[Effect]:
    session.effects.clear()
    return session.do(run(command)).effects


def test_the_target_of_the_link_at_the_caret_is_said() -> None:
    session = Session("see [my bank|]", kind=PadKind.RICHTEXT)
    session.do(run("format.link", "https://bank.example@evil.example/a"), "right")
    assert effects(session, "link.show") == [
        Notice("Link to evil.example: https://bank.example@evil.example/a")
    ]
    session.do("home")
    assert effects(session, "link.show") == [Notice("There is no link at the caret.")]


def test_the_target_is_copied_on_request_alone() -> None:
    session = Session("[here|]", kind=PadKind.RICHTEXT).do(run("format.link", "https://a.example"), "left")
    assert effects(session, "link.copy") == [
        CopyToTerminal("https://a.example"),
        Notice("Copied: Link to a.example: https://a.example"),
    ]
    assert not any(isinstance(one, CopyToTerminal) for one in effects(session, "link.show"))


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("a [plan|](https://a.example/x_(y)) b", "https://a.example/x_(y)"),
        ("‸[bank](<https://a.example> 'title')", "https://a.example"),
        ("see https://a.exam|ple/b, then", "https://a.example/b,"),
        ("mailto:anna@a.example|", "mailto:anna@a.example"),
    ],
)
def test_links_of_markdown_are_found_at_the_caret(text: str, target: str) -> None:
    text = text if "‸" in text else text.replace("|", "‸")
    assert Notice(described(target)) in effects(Session(text), "link.show")


def test_no_link_is_found_beside_one() -> None:
    assert effects(Session("‸ a [b](https://a.example) c"), "link.show") == [
        Notice("There is no link at the caret.")
    ]


def test_a_line_made_to_be_slow_is_not() -> None:
    effects(Session("‸" + "[" * 100_000), "link.show")
    effects(Session("‸" + "[a](" * 50_000), "link.show")


def test_a_host_of_other_letters_is_said_as_machines_write_it() -> None:
    assert described("https://аpple.example/") == (
        "Link to xn--pple-43d.example (аpple.example): https://аpple.example/"
    )
    assert described("https://[::1") == "A link that leads nowhere: https://[::1"
