"""What may be typed or pasted: line ends become LF, control characters are left out, and a note says so.

It must never let through what a pad may not hold: C0 but TAB and LF, DEL, C1, lone surrogates.
"""

from __future__ import annotations

import re

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def cleaned(text: str) -> tuple[str, str]:
    """The text as a pad may hold it, and a sentence about what was changed ("" if nothing worth saying).

    A terminal sends a bare CR for every line end of a paste, so only CR LF is worth a note.
    """
    notes = []
    if text.startswith("\ufeff"):
        text = text[1:]
        notes.append("The byte-order mark was left out.")
    if "\r" in text:
        if "\r\n" in text:
            notes.append("Windows line ends were changed to LF.")
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text, count = _CONTROL.subn("", text)
    if count:
        what = "1 control character was" if count == 1 else f"{count} control characters were"
        notes.append(f"{what} left out.")
    return text, " ".join(notes)
