"""Which characters, formats and values a pad may hold: the bounds for what we write.

Text is clean by construction: no C0 but TAB and LF, no DEL, no C1, no lone surrogate. The ranges are
fixed code points and never depend on a Unicode version, since validity is consensus.
"""

from __future__ import annotations

import math
import re

from cryptpad_tui.crdt.errors import UncleanText, UnfitValue
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Attributes

MAX_KEY_BYTES = 256
MAX_STRING_BYTES = 4_096
MAX_ANY_DEPTH = 8
MAX_ANY_BYTES = 64 * 1024
"""Our own bound on one map value, far inside the update bound, so that an honest value is never refused."""
MAX_FORMAT_BYTES = 1_024
MAX_EXACT_INT = (1 << 53) - 1

find_unclean = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]").search


def require_clean(text: str) -> None:
    """Refuse text that no pad may hold."""
    if find_unclean(text):
        raise UncleanText("a control character or half a character")


def require_formats(kind: PadKind, attributes: Attributes | None) -> None:
    """Refuse attributes outside the kind's closed vocabulary; None removes a mark."""
    for key, value in (attributes or {}).items():
        if key not in kind.format_keys:
            raise UnfitValue("a format that this kind of pad does not have")
        if isinstance(value, str):
            require_clean(value)
            # The engine writes JSON; quotes, backslashes and LF grow to two bytes.
            grown = len(value.encode()) + sum(map(value.count, '"\\\n\t')) + 2
            if grown > MAX_FORMAT_BYTES:
                raise UnfitValue("a format value over 1 KiB")
        elif isinstance(value, int | float):
            _require_number(value)
        elif value is not None:
            raise UnfitValue("a format value that is not plain")


def require_key(key: str) -> None:
    """Refuse a map key that no pad may hold."""
    require_clean(key)
    if not 0 < len(key.encode()) <= MAX_KEY_BYTES:
        raise UnfitValue("a key that is empty or over 256 bytes")


def require_any(value: object) -> None:
    """Refuse a map value that no pad may hold."""
    if _any_size(value, 0) > MAX_ANY_BYTES:
        raise UnfitValue("a value over 64 KiB")


def _any_size(value: object, depth: int) -> int:
    """About the bytes of `value` in an update, never fewer."""
    if depth > MAX_ANY_DEPTH:
        raise UnfitValue("a value nested too deep")
    if value is None or isinstance(value, bool):
        return 1
    if isinstance(value, str):
        require_clean(value)
        size = len(value.encode())
        if size > MAX_STRING_BYTES:
            raise UnfitValue("a string over 4,096 bytes")
        return size + 4
    if isinstance(value, int | float):
        _require_number(value)
        return 9
    if isinstance(value, bytes):
        return len(value) + 6
    if isinstance(value, list):
        return 6 + sum(_any_size(item, depth + 1) for item in value)
    if isinstance(value, dict):
        size = 6
        for key, item in value.items():
            if not isinstance(key, str):
                raise UnfitValue("an object key that is not text")
            require_key(key)
            size += 3 + len(key.encode()) + _any_size(item, depth + 1)
        return size
    raise UnfitValue("a value of a type that pads cannot hold")


def _require_number(value: int | float) -> None:
    if isinstance(value, bool):
        return
    if not math.isfinite(value):
        raise UnfitValue("a number that is not finite")
    if isinstance(value, int) and abs(value) > MAX_EXACT_INT:
        raise UnfitValue("a whole number over 53 bits")
