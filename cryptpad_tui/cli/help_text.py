"""What `--help` prints: one screen of 80x24, an example for each verb that is used often."""

from __future__ import annotations

from typing import Final

from cryptpad_tui.cli.verb_table import VERBS

_EXAMPLE_CELLS: Final = 40
_HEAD: Final = "Usage: cryptpad-tui [VERB]    no VERB: the app    PAD: short id or unique title"
_TAIL: Final = (
    "Unlock: prompt, --passphrase-file FILE or $CRYPTPAD_TUI_PASSPHRASE_FILE (0600)",
    "Exit: 0 done, 1 refused, 2 usage, 4 locked, 5 no relay, 6 alarm, 130 interrupted",
)


def help_text() -> str:
    """The whole screen, without the last line end."""
    rows = [f"  {verb.example.ljust(_EXAMPLE_CELLS)} {verb.what}" for verb in VERBS if not verb.rare]
    more = ", ".join(verb.name for verb in VERBS if verb.rare)
    return "\n".join((_HEAD, *rows, f"  VERB --help says more; also: {more}", *_TAIL))
