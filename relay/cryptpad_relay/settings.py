"""What an operator may set, typed: a flag beats the environment, the environment beats the file.

A name or value that is not known is an error with a sentence, never a silent default.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import platformdirs

from cryptpad_relay.limits import Limits, Rate

DEFAULT_LISTEN: Final = "127.0.0.1:8480"
DEFAULT_COMMIT_MS: Final = "17"
ENVIRONMENT: Final = "CRYPTPAD_RELAY_"
_ADDRESSES: Final = frozenset({"listen", "unix"})
_NAMES: Final = (*sorted(_ADDRESSES), "data", "commit_ms", "login")
_SWITCH: Final = {"on": True, "off": False}


class BadSetting(Exception):
    """A setting cannot be used as it stands. Nothing was started."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where to listen, where the data is, and how much to allow."""

    host: str
    port: int
    unix: Path | None
    data: Path
    commit_interval_s: float
    """At most one sync in this time: a longer one costs latency, a shorter one costs work."""
    limits: Limits


def load_settings(
    flags: Mapping[str, str | None], environment: Mapping[str, str], config: Path | None = None
) -> Settings:
    """The settings in force. The file is `config`, or relay.toml in the data directory where there is one."""
    from_flags = {name: value for name, value in flags.items() if value is not None}
    from_environment = {
        name: environment[ENVIRONMENT + name.upper()]
        for name in _NAMES
        if ENVIRONMENT + name.upper() in environment
    }
    values = _override(from_environment, from_flags)
    data = Path(values.get("data") or platformdirs.user_data_path("cryptpad-relay")).expanduser()
    in_file = _read_file(config or data / "relay.toml", required=config is not None)
    limits = _limits(in_file.pop("limits", {}))
    values = _override({name: str(value) for name, value in in_file.items()}, values)
    if not _login(values):
        limits = limits._replace(logins=0)
    unix = values.get("unix")
    host, port = _host_and_port(values.get("listen") or DEFAULT_LISTEN)
    return Settings(host, port, Path(unix) if unix else None, data, _commit_interval(values), limits)


def _override(values: dict[str, str], stronger: dict[str, str]) -> dict[str, str]:
    """One address in force: a stronger one replaces a weaker one of either kind."""
    if stronger.keys() & _ADDRESSES:
        values = {name: value for name, value in values.items() if name not in _ADDRESSES}
    return values | stronger


def _read_file(path: Path, *, required: bool) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text())
    except FileNotFoundError:
        if required:
            raise BadSetting(f"there is no file {path}") from None
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadSetting(f"{path} cannot be read: {error}") from error
    unknown = values.keys() - {*_NAMES, "limits"} | values.keys() & {"data"}
    if unknown:
        raise BadSetting(f"{path}: {', '.join(sorted(unknown))} cannot be set there")
    return values


def _host_and_port(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise BadSetting(f"listen must be HOST:PORT, not {text}")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _commit_interval(values: Mapping[str, str]) -> float:
    try:
        milliseconds = float(values.get("commit_ms", DEFAULT_COMMIT_MS))
    except ValueError:
        milliseconds = -1
    if not 0 <= milliseconds <= 1_000:
        raise BadSetting("commit_ms must be a number of milliseconds from 0 to 1000")
    return milliseconds / 1_000


def _login(values: Mapping[str, str]) -> bool:
    """Whether people may keep a login here; without it every machine comes by a code or a kit."""
    try:
        return _SWITCH[values.get("login", "on")]
    except KeyError:
        raise BadSetting('login must be "on" or "off"') from None


def _limits(table: object) -> Limits:
    if not isinstance(table, dict):
        raise BadSetting("limits must be a table")
    defaults = Limits()
    changed: dict[str, Any] = {}
    for name, value in table.items():
        default = getattr(defaults, name, None) if name in Limits._fields else None
        if isinstance(default, Rate):
            if not (isinstance(value, list) and len(value) == 2 and all(_positive(part) for part in value)):
                raise BadSetting(f"limits.{name} must be [burst, a second]")
            changed[name] = Rate(*value)
        elif default is None or not _positive(value):
            raise BadSetting(f"limits.{name} is no limit, or not a number above 0")
        else:
            changed[name] = type(default)(value)
    return defaults._replace(**changed)


def _positive(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0
