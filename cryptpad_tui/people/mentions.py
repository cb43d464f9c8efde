"""Who is named in a text: `@` and a name, as people write them. Pure.

A name counts where it is whole: `@Ann` is not in `@Annabel`, nor in an address of mail. Of names that begin
alike the longest counts.
"""

from __future__ import annotations

from collections.abc import Iterable

MAX_NAMED = 16
"""People told of one remark; nobody means more, and each costs a message."""


def named_in(text: str, names: Iterable[str]) -> list[str]:
    """Those of these names that the text names, in its order, each once."""
    longest = sorted({name for name in names if name.strip()}, key=len, reverse=True)
    folded, found = text.casefold(), list[str]()
    at = folded.find("@")
    while at >= 0 and len(found) < MAX_NAMED:
        if at == 0 or not _is_word(folded[at - 1]):
            name = next((each for each in longest if _stands(folded, at + 1, each.casefold())), None)
            if name is not None and name not in found:
                found.append(name)
        at = folded.find("@", at + 1)
    return found


def completed(before: str, names: Iterable[str]) -> str | None:
    """What comes behind the caret where a name is being written; None where none, or several, fit."""
    at = before.rfind("@")
    if at < 0 or (at > 0 and _is_word(before[at - 1])):
        return None
    begun = before[at + 1 :]
    fits = sorted({name for name in names if name.casefold().startswith(begun.casefold())})
    if not fits:
        return None
    shared = fits[0]
    for name in fits[1:]:
        while not name.casefold().startswith(shared.casefold()):
            shared = shared[:-1]
    rest = shared[len(begun) :]
    return f"{rest} " if len(fits) == 1 else rest or None


def _stands(text: str, at: int, name: str) -> bool:
    end = at + len(name)
    return text.startswith(name, at) and not (end < len(text) and _is_word(text[end]))


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"
