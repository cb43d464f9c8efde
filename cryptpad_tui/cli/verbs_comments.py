"""The verb `comments`: what people say about a pad's text, and saying something. Words come by a pipe.

Who wrote a comment is a signature's word; a name that nobody signed is told as such. It must never print a
foreign character raw.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import click

from cryptpad_tui.cli import output
from cryptpad_tui.cli.errors import CliError, WrongUse
from cryptpad_tui.cli.json_shapes import Json, iso_time
from cryptpad_tui.cli.root import VerbCommand, unlocks
from cryptpad_tui.cli.secret_sources import SecretSources
from cryptpad_tui.cli.text_input import read_text, stdin_is_terminal
from cryptpad_tui.cli.vault_access import in_vault

if TYPE_CHECKING:
    from cryptpad_tui.comments.book import Book, Place
    from cryptpad_tui.comments.model import Remark, Thread
    from cryptpad_tui.engine import Engine, PadSession
    from cryptpad_tui.engine.authors import Author

_WHAT = "the comment"
Said = tuple[str, str, "Thread | None"]
"""What was written, in which thread, and which one it answers."""
Change = Callable[["Book", "PadSession"], Said | None]


class NotSaid(CliError):
    """No comment was written, and nothing else changed. See what is said behind this and try again."""


@click.command("comments", cls=VerbCommand)
@click.argument("pad")
@click.option("--all", "everything", is_flag=True, help="Also those that are done.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; docs/cli.md names the fields.")
@click.option("--on", "words", metavar="WORDS", help="Comment on these words; the comment is standard input.")
@click.option("--answer", metavar="ID", help="Answer a comment; the answer is standard input.")
@click.option("--done", metavar="ID", help="Mark a comment as done. It is kept.")
@click.option("--reopen", metavar="ID", help="Take that back.")
@unlocks
def comments_verb(
    sources: SecretSources,
    pad: str,
    everything: bool,
    as_json: bool,
    words: str | None,
    answer: str | None,
    done: str | None,
    reopen: str | None,
) -> None:
    """List the comments of PAD, in the order of its text, or write one."""
    asked = [one for one in (words, answer, done, reopen) if one is not None]
    if len(asked) > 1 or (asked and (everything or as_json)):
        raise WrongUse("use one of --on, --answer, --done and --reopen, without --all and --json")
    if asked:
        _write(sources, pad, words, answer, done, reopen)
        return
    told = in_vault(sources, lambda engine: _told(engine, pad))
    shown = [one for one in told if everything or not one[0].done]
    if as_json:
        output.write_json_object([_object(*one) for one in shown])
    else:
        output.write_lines([line for one in shown for line in _lines(*one)])


# -- listing

Writers = Mapping[str, "Author"]
Found = tuple["Thread", "Place | None", Writers]


async def _told(engine: Engine, reference: str) -> list[Found]:
    from cryptpad_tui.crdt.authorship import map_writers
    from cryptpad_tui.crdt.kinds import COMMENTS_ROOT

    session = engine.open_pad(engine.find(reference).pad_id)
    try:
        threads = session.comments.threads()
        places = session.comments.places(threads)
        clients = map_writers(session.view.encode(), COMMENTS_ROOT) if threads else {}
        authors = session.authors.by_client()
    finally:
        session.close()
    writers = {key: authors[client] for key, client in clients.items() if client in authors}
    found: list[Found] = [(thread, places.get(thread.name), writers) for thread in threads]
    return sorted(found, key=_order)


def _order(found: Found) -> tuple[bool, bool, tuple[int, ...]]:
    thread, place, _ = found
    return thread.done, place is None, () if place is None else tuple(place.start)


def _object(thread: Thread, place: Place | None, writers: Writers) -> Json:
    return {
        "id": thread.name,
        "line": None if place is None else place.start.line + 1,
        "about": thread.quote,
        "gone": place is None or place.gone,
        "done": thread.done,
        "remarks": [
            {
                "text": remark.text,
                "says": remark.says,
                "author": writers[remark.key].name if remark.key in writers else None,
                "time": iso_time(remark.at_ms),
            }
            for remark in thread.remarks
        ],
    }


def _lines(thread: Thread, place: Place | None, writers: Writers) -> list[str]:
    where = "line unknown" if place is None else f"line {place.start.line + 1}"
    if place is None or place.gone:
        where += ", its text is gone"
    done = "  done" if thread.done else ""
    return [
        f"{thread.name}  {where}{done}  {output.safe_line(thread.quote)}",
        *[
            f"    {_author(remark, writers)}: {output.safe_line(line)}"
            for remark in thread.remarks
            for line in remark.text.split("\n")
        ],
    ]


def _author(remark: Remark, writers: Writers) -> str:
    said = output.safe_line(remark.says)
    author = writers.get(remark.key)
    if author is None:
        return f"says “{said}”, not verified"
    name = output.safe_line(author.name)
    return name if author.name == remark.says else f"{name} (as “{said}”)"


# -- writing


def _change(words: str | None, answer: str | None, done: str | None, reopen: str | None) -> Change:
    if words is not None or answer is not None:
        # A pipe is read to its end before the vault is opened, a person's typing only once the pad is found.
        piped = None if stdin_is_terminal() else read_text(what=_WHAT)
        if words is not None:
            return lambda book, session: _comment(book, session, words, piped)
        return lambda book, _: _answer(book, answer or "", _text(piped))
    name, is_done = (done, True) if done is not None else (reopen or "", False)
    return lambda book, _: book.set_done(_thread(book, name), is_done)


def _answer(book: Book, name: str, text: str) -> Said:
    thread = _thread(book, name)
    book.answer(thread, text)
    return text, thread.name, thread


def _comment(book: Book, session: PadSession, words: str, piped: str | None) -> Said:
    from cryptpad_tui.crdt.values import Position, end_of

    text = session.view.text()
    at = text.find(words) if words else -1
    if at < 0 or text.find(words, at + 1) >= 0:
        raise NotSaid("the words of --on must stand in the pad exactly once")
    start = end_of(Position(0, 0), text[:at])
    said = _text(piped)
    return said, book.comment(start, end_of(start, words), said), None


def _thread(book: Book, name: str) -> Thread:
    found = [thread for thread in book.threads() if name and thread.name.startswith(name)]
    if len(found) != 1:
        raise NotSaid("there is no such comment, or more than one; `comments PAD --all` lists them")
    return found[0]


def _text(piped: str | None) -> str:
    text = (read_text(what=_WHAT) if piped is None else piped).strip()
    if not text:
        raise NotSaid("there was nothing on standard input")
    return text


def _write(
    sources: SecretSources,
    reference: str,
    words: str | None,
    answer: str | None,
    done: str | None,
    reopen: str | None,
) -> None:
    from cryptpad_tui.cli.verbs_chat import tell
    from cryptpad_tui.cli.verbs_pads import edited

    change, said = _change(words, answer, done, reopen), list[Said | None]()

    def then(engine: Engine, session: PadSession) -> bool:
        remark = said[0]
        return remark is not None and tell(engine, session, *remark)

    edited(sources, reference, lambda session: said.append(change(session.comments, session)), then)
