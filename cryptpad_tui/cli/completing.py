"""What a shell offers: verbs and options from the parser, pads and folders from the vault.

The vault is asked only where `unlock` left its key with the agent: nobody is ever asked for a passphrase by
a Tab. It says nothing but names, and nothing at all where anything is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from cryptpad_tui.cli.shell_words import Line

if TYPE_CHECKING:
    from cryptpad_tui.drive.names import Named
    from cryptpad_tui.drive.tree import Tree
    from cryptpad_tui.vault.records import ListingRow
    from cryptpad_tui.vault.vault import Vault

PAD, FOLDER, GONE = "pad", "folder", "gone"
"""What stands in a place: a pad, a folder, a pad in the trash."""
REST: Final = "..."
"""Behind a place: any number of them."""
PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "append": (PAD,),
    "ask": (PAD,),
    "attach": (PAD,),
    "cat": (PAD,),
    "chat": (PAD,),
    "comments": (PAD,),
    "destroy": (PAD,),
    "download": (PAD,),
    "duplicate": (PAD,),
    "edit": (PAD,),
    "expire": (PAD,),
    "export": (PAD,),
    "files": (PAD,),
    "heads": (PAD,),
    "invite": (PAD,),
    "alarms": (PAD,),
    "log": (PAD,),
    "ls": (FOLDER,),
    "members": (PAD,),
    "mkdir": (FOLDER,),
    "mount-dir": (FOLDER,),
    "move": (PAD,),
    "mv": (PAD + FOLDER, REST),
    "proof export": (PAD,),
    "rename": (PAD,),
    "restore": (GONE,),
    "revoke": (PAD,),
    "rm": (PAD,),
    "share": (PAD,),
    "sync": (PAD, REST),
    "tag": (PAD,),
    "team invite": (PAD,),
    "team leave": (PAD,),
    "team ls": (PAD,),
    "team new": (FOLDER,),
    "team remove": (PAD,),
    "team role": (PAD,),
    "template": (PAD,),
    "verify": (PAD,),
    "void": (PAD,),
    "write": (PAD,),
}
"""By verb, what its arguments are."""
VALUES: Final[Mapping[str, str]] = {"--into": FOLDER, "--template": PAD}
"""Options whose value is one."""
FLAGS: Final = frozenset(
    {
        "--all",
        "--code",
        "--deep",
        "--dismiss",
        "--force",
        "--erase-old",
        "--follow",
        "--free",
        "--json",
        "--links",
        "--list",
        "--locked",
        "--look",
        "--off",
        "--old-is-gone",
        "--once",
        "--pandoc",
        "--qr",
        "--renew",
        "--say",
        "--shared",
        "--show-card",
        "--tree",
        "--view",
        "--without-history",
        "--yes",
    }
)
"""Options without a value, of the verbs above; behind any other stands one."""


class Offer(NamedTuple):
    """`kind`: plain, or file or dir, where the shell itself knows them."""

    kind: str
    value: str = ""
    about: str = ""


def offers(line: Line) -> list[Offer]:
    """What could stand where the line ends."""
    kind = _place(line.words)
    if kind is None or line.begun.startswith("-"):
        return list(_by_parser(line))
    found = [Offer("plain", *each) for each in _in_vault(kind, line.begun)]
    return found + ([Offer("file")] if kind == GONE else [])


def _place(words: tuple[str, ...]) -> str | None:
    """What comes next behind these, where that is a pad or a folder."""
    if words and words[-1] in VALUES:
        return VALUES[words[-1]]
    plain: list[str] = []
    is_value = False
    for word in words:
        if is_value:
            is_value = False
        elif word.startswith("-") and word != "-":
            is_value = "=" not in word and word not in FLAGS
        else:
            plain.append(word)
    if is_value or not plain:
        return None
    for size in (2, 1):
        places = PLACES.get(" ".join(plain[:size]))
        if places is not None:
            at = len(plain) - size
            many = places[-1] == REST
            return places[0] if many else places[at] if at < len(places) else None
    return None


def _by_parser(line: Line) -> Iterable[Offer]:
    from click.shell_completion import ShellComplete

    from cryptpad_tui.cli.diagnostics import PROGRAM
    from cryptpad_tui.cli.root import root
    from cryptpad_tui.cli.run import COMPLETION_VARIABLE

    parser = ShellComplete(root, {}, PROGRAM, COMPLETION_VARIABLE)
    for item in parser.get_completions(list(line.words), line.begun):
        yield Offer(item.type, item.value if item.type == "plain" else "", item.help or "")


def _in_vault(kind: str, begun: str) -> list[tuple[str, str]]:
    """Names and what they stand for, where the agent holds the key."""
    from cryptpad_tui.host import paths
    from cryptpad_tui.vault import agent

    if not agent.may_hold(paths.vault_dir()):
        return []
    from cryptpad_tui.host import process

    process.harden()
    vault = agent.open_held(paths.vault_dir())
    if vault is None:
        return []
    try:
        return _names(vault, kind, begun)
    finally:
        vault.close()


def _names(vault: Vault, kind: str, begun: str) -> list[tuple[str, str]]:
    from cryptpad_tui.drive.names import completions
    from cryptpad_tui.drive.tree import Tree

    tree, found = Tree(vault.drive_fields()), list[tuple[str, str]]()
    if PAD in kind or kind == GONE:
        rows = sorted(vault.listing(), key=lambda row: row.changed_ms, reverse=True)
        drive = bytes.fromhex(vault.setting("drive") or "")
        pads = [
            _named(tree, row)
            for row in rows
            if row.pad_id != drive and bool(tree.trashed_ms(row.pad_id.hex())) == (kind == GONE)
        ]
        found += completions(pads, begun)
    if FOLDER in kind:
        found += _folders(tree, begun)
    return found


def _named(tree: Tree, row: ListingRow) -> Named:
    from cryptpad_tui.drive.names import Named

    entry = row.pad_id.hex()
    title = row.title or tree.placed(entry).name or "untitled"
    return Named(row.pad_id, title, tree.path(tree.folder_of(entry)))


def _folders(tree: Tree, begun: str) -> list[tuple[str, str]]:
    from cryptpad_tui.drive.names import can_be_typed

    paths = [tree.path(each) for each in tree.folders if not tree.is_in_trash(each)]
    alone = [path for path, count in Counter(paths).items() if count == 1]
    return [(path, "folder") for path in sorted(alone) if path.startswith(begun) and can_be_typed(path)]
