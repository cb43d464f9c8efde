"""docs/protocol.md and the code say the same: sections, bounds and sizes, known answers."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cryptpad_relay.protocol import chain, entry
from cryptpad_relay.protocol.labels import ENTRY, hash_parts, keyed_hash, sign_parts
from cryptpad_relay.protocol.login_frames import login_id_of
from cryptpad_tui.crdt.digest import content_digest
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crypto import keys, sealing
from cryptpad_tui.crypto.keys import EditKeys, Role, SigningSeed, edit_seed_of
from cryptpad_tui.crypto.links import Link, encode_link
from cryptpad_tui.pad.digests import state_digest
from cryptpad_tui.pad.payloads import Hello, Update
from cryptpad_tui.pad.spoken import owner_words
from cryptpad_tui.pad.writer import identity_signature
from cryptpad_tui.people.card import make_card
from cryptpad_tui.people.identity import Myself
from cryptpad_tui.people.login_keys import Credentials, SecretKey
from cryptpad_tui.people.safety import safety_number
from cryptpad_tui.vault.passwords import KdfCost

TOP = Path(__file__).parents[2]
PAGE = (TOP / "docs/protocol.md").read_text(encoding="utf-8")
BOUNDED = (
    "cryptpad_relay.protocol.chain",
    "cryptpad_relay.protocol.entry",
    "cryptpad_relay.protocol.owner_records",
    "cryptpad_relay.protocol.records",
    "cryptpad_tui.crypto.locked_links",
    "cryptpad_tui.crypto.relay_address",
    "cryptpad_tui.pad.payloads",
    "cryptpad_tui.pad.presence",
    "cryptpad_tui.pad.snapshots",
)
"""Modules that hold bounds of the protocol and of nothing else."""


def cells(heading: str) -> list[list[str]]:
    """The rows of the table under this heading, without its head; code marks are taken off."""
    section = PAGE.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in rows[1:]]


# -- what the code cites


def sources() -> Iterator[tuple[Path, str]]:
    for folder in ("cryptpad_tui", "relay", "tests", "docs"):
        for path in sorted((TOP / folder).rglob("*.[pm][yd]")):
            yield path, path.read_text(encoding="utf-8")


def test_every_place_of_the_protocol_that_is_cited_is_on_the_page() -> None:
    sections = {int(number) for number in re.findall(r"^## §(\d+) ", PAGE, re.MULTILINE)}
    assert sections == set(range(21))
    decisions = set(re.findall(r"\*\*Decision (\d+)\.\*\*", PAGE))
    guarantees = set(re.findall(r"\*\*(G\d) ", PAGE))
    lost = []
    for path, text in sources():
        cited = {int(number) for number in re.findall(r"§ ?(\d+)", text)} - sections
        lost += [f"{path.name}: §{number}" for number in cited]
        lost += [f"{path.name}: {n}" for n in set(re.findall(r"\b[Dd]ecision (\d+)", text)) - decisions]
        lost += [f"{path.name}: {n}" for n in set(re.findall(r"protocol (G\d)", text)) - guarantees]
    assert lost == []


def test_each_label_is_explained_somewhere_that_exists() -> None:
    wire = (TOP / "docs/wire.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", wire, re.MULTILINE)
    for label, _, _, _, where in cells("Labels"):
        if where.startswith("wire, "):
            assert any(heading.startswith(where[6:]) for heading in headings), label
            assert where == "wire, Frames" or label in wire, label
        elif where != "local":
            numbers = re.findall(r"§(\d+)", where)
            assert numbers, label
            for number in numbers:
                section = PAGE.split(f"\n## §{number} ", 1)[1].split("\n## ", 1)[0]
                assert f'"{label}"' in section, (label, number)


# -- numbers


def named(path: str) -> Any:
    module, rest = path, []
    while True:
        try:
            value = importlib.import_module(module)
        except ModuleNotFoundError:
            module, _, last = module.rpartition(".")
            rest.insert(0, last)
            continue
        for name in rest:
            value = getattr(value, name)
        return value


def test_every_number_of_the_page_is_the_constant_that_it_names() -> None:
    rows = cells("Numbers")
    assert len(rows) > 80
    for number, what, path in rows:
        assert named(path) == float(number.replace(",", "")), what


def test_no_bound_of_the_code_is_missing_on_the_page() -> None:
    shown = {path for *_, path in cells("Numbers")}
    for name in BOUNDED:
        module = importlib.import_module(name)
        text = Path(str(module.__file__)).read_text(encoding="utf-8")
        bounds = set(re.findall(r"^((?:MAX|MIN)_\w+)(?:: Final)? = ", text, re.MULTILINE))
        assert {f"{name}.{bound}" for bound in bounds} - shown == set()


def test_numbers_in_the_text_are_those_of_the_table() -> None:
    """A large number in prose is one that the table has, so that it cannot stay behind."""
    prose = PAGE.split("\n## Labels\n", 1)[0]
    table = {number for number, *_ in cells("Numbers")}
    allowed = {"1,024", "8,192", "260,000"}
    assert set(re.findall(r"\b\d{1,3}(?:,\d{3})+\b", prose)) - table <= allowed


# -- known answers

ROOT, PAD_ID, SEED = bytes(range(32)), bytes(range(32, 64)), bytes(range(64, 96))
EDIT = EditKeys.from_seed(edit_seed_of(ROOT, 0))


def zeros(size: int) -> bytes:
    return bytes(size)


def heads(count: int) -> list[bytes]:
    made = [chain.chain_start(PAD_ID)]
    for n in range(1, count + 1):
        made.append(chain.next_head(made[-1], made[n & (n - 1)], n, bytes(32)))
    return made


def an_entry(kind: entry.Kind, seq: int, prev: bytes, clear: bytes, plain: bytes) -> bytes:
    """By the writer of SEED, based on head_0, with a nonce of zeros."""
    padded = sealing.pad(plain)
    size = len(clear) + len(padded) + sealing.SEAL_OVERHEAD
    head = entry.header_bytes(kind, PAD_ID, 0, SigningSeed(SEED).public, seq, prev, 0, heads(0)[0], size)
    unsigned = head + clear + sealing.seal(EDIT.read_key, head + clear, padded, rng=zeros)
    return unsigned + sign_parts(SEED, "pad1/env", hash_parts(ENTRY, unsigned))


def hello() -> bytes:
    identity, writer_pk = keys.pseudonym_of(ROOT, PAD_ID), SigningSeed(SEED).public
    signature = identity_signature(identity, PAD_ID, 0, writer_pk)
    plain = Hello(identity.public, signature, True, bytes(32), bytes(3), "Anna").encode()
    return an_entry(entry.Kind.HELLO, 0, bytes(32), EDIT.writer_cert(PAD_ID, 0, writer_pk), plain)


def update() -> bytes:
    before = entry.parse_entry(hello()).entry_id
    return an_entry(entry.Kind.UPDATE, 1, before, b"", Update((b"\0\0",)).encode())


def link() -> str:
    made = Link(Role.EDIT, PAD_ID, 0, EDIT.edit_seed, 123, bytes(range(16)), bytes(16), "ws://a.example:80")
    return encode_link(made)


def card() -> str:
    return make_card(Myself(ROOT), address="ws://a.example:80", relay_fingerprint=bytes(16), name="Anna").text


def digest() -> bytes:
    text = "aé😀b"
    return content_digest(text, [(text, None)], {"comments": {}, "meta": {"title": "x"}})


def login() -> list[bytes]:
    """With the real hash at its floor."""
    secret = SecretKey(KdfCost(3, 26), bytes(range(16)))
    made = Credentials("Anna", "correct horse", secret).derive("wss://Pads.Example:443/")
    return [made.seed, made.wrap, login_id_of(made.auth.public)]


def safety() -> str:
    mine, theirs = (Myself(root) for root in (ROOT, SEED))
    both = [(each.ident.public, each.box.public) for each in (mine, theirs)]
    return safety_number(both[0], both[1])


GENESIS = keys.make_genesis(ROOT, PadKind.TEXT, rng=zeros)
LENGTHS = (1, 255, 256, 1_000, 5_000, 70_000)
ANSWERS: dict[str, Callable[[], object]] = {
    'H("pad1/chunk", "abc")': lambda: hash_parts("pad1/chunk", b"abc"),
    'H("pad1/link", "abc", n=4)': lambda: hash_parts("pad1/link", b"abc", size=4),
    'K(root, "pad1/view")': lambda: keyed_hash(ROOT, "pad1/view"),
    'Sig(Ed25519(seed), "pad1/env", 32 zeros)': lambda: sign_parts(SEED, "pad1/env", bytes(32)),
    'seal(32 zeros, "place", "text"), nonce of zeros': lambda: sealing.seal(
        bytes(32), b"place", b"text", rng=zeros
    ),
    "lengths of pad() for 1, 255, 256, 1,000, 5,000, 70,000 bytes": lambda: [
        str(len(sealing.pad(bytes(length)))) for length in LENGTHS
    ],
    "identity of account_root = root": lambda: keys.identity_of(ROOT).public,
    "pseudonym of it in pad_id": lambda: keys.pseudonym_of(ROOT, PAD_ID).public,
    "drive_root of it": lambda: keys.drive_root_of(ROOT),
    "owner_pk of owner_root = root": lambda: keys.owner_key(ROOT).public,
    "edit_seed[0]": lambda: edit_seed_of(ROOT, 0),
    "edit_seed[1], rec_salt = 00 01 … 0f": lambda: edit_seed_of(ROOT, 1, bytes(range(16))),
    "cap_pk": lambda: EDIT.cap.public,
    "view_seed": lambda: EDIT.view_seed,
    "read_key": lambda: EDIT.read_key,
    "pres_key": lambda: EDIT.presence_key,
    "meta_key": lambda: EDIT.meta_key,
    "fetch_pk": lambda: EDIT.fetch.public,
    "kcv of types 0 to 4, rules 1": lambda: [EDIT.key_check(kind, 1) for kind in range(5)],
    "GENESIS of type 0, relay_id, policy and salt zero": lambda: GENESIS.raw,
    "its pad id": lambda: GENESIS.pad_id,
    "words of that pad and its owner": lambda: list(owner_words(GENESIS.pad_id)),
    "edit link to pad_id, edit_seed[0], pin 123 at 00 01 … 0f, no fingerprint, ws://a.example:80": link,
    "writer_pk of seed": lambda: SigningSeed(SEED).public,
    "its client id in pad_id, decimal": lambda: str(keys.client_id_of(PAD_ID, SigningSeed(SEED).public)),
    "head_0 of pad_id": lambda: heads(0)[0],
    "head_1, head_2, head_3 of three ids of 32 zeros": lambda: heads(3)[1:],
    "entry_id of a HELLO by seed: base 0, nonce of zeros, that pseudonym, name Anna, rgb and supersedes "
    "zeros, pseudonym 1": lambda: entry.parse_entry(hello()).entry_id,
    "entry_id of an UPDATE after it: base 0, nonce of zeros, one update 0000": lambda: (
        entry.parse_entry(update()).entry_id
    ),
    "content digest of the text aé😀b without formats, meta title = x, comments empty": digest,
    "state digest of it, no clocks, writers or facts": lambda: state_digest(digest(), {}, b"", b""),
    "card of account_root = root at ws://a.example:80, no fingerprint, name Anna": card,
    "its mailbox id, and pass of generation 0": lambda: [Myself(ROOT).mailbox_id, Myself(ROOT).pass_(0)],
    "safety number of account_root = root and account_root = seed": safety,
    'login key\'s seed, wrap and block id of Anna, "correct horse", secret key 00 01 … 0f, 3 passes, 2^26 B, '
    "wss://Pads.Example:443/": login,
}


def shown(value: object) -> str:
    if isinstance(value, list):
        return " ".join(map(shown, value))
    return value.hex() if isinstance(value, bytes) else str(value)


def test_the_page_has_every_known_answer_and_no_other() -> None:
    assert [what for what, _ in cells("Test vectors")] == list(ANSWERS)


@pytest.mark.parametrize("what", ANSWERS)
def test_a_known_answer_of_the_page_is_what_the_code_computes(what: str) -> None:
    page = dict(cells("Test vectors"))
    assert page[what] == shown(ANSWERS[what]())
