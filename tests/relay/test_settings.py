"""A flag beats the environment, the environment beats the file, and what is wrong is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from cryptpad_relay.limits import Rate
from cryptpad_relay.settings import BadSetting, load_settings

NO_FLAGS = {"listen": None, "unix": None, "data": None}


def test_the_defaults_listen_to_this_machine_alone(tmp_path: Path) -> None:
    settings = load_settings(NO_FLAGS, {"CRYPTPAD_RELAY_DATA": str(tmp_path)})
    assert (settings.host, settings.port, settings.unix) == ("127.0.0.1", 8480, None)


def test_a_flag_beats_the_environment_and_that_the_file(tmp_path: Path) -> None:
    (tmp_path / "relay.toml").write_text('listen = "[::1]:1"\ncommit_ms = 3\n')
    environment = {"CRYPTPAD_RELAY_DATA": str(tmp_path)}
    assert load_settings(NO_FLAGS, environment).host == "::1"
    assert load_settings(NO_FLAGS, environment).commit_interval_s == 0.003
    environment["CRYPTPAD_RELAY_LISTEN"] = "localhost:2"
    assert load_settings(NO_FLAGS, environment).port == 2
    assert load_settings({**NO_FLAGS, "listen": "localhost:3"}, environment).port == 3


def test_an_address_on_the_command_line_beats_any_other_kind_of_address(tmp_path: Path) -> None:
    environment = {"CRYPTPAD_RELAY_DATA": str(tmp_path), "CRYPTPAD_RELAY_UNIX": str(tmp_path / "s")}
    assert load_settings(NO_FLAGS, environment).unix == tmp_path / "s"
    assert load_settings({**NO_FLAGS, "listen": "localhost:3"}, environment).unix is None
    listening = {"CRYPTPAD_RELAY_DATA": str(tmp_path), "CRYPTPAD_RELAY_LISTEN": "localhost:3"}
    assert load_settings({**NO_FLAGS, "unix": "sock"}, listening).unix == Path("sock")


def test_logins_can_be_switched_off(tmp_path: Path) -> None:
    environment = {"CRYPTPAD_RELAY_DATA": str(tmp_path)}
    assert load_settings(NO_FLAGS, environment).limits.logins > 0
    assert load_settings({**NO_FLAGS, "login": "off"}, environment).limits.logins == 0
    (tmp_path / "relay.toml").write_text('login = "off"\n')
    assert load_settings(NO_FLAGS, environment).limits.logins == 0
    assert load_settings(NO_FLAGS, {**environment, "CRYPTPAD_RELAY_LOGIN": "on"}).limits.logins > 0
    with pytest.raises(BadSetting):
        load_settings({**NO_FLAGS, "login": "maybe"}, environment)


def test_limits_come_from_the_file(tmp_path: Path) -> None:
    config = tmp_path / "other.toml"
    config.write_text("[limits]\nconnections = 7\ncreates_per_address = [3, 0.5]\n")
    limits = load_settings({**NO_FLAGS, "data": str(tmp_path)}, {}, config).limits
    assert (limits.connections, limits.creates_per_address) == (7, Rate(3, 0.5))


@pytest.mark.parametrize(
    "text",
    [
        "not toml",
        "unknown = 1",
        'data = "elsewhere"',
        'listen = "nowhere"',
        'listen = "host:70000"',
        "commit_ms = -1",
        'commit_ms = "soon"',
        "limits = 3",
        "[limits]\nunknown = 3",
        "[limits]\nconnections = 0",
        "[limits]\nconnections = true",
        "[limits]\ncreates_per_address = 3",
        "[limits]\ncreates_per_address = [3, 0]",
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "relay.toml").write_text(text)
    with pytest.raises(BadSetting):
        load_settings({**NO_FLAGS, "data": str(tmp_path)}, {})


def test_a_file_that_was_asked_for_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(BadSetting):
        load_settings({**NO_FLAGS, "data": str(tmp_path)}, {}, tmp_path / "absent.toml")
