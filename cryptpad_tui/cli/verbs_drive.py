"""The verbs that keep a drive in order: ls, mkdir, mv, tag, rm, trash, template, duplicate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import click

from cryptpad_tui.cli import diagnostics, output
from cryptpad_tui.cli.errors import WrongUse
from cryptpad_tui.cli.json_shapes import Json, folder_object, iso_time, pad_object, trash_object
from cryptpad_tui.cli.root import VerbCommand, unlocks
from cryptpad_tui.cli.secret_sources import SecretSources
from cryptpad_tui.cli.shared_folders import send_folders, tell_state, tell_taken_out
from cryptpad_tui.cli.table import table
from cryptpad_tui.cli.text_input import require_title
from cryptpad_tui.cli.vault_access import in_vault, send_or_say, send_quickly
from cryptpad_tui.cli.verbs_files import send_its_files
from cryptpad_tui.cli.verbs_pads import duplicated

if TYPE_CHECKING:
    from cryptpad_tui.drive.tree import Tree
    from cryptpad_tui.engine import Engine, PadListing

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON; docs/cli.md names the fields.")
_HIDDEN: Final = "\0"
"""Stands for the dash of a tag that is taken away, which would begin an option. No argument can hold it."""


@click.command("ls", cls=VerbCommand)
@click.argument("folder", required=False)
@click.option("--tree", "as_tree", is_flag=True, help="The folders too, as a tree.")
@click.option(
    "--tag", "tags", multiple=True, metavar="TAG", help="Only pads with this tag; several: with all."
)
@_json
@unlocks
def ls_verb(
    sources: SecretSources, folder: str | None, as_tree: bool, tags: tuple[str, ...], as_json: bool
) -> None:
    """List the pads of your drive, or those below FOLDER, the last changed first."""

    async def work(engine: Engine) -> tuple[list[PadListing], list[Json] | list[str]]:
        pads = [pad for pad in engine.listing() if _has_all(pad, tags)]
        if folder is None and not as_tree:
            return pads, []
        from cryptpad_tui.engine import keeping
        from cryptpad_tui.engine.listing import tree_of

        tree, top = tree_of(engine), keeping.folder_at(engine, folder or "/")
        pads = [pad for pad in pads if pad.folder_id in tree.below(top)]
        tell_state(engine, top)
        if as_json:
            return pads, [
                folder_object(*each, shared=bool(tree.folders[each[0]].shared)) for each in _walk(tree, top)
            ]
        return pads, _drawn(tree, top, pads)

    pads, folders = in_vault(sources, work)
    if as_json:
        shown = [pad_object(pad) for pad in pads]
        output.write_json_object({"folders": folders, "pads": shown} if as_tree else shown)
    elif as_tree:
        output.write_lines([str(line) for line in folders])
    else:
        output.write_lines(pad_table(pads))


def _has_all(pad: PadListing, tags: Sequence[str]) -> bool:
    has = {each.casefold() for each in pad.tags}
    return all(tag.casefold() in has for tag in tags)


def _walk(tree: Tree, top: str) -> list[tuple[str, str, str]]:
    """(id, name, path) of every folder below one, each after the one around it."""
    found = []
    waiting = list(reversed(tree.children(top)))
    while waiting:
        folder = waiting.pop()
        found.append((folder.id, folder.name, tree.path(folder.id)))
        waiting += reversed(tree.children(folder.id))
    return found


def _drawn(tree: Tree, top: str, pads: Sequence[PadListing]) -> list[str]:
    """Folders first, then pads, by name, two cells further in for each folder."""
    inside: dict[str, list[PadListing]] = {}
    for pad in pads:
        inside.setdefault(pad.folder_id, []).append(pad)
    lines: list[str] = []
    base = tree.depth(top)
    for folder_id, name in [*[(each, name) for each, name, _ in _walk(tree, top)], (top, "")]:
        depth = tree.depth(folder_id) - base
        if name:
            shared = "  (shared)" if tree.folders[folder_id].shared else ""
            lines.append(f"{'  ' * (depth - 1)}{output.safe_line(name)}/{shared}")
        for pad in sorted(inside.get(folder_id, []), key=lambda each: each.title.casefold()):
            lines.append(f"{'  ' * depth}{pad.short_id}  {output.safe_line(pad.title)}")
    return lines


def pad_table(pads: Sequence[PadListing]) -> list[str]:
    """What `ls` shows of pads."""
    rows = [
        (
            pad.short_id,
            pad.path,
            pad.kind.name.lower(),
            pad.role,
            pad.sync.value,
            iso_time(pad.changed_ms)[:16].replace("T", " "),
            str(pad.size_bytes),
            " ".join(pad.tags),
        )
        for pad in pads
    ]
    header = ("ID", "TITLE", "KIND", "RIGHT", "SYNC", "CHANGED (UTC)", "BYTES", "TAGS")
    return table(header, rows, flexible=1)


@click.command("mkdir", cls=VerbCommand)
@click.argument("path")
@click.option("--shared", is_flag=True, help="One that others can be let into; prints its short id.")
@unlocks
def mkdir_verb(sources: SecretSources, path: str, shared: bool) -> None:
    """Make the folder PATH of your drive, such as Work/Notes, and those around it."""

    async def work(engine: Engine) -> None:
        from cryptpad_tui.engine import keeping

        if not shared:
            made = keeping.make_folder(engine, path)
            await send_folders(engine, made)
            return
        from cryptpad_tui.engine.folders.making import make_shared

        folder = make_shared(engine, path)
        output.write_line(engine.listing_of(folder).short_id)
        await send_or_say(engine, folder)

    in_vault(sources, work)


@click.command("mv", cls=VerbCommand)
@click.argument("pads", nargs=-1, required=True, metavar="PAD...")
@click.argument("folder")
@unlocks
def mv_verb(sources: SecretSources, pads: tuple[str, ...], folder: str) -> None:
    """Move every PAD, or folder, into FOLDER; / is the top of the drive."""

    async def work(engine: Engine) -> None:
        from cryptpad_tui.engine import keeping
        from cryptpad_tui.engine.folders import agreeing
        from cryptpad_tui.engine.listing import tree_of

        into = keeping.folder_at(engine, folder)
        found = [keeping.find_any(engine, pad) for pad in pads]
        left = {pad.folder_id for pad, _ in found if pad is not None}
        for pad, inner in found:
            if pad is not None:
                keeping.move_pad(engine, pad.pad_id, into)
                if agreeing.shows(engine, pad.folder_id) != agreeing.shows(engine, into):
                    tell_taken_out(engine, pad.folder_id, pad)
            else:
                left.add(tree_of(engine).folders[inner].parent)
                keeping.move_folder(engine, inner, into)
        await send_folders(engine, into, *left)

    in_vault(sources, work)


class TagCommand(VerbCommand):
    """Takes `-T` as it stands. Options of one dash but -h are tags."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = args.index("--") if "--" in args else len(args)
        hidden = [
            _HIDDEN + arg[1:] if arg.startswith("-") and arg[:2] != "--" and arg not in ("-", "-h") else arg
            for arg in args[:own]
        ]
        return super().parse_args(ctx, hidden + args[own:])


@click.command("tag", cls=TagCommand)
@click.argument("pad")
@click.argument("tags", nargs=-1, metavar="[+TAG | -TAG]...")
@_json
@unlocks
def tag_verb(sources: SecretSources, pad: str, tags: tuple[str, ...], as_json: bool) -> None:
    """Put tags on PAD (+TAG), take them off (-TAG), and print those it has. Nobody else sees them."""
    add = [each[1:] for each in tags if each.startswith("+")]
    drop = [each[1:] for each in tags if each.startswith((_HIDDEN, "-"))]
    if len(add) + len(drop) != len(tags):
        raise WrongUse("a tag to put on begins with +, one to take off with -")

    async def work(engine: Engine) -> tuple[str, ...]:
        from cryptpad_tui.engine import keeping

        found = engine.find(pad)
        if tags:
            keeping.tag(engine, found.pad_id, add, drop)
        return engine.listing_of(found.pad_id).tags

    has = in_vault(sources, work)
    if as_json:
        return output.write_json_object(list(has))
    output.write_lines([output.safe_line(each) for each in has])


@click.command("rm", cls=VerbCommand)
@click.argument("pad")
@unlocks
def rm_verb(sources: SecretSources, pad: str) -> None:
    """Put PAD, or a folder with all in it, into the trash, where it stays until the trash is emptied."""

    async def work(engine: Engine) -> None:
        from cryptpad_tui.engine import keeping

        found, folder = keeping.find_any(engine, pad)
        if found is None:
            keeping.trash_folder(engine, folder)
            return
        # Edits that others wait for leave before the pad does.
        sent = not found.waiting or await send_quickly(engine, found.pad_id)
        engine.trash(found.pad_id)
        if not sent:
            diagnostics.note(
                "it is in the trash; edits of it that the relay does not have wait there with it"
            )

    in_vault(sources, work)


@click.command("trash", cls=VerbCommand)
@click.option("--empty", is_flag=True, help="Forget what is in it, for good: keys and text, on this machine.")
@_json
@unlocks
def trash_verb(sources: SecretSources, empty: bool, as_json: bool) -> None:
    """List what is in the trash, the last put there first."""
    if empty and as_json:
        raise WrongUse("--empty and --json")

    async def work(engine: Engine) -> tuple[list[PadListing], list[tuple[str, int]]]:
        from cryptpad_tui.engine import keeping
        from cryptpad_tui.engine.listing import tree_of

        if empty:
            count = keeping.empty_trash(engine)
            diagnostics.note(f"{count} {'pad' if count == 1 else 'pads'} forgotten here; others keep theirs")
            return [], []
        tree = tree_of(engine)
        folders = [(tree.path(each.id), each.trashed_ms) for each in keeping.trashed_folders(engine)]
        return keeping.trashed(engine), folders

    pads, folders = in_vault(sources, work)
    if as_json:
        return output.write_json_object([trash_object(pad) for pad in pads])
    rows = [("-", f"{path}/", trashed_ms) for path, trashed_ms in folders]
    rows += [(pad.short_id, pad.path, pad.trashed_ms) for pad in pads]
    cells = [(short, path, iso_time(at)[:16].replace("T", " ")) for short, path, at in rows]
    output.write_lines(table(("ID", "TITLE", "TRASHED (UTC)"), cells, flexible=1))


@click.command("template", cls=VerbCommand)
@click.argument("pad", required=False)
@click.option("--list", "as_list", is_flag=True, help="List the templates.")
@click.option("--off", is_flag=True, help="It is none any more.")
@_json
@unlocks
def template_verb(sources: SecretSources, pad: str | None, as_list: bool, off: bool, as_json: bool) -> None:
    """Make PAD a template, for `new TITLE --template PAD`."""
    if (pad is None) != as_list or (as_json and not as_list) or (off and as_list):
        raise WrongUse("either PAD or --list")

    async def work(engine: Engine) -> list[PadListing]:
        from cryptpad_tui.engine import keeping

        if pad is not None:
            keeping.set_template(engine, engine.find(pad).pad_id, on=not off)
        return [each for each in engine.listing() if each.template] if as_list else []

    pads = in_vault(sources, work)
    if as_json:
        output.write_json_object([pad_object(each) for each in pads])
    elif as_list:
        output.write_lines(pad_table(pads))


@click.command("duplicate", cls=VerbCommand)
@click.argument("pad")
@click.argument("title", required=False)
@unlocks
def duplicate_verb(sources: SecretSources, pad: str, title: str | None) -> None:
    """Make a pad of your own with PAD's text and files, in its folder, and print its short id."""

    async def work(engine: Engine) -> None:
        found = engine.find(pad)
        made = await duplicated(engine, found.pad_id, require_title(title or f"{found.title} (copy)"))
        output.write_line(made.short_id)
        await send_or_say(engine, made.pad_id)
        await send_its_files(engine, made.pad_id)

    in_vault(sources, work)
