"""Both sides change as they like, at the same time and in any order: they end alike, and no line is gone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.merge import merged_edits
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.mounting import plan
from cryptpad_tui.mounting.names import (
    MAX_DEPTH,
    conflict_name,
    file_name,
    folder_of,
    is_followed,
    title_of,
    wanted_paths,
)
from cryptpad_tui.mounting.plan import Agreed, File, Pad


def merged(base: str, edited: str, present: str) -> str:
    view = ViewDocument(client_id=1, kind=PadKind.TEXT)
    view.set_text(present)
    view.replace_all(merged_edits(base, edited, present))
    return view.text()


@dataclass
class World:
    """A drive folder and a folder on disk in memory, and what mount.py does with a plan."""

    pads: dict[str, tuple[str, str]] = field(default_factory=dict)
    """(title, text) by id."""
    files: dict[str, File] = field(default_factory=dict)
    agreed: dict[str, Agreed] = field(default_factory=dict)
    aside: dict[str, plan.Stamp] = field(default_factory=dict)
    trash: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    inode: int = 0
    made: int = 0

    def put(self, path: str, text: str | None, *, inode: int | None = None) -> None:
        self.inode += 1
        self.files[path] = File(
            (1, inode or self.inode, self.inode), text, "" if text is not None else "binary"
        )

    def shown(self) -> dict[str, Pad]:
        places = {pad: ("", title, pad) for pad, (title, _) in self.pads.items()}
        owned = {agreed.path for agreed in self.agreed.values()}
        left_out = [path for path, file in self.files.items() if file.text is None and path not in owned]
        held = {pad: agreed.path for pad, agreed in self.agreed.items()}
        paths = wanted_paths(places, held, left_out)
        return {pad: Pad(paths[pad], text) for pad, (_, text) in self.pads.items()}

    def settle(self) -> None:
        for _ in range(30):
            actions = plan.plan(self.agreed, self.files, self.shown(), self.aside)
            if not actions:
                return
            for action in actions:
                self.do(action)
        raise AssertionError(f"it never ends: {actions}")

    def do(self, action: plan.Action) -> None:
        match action:
            case plan.Write(pad, path, over):
                there = self.files.get(path)
                assert (there.stamp if there else None) == over, "it writes over what it did not see"
                self.put(path, self.pads[pad][1])
                self.agree(pad, path)
            case plan.Agree(pad, path):
                self.agree(pad, path)
            case plan.Merge(pad, path, base):
                title, text = self.pads[pad]
                edited = self.files[path].text or ""
                self.pads[pad] = title, merged(base, edited, text)
                self.agree(pad, path)
            case plan.SetAside(pad, path, _):
                if pad is not None:
                    del self.agreed[pad]
                beside = conflict_name(path, "x", self.files)
                self.move(path, beside)
                self.aside[beside] = self.files[beside].stamp
            case plan.Create(path):
                self.made += 1
                self.pads[f"made{self.made}"] = title_of(path), self.files[path].text or ""
                self.agree(f"made{self.made}", path)
            case plan.MovePad(pad, _, new):
                self.pads[pad] = title_of(new), self.pads[pad][1]
                self.agreed[pad] = replace(self.agreed[pad], path=new, stamp=self.files[new].stamp)
            case plan.MoveFile(pad, old, new):
                self.move(old, new)
                self.agreed[pad] = replace(self.agreed[pad], path=new, stamp=self.files[new].stamp)
            case plan.TrashPad(pad, _):
                self.trash.append(self.pads.pop(pad)[1])
                del self.agreed[pad]
            case plan.RemoveFile(pad, path):
                self.removed.append(self.files.pop(path).text or "")
                del self.agreed[pad]
            case plan.Forget(pad):
                del self.agreed[pad]

    def agree(self, pad: str, path: str) -> None:
        file = self.files[path]
        self.agreed[pad] = Agreed(path, file.text or "", file.stamp)

    def move(self, old: str, new: str) -> None:
        assert new not in self.files
        self.files[new] = self.files.pop(old)

    def lines(self) -> set[str]:
        """Every line that is anywhere: in pads, files and the trash."""
        texts = [text for _, text in self.pads.values()] + self.trash
        texts += [file.text or "" for file in self.files.values()]
        return {line for text in texts for line in text.split("\n")}

    def require_alike(self) -> None:
        paths = {pad: agreed.path for pad, agreed in self.agreed.items()}
        assert paths.keys() == self.pads.keys()
        for pad, path in paths.items():
            assert self.files[path].text == self.pads[pad][1]
        loose = self.files.keys() - set(paths.values())
        assert all(self.files[path].text is None or path in self.aside for path in loose)


names = st.sampled_from(["a", "b", "c.py", "plan"])
steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["file+", "pad+", "file!", "pad!", "both", "bin"]), names),
        st.tuples(st.sampled_from(["rm", "trash"]), names),
        st.tuples(st.sampled_from(["mv", "rename"]), names, names),
        st.tuples(st.just("settle")),
    ),
    max_size=14,
)


class Hands:
    """Two people: one at the drive, one at the disk. Every line that they write is like no other."""

    def __init__(self, world: World) -> None:
        self.world, self.count = world, 0
        self.written: set[str] = set()

    def line(self) -> str:
        self.count += 1
        self.written.add(f"line {self.count}")
        return f"line {self.count}"

    def pad_of(self, name: str) -> str | None:
        return next((pad for pad, (title, _) in self.world.pads.items() if title == name), None)

    def does(self, what: str, *args: str) -> None:
        world, path = self.world, file_name(args[0]) if args else ""
        pad, file = (self.pad_of(args[0]) if args else None), world.files.get(path)
        match what:
            case "settle":
                world.settle()
            case "file+" if file is None:
                self.replaced(path)
                world.put(path, self.line() + "\n")
            case "pad+":
                world.pads[f"p{self.count}{args[0]}"] = args[0], self.line() + "\n"
            case "file!" | "both" if file is not None and file.text is not None:
                world.put(path, f"{self.line()}\n{file.text}")
            case "bin" if file is not None and file.text is not None and pad in world.agreed:
                # What was only in the file is what the person wrote over.
                self.written -= set(file.text.split("\n")) - set(world.pads[pad or ""][1].split("\n"))
                world.put(path, None)
            case "rm" if file is not None:
                self.gone(file.text or "")
                del world.files[path]
            case "trash" if pad is not None:
                world.trash.append(world.pads.pop(pad)[1])
            case "mv" if file is not None and (new := file_name(args[1])) not in world.files:
                self.replaced(new)
                world.move(path, new)
            case "rename" if pad is not None:
                world.pads[pad] = args[1], world.pads[pad][1]
            case _:
                pass
        if what in ("pad!", "both") and pad is not None and pad in world.pads:
            title, text = world.pads[pad]
            world.pads[pad] = title, f"{text}{self.line()}\n"

    def replaced(self, path: str) -> None:
        """In the place of a file that was removed a moment ago, it is that one with another text."""
        texts = [agreed.text for agreed in self.world.agreed.values() if agreed.path == path]
        self.written -= {line for text in texts for line in text.split("\n")}

    def gone(self, text: str) -> None:
        """A person removed a file themselves, perhaps with lines that no pad had yet."""
        self.written -= set(text.split("\n")) - {
            line for _, other in self.world.pads.values() for line in other.split("\n")
        }


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps)
def test_both_sides_end_alike_and_no_line_is_lost(todo: list[tuple[str, ...]]) -> None:
    world = World()
    hands = Hands(world)
    for step in (("pad+", "a"), ("file+", "plan"), ("settle",), *todo):
        hands.does(*step)
    world.settle()
    world.require_alike()
    assert hands.written <= world.lines()
    before = dict(world.files)
    world.settle()
    assert world.files == before


def test_an_edit_wins_over_a_removal_on_either_side() -> None:
    world = World()
    world.pads["p"] = "plan", "one\n"
    world.settle()
    del world.files["plan.md"]
    world.pads["p"] = "plan", "one\ntwo\n"
    world.settle()
    assert world.files["plan.md"].text == "one\ntwo\n"
    world.put("plan.md", "one\ntwo\nthree\n")
    del world.pads["p"]
    world.settle()
    assert [text for _, text in world.pads.values()] == ["one\ntwo\nthree\n"]


def test_names_are_safe_and_each_is_used_once() -> None:
    hostile = [
        "../../etc/passwd",
        ".ssh",
        "a/b",
        "x\x1b]0;y\x07",
        "",
        "~",
        "a" * 900,
        "é" * 400,
        "notes.py",
        "con~",
    ]
    for title in hostile:
        name = file_name(title)
        assert "/" not in name
        assert not name.startswith(".")
        assert len(name.encode()) <= 255
        assert all(ord(char) >= 32 for char in name)
        assert name
    pads = {str(n): ("", title, f"id{n}") for n, title in enumerate(["Plan", "plan", "Plan"])}
    paths = wanted_paths(pads, {"2": "Plan.md"})
    assert paths["2"] == "Plan.md"
    assert len({path.casefold() for path in paths.values()}) == 3
    assert folder_of("a/b/c.md") == "a/b"
    assert folder_of("c.md") == ""
    assert title_of("a/c.md") == "c"


@given(st.text(min_size=1), st.text(min_size=1))
@example("# Heading", "2025")
@example("a#", "x~")
@example("~", "~")
@example("-rf", "x" * 196 + "~y")
@example("\u200b.bashrc\ufeff", "\u2060")
def test_what_is_written_is_seen_again(title: str, folder: str) -> None:
    """A file that no look finds would be one that somebody removed, and its pad would go into the trash."""
    *folders, name = wanted_paths({"p": (folder, title, "s")}, {})["p"].split("/")
    assert is_followed(name)
    assert all(is_followed(each, folder=True) for each in folders)
    assert not name.startswith("-")
    assert not any(each.startswith("-") for each in folders)
    assert not set("\u202a\u202e\u2066\u200b\u2060\ufeff") & set(name)


def test_nobody_takes_the_name_of_a_file_that_is_there_or_is_left() -> None:
    """Whoever may edit a pad may name it, also like another one would be called then."""
    held = {"b": "deploy.sh", "a": "x.md"}
    pads = {"a": ("", "Deploy.sh", "aa"), "b": ("", "deploy.sh", "bb"), "c": ("", "deploy (aa).sh", "cc")}
    paths = wanted_paths({**pads, "d": ("", "deploy (aa 2).sh", "dd")}, held)
    assert paths["b"] == "deploy.sh"
    assert len({path.casefold() for path in paths.values()}) == 4
    # Nor that of a folder, into which nothing could be written then.
    paths = wanted_paths({"a": ("", "site.d", "aa"), "b": ("Site.d", "b", "bb")}, {})
    assert paths == {"a": "site (aa).d", "b": "Site.d/b.md"}
    assert (
        wanted_paths({"a": ("", "site.d", "aa"), "b": ("site.d", "b", "bb")}, {"a": "site.d"})["a"]
        == "site.d"
    )


def test_a_file_lies_no_deeper_than_files_are_seen() -> None:
    path = wanted_paths({"p": ("/".join("f" * 200), "t", "p")}, {})["p"]
    assert path.count("/") == MAX_DEPTH


def test_a_title_never_takes_the_place_of_a_file_that_is_no_pads() -> None:
    world = World()
    world.put("report.pdf", None)
    world.pads["p"] = ("report.pdf", "by somebody else")
    world.settle()
    assert world.files["report.pdf"].text is None
    assert world.files["report (p).pdf"].text == "by somebody else"
