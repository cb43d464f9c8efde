"""Comments of a pad taken along into a copy of it: about the same words, in the same order.

What somebody else wrote becomes a quotation: nobody can sign for others, so it must not look as if they had
written in the copy. The chat stays where it was said, for its signatures are good there alone.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from cryptpad_tui.comments import model
from cryptpad_tui.comments.model import Remark, Thread, Value
from cryptpad_tui.crdt.clean import MAX_STRING_BYTES
from cryptpad_tui.crdt.kinds import COMMENTS_ROOT
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.engine.removal import cut

if TYPE_CHECKING:
    from cryptpad_tui.engine.session import PadSession

_START = Position(0, 0)


def take_along(source: PadSession, into: PadSession, own: Collection[bytes]) -> None:
    """Write the comments of one pad into a copy of its text; `own` are this person's keys in the source."""
    threads = source.comments.threads()
    if not threads:
        return
    writers = source.view.map_writers(COMMENTS_ROOT)
    # What is in no log yet is of this vault.
    everybody = source.replica.fold.everybody.values()
    others = {writer.client_id for writer in everybody if writer.ident_pk not in own}
    places = source.comments.places(threads)
    for thread in threads:
        place = places.get(thread.name)
        ends = (place.start, place.end) if place else (_START, _START)
        values = [_quoted(each, is_mine=writers.get(each.key) not in others) for each in thread.remarks]
        _write(into, thread, values, ends)


def _write(into: PadSession, thread: Thread, values: list[Value], ends: tuple[Position, Position]) -> None:
    view, name = into.view, thread.name
    start, end = view.anchor(ends[0], 0, exact=True), view.anchor(ends[1], -1, exact=True)
    root = model.root_value(values[0], thread.quote, thread.around, start, end)
    view.set_map(COMMENTS_ROOT, model.root_key(name), root)
    for number, value in enumerate(values[1:], 1):
        view.set_map(COMMENTS_ROOT, model.answer_key(name, number, view.client_id), value)
    if thread.done:
        into.comments.set_done(thread, True)


def _quoted(remark: Remark, *, is_mine: bool) -> Value:
    text = remark.text if is_mine else f"{remark.says or 'Somebody'} wrote: {remark.text}"
    return model.remark_value(cut(text, MAX_STRING_BYTES), remark.says, remark.at_ms)
