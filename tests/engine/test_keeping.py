"""Folders, marks and the trash of a real vault: durable, seen by other windows, never more than asked."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from cryptpad_tui.crdt.kinds import ENTRIES_ROOT
from cryptpad_tui.crypto.keys import Role
from cryptpad_tui.crypto.links import NO_RELAY, Link, encode_link
from cryptpad_tui.drive.errors import BadFolderName, BadTag, NoFolder, SeveralFolders
from cryptpad_tui.drive.mirror import KEPT
from cryptpad_tui.drive.tree import TOP
from cryptpad_tui.engine import AmbiguousTitle, Engine, PadListing, UnknownPad, keeping
from cryptpad_tui.engine.errors import EngineError
from cryptpad_tui.engine.files.copying import duplicate
from cryptpad_tui.engine.listing import find, full_id, tree_of
from cryptpad_tui.engine.syncing import pads_to_send
from cryptpad_tui.vault.errors import DiskFull
from cryptpad_tui.vault.vault import Vault
from support.sessions import MakeEngine


def folders(engine: Engine) -> dict[str, str]:
    return {line.title: line.folder for line in engine.listing()}


async def test_a_list_opens_no_document(make_engine: MakeEngine) -> None:
    anna = make_engine("Anna")
    pad = anna.create_pad("Plan", folder="Work/Notes")
    keeping.tag(anna, pad.pad_id, ["red"])
    window = make_engine("Anna")
    (line,) = window.listing()
    assert (line.path, line.tags) == ("Work/Notes/Plan", ("red",))
    assert list(window.open_pads) == []


async def test_what_one_window_moves_another_sees(make_engine: MakeEngine) -> None:
    anna, window = make_engine("Anna"), make_engine("Anna")
    pad = anna.create_pad("Plan")
    work = keeping.make_folder(window, "Work")
    keeping.move_pad(window, pad.pad_id, work)
    keeping.rename_folder(anna, keeping.folder_at(anna, "Work"), "Job")
    assert folders(anna) == folders(window) == {"Plan": "Job"}
    assert window.find("/Job/Plan").pad_id == pad.pad_id


async def test_a_pad_is_named_by_its_path_where_its_title_is_not_enough(make_engine: MakeEngine) -> None:
    anna = make_engine("Anna")
    one, two = anna.create_pad("Plan", folder="One"), anna.create_pad("Plan")
    assert anna.find("One/Plan").pad_id == one.pad_id
    assert anna.find("/Plan").pad_id == two.pad_id
    with pytest.raises(AmbiguousTitle):
        anna.find("Plan")
    with pytest.raises(UnknownPad):
        anna.find("Two/Plan")


async def test_one_pad_is_found_and_made_without_reading_the_others(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = make_engine("Anna")
    for title in ("Plan", "Plan", "a/b", "", "Lost"):
        pad = anna.create_pad(title, folder="Work/Notes" if title == "Plan" else "")
    anna.trash(pad.pad_id)
    lines = anna.listing()
    wanted = [each for line in lines for each in (line.short_id, full_id(line.pad_id), line.title, line.path)]
    wanted += ["/Work/Notes/Plan", "Notes/Plan", "b", "Lost", pad.short_id, "x" * 9, "/" * 40_000, ""]

    def met(look: Callable[[], PadListing]) -> object:
        try:
            return look()
        except EngineError as error:
            return type(error)

    expected = [met(partial(find, lines, each)) for each in wanted]
    monkeypatch.setattr(Vault, "pads", None)
    monkeypatch.setattr(Vault, "log_ends", None)
    assert [met(partial(anna.find, each)) for each in wanted] == expected
    assert [anna.listing_of(line.pad_id) for line in lines] == lines
    made = anna.create_pad("One more", text="x", folder="Work")
    assert (await duplicate(anna, made.pad_id, "Two more")).pad.path == "Work/Two more"


async def test_the_trash_keeps_a_pad_until_it_is_emptied(make_engine: MakeEngine) -> None:
    anna = make_engine("Anna")
    kept, pad = anna.create_pad("kept"), anna.create_pad("pad", text="text", folder="Work")
    anna.trash(pad.pad_id)
    assert folders(anna) == {"kept": ""}
    with pytest.raises(UnknownPad):
        anna.find("pad")
    assert [line.title for line in keeping.trashed(anna)] == ["pad"]
    keeping.restore(anna, pad.pad_id)
    assert folders(anna) == {"kept": "", "pad": "Work"}
    anna.trash(pad.pad_id)
    assert keeping.empty_trash(anna) == 1
    assert anna.vault.pad(pad.pad_id) is None
    assert [entry.record.pad_id for entry in anna.drive.entries()] == [kept.pad_id]


async def test_a_folder_goes_into_the_trash_with_all_in_it_and_comes_back(make_engine: MakeEngine) -> None:
    anna = make_engine("Anna")
    pad = anna.create_pad("pad", folder="Work/Notes")
    anna.create_pad("other", folder="Work")
    work = keeping.folder_at(anna, "Work")
    keeping.trash_folder(anna, work)
    assert folders(anna) == {}
    with pytest.raises(NoFolder):
        keeping.folder_at(anna, "Work")
    keeping.restore(anna, pad.pad_id)
    assert folders(anna) == {"pad": ""}
    assert [each.name for each in keeping.trashed_folders(anna)] == ["Work"]
    keeping.restore_folder(anna, work)
    assert folders(anna) == {"pad": "", "other": "Work"}
    keeping.trash_folder(anna, work)
    assert keeping.empty_trash(anna) == 1
    assert keeping.trashed_folders(anna) == []
    assert tree_of(anna).folders == {}


async def test_a_drive_of_an_earlier_version_is_read_once_and_shown(make_engine: MakeEngine) -> None:
    anna = make_engine("Anna")
    pad = anna.create_pad("pad")
    anna.drive_session.view.set_map(ENTRIES_ROOT, f"{pad.pad_id.hex()}/folder", "Work/Notes")
    anna.drive_session.view.delete_map(ENTRIES_ROOT, f"{pad.pad_id.hex()}/in")
    anna.drive_session.flush()
    anna.vault.put_drive_fields(dict.fromkeys([row[:2] for row in anna.vault.drive_fields()]))
    anna.vault.set_setting(KEPT, None)
    window = make_engine("Anna")
    assert folders(window) == {"pad": "Work/Notes"}
    assert window.vault.setting(KEPT) == "1"
    assert folders(make_engine("Anna")) == {"pad": "Work/Notes"}


async def test_a_full_disk_leaves_table_and_document_agreeing(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = make_engine("Anna")
    pad = anna.create_pad("pad")
    with monkeypatch.context() as full:

        def no_room(*_: object) -> None:
            raise DiskFull

        full.setattr(type(anna.drive_session), "save_listing", no_room)
        with pytest.raises(DiskFull):
            keeping.tag(anna, pad.pad_id, ["red"])
    assert anna.listing()[0].tags == ()
    keeping.tag(anna, pad.pad_id, ["blue"])
    assert anna.listing()[0].tags == ("blue", "red")


async def test_a_copy_has_the_text_and_the_folder_and_is_ones_own(make_engine: MakeEngine) -> None:
    anna = make_engine("Anna")
    pad = anna.create_pad("Plan", text="one\ntwo\n", folder="Work")
    copy = (await duplicate(anna, pad.pad_id, "Plan again")).pad
    assert (copy.path, copy.role, copy.size_bytes) == ("Work/Plan again", "owner", 8)
    with anna.borrowed(copy.pad_id) as session:
        assert session.view.text() == "one\ntwo\n"


async def test_words_that_no_folder_or_tag_can_have(make_engine: MakeEngine) -> None:
    anna = make_engine("Anna")
    pad = anna.create_pad("pad")
    for name in ("", "/", "a\tb", "x" * 201, "\x1b[2J"):
        with pytest.raises(BadFolderName):
            keeping.make_folder(anna, name)
    for tag in ("", "two words", " a", "a\x07", "x" * 65):
        with pytest.raises(BadTag):
            keeping.tag(anna, pad.pad_id, [tag])
    keeping.tag(anna, pad.pad_id, ["Red"])
    keeping.tag(anna, pad.pad_id, ["red"], ["none"])
    assert anna.listing()[0].tags == ("Red",)
    keeping.tag(anna, pad.pad_id, [], ["RED"])
    assert anna.listing()[0].tags == ()


async def test_two_folders_of_one_path_are_not_guessed_between(make_engine: MakeEngine) -> None:
    anna = make_engine("Anna")
    keeping.make_folder(anna, "One")
    keeping.rename_folder(anna, keeping.make_folder(anna, "Two"), "One")
    with pytest.raises(SeveralFolders):
        keeping.folder_at(anna, "One")
    assert keeping.folder_at(anna, "/") == TOP


async def test_joining_again_takes_a_pad_out_of_the_trash(make_engine: MakeEngine) -> None:
    anna = make_engine("Anna")
    pad = anna.create_pad("Plan", folder="Work")
    anna.trash(pad.pad_id)
    link = Link(Role.VIEW, pad.pad_id, 0, bytes(32), 0, bytes(16), NO_RELAY, "wss://pads.example")
    assert (await anna.join(encode_link(link))).path == "Work/Plan"


async def test_what_is_in_the_trash_is_not_kept_in_step(make_engine: MakeEngine) -> None:
    anna = make_engine("Anna", relay_url="ws://127.0.0.1:9")
    kept, pad = anna.create_pad("kept"), anna.create_pad("pad")
    shared = anna.create_pad("shared")
    with anna.borrowed(shared.pad_id) as session:
        session.update_record(uploaded=True)
    anna.trash(pad.pad_id)
    anna.trash(shared.pad_id)
    assert set(pads_to_send(anna)) == {kept.pad_id, shared.pad_id}, "others wait for what is shared"
