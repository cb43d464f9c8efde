"""The words that screens use for times, states, people and errors. Pure; it paints nothing.

Whatever comes from a pad, a relay or another person becomes safe for a terminal here.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol.term_safe import term_safe, term_safe_name

if TYPE_CHECKING:
    from cryptpad_tui.engine import PadListing, Person

UNTITLED: Final = "Untitled"
_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 60 * _MINUTE_MS
_DAY_MS: Final = 24 * _HOUR_MS
_LONGEST_SENTENCE: Final = 600


def safe_title(title: str) -> str:
    """A title or name for one line; never empty."""
    return term_safe_name(title).strip() or UNTITLED


def safe_line(text: str) -> str:
    """A sentence from outside, on one line and not endless."""
    flat = " ".join(term_safe(text[:_LONGEST_SENTENCE]).split())
    return flat


def age(then_ms: int, now_ms: int) -> str:
    """How long ago, in few characters; it changes seldom, so that an idle list stays silent."""
    gone = now_ms - then_ms
    if then_ms <= 0:
        return ""
    if gone < _MINUTE_MS:
        return "just now"
    if gone < _HOUR_MS:
        return f"{gone // _MINUTE_MS} min"
    if gone < _DAY_MS:
        return f"{gone // _HOUR_MS} h"
    if gone < 7 * _DAY_MS:
        return f"{gone // _DAY_MS} d"
    return time.strftime("%Y-%m-%d", time.localtime(then_ms / 1000))


def kind_word(pad: PadListing) -> str:
    """What a pad is, for the list."""
    word = {0: "text", 1: "rich", 3: "file"}.get(int(pad.kind), "pad")
    return f"{word} (view)" if pad.role == "view" else word


def sync_word(pad: PadListing) -> str:
    """How far a pad's changes have come."""
    if str(pad.sync) == "alarm" or pad.alarms:
        return "ALARM"
    if str(pad.sync) == "waiting":
        return "waiting"
    return "saved here" if str(pad.sync) == "saved" else str(pad.sync)


def unsent(pads: Sequence[PadListing]) -> int:
    """In how many of these something waits for a relay; a pad without a relay waits for nobody."""
    return sum(str(pad.sync) == "waiting" for pad in pads)


def pads_count(count: int) -> str:
    return "1 pad" if count == 1 else f"{count} pads"


def person_name(person: Person, people: Sequence[Person]) -> str:
    """A name for the screen; two people with one name get four characters of their keys."""
    name = term_safe_name(person.name).strip() or "?"
    twins = [other for other in people if other.key != person.key]
    alike = any((term_safe_name(other.name).strip() or "?") == name for other in twins)
    return f"{name}·{term_safe_name(person.mark)}" if alike else name


def hex_colour(colour: tuple[int, int, int]) -> str:
    """A person's colour as Rich reads it."""
    return "#{:02x}{:02x}{:02x}".format(*(min(255, max(0, part)) for part in colour))


def sentence_of(error: BaseException) -> str:
    """What a person reads about an error: the docstring of its class, then what it names."""
    sentence = " ".join((type(error).__doc__ or "Something went wrong. Nothing was changed.").split())
    detail = getattr(error, "reason", "") or getattr(error, "detail", "") or str(error)
    detail = safe_line(str(detail))
    return f"{sentence} ({detail})" if detail and detail not in sentence else sentence


def passphrase_hint(passphrase: str) -> str:
    """A rough word on how hard a passphrase is to guess, for whoever has a copy of the disk."""
    if not passphrase:
        return "Four or more words that have nothing to do with each other are good."
    words = {word for word in passphrase.lower().split() if len(word) > 2}
    kinds = sum(
        any(test(char) for char in passphrase)
        for test in (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum())
    )
    bits = max(len(set(passphrase)) * (2.0 + 0.7 * kinds), 13.0 * len(words) if len(words) > 1 else 0.0)
    if bits < 36:
        return "Weak: a copy of your disk would be opened in hours. Add words."
    if bits < 52:
        return "Fair: one more word would make it strong."
    return "Strong."
