"""What a list of the drive shows: sections, order, filter and the tree, from values alone."""

from __future__ import annotations

import time

from ui.fake_engine import listing

from cryptpad_tui.drive.tree import Tree, folder_id_of
from cryptpad_tui.ui.drive.painting import painted
from cryptpad_tui.ui.drive.rows import Contents, FolderRow, PadRow, Row, Section, Sort, View, parsed
from cryptpad_tui.ui.drive.shelf import decoded, encoded
from cryptpad_tui.ui.widgets.parts import cells

WORK, NOTES = folder_id_of("Work"), folder_id_of("Work/Notes")
TREE = Tree([(WORK, "path", "Work"), (NOTES, "path", "Work/Notes")])
PADS = (
    listing("Beta", number=1, folder="Work", folder_id=WORK, size_bytes=30, tags=("Red",)),
    listing("alpha", number=2, size_bytes=20, template=True),
    listing("Gone", number=3, trashed_ms=7),
    listing("Deep", number=4, folder="Work/Notes", folder_id=NOTES, size_bytes=10, tags=("reddish", "x")),
)


def names(rows: list[Row]) -> list[str]:
    return [row.folder.name if isinstance(row, FolderRow) else row.pad.title for row in rows]


def shown(
    section: Section, needle: str = "", sort: Sort = Sort.CHANGED, opened: tuple[str, ...] = ()
) -> list[str]:
    return names(Contents(PADS, TREE, sort).rows(View(section, sort, frozenset(opened)), needle))


def test_each_section_shows_what_belongs_there() -> None:
    assert shown(Section.RECENT) == ["Deep", "alpha", "Beta"]
    assert shown(Section.ALL) == ["Work", "alpha"]
    assert shown(Section.ALL, opened=(WORK, NOTES)) == ["Work", "Notes", "Deep", "Beta", "alpha"]
    assert shown(Section.ALL, opened=(NOTES,)) == ["Work", "alpha"], "what is around it is closed"
    assert shown(Section.TEMPLATES) == ["alpha"]
    assert shown(Section.TRASH) == ["Gone"]


def test_orders_are_by_change_title_kind_and_size() -> None:
    assert shown(Section.RECENT, sort=Sort.TITLE) == ["alpha", "Beta", "Deep"]
    assert shown(Section.RECENT, sort=Sort.SIZE) == ["Beta", "alpha", "Deep"]


def test_a_filter_takes_words_paths_and_tags() -> None:
    assert parsed("#Red my  plan # #x") == (("red", "x"), "my plan #")
    assert shown(Section.RECENT, "#red") == ["Deep", "Beta"]
    assert shown(Section.RECENT, "#x dee") == ["Deep"]
    assert shown(Section.RECENT, "notes/") == ["Deep"]
    assert shown(Section.ALL, "o") == ["Notes", "Work"], "folders are found too, wherever they are"


def test_a_folder_says_how_many_pads_are_in_it_at_whatever_depth() -> None:
    (row, *_) = Contents(PADS, TREE).rows(View(Section.ALL), "")
    assert isinstance(row, FolderRow)
    assert row.pads == 2


def test_how_a_drive_was_looked_at_is_kept_and_nonsense_is_not_taken() -> None:
    view = View(Section.TRASH, Sort.SIZE, frozenset({WORK}))
    assert decoded(encoded(view)) == view
    assert decoded(None) is decoded("x") is decoded("ALL WRONG a b") is None


def test_hostile_titles_and_tags_are_painted_as_plain_characters() -> None:
    row = PadRow(listing("\x1b[31m\u202ea", number=1, tags=("\x07b",)), 60, "\x9bc")
    left, _ = painted(row, 80, marked=True, now_ms=0, sort=Sort.SIZE)
    assert not set("".join(text for text, _ in left)) & {"\x1b", "\u202e", "\x07", "\x9b"}
    assert cells(left[:1]) <= 24, "however deep it lies, its title stays on the screen"


def test_a_letter_in_the_filter_of_ten_thousand_pads_is_cheap() -> None:
    contents = Contents([listing(f"Pad {number}", number=number) for number in range(10_000)], TREE)
    contents.rows(View(), "pad")
    began = time.process_time()
    contents.rows(View(), "pad 7")
    assert time.process_time() - began < 0.25


def test_a_pad_with_something_to_tell_shows_it() -> None:
    rows = [
        PadRow(listing("Plan", number=number, has_news=news), 0, "")
        for number, news in ((1, True), (2, False))
    ]
    shown_news = [painted(row, 80, marked=False, now_ms=0, sort=Sort.CHANGED)[0] for row in rows]
    assert [any("news" in text for text, _ in left) for left in shown_news] == [True, False]
