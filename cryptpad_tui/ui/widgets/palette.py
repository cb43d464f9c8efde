"""How the editor's styles look in a theme: names of spans in, Rich styles out.

A theme of true colours and one of the terminal's own sixteen are both served. It never invents a colour where
NO_COLOR asks for none: every style also carries an attribute, so that nothing is told by colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rich.color import Color, ColorParseError
from rich.color_triplet import ColorTriplet
from rich.style import Style

PEER_COLOURS: Final = ("#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d19a66", "#be5046")
"""Colours that can be told apart on a dark and on a light background, for people."""
PEER_COLOURS_ANSI: Final = ("red", "green", "yellow", "blue", "magenta", "cyan", "bright_red", "bright_blue")

_LEAST_CONTRAST: Final = 1.8
_MIDDLE: Final = 0.18
"""As far from black as from white, to the eye."""

_ROLES: Final[Mapping[str, tuple[str, str]]] = {
    "heading.1": ("primary", "bold underline"),
    "heading.2": ("primary", "bold"),
    "heading.3": ("secondary", "bold italic"),
    "heading.4": ("secondary", "underline"),
    "heading.5": ("secondary", "italic"),
    "heading.6": ("secondary", "dim italic"),
    "heading.mark": ("muted", "bold"),
    "strong": ("", "bold"),
    "emphasis": ("", "italic"),
    "strike": ("muted", "strike"),
    "underline": ("", "underline"),
    "script.sup": ("secondary", "italic"),
    "script.sub": ("secondary", "dim"),
    "code": ("success", ""),
    "code.block": ("success", ""),
    "code.lang": ("", ""),
    "code.keyword": ("primary", "bold"),
    "code.string": ("success", ""),
    "code.comment": ("muted", "italic"),
    "code.number": ("warning", ""),
    "code.constant": ("warning", ""),
    "code.function": ("secondary", ""),
    "code.type": ("secondary", "bold"),
    "code.property": ("secondary", ""),
    "code.tag": ("primary", "bold"),
    "quote": ("muted", "italic"),
    "quote.mark": ("secondary", "bold"),
    "list.mark": ("secondary", "bold"),
    "task.open": ("warning", "bold"),
    "task.done": ("success", "dim"),
    "task.text": ("muted", "strike"),
    "link.text": ("primary", "underline"),
    "link.url": ("muted", "underline"),
    "link.mark": ("muted", ""),
    "image": ("secondary", "underline"),
    "mark": ("muted", ""),
    "escape": ("muted", ""),
    "html": ("muted", ""),
    "comment": ("muted", "italic"),
    "table.mark": ("muted", ""),
    "table.header": ("", "bold"),
    "rule": ("muted", ""),
    "front": ("muted", ""),
    "front.key": ("secondary", ""),
    "footnote": ("secondary", ""),
    "control": ("error", "reverse"),
    "remark": ("warning", "bold underline"),
    "gutter": ("muted", ""),
    "scrollbar": ("muted", ""),
}
_ANSI: Final = {
    "primary": "blue",
    "secondary": "cyan",
    "warning": "yellow",
    "error": "red",
    "success": "green",
    "muted": "bright_black",
}


class Palette:
    """The styles of one theme on one background."""

    def __init__(
        self,
        variables: Mapping[str, str],
        *,
        base: Style,
        ansi: bool,
        dark: bool = True,
        colours: bool = True,
    ) -> None:
        """`colours` False, for NO_COLOR: what a background alone says is said by reversed text."""
        self._base = base
        self._ansi = ansi
        self._colours = colours
        self._ground = Style() if ansi else Style(bgcolor="#20242b" if dark else "#eef1f4")
        self._roles = _ANSI if ansi else _theme_roles(variables, dark=dark)
        self._selection = Style(reverse=True) if ansi else Style(bgcolor="#264f78" if dark else "#add6ff")
        self._find = (
            Style(color="black", bgcolor="yellow", underline=True)
            if ansi
            else Style(bgcolor="#6b5a1e" if dark else "#ffe28a")
        )
        self._composed: dict[tuple[str, ...], Style] = {}

    @property
    def base(self) -> Style:
        """The style of plain text."""
        return self._base

    def style(self, names: tuple[str, ...]) -> Style:
        """The named styles laid over one another, the last on top."""
        composed = self._composed.get(names)
        if composed is None:
            composed = self._base
            has_ground = any(name.startswith("bg.") for name in names)
            for name in names:
                if name.startswith("fg."):
                    composed += self._chosen(name[3:], on_theme=not has_ground)
                else:
                    composed += self._one(name)
            self._composed[names] = composed
        return composed

    def _one(self, name: str) -> Style:
        if name == "selection":
            return self._selection
        if name == "find":
            return self._find
        if name.startswith("peer."):
            return self._peer(name)
        if name == "code.ground":
            return self._ground
        if name.startswith("bg."):
            return self._chosen_ground(name[3:])
        if name == "code" and not self._colours:
            return Style(dim=True)
        while name not in _ROLES and "." in name:
            name = name.rpartition(".")[0]
        role, attributes = _ROLES.get(name, ("", ""))
        return Style.parse(" ".join(part for part in (attributes, self._roles.get(role, "")) if part))

    def _chosen(self, colour: str, *, on_theme: bool) -> Style:
        """A colour that somebody gave to text; what is no colour, or could not be read here, is none."""
        parsed = _parsed(colour)
        if parsed is None:
            return Style()
        shown = parsed.get_truecolor()
        if on_theme and self._ansi:
            # Nobody knows the terminal's own background: black or white text may be invisible on it.
            light = _luminance(shown)
            return Style.from_color(parsed) if 0.05 < light < 0.8 else Style()
        ground = self._base.bgcolor
        if on_theme and ground is not None and _contrast(shown, ground.get_truecolor()) < _LEAST_CONTRAST:
            return Style()
        return Style.from_color(parsed)

    def _chosen_ground(self, colour: str) -> Style:
        """A colour that somebody gave to the background, under text that can be read on it."""
        parsed = _parsed(colour)
        if parsed is None:
            return Style()
        if not self._colours:
            return Style(reverse=True)
        letters = Color.parse("black" if _luminance(parsed.get_truecolor()) > _MIDDLE else "white")
        return Style.from_color(letters, parsed)

    def _peer(self, name: str) -> Style:
        """A person's colour: `peer.COLOUR` is what they selected, `:caret` and `:flag` where they are."""
        colour, _, kind = name.removeprefix("peer.").partition(":")
        try:
            colour = Color.parse(colour).name
        except ColorParseError:
            colour = PEER_COLOURS_ANSI[0]
        if kind:
            return Style(color="black", bgcolor=colour, bold=kind == "flag", reverse=False, underline=False)
        return Style(color=colour, underline=True)


def _parsed(colour: str) -> Color | None:
    try:
        return Color.parse(Color.parse(colour).name)
    except ColorParseError:
        return None


def _luminance(colour: ColorTriplet) -> float:
    """How light a colour is to the eye, from 0 to 1."""
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def _contrast(one: ColorTriplet, other: ColorTriplet) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _theme_roles(variables: Mapping[str, str], *, dark: bool) -> dict[str, str]:
    fallback = {"muted": "#8b949e" if dark else "#57606a", "primary": "#61afef" if dark else "#0550ae"}
    roles = dict(fallback)
    for role, variable in (
        ("primary", "text-primary"),
        ("secondary", "text-secondary"),
        ("warning", "text-warning"),
        ("error", "text-error"),
        ("success", "text-success"),
    ):
        value = variables.get(variable, "")
        if value.startswith("#") and len(value) in (7, 9):
            roles[role] = value[:7]
    return roles
