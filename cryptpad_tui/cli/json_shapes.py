"""The objects that `--json` prints. docs/cli.md names every field; fields are only ever added."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cryptpad_tui.engine import AlarmView, LogLine, NoticeLine, PadListing
    from cryptpad_tui.engine.known_members import Known
    from cryptpad_tui.engine.lifetime import Lifetime
    from cryptpad_tui.engine.member_lines import Membership
    from cryptpad_tui.pad.proofs import ProofReport
    from cryptpad_tui.vault.search import Match

Json = dict[str, object]
NOBODY: Final[Mapping[bytes, Known]] = {}


def pad_object(pad: PadListing) -> Json:
    """A pad as `ls` shows it."""
    return {
        "id": pad.short_id,
        "title": pad.title,
        "kind": pad.kind.name.lower(),
        "folder": pad.folder,
        "right": str(pad.role),
        "changed": iso_time(pad.changed_ms),
        "size_bytes": pad.size_bytes,
        "sync": str(pad.sync.value),
        "waiting": pad.waiting,
        "pad_id": _base32(pad.pad_id),
        "path": pad.path,
        "tags": list(pad.tags),
        "template": pad.template,
    }


def members_object(membership: Membership, known: Mapping[bytes, Known] = NOBODY) -> Json:
    """What `members` shows."""
    changing = membership.changing
    return {
        "epoch": membership.epoch,
        "expires": iso_time(membership.expires_ms) if membership.expires_ms else None,
        "delete_after_unused_days": membership.idle_days,
        "unfinished": membership.unfinished,
        "changing": {"done": changing.done, "total": changing.total} if changing else None,
        "words": list(membership.words),
        "every_days": membership.every_days,
        "every_history": membership.every_history,
        "appears_by_card": membership.by_card,
        "members": [
            {
                "name": line.name,
                "right": line.role,
                "how": line.how,
                "key": line.ident_pk.hex(),
                "contact": known[line.ident_pk].name if line.ident_pk in known else None,
                "verified": line.ident_pk in known and known[line.ident_pk].verified,
            }
            for line in membership.lines
        ],
    }


def trash_object(pad: PadListing) -> Json:
    """A pad as `trash` shows it: the same, and when it was put there."""
    return {**pad_object(pad), "trashed": iso_time(pad.trashed_ms)}


def match_object(pad: PadListing, match: Match) -> Json:
    """A pad as `search` shows it: the same, and where the match is."""
    from cryptpad_tui.vault.search import CLOSE, OPEN

    pieces = match.snippet.split(OPEN)
    marked = [piece.split(CLOSE)[0] for piece in pieces[1:]]
    snippet = match.snippet.replace(OPEN, "").replace(CLOSE, "")
    return {**pad_object(pad), "line": match.line, "snippet": snippet, "matched": marked}


def folder_object(folder_id: str, name: str, path: str, *, shared: bool = False) -> Json:
    """A folder as `ls --tree` shows it."""
    return {"id": folder_id, "name": name, "path": path, "shared": shared}


def status_pad_object(pad: PadListing) -> Json:
    """A pad as `status` shows it: the same, and what is known of its log."""
    return {
        **pad_object(pad),
        "log_n": pad.log_n,
        "head": pad.head,
        "freshness": str(pad.freshness),
        "alarms": list(pad.alarms),
        "relay": pad.relay,
        "past_alarms": list(pad.past_alarms),
    }


def status_object(
    directory: Path,
    name: str | None,
    relay: str | None,
    pads: Sequence[PadListing],
    notices: Sequence[NoticeLine] = (),
    files: Json | None = None,
    lifetimes: Mapping[str, Lifetime] | None = None,
) -> Json:
    """The whole of `status`."""
    ends = lifetimes or {}
    of_pad: dict[str, list[Json]] = {}
    for line in notices:
        of_pad.setdefault(line.pad, []).append(
            {"code": line.code, "text": line.text, "time": iso_time(line.at_ms)}
        )
    return {
        "vault": {"path": str(directory), "name": name, "relay": relay},
        "relays": relay_objects(relay, pads),
        "pads": [
            {
                **status_pad_object(pad),
                "notices": of_pad.get(pad.pad_id.hex(), []),
                **_ends_object(ends.get(pad.pad_id.hex())),
            }
            for pad in pads
        ],
        "files": files or {},
    }


def _ends_object(life: Lifetime | None) -> Json:
    expires_ms = life.expires_ms if life else 0
    return {
        "expires": iso_time(expires_ms) if expires_ms else None,
        "delete_after_unused_days": life.idle_days if life else 0,
    }


def relay_objects(relay: str | None, pads: Sequence[PadListing]) -> list[Json]:
    """Every relay that a pad or the vault names, with what waits for it."""
    urls = dict.fromkeys([relay, *(pad.relay for pad in pads)])
    return [
        {
            "url": url,
            "pads": sum(pad.relay == url for pad in pads),
            "waiting": sum(pad.waiting for pad in pads if pad.relay == url),
        }
        for url in urls
        if url is not None
    ]


def log_object(line: LogLine) -> Json:
    """One entry of a pad's log."""
    return {
        "n": line.n,
        "position": line.n,
        "kind": line.kind,
        "author": line.author,
        "author_key": line.author_key,
        "verified": line.verified,
        "void": line.void,
        "bytes": line.size_bytes,
        "time": None if line.wall_ms is None else iso_time(line.wall_ms),
    }


def alarm_object(short_id: str, view: AlarmView) -> Json:
    """One alarm, for a person and a program."""
    return {
        "number": view.id,
        "id": short_id,
        "code": view.code,
        "state": view.state,
        "lasting": view.lasting,
        "sentence": view.sentence,
        "detail": view.detail,
        "safe": view.safe,
        "advice": view.advice,
        "caught": iso_time(view.at_ms),
        "ended": iso_time(view.ended_ms) if view.ended_ms else None,
        "pad_id": _base32(view.pad_id),
    }


def proof_object(report: ProofReport) -> Json:
    """What a proof file proves and reports."""
    return {
        "code": report.code.value,
        "proven_against": report.against.value or None,
        "pad_id": _base32(report.pad_id),
        "relay_key": report.relay_pk.hex(),
        "seen": iso_time(report.at_ms),
        "proven": list(report.proven),
        "reported": list(report.reported),
    }


def _base32(pad_id: bytes) -> str:
    return base64.b32encode(pad_id).decode("ascii").rstrip("=").lower()


def iso_time(unix_ms: int) -> str:
    """UTC, to the millisecond; a time that no calendar has becomes the nearest one that it has."""
    bounded = min(max(unix_ms, 0), 253_402_300_799_999)
    moment = datetime.fromtimestamp(bounded / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
