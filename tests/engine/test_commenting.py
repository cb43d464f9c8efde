"""Comments and authorship between two vaults: who wrote what is a signature, whatever a name says."""

from __future__ import annotations

from cryptpad_tui.comments.model import remark_value
from cryptpad_tui.crdt.kinds import COMMENTS_ROOT
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.engine import Engine, PadSession
from support.relay import RelayProcess
from support.sessions import MakeEngine, append, until


async def shared(anna: Engine, boris: Engine, text: str) -> tuple[PadSession, PadSession]:
    line = anna.create_pad("Minutes", text=text)
    await boris.join(await anna.make_link(line.pad_id, view=False))
    await anna.start()
    await boris.start()
    return anna.open_pad(line.pad_id), boris.open_pad(line.pad_id)


async def test_a_comment_arrives_with_a_verified_author_and_a_forged_name_is_seen(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    anna, boris = make_engine("Anna", relay_url=relay.url), make_engine("Boris")
    hers, his = await shared(anna, boris, "Hello.\n")
    name = hers.comments.comment(Position(0, 0), Position(0, 5), "too short?")
    await until(lambda: bool(his.comments.threads()))
    (thread,) = his.comments.threads()
    key = his.view.map_writers(COMMENTS_ROOT)[thread.root.key]
    author = his.authors.by_client()[key]
    assert (author.name, author.me) == ("Anna", False)
    mine = hers.authors.by_client()[hers.view.map_writers(COMMENTS_ROOT)[thread.root.key]]
    assert (mine.name, mine.me, mine.key) == ("Anna", True, author.key)
    # Boris writes an answer in Anna's name, over hers.
    his.view.set_map(
        COMMENTS_ROOT, f"{name}/0", {**his.view.map_value(COMMENTS_ROOT, f"{name}/0"), "text": "no"}
    )
    his.view.set_map(COMMENTS_ROOT, f"{name}/1-5", remark_value("I agree", "Anna", 1))
    await until(lambda: any(thread.answers for thread in hers.comments.threads()))
    (thread,) = hers.comments.threads()
    writers, authors = hers.view.map_writers(COMMENTS_ROOT), hers.authors.by_client()
    assert [remark.says for remark in thread.remarks] == ["Anna", "Anna"]
    assert [authors[writers[remark.key]].name for remark in thread.remarks] == ["Boris", "Boris"]


async def test_each_line_has_its_writers_also_after_they_left(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    anna, boris = make_engine("Anna", relay_url=relay.url), make_engine("Boris")
    hers, his = await shared(anna, boris, "Anna 漢.\n")
    append(his, "Boris 😀.\n")
    await until(lambda: "Boris" in hers.view.text())
    his.close()
    authors = hers.authors.by_client()
    runs = hers.view.written_between(Position(0, 0), hers.view.lines.end)
    assert runs is not None
    assert [(authors[run.client].name, authors[run.client].me) for run in runs] == [
        ("Anna", True), ("Boris", False)
    ]  # fmt: skip
    assert [hers.view.lines.text(run.start, run.end) for run in runs] == ["Anna 漢.\n", "Boris 😀.\n"]
