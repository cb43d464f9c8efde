"""A link has one form: whatever else somebody writes into one, with a right checksum, is refused."""

from __future__ import annotations

import struct

import pytest

from cryptpad_tui.crypto import links, locked_links
from cryptpad_tui.crypto.errors import BadLink
from cryptpad_tui.crypto.keys import Role
from cryptpad_tui.crypto.links import Link, as_text, decode_link, encode_link, link_bytes
from cryptpad_tui.crypto.locked_links import read_link

ADDRESS = b"ws://a.example:80"
LINK = Link(Role.EDIT, bytes(32), 0, bytes(32), 5, bytes(16), bytes(16), ADDRESS.decode())
BODY = link_bytes(LINK)
ROLE, FLAGS, PIN_N, LENGTH, AT = 1, 2, 72, 112, 113


def changed(at: int, form: str, value: int) -> bytes:
    body = bytearray(BODY)
    struct.pack_into(form, body, at, value)
    return bytes(body)


def with_address(address: bytes) -> bytes:
    return BODY[:LENGTH] + bytes([len(address)]) + address


FORMS = {
    "a role that is none": changed(ROLE, ">B", 0),
    "a role of later": changed(ROLE, ">B", 4),
    "a flag of later": changed(FLAGS, ">H", 2),
    "a flag of later, and what would follow": changed(FLAGS, ">H", 2) + bytes(64),
    "the highest flag": changed(FLAGS, ">H", 0x8000),
    "a slot that is not there": changed(FLAGS, ">H", 1),
    "a short slot": changed(FLAGS, ">H", 1) + bytes(31),
    "a long slot": changed(FLAGS, ">H", 1) + bytes(33),
    "a slot that nobody announced": BODY + bytes(32),
    "one byte more": BODY + b"\0",
    "a pin of no log": changed(PIN_N, ">Q", 2**63),
    "an address longer than the rest": changed(LENGTH, ">B", len(ADDRESS) + 1),
    "an address shorter than the rest": changed(LENGTH, ">B", len(ADDRESS) - 1),
    "no address": with_address(b""),
    "an address of another kind": with_address(b"http://a"),
    "an address with a space": with_address(b"ws://a b"),
    "an address that commands": with_address(b"ws://a\x1b[2J"),
    "an address that is not ASCII": with_address("ws://é".encode()),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_link_of_another_form_is_refused(form: str) -> None:
    assert decode_link(as_text(BODY)) == LINK
    with pytest.raises(BadLink):
        decode_link(as_text(FORMS[form]))


def test_a_link_has_one_spelling() -> None:
    """Its last character has bits that say nothing: with others there it is no link."""
    text = encode_link(LINK)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    same = [
        text[:-1] + each
        for each in alphabet
        if links._from_base64(text[5:-1] + each) == links._from_base64(text[5:])
    ]
    assert len(same) > 1
    for other in set(same) - {text}:
        with pytest.raises(BadLink):
            decode_link(other)


def test_what_is_longer_than_any_link_is_not_read() -> None:
    with pytest.raises(BadLink):
        decode_link(as_text(BODY) + "A" * links._MAX_TEXT)


HEADER = locked_links._HEADER.pack(1, 3, 0, 1, 3, 26, 0, bytes(16))
SEALED = bytes(300)


@pytest.mark.parametrize(
    "body",
    [
        HEADER[:2] + b"\0\1" + HEADER[4:] + SEALED,
        HEADER[:4] + b"\2" + HEADER[5:] + SEALED,
        HEADER[:7] + b"\1" + HEADER[8:] + SEALED,
        HEADER + bytes(72),
        HEADER + bytes(72 + 513),
        HEADER[:20],
    ],
    ids=["flags", "another hash", "reserved", "too short", "too long", "cut"],
)
def test_a_locked_link_of_another_form_is_refused_before_any_work(body: bytes) -> None:
    assert isinstance(read_link(as_text(HEADER + SEALED)), locked_links.LockedLink)
    with pytest.raises(BadLink):
        read_link(as_text(body))
