"""The recovery kit: what it says comes back from paper, mistakes are found by line, and it is one page."""

from __future__ import annotations

import re
import stat
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest
import segno
from cli.fakes import Inside, MakePerson
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptpad_tui.cli import vault_access
from cryptpad_tui.cli.kit_page import page_lines, svg_page
from cryptpad_tui.engine import Engine
from cryptpad_tui.engine.creating import drive_genesis
from cryptpad_tui.vault.errors import MistypedKit
from cryptpad_tui.vault.kit import Kit, kit_lines, kit_qr_text, parse_kit
from cryptpad_tui.vault.vault import Vault

ROOT = bytes(range(1, 33))
KIT = Kit(ROOT, "wss://pads.example", b"k" * 32)
FIRST = (
    "PADKIT1:040020G30G2GC1R81450P30D1R7H04ET289H858P2WC1J6GV3GEHW7S0DDNPPTYBDDNPPTVBDDNPPTVBDD"
    "NPPTVBDDNPPTVZDDNPPTVBDDNPPTRJEXSQ6EHF5XR62S4TECQ6AY31DNR6RSBFV8AWA00000000021"
)
kits = st.builds(
    Kit,
    st.binary(min_size=32, max_size=32),
    st.none() | st.just("ws://127.0.0.1:8000") | st.text("abc/:0", max_size=240).map("unix:/{}".format),
    st.just(b"") | st.binary(min_size=32, max_size=32).filter(any),
    st.just(b"") | st.binary(min_size=32, max_size=32),
)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(kits)
def test_a_kit_comes_back_from_its_lines_its_page_and_its_code(kit: Kit) -> None:
    page = "\n".join(page_lines(kit, name="Anna", day="2026-01-02", recovery_key="AAAA-" * 7 + "AAAA"))
    for text in ("\n".join(kit_lines(kit)), page, kit_qr_text(kit), page.lower().replace(" ", "  ")):
        assert parse_kit(text) == kit


def test_a_kit_of_the_first_version_is_read_by_every_later_one() -> None:
    assert parse_kit(FIRST) == KIT
    assert kit_qr_text(KIT) == FIRST


def test_a_mistake_is_named_by_its_line_and_never_repeated() -> None:
    lines = kit_lines(KIT)
    wrong = lines[2][:6] + ("A" if lines[2][6] != "A" else "B") + lines[2][7:]
    with pytest.raises(MistypedKit, match="line 3"):
        parse_kit("\n".join([*lines[:2], wrong, *lines[3:]]))
    other = kit_lines(Kit(bytes(32), "wss://pads.example", b"k" * 32))
    for text in (
        "",
        "\n".join(lines[:-1]),
        "\n".join(lines[1:]),
        "\n".join([lines[1], lines[0], *lines[2:]]),
        "\n".join([other[0], *lines[1:]]),
        kit_qr_text(KIT)[:-3],
        "1: " + "0000 " * 8,
        "x" * 20_000,
    ):
        with pytest.raises(MistypedKit) as caught:
            parse_kit(text)
        assert not any(line[4:13] in str(caught.value) for line in lines)


@pytest.mark.parametrize(
    "url", ["wss://a\x1b]0;x\x07/", "file:///etc", "wss://a b/", "wss://user:word@a/", "x"]
)
def test_what_a_page_of_somebody_else_names_is_a_relay_or_nothing(url: str) -> None:
    with pytest.raises(MistypedKit, match="no relay"):
        parse_kit("\n".join(kit_lines(Kit(ROOT, url, b"k" * 32))))


def test_a_page_of_nothing_is_read_in_linear_time() -> None:
    for text in ("\n" * 16_000, " " * 16_000, "1:" + " -" * 8_000, "1:\n" * 5_000):
        started = time.process_time()
        with pytest.raises(MistypedKit):
            parse_kit(text)
        assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    "url", ["ws://127.0.0.1:43017", "wss://localhost/", "ws://[::1]:1", "unix:/run/r", "local"]
)
def test_the_page_says_where_its_relay_is_lost_with_the_machine(url: str) -> None:
    lines = page_lines(Kit(ROOT, url, b"k" * 32), name="Anna", day="2026-01-02", recovery_key=None)
    assert "lost with it" in "\n".join(lines)
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    "url", [None, "wss://pads.example", "wss://127.0.0.1.example", "wss://localhost.example"]
)
def test_the_page_says_so_of_no_other_relay(url: str | None) -> None:
    lines = page_lines(Kit(ROOT, url, b""), name="Anna", day="2026-01-02", recovery_key=None)
    assert "lost with it" not in "\n".join(lines)


def test_the_page_is_one_page_whatever_the_name_and_the_address() -> None:
    kit = Kit(ROOT, "wss://" + "a" * 249, b"k" * 32, b"d" * 32)
    hostile = "<script>\x1b[2J&" + "x" * 300
    lines = page_lines(kit, name=hostile, day="2026-01-02", recovery_key="AAAA-" * 7 + "AAAA")
    assert len(lines) <= 60
    assert max(map(len, lines)) <= 100
    svg = svg_page(kit, name=hostile, day="2026-01-02", recovery_key=None)
    root = ElementTree.fromstring(svg)
    assert "script" not in {each.tag.rpartition("}")[2] for each in root.iter()}
    assert "\x1b" not in svg
    top = float(re.findall(r"translate\(42 (\d+)\)", svg)[0])
    assert top + 190 < 842
    assert segno.make_qr(kit_qr_text(kit), error="m").mode == "alphanumeric"


def test_an_account_comes_back_from_its_page_and_its_pads_from_a_backup(
    make_person: MakePerson, inside: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault_access, "MEET_S", 0.3)
    anna = make_person("kit-anna", "wss://pads.example")
    inside(anna, "new", "Plan", "--from", "-", stdin=b"text")
    assert inside(anna, "backup", str(tmp_path / "b")).code == 0
    made = inside(anna, "kit")
    assert made.code == 0
    assert inside(anna, "kit", "--svg", "--keep-recovery-key", "-o", str(tmp_path / "k.svg")).code == 0
    assert stat.S_IMODE((tmp_path / "k.svg").stat().st_mode) == 0o600
    assert inside(anna, "kit", "-o", str(tmp_path / "k.svg")).code == 1
    secret = Path(anna.environ["CRYPTPAD_TUI_PASSPHRASE_FILE"]).read_bytes().strip()
    key = next(line.strip() for line in made.text.splitlines() if re.match(r"^   \w{4}-\w{4}-", line))
    vault = Vault.open(anna.home, recovery_key=key)
    root = vault.account_root
    vault.close()

    monkeypatch.setenv("CRYPTPAD_TUI_HOME", str(tmp_path / "again"))
    person = type(anna)(tmp_path / "again", {**anna.environ, "CRYPTPAD_TUI_HOME": str(tmp_path / "again")})
    words = ("init", "--name", "Anna", "--from-kit", "--kdf-memory", "64")
    assert inside(person, *words, stdin=b"1: nothing").code == 4
    assert not (tmp_path / "again" / "vault.hdr").exists()
    assert inside(person, *words, stdin=made.out).code == 0
    vault = Vault.open(tmp_path / "again", passphrase=secret)
    assert vault.account_root == root
    assert vault.setting("relay_url") == "wss://pads.example"
    assert Engine(vault).drive_session.pad_id == drive_genesis(root).pad_id
    vault.close()
    assert inside(person, "restore", str(tmp_path / "b")).code == 0
    assert inside(person, "cat", "Plan").out == b"text"


def test_a_page_that_cannot_be_kept_ends_no_recovery_key(
    make_person: MakePerson, inside: Inside, tmp_path: Path
) -> None:
    anna = make_person("Anna-without-page")
    header = (anna.home / "vault.hdr").read_bytes()
    assert inside(anna, "kit", "-o", str(tmp_path / "nowhere" / "k.txt")).code == 1
    assert (anna.home / "vault.hdr").read_bytes() == header
    assert inside(anna, "kit", "-o", str(tmp_path / "k.txt")).code == 0
    assert (anna.home / "vault.hdr").read_bytes() != header
