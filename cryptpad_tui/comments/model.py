"""What a pad's map of comments says, as threads. Pure.

A thread is the key `<thread>/0`; its answers are `<thread>/<number>-<client>`, so that two people's answers
never meet; `<thread>/state` says whether it is done. Every value may come from somebody hostile: what is not
exactly of the expected shape is ignored, and names and texts are raw until they are shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from cryptpad_tui.crdt.clean import MAX_EXACT_INT, MAX_STRING_BYTES
from cryptpad_tui.crdt.values import Anchor

MAX_THREADS: Final = 2_000
MAX_ANSWERS: Final = 500
"""More than these are not shown: nobody reads them, and everybody pays for them."""
MAX_QUOTE_CHARS: Final = 200
MAX_NAME_CHARS: Final = 64
AROUND_CHARS: Final = 16
_THREAD: Final = r"[0-9a-f]{16}"
_ROOT: Final = re.compile(f"({_THREAD})/0").fullmatch
_ANSWER: Final = re.compile(f"({_THREAD})/([1-9][0-9]{{0,5}})-([0-9]{{1,16}})").fullmatch
STATE: Final = "state"

Value = dict[str, object]


class CommentTooLong(ValueError):
    """A comment can have 4,096 bytes, about two screens of text. Shorten it, or write it into the pad."""


@dataclass(frozen=True, slots=True)
class Remark:
    """What somebody wrote. `says` is the name that they gave: a label, whoever they are."""

    key: str
    text: str = field(repr=False)
    says: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Thread:
    """A remark on a piece of text, and the answers to it."""

    name: str
    root: Remark
    quote: str = field(repr=False)
    start: Anchor
    end: Anchor
    answers: tuple[Remark, ...] = ()
    done: bool = False
    around: tuple[str, str] = field(default=("", ""), repr=False)
    """A few characters before and after, to know the words by when they come back."""

    @property
    def remarks(self) -> tuple[Remark, ...]:
        return (self.root, *self.answers)


def root_key(thread: str) -> str:
    return f"{thread}/0"


def state_key(thread: str) -> str:
    return f"{thread}/{STATE}"


def answer_key(thread: str, number: int, client: int) -> str:
    return f"{thread}/{number}-{client}"


def remark_value(text: str, name: str, at_ms: int) -> Value:
    """What is stored of a remark; raises CommentTooLong."""
    if len(text.encode()) > MAX_STRING_BYTES:
        raise CommentTooLong
    return {"text": text, "name": name[:MAX_NAME_CHARS], "at": at_ms}


def root_value(remark: Value, quote: str, around: tuple[str, str], start: Anchor, end: Anchor) -> Value:
    """What is stored of a thread's first remark."""
    place = [[anchor.client, anchor.clock, anchor.assoc] for anchor in (start, end)]
    return {**remark, "quote": quote[:MAX_QUOTE_CHARS], "around": list(around), "place": place}


def threads_of(items: Mapping[str, object]) -> list[Thread]:
    """Every thread, the oldest first. Answers to a thread that is not here are not shown."""
    answers: dict[str, list[tuple[int, int, Remark]]] = {}
    roots: dict[str, Thread] = {}
    for key, value in items.items():
        if found := _ROOT(key):
            if thread := _thread(found[1], key, value):
                roots[thread.name] = thread
        elif (found := _ANSWER(key)) and (remark := _remark(key, value)):
            answers.setdefault(found[1], []).append((int(found[2]), int(found[3]), remark))
    oldest = sorted(roots.values(), key=lambda thread: (thread.root.at_ms, thread.name))[-MAX_THREADS:]
    return [_whole(thread, answers.get(thread.name, ()), items) for thread in oldest]


def next_number(thread: Thread) -> int:
    """A number behind every answer that is here, so that answers stand in the order of reading."""
    numbers = [int(found[2]) for answer in thread.answers if (found := _ANSWER(answer.key))]
    return min(max(numbers, default=0) + 1, 999_999)


def _whole(thread: Thread, answers: Iterable[tuple[int, int, Remark]], items: Mapping[str, object]) -> Thread:
    remarks = tuple(remark for _, _, remark in sorted(answers, key=lambda one: one[:2]))[:MAX_ANSWERS]
    state = items.get(state_key(thread.name))
    done = isinstance(state, dict) and state.get("done") is True
    return replace(thread, answers=remarks, done=done)


def _remark(key: str, value: object) -> Remark | None:
    if not isinstance(value, dict):
        return None
    text, name, at_ms = value.get("text"), value.get("name"), whole_number(value.get("at"))
    if not isinstance(text, str) or not isinstance(name, str) or at_ms is None:
        return None
    return Remark(key, text, name[:MAX_NAME_CHARS], max(0, at_ms))


def _thread(name: str, key: str, value: object) -> Thread | None:
    remark = _remark(key, value)
    if remark is None or not isinstance(value, dict):
        return None
    quote, place = value.get("quote"), value.get("place")
    if not isinstance(quote, str) or not isinstance(place, list) or len(place) != 2:
        return None
    start, end = (_anchor(one) for one in place)
    if start is None or end is None:
        return None
    return Thread(name, remark, quote[:MAX_QUOTE_CHARS], start, end, around=_around(value.get("around")))


def _around(value: object) -> tuple[str, str]:
    if not isinstance(value, list) or len(value) != 2:
        return "", ""
    before, after = value
    if not isinstance(before, str) or not isinstance(after, str):
        return "", ""
    return before[-AROUND_CHARS:], after[:AROUND_CHARS]


def _anchor(value: object) -> Anchor | None:
    if not isinstance(value, list) or len(value) != 3:
        return None
    client, clock, assoc = (whole_number(one) for one in value)
    if client is None or clock is None or assoc is None:
        return None
    return Anchor(client, clock, assoc)


def whole_number(value: object) -> int | None:
    """The engine gives numbers back with a fraction."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if value == value // 1 and abs(value) <= MAX_EXACT_INT else None
