"""Known answers of protocol.md's foot: two implementations that pass these agree byte for byte."""

from __future__ import annotations

import pytest

from cryptpad_relay.protocol import chain, labels
from cryptpad_tui.crypto import links, sealing
from cryptpad_tui.crypto.errors import BadLink, BadPadding, SealBroken
from cryptpad_tui.crypto.keys import EditKeys, Role, SigningSeed, client_id_of, edit_seed_of, owner_key
from cryptpad_tui.crypto.links import Link, decode_link, encode_link

ROOT = bytes(range(32))
PAD_ID = bytes(range(32, 64))


def test_key_tree() -> None:
    edit_seed = edit_seed_of(ROOT, 0)
    edit = EditKeys.from_seed(edit_seed)
    assert owner_key(ROOT).public.hex() == "3447c07b03bb9b6aa15122463d8fdba9a62a83e6ea6a4bbd9a9cb42d7b435e68"
    assert edit_seed.hex() == "e93755f8d38ec267af29baa5026f3b1c2491f7301073315d6403c737c17efca5"
    assert edit.cap.public.hex() == "50e1b8dd82e903d1980750fa296cc440c4d7c0a5dd109f6842f47ebbb64144dd"
    assert edit.view_seed.hex() == "2147f91adbf14fb86ee9c1ab678149ee69d23a225d7672f06dea115e425d99d1"
    assert edit.read_key.hex() == "2610b0b65c3a5473abc29ad513c90c7866978e920acf307e1453bacc2f9509e7"
    assert edit.fetch.public.hex() == "07f251465ad222e36044037364ca656a814c5edbda49d10eff1410572766c02f"
    checks = [edit.key_check(pad_type).hex() for pad_type in (0, 1, 2)]
    assert checks == [
        "4545b199f3de3d0766f28355331428a2",
        "4a244c48ca296de6ca502d94c16b7cf2",
        "b3e3a4a4f55d9a3afdb613380a6ba897",
    ]


def test_chain() -> None:
    heads = [chain.chain_start(PAD_ID)]
    for n in (1, 2, 3):
        heads.append(chain.next_head(heads[-1], heads[n & (n - 1)], n, bytes(32)))
    assert [head.hex() for head in heads] == [
        "1a2008757ef4f8e250d4251b0f3b2db377cff9b59bd4ae53af9cdcc2d318b463",
        "8c6742d03412837f75b0bf2b9b75bee507a8ed0d06e0a6b44a709900e18f1b1c",
        "3c1c3ae0c44f57e6ab779e19a4bd6b8d6848104986ecadebd9ecd01e28d27eef",
        "37c2274ef5a81e7003426264c6dee3ed5a6c82c8c66acd8c7b45eb58b5d1154b",
    ]


def test_writer_and_client_id() -> None:
    writer = SigningSeed(bytes(range(0x40, 0x60)))
    assert writer.public.hex() == "2543b92ff1095511476adc8369db6ddc933665a11978dda1404ee1066ca9559d"
    assert client_id_of(PAD_ID, writer.public) == 2445950283926070


@pytest.mark.parametrize(
    ("length", "padded"),
    [(1, 256), (255, 256), (256, 272), (1000, 1024), (5000, 5120), (70000, 71680)],
)
def test_padded_lengths(length: int, padded: int) -> None:
    assert len(sealing.pad(bytes(length))) == padded
    assert sealing.unpad(sealing.pad(b"\x80" * length)) == b"\x80" * length


def test_padding_that_is_not_minimal_is_refused() -> None:
    for padded in (sealing.pad(b"x") + bytes(16), bytes(256), b"", b"x\x80" + bytes(100)):
        with pytest.raises(BadPadding):
            sealing.unpad(padded)


def test_a_seal_opens_only_with_its_key_place_and_label() -> None:
    key, aad = bytes(32), b"place"
    sealed = sealing.seal(key, aad, b"text", rng=lambda n: bytes(n))
    assert sealing.open_sealed(key, aad, sealed) == b"text"
    for wrong in (
        (bytes(31) + b"\1", aad, sealed, sealing.AEAD_LABEL),
        (key, b"elsewhere", sealed, sealing.AEAD_LABEL),
        (key, aad, sealed, "pad1/lock"),
        (key, aad, sealed[:71], sealing.AEAD_LABEL),
    ):
        with pytest.raises(SealBroken):
            sealing.open_sealed(*wrong[:3], label=wrong[3])
    for i in range(len(sealed)):
        with pytest.raises(SealBroken):
            sealing.open_sealed(key, aad, sealed[:i] + bytes([sealed[i] ^ 1]) + sealed[i + 1 :])


def test_every_label_is_its_own() -> None:
    named = {
        name: value for name, value in vars(labels).items() if isinstance(value, str) and "pad1/" in value
    }
    used_to_derive = {
        f"pad1/{word}"
        for word in (
            "owner",
            "epoch",
            "cap",
            "view",
            "read",
            "pres",
            "meta",
            "fetch",
            "kcv",
            "aead",
            "ident",
            "mbox",
            "pseud",
            "drive",
            "link",
            "linkslot",
            "lock",
            "state",
            "content",
        )
    }
    assert len(set(named.values())) == len(named)
    assert not set(named.values()) & used_to_derive


def a_link(**changes: object) -> Link:
    fields: dict[str, object] = {
        "role": Role.EDIT,
        "pad_id": PAD_ID,
        "epoch": 0,
        "seed": ROOT,
        "pin_n": 123,
        "pin_head": bytes(range(16)),
        "relay_fingerprint": bytes(16),
        "address": "ws://a.example:80",
    }
    return Link(**{**fields, **changes})  # type: ignore[arg-type]


def test_a_link_comes_back_as_it_was() -> None:
    for link in (a_link(), a_link(role=Role.VIEW, address="unix:/run/relay.sock", epoch=7)):
        assert decode_link(f"  {encode_link(link)}\n") == link
    assert len(encode_link(a_link())) == 184


def test_a_mistyped_link_is_refused_wherever_the_mistake_is() -> None:
    text = encode_link(a_link())
    for i in range(len(text)):
        for other in ("A" if text[i] != "A" else "B", ""):
            with pytest.raises(BadLink):
                decode_link(text[:i] + other + text[i + 1 :])


def test_a_link_of_another_version_says_so() -> None:
    raw = links._from_base64(encode_link(a_link())[5:])[:-4]
    for changed, words in ((b"\2" + raw[1:], "newer version"), (raw[:1] + b"\3" + raw[2:], "locked")):
        with pytest.raises(BadLink, match=words):
            decode_link("pad1:" + links._base64(changed + links._checksum(changed)))


def test_each_mistake_in_a_link_has_its_own_reason() -> None:
    text = encode_link(a_link())
    mistyped = text[:40] + ("A" if text[40] != "A" else "B") + text[41:]
    cases = {
        mistyped: "a character is mistyped",
        text + "AAAA": "something was added",
        "pad2:" + text[5:]: "newer version of cryptpad-tui: update this one",
        "pad12:AAAA": "newer version",
        "https://pad.example": "starts with pad1:",
        "pad0:AAAA": "starts with pad1:",
        " \n": "nothing in it",
        text[:90] + "\n" + text[90:]: "a line end in it",
        text[:90] + "\x1b" + text[90:]: "a character in it",
        text[:90] + "é" + text[90:]: "a character in it",
    }
    cases |= {text[:cut]: "a part of it is missing" for cut in range(len("pad1:"), len(text))}
    for link, reason in cases.items():
        with pytest.raises(BadLink, match=reason):
            decode_link(link)


def test_a_link_leads_only_where_a_relay_can_be() -> None:
    for address in ("http://a", "file:/etc/passwd", "ws://a b", "ws://a\x1b[0m", "javascript:1", ""):
        with pytest.raises((BadLink, UnicodeEncodeError)):
            encode_link(a_link(address=address))


def test_no_secret_is_in_a_repr() -> None:
    edit = EditKeys.from_seed(edit_seed_of(ROOT, 0))
    shown = repr((edit, a_link(), SigningSeed(ROOT), edit.cap, edit.fetch))
    for secret in (edit.view_seed, edit.edit_seed, edit.read_key, ROOT):
        assert secret.hex() not in shown
        assert repr(secret)[2:-1] not in shown
