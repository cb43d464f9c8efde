"""What a person reads about how a pad stands: what was caught, what is safe, what to do. Pure.

Names and details come from outside: they become safe for a terminal here. It claims no more than is known.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from cryptpad_tui.ui import words

if TYPE_CHECKING:
    from cryptpad_tui.engine import PadStatus
    from cryptpad_tui.engine.alarms import AlarmView

Paragraph = tuple[str, str]
"""A text and how it looks: "heading", "alarm", "quiet" or ""."""

NOT_SAVED: Final = "NOT SAVED: "
_END_OF_CLAUSE: Final = re.compile(r"(?<=.)[.;] ")
_END_OF_SENTENCE: Final = re.compile(r"(?<=[.!?]) ")
NOTHING: Final = "Nothing was caught: all that came here checked out."
_SHOWN_PAST: Final = 5
_FOUND_OUT: Final = {"past": "nothing is wrong since", "dismissed": "you went on with it on"}


def moment(at_ms: int) -> str:
    """A day and a time of this machine."""
    return time.strftime("%d %b %Y, %H:%M", time.localtime(at_ms / 1000)).lstrip("0")


def sentence(text: str) -> str:
    """A phrase as a sentence: a capital letter, a full stop, safe for a terminal."""
    line = words.safe_line(text)
    end = "" if line.endswith((".", "!", "?", ")")) else "."
    return f"{line[:1].upper()}{line[1:]}{end}" if line else ""


def in_short(status: PadStatus) -> tuple[str, str]:
    """The status for one line of 80 cells beside the caret's place, and its role; F8 has all of it."""
    if status.text.startswith(NOT_SAVED):
        what = _END_OF_CLAUSE.split(status.text.removeprefix(NOT_SAVED), maxsplit=1)[0]
        return f"{NOT_SAVED}{words.safe_line(what)}", "alarm"
    if status.alarm is not None:
        return f"ALARM {words.safe_line(status.alarm.code)}: F8 says what to do", "alarm"
    return words.safe_line(status.text), "warning" if str(status.word) == "waiting" else "muted"


def banner(status: PadStatus) -> str:
    """What stands over the text while something is wrong; "" where nothing is."""
    if status.text.startswith(NOT_SAVED):
        return words.safe_line(status.text)
    if status.alarm is None:
        return ""
    safe = _END_OF_CLAUSE.split(words.safe_line(status.alarm.advice), maxsplit=1)[0]
    code = words.safe_line(status.alarm.code)
    return f"{code}: {sentence(status.alarm.sentence)} {sentence(safe)} F8 says what to do."


def of_alarm(view: AlarmView) -> list[Paragraph]:
    """One open alarm in full."""
    detail = words.safe_line(view.detail)
    what = sentence(f"{view.sentence} ({detail})" if detail else view.sentence)
    told = [
        (f"{words.safe_line(view.code)}, caught {moment(view.at_ms)}", "alarm"),
        (what, ""),
        (f"Safe: {words.safe_line(view.safe)}.", ""),
    ]
    if view.lasting:
        told.append(("Until you go on, this pad can be read, takes no edits and sends nothing.", ""))
    return [*told, (f"What to do: {_without_commands(view.advice)}", "")]


def _without_commands(advice: str) -> str:
    """The advice without what the answers below it do: here nobody needs to type a command."""
    parts = _END_OF_SENTENCE.split(words.safe_line(advice))
    return " ".join(part for part in parts if "`cryptpad-tui" not in part)


def of_past(view: AlarmView) -> Paragraph:
    """An alarm that is over, in one quiet line."""
    since = f"; {_FOUND_OUT.get(view.state, '')} {moment(view.ended_ms)}" if view.ended_ms else ""
    what = words.safe_line(view.sentence)
    return f"Was caught {moment(view.at_ms)}: {what} ({words.safe_line(view.code)}){since}.", "quiet"


def of_alarms(views: Sequence[AlarmView]) -> list[Paragraph]:
    """All alarms of a pad: open ones in full, then what is past."""
    told = [part for view in views if view.state == "open" for part in of_alarm(view)]
    past = [view for view in views if view.state != "open"]
    told += [of_past(view) for view in past[:_SHOWN_PAST]]
    if len(past) > _SHOWN_PAST:
        told.append((f"And {len(past) - _SHOWN_PAST} more before that: `cryptpad-tui alarms`.", "quiet"))
    return told


def of_status(status: PadStatus, *, problem: str, start: str) -> list[Paragraph]:
    """Where the newest text is, who says so, and from where this machine read it."""
    told = [(sentence(status.text), "")] if status.alarm is None else []
    if str(status.word) == "confirmed":
        told.append(
            ("Confirmed: that person's program answered a question of this one and knew nothing newer.", "")
        )
    elif status.connected and str(status.word) == "synced" and str(status.freshness.freshness) == "relay":
        told.append(
            ("Nobody else has confirmed that this is the newest text: a relay can hold text back.", "")
        )
    if problem:
        told.append((sentence(problem), ""))
    if start:
        told.append((sentence(f"this pad {start}"), ""))
    return told
