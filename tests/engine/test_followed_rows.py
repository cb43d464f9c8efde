"""What is followed of a folder's document is what the document says, whatever came and went."""

from __future__ import annotations

import base64
from random import Random

from people.rosters import HOUSE, PEOPLE, TEAM

from cryptpad_tui.crdt.kinds import ENTRIES_ROOT, PadKind
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.drive.shared_entries import contents_of
from cryptpad_tui.engine.folders.followed import Followed
from cryptpad_tui.engine.teams.rows import ASK, ROSTER, SAID, TeamRows
from cryptpad_tui.people.team_asks import Said

INNER = [f"{n:016x}" for n in range(4)]
ANSWERS = [Said(bytes([n]) * 16, True, PEOPLE["A"].public).signed(TEAM, PEOPLE["A"]) for n in range(3)]
VALUES: dict[str, list[object]] = {
    **{f"{each}/name": ["Plans", "Letters", ""] for each in INNER},
    **{f"{each}/in": [INNER[0], INNER[1], "", 7] for each in INNER},
    **{ROSTER + op.id.hex(): [base64.b64encode(op.raw).decode(), "AAAA"] for op in HOUSE},
    **{SAID + raw[37:53].hex(): [base64.b64encode(raw).decode(), "?", 7] for raw in ANSWERS},
    ROSTER + "00" * 32: [base64.b64encode(HOUSE[0].raw).decode()],
    ASK + "00" * 16: ["AAAA"],
    "else": ["x"],
}


def document(client_id: int) -> ViewDocument:
    return ViewDocument(client_id=client_id, kind=PadKind.FOLDER)


def test_what_is_followed_is_what_is_there() -> None:
    chance = Random(7)
    view, other = document(1), document(2)
    rows, fields = TeamRows(TEAM, view), Followed(view)
    seen = [0, 0, 0]
    for step in range(150):
        one, key = chance.choice((view, other)), chance.choice(list(VALUES))
        if chance.random() < 0.3:
            one.delete_map(ENTRIES_ROOT, key)
        else:
            one.set_map(ENTRIES_ROOT, key, chance.choice(VALUES[key]))
        for update in other.take_updates():
            view.apply(update)
        for update in view.take_updates():
            other.apply(update)
        if step % 50 == 20:
            view.reset(other.encode(), 3 + step)
        if chance.random() < 0.5:
            assert fields.contents(view) == contents_of(view.map_items(ENTRIES_ROOT))
            found, anew = rows.read(view), TeamRows(TEAM, view).read(view)
            assert found.junk == anew.junk
            assert [found.of(each) for each in (ROSTER, ASK, SAID)] == [
                anew.of(each) for each in (ROSTER, ASK, SAID)
            ]
            seen = [
                max(pair)
                for pair in zip(seen, map(len, (found.of(ROSTER), found.of(SAID), found.junk)), strict=True)
            ]
    assert all(seen), "of each kind there was something"
