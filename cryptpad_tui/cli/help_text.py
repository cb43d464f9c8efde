"""What `--help` prints: one screen of 80x24, an example for each verb that is used often."""

from __future__ import annotations

from typing import Final

from cryptpad_tui.cli.verb_table import VERBS

_EXAMPLE_CELLS: Final = 40
_WIDTH: Final = 80
_HEAD: Final = "Usage: cryptpad-tui [VERB [--help]]   no VERB: the app   PAD: short id or title"
_TAIL: Final = (
    "Unlock: prompt, --passphrase-file FILE or $CRYPTPAD_TUI_PASSPHRASE_FILE (0600)",
    "Exit: 0 done, 1 refused, 2 usage, 4 locked, 5 no relay, 6 alarm, 130 interrupted",
)


def help_text() -> str:
    """The whole screen, without the last line end."""
    rows = [f"  {verb.example.ljust(_EXAMPLE_CELLS)} {verb.what}" for verb in VERBS if not verb.rare]
    return "\n".join((_HEAD, *rows, *_others(), *_TAIL))


def _others() -> list[str]:
    """The names of the other verbs, on as many lines as they need."""
    lines, line = [], "  Also:"
    for verb in [verb.name for verb in VERBS if verb.rare]:
        if len(line) + 2 + len(verb) > _WIDTH:
            lines.append(line)
            line = " "
        line += f" {verb},"
    return [*lines, line.rstrip(",")]
