"""The vim keys as data, for help and docs/keys.md: what a person presses, and what it does.

For people alone: the map itself is made of the tables of motions, operators and single keys.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class VimKey(NamedTuple):
    keys: str
    """Separated by blanks."""
    title: str


VIM_KEYS: Final = (
    VimKey(
        "i a I A o O gi",
        "Write: here, behind, at the line's start or end, in a line below or above, where last",
    ),
    VimKey("Esc Ctrl+C", "Back to normal mode, or take back a command"),
    VimKey("h j k l", "Left, down, up, right; a number before it repeats"),
    VimKey("gj gk", "Down and up by rows of the screen"),
    VimKey("w b e ge W B E gE", "By words; capitals: by what is between blanks"),
    VimKey("0 ^ $ g_ |", "The line's start, first character, end, last character; a column"),
    VimKey("gg G", "The first line, the last, or the one of the number"),
    VimKey("{ } ( )", "By paragraphs and sentences"),
    VimKey("f F t T ; ,", "To a character of the line, or before it; again; back"),
    VimKey("% H M L", "The matching bracket; the top, middle and bottom of the window"),
    VimKey("Ctrl+D Ctrl+U Ctrl+F Ctrl+B", "Half a window or a window, down and up"),
    VimKey("Ctrl+E Ctrl+Y zz zt zb", "Scroll a row; the caret's line to the middle, top, bottom"),
    VimKey("/ ? n N * #", "Search on and back; again; the word at the caret"),
    VimKey("m ' `", "Set a mark a to z, go to its line, go to it"),
    VimKey("d c y", "Delete, change, yank: with a motion or text object, doubled for lines"),
    VimKey("> < gu gU g~", "Indent, outdent, lower case, upper case, the other case"),
    VimKey(
        "iw aw iW aW is as ip ap it at",
        "Text objects: word, sentence, paragraph, tag; a: with what is around",
    ),
    VimKey("i\" i' i` i( i[ i{ i<", 'Text objects: between quotes or brackets, and a" and so on with them'),
    VimKey(
        "x X r ~ J gJ s S C D Y",
        "Short for: delete a character, replace it, switch its case, join lines, ...",
    ),
    VimKey("Ctrl+A Ctrl+X", "The number here or behind it in the line: add one, or the count; take away"),
    VimKey("p P", "Put what was yanked or deleted behind or before the caret"),
    VimKey('"a "0 "1 "- "_ "+', "Name a register; A to Z append, \"+ is the terminal's clipboard"),
    VimKey("u Ctrl+R .", "Undo and redo own changes; the last change again"),
    VimKey("v V o gv", "Select characters, lines; the other end; what was selected last"),
    VimKey("q @ @@", "Record keys as a to z, end with q; play them; again"),
    VimKey(":w :q :wq :x ZZ", "Save; back to the list (everything is saved as you type)"),
    VimKey(
        ":s/old/new/g :%s/old/new/gc",
        "Replace in this line, in all, asking at each; & and \\1 stand for what was found",
    ),
    VimKey(":12 :$ :d :j :> :noh", "Go to a line; delete, join, indent lines; unmark what was found"),
)


def vim_page() -> list[str]:
    """The section of docs/keys.md."""
    lines = [
        "",
        "## Vim keys",
        "",
        'On with `keymap = "vim"` in the settings, or with the command `keys.vim` for this session.',
    ]
    lines += ["In insert mode the keys of the section above work too.", "", "| keys | what |", "|---|---|"]
    for row in VIM_KEYS:
        keys = " ".join(f"`` {key} ``" if "`" in key else f"`{key}`" for key in row.keys.split()).replace(
            "|", "\\|"
        )
        lines.append(f"| {keys} | {row.title} |")
    return lines
