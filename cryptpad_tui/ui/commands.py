"""The one table of the app's commands; the editor's own are in editor/commands.py.

Key maps, footer, palette, help and docs/keys.md are made from both. Each screen answers the names of its
contexts. It must never name a key that a bare terminal sends as another one: Keymap refuses those.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptpad_tui.editor.keymap import KeyedCommand, Keymap, is_legacy, label_of

CONTEXT_TITLES: Final = {
    "everywhere": "Everywhere",
    "app": "Around the vault",
    "form": "First start and signing in",
    "first": "First start",
    "sign_in": "Signing in",
    "unlock": "Unlocking",
    "drive": "The drive",
    "list": "Lists",
    "pad": "In a pad",
    "dialog": "Questions",
    "share": "Sharing",
    "prompt": "Finding and replacing",
    "editor": "Writing",
}
"""Every context, in the order in which docs/keys.md has them."""


@dataclass(frozen=True, slots=True)
class AppCommand:
    """Something a person can do outside the text. `keys` are Textual's names, the one to show first."""

    name: str
    title: str
    keys: tuple[str, ...]
    context: str
    short: str = ""
    """The word for the footer; commands without one are not in it."""


APP_COMMANDS: Final = (
    AppCommand("app.help", "Help: the keys that work here", ("f1",), "everywhere", "Help"),
    AppCommand("app.redraw", "Paint the screen anew", ("ctrl+l",), "everywhere"),
    AppCommand("app.quit", "Quit", ("ctrl+q",), "everywhere", "Quit"),
    AppCommand("app.palette", "Every command, by name", ("ctrl+p",), "app", "Commands"),
    AppCommand("app.relay", "Choose the relay", ("ctrl+r",), "app"),
    AppCommand("app.devices", "Your other machines: let one in by a code, take one out", (), "app"),
    AppCommand("app.login", "A login for new machines", (), "app"),
    AppCommand("app.inbox", "The inbox: what contacts sent", ("f10",), "app"),
    AppCommand("app.contacts", "Contacts, safety numbers and your card", (), "app"),
    AppCommand("app.invite", "Invite a contact into the pad", (), "app"),
    AppCommand("app.lock", "Lock the vault", ("f9",), "app"),
    AppCommand("app.settings", "Settings", (), "app"),
    AppCommand("app.theme", "Next colour theme", (), "app"),
    AppCommand("app.cursor", "Show the terminal's cursor in every field", (), "app"),
    AppCommand("form.next", "Next field, or done", ("enter", "ctrl+j"), "form", "Next"),
    AppCommand("first.sign_in", "Sign in with a login that you have", ("f2",), "first", "I have a login"),
    AppCommand("sign_in.new", "Make a new account instead", ("f2",), "sign_in", "New account"),
    AppCommand("form.cancel", "Leave without a vault", ("escape",), "form"),
    AppCommand("unlock.recovery", "Unlock with the recovery key", ("f2",), "unlock", "Recovery key"),
    AppCommand("drive.open", "Open the pad", ("enter", "ctrl+j"), "drive", "Open"),
    AppCommand("drive.new", "New pad", ("ctrl+n",), "drive", "New"),
    AppCommand("drive.new_rich", "New rich text pad", ("alt+n",), "drive"),
    AppCommand("drive.upload", "Take a file into the drive", (), "drive"),
    AppCommand("drive.transfers", "Files on their way: show the bar again", (), "drive"),
    AppCommand("drive.import", "Import a file or a folder as pads", ("alt+i", "i"), "drive"),
    AppCommand("drive.export", "Export the pad as a file", ("alt+o", "o"), "drive"),
    AppCommand("drive.join", "Join a pad by its link", ("ctrl+o",), "drive", "Join"),
    AppCommand("drive.join_code", "Join a pad by a one-time code", (), "drive"),
    AppCommand("drive.share", "Share the pad by a link", ("ctrl+t",), "drive"),
    AppCommand("drive.members", "Who is in the pad, and taking people out", (), "drive"),
    AppCommand("drive.relocate", "Another relay for the pad: move it there, or follow it", (), "drive"),
    AppCommand("drive.relocate_all", "Another relay for everything: move all pads there", (), "drive"),
    AppCommand("drive.destroy", "Destroy the pad for everybody, as its owner", (), "drive"),
    AppCommand("drive.rename", "The pad's title, for everybody; a folder's name", ("f2",), "drive"),
    AppCommand("drive.name", "Your own name for the pad", ("f4", "e"), "drive"),
    AppCommand("drive.search", "Search the text of all pads", ("ctrl+f",), "drive", "Find"),
    AppCommand("drive.section", "Next view: recent, all, templates, trash", ("f3",), "drive", "View"),
    AppCommand("drive.recent", "Recent pads", ("alt+r", "1"), "drive"),
    AppCommand("drive.all", "All pads in their folders", ("alt+a", "2"), "drive"),
    AppCommand("drive.templates", "Templates", ("alt+l", "3"), "drive"),
    AppCommand("drive.trash", "The trash", ("alt+x", "4"), "drive"),
    AppCommand("drive.sort", "Sort by change, title, kind or size", ("alt+s", "s"), "drive"),
    AppCommand("drive.look", "Look into the pad without opening it", ("alt+p", "p"), "drive"),
    AppCommand("drive.unfold", "Open the folder", ("right",), "drive"),
    AppCommand("drive.fold", "Close the folder, or go to the one around", ("left",), "drive"),
    AppCommand("drive.mark", "Mark the row, to do something with many", ("insert", "space", "v"), "drive"),
    AppCommand("drive.mark_all", "Mark all rows that are shown, or none", ("alt+e", "a"), "drive"),
    AppCommand("drive.folder", "New folder", ("f7", "f"), "drive"),
    AppCommand("drive.folder_shared", "New shared folder, into which others can be let", (), "drive"),
    AppCommand("drive.team", "New team: a shared folder with roles", (), "drive"),
    AppCommand("drive.move", "Move into another folder", ("f6", "m"), "drive"),
    AppCommand("drive.tags", "Put tags on, take them off", ("alt+g", "t"), "drive"),
    AppCommand("drive.duplicate", "Duplicate the pad", ("f5", "c"), "drive"),
    AppCommand("drive.template", "Make the pad a template, or none", ("alt+k", "k"), "drive"),
    AppCommand("drive.new_from", "New pad from a template", ("alt+t", "n"), "drive"),
    AppCommand("drive.remove", "Put into the trash", ("delete", "ctrl+d", "d"), "drive"),
    AppCommand("drive.restore", "Take out of the trash", ("alt+u", "u"), "drive"),
    AppCommand("drive.empty", "Empty the trash, for good", ("alt+z",), "drive"),
    AppCommand(
        "drive.focus", "Between the filter and the list, where letters are keys", ("tab", "slash"), "drive"
    ),
    AppCommand("drive.alarms", "What was caught, and what to do", ("f8",), "drive"),
    AppCommand("drive.help", "Help", ("question_mark",), "drive"),
    AppCommand("drive.clear", "Show all pads", ("escape",), "drive"),
    AppCommand("list.up", "One up", ("up",), "list"),
    AppCommand("list.down", "One down", ("down",), "list"),
    AppCommand("list.page_up", "One screen up", ("pageup",), "list"),
    AppCommand("list.page_down", "One screen down", ("pagedown",), "list"),
    AppCommand("pad.close", "Back to the list", ("escape", "f6"), "pad", "List"),
    AppCommand("pad.save", "Save now (it is saved as you type, too)", ("ctrl+s",), "pad"),
    AppCommand("pad.share", "Share this pad by a link", ("ctrl+t",), "pad", "Share"),
    AppCommand("pad.members", "Who is in this pad, and taking people out", (), "pad"),
    AppCommand("pad.relocate", "Another relay for this pad: move it there, or follow it", (), "pad"),
    AppCommand("pad.ask", "Ask for the right to write in this pad", (), "pad"),
    AppCommand("pad.rename", "Rename this pad", ("f2",), "pad", "Title"),
    AppCommand("pad.editor", "Edit this pad in your own editor ($EDITOR)", ("f4",), "pad"),
    AppCommand("pad.follow", "Show where the next person is writing; again, follow them", ("f5",), "pad"),
    AppCommand("pad.people", "Who is here", ("f12",), "pad"),
    AppCommand("pad.formats", "Choose a format", ("alt+s",), "pad"),
    AppCommand("pad.export", "Export this pad as a file", ("ctrl+o",), "pad"),
    AppCommand("pad.attach", "Attach a file", (), "pad"),
    AppCommand("pad.transfers", "Files on their way: show the bar again", (), "pad"),
    AppCommand("pad.files", "The file here, or the files of this pad", ("alt+shift+q",), "pad"),
    AppCommand("pad.preview", "Show or hide the preview", ("alt+shift+v",), "pad"),
    AppCommand("pad.comment", "Comment on the selection, or show the comment here", ("alt+r",), "pad"),
    AppCommand("pad.comments", "The comments of this pad", ("alt+shift+e",), "pad"),
    AppCommand("pad.comment_next", "Go to the next comment", ("alt+shift+j",), "pad"),
    AppCommand("pad.chat", "Chat beside the text: show it, write there, hide it", ("f11", "ctrl+e"), "pad"),
    AppCommand("pad.outline", "Headings: show them, go there, hide them", ("alt+shift+y",), "pad"),
    AppCommand("pad.author", "Who wrote this line", ("alt+shift+w",), "pad"),
    AppCommand("pad.authors", "Colour the text by who wrote it", ("alt+shift+x",), "pad"),
    AppCommand("pad.count", "Count words, characters, reading time", ("alt+shift+k",), "pad"),
    AppCommand("pad.focus", "Nothing but the text, and back", ("alt+shift+z",), "pad"),
    AppCommand("pad.alarm", "How this pad stands: alarms, freshness, what to do", ("f8",), "pad"),
    AppCommand("keys.vim", "Vim keys on or off", (), "pad"),
    AppCommand("pad.numbers", "Show or hide line numbers", ("f7",), "pad"),
    AppCommand("dialog.choose", "Choose", ("enter", "ctrl+j"), "dialog", "Choose"),
    AppCommand("dialog.close", "Close without doing anything", ("escape",), "dialog", "Close"),
    AppCommand("share.copy", "Copy the link", ("ctrl+c",), "share", "Copy"),
    AppCommand("prompt.next", "The next match; skip this one", ("down", "f3", "alt+n"), "prompt"),
    AppCommand("prompt.previous", "The match before", ("up", "alt+p"), "prompt"),
    AppCommand("prompt.case", "Capitals count, or only where there are some", ("alt+c",), "prompt"),
    AppCommand("prompt.word", "Whole words only, or any part", ("alt+w",), "prompt"),
    AppCommand("prompt.regex", "A regular expression, or the text itself", ("alt+r",), "prompt"),
    AppCommand("prompt.all", "Replace all of them, after a look", ("alt+a",), "prompt"),
    AppCommand("prompt.close", "Back to where the search began; end replacing", ("escape",), "prompt"),
)


_SIGNS: Final = {"question_mark": "?", "slash": "/", "space": "Space"}
_chosen: dict[str, tuple[str, ...]] = {}
"""The keys that the settings put in the place of the table's."""


def use_keys(chosen: Mapping[str, tuple[str, ...]]) -> None:
    """Take the keys of the settings, which were checked, for the whole program."""
    _chosen.clear()
    _chosen.update(chosen)
    app_keymap.cache_clear()


def _with_chosen(command: KeyedCommand) -> KeyedCommand:
    keys = _chosen.get(command.name)
    if keys is None:
        return command
    return AppCommand(command.name, command.title, keys, command.context, getattr(command, "short", ""))


@lru_cache(1)
def app_keymap() -> Keymap:
    """The keys of everything but the editor."""
    return Keymap([_with_chosen(command) for command in APP_COMMANDS])


def editor_keymap() -> Keymap:
    """The keys of the editor."""
    from cryptpad_tui.editor.commands import COMMANDS

    return Keymap([_with_chosen(command) for command in COMMANDS.values()])


def all_commands() -> tuple[KeyedCommand, ...]:
    """The app's commands and the editor's, in the order in which help shows them."""
    from cryptpad_tui.editor.commands import COMMANDS

    commands: tuple[KeyedCommand, ...] = (*APP_COMMANDS, *COMMANDS.values())
    return tuple([_with_chosen(command) for command in commands])


def of_contexts(contexts: Sequence[str]) -> list[KeyedCommand]:
    """The commands of these contexts, in their order."""
    commands = list(all_commands()) if "editor" in contexts else [_with_chosen(one) for one in APP_COMMANDS]
    return [command for context in contexts for command in commands if command.context == context]


def footer_of(contexts: Sequence[str]) -> list[tuple[str, str]]:
    """Key and word of the commands that a footer shows for these contexts."""
    commands = [command for context in contexts for command in APP_COMMANDS if command.context == context]
    shown = [(_with_chosen(command).keys, command.short) for command in commands if command.short]
    return [(key_label(keys[0]), short) for keys, short in shown if keys]


def is_letter(key: str) -> bool:
    """A character, which is a key only where nothing is typed."""
    return len(key) == 1 or key in _SIGNS


def key_label(key: str) -> str:
    """A key as a person reads it; short, since footers have 80 cells."""
    if is_letter(key):
        return _SIGNS.get(key, key)
    label = label_of(key)
    return f"^{label[5:]}" if label.startswith("Ctrl+") and len(label) == 6 else label


def key_of_label(label: str) -> str | None:
    """The key that a person reads so; None if no command has it."""
    keys = (key for command in all_commands() for key in command.keys)
    return next((key for key in keys if key_label(key) == label), None)


def keys_page() -> str:
    """docs/keys.md: every command with its keys, by where they work."""
    lines = [
        "# Keys",
        "",
        "Made from the command table (`python -m cryptpad_tui.ui.commands > docs/keys.md`). Keys in",
        "brackets are extras that only some terminals send. `F1` shows the keys that work where you are,",
        "`Ctrl+P` finds every command by its name.",
    ]
    commands = all_commands()
    for context, title in CONTEXT_TITLES.items():
        lines += ["", f"## {title}", "", "| command | name | keys |", "|---|---|---|"]
        for command in commands:
            if command.context == context:
                keys = ", ".join(_documented(key) for key in command.keys) or "by name, `Ctrl+P`"
                lines.append(f"| {command.title} | `{command.name}` | {keys} |")
    from cryptpad_tui.editor.vim.table import vim_page

    return "\n".join([*lines, *vim_page()]) + "\n"


def _documented(key: str) -> str:
    if is_letter(key):
        return f"`{key_label(key)}`"
    return f"`{label_of(key)}`" if is_legacy(key) else f"(`{label_of(key)}`)"


if __name__ == "__main__":
    print(keys_page(), end="")
