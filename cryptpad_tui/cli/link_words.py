"""What a link gives, in lines: before it is joined, and on its owner's list. Prints nothing itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from cryptpad_tui.cli.json_shapes import Json, iso_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptpad_tui.engine.link_book import BookLink
    from cryptpad_tui.engine.linking import LinkFacts

RIGHTS: Final = {"edit": "read and change it", "view": "read it", "owner": "everything"}


def facts_lines(facts: LinkFacts) -> list[str]:
    """One fact a line, for a person to compare with what they were told."""
    from cryptpad_tui.crdt.kinds import PadKind

    kinds = {PadKind.TEXT: "text", PadKind.RICHTEXT: "rich text", PadKind.FILE: "a file"}
    kinds[PadKind.FOLDER] = "a shared folder, with what is in it"
    lines = [
        f"kind   {kinds.get(facts.kind, 'of another kind')}",
        f"right  {RIGHTS[facts.role]}",
        f"words  {' '.join(facts.words)}",
        f"relay  {facts.relay}",
    ]
    if not facts.pinned:
        lines.append("       it does not name that relay's key: it believes the first that answers there")
    if facts.ends:
        lines.append(f"ends   {facts.ends}")
    if facts.is_here:
        lines.append("       you have this pad already")
    return lines


def facts_object(facts: LinkFacts) -> Json:
    """What `join --show --json` prints."""
    return {
        "kind": facts.kind.name.lower(),
        "right": facts.role,
        "words": list(facts.words),
        "relay": facts.relay,
        "relay_pinned": facts.pinned,
        "here": facts.is_here,
        "ends": facts.ends,
    }


def link_rows(links: Sequence[BookLink], epoch: int) -> list[tuple[str, ...]]:
    return [
        (
            link.name,
            link.role,
            "locked" if link.locked else "",
            datetime.fromtimestamp(link.made_ms / 1000, UTC).strftime("%Y-%m-%d"),
            "" if link.epoch == epoch else "ended",
            link.id,
        )
        for link in links
    ]


def link_objects(links: Sequence[BookLink], epoch: int) -> list[Json]:
    """What `share --list --json` prints."""
    return [
        {
            "id": link.id,
            "label": link.label,
            "right": link.role,
            "locked": link.locked,
            "made": iso_time(link.made_ms),
            "works": link.epoch == epoch,
        }
        for link in links
    ]
