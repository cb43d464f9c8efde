"""Stylesheets parsed once a process, not once an app: they stay the same, and are most of an app's start."""

from __future__ import annotations

from typing import Any

from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet

_parsed: dict[object, list[RuleSet]] = {}
_parse = Stylesheet._parse_rules


def parse_once(sheet: Stylesheet, css: str, *given: Any, **named: Any) -> list[RuleSet]:
    """What the parser said of the same text with the same variables."""
    key = (css, given, tuple(sorted(named.items())), tuple(sorted(sheet._variables.items())))
    if key not in _parsed:
        _parsed[key] = _parse(sheet, css, *given, **named)
    return _parsed[key]


def keep() -> None:
    """From here on, in this process and its forks."""
    Stylesheet._parse_rules = parse_once  # type: ignore[method-assign]
