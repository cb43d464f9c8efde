"""`make demo`: two people in one pad within seconds, on this machine, and nothing left afterwards.

A throw-away vault, relay and pad in a temporary folder; a second process with a vault of its own joins by the
link and types. Both ends are the real ones: what is shown is what is sealed, sent and checked.
"""

from __future__ import annotations

import asyncio
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine, PadSession

TITLE: Final = "Plans for Saturday"
_KDF_MIB: Final = 64
_COLLEAGUE: Final = "KATE"
_YOU: Final = "you"
_KEY_S: Final = 0.09
_PAUSE_S: Final = 1.5
_END_S: Final = 5.0
_TEXT: Final = """# Plans for Saturday

KATE joined this pad by a link and writes below. Write too: `F1` shows the keys, `Ctrl+Q` ends it.

All of it is real: sealed here, carried by a relay that cannot read it, gone when you leave.

- [ ] bread and cheese

"""
_LINES: Final = (
    "- [ ] KATE brings the tent\n",
    "- [ ] ask ANNA about the boat\n",
    "\nType anywhere, I do not mind: nobody overwrites anybody here.\n",
    "\n## Where\n\nThe lake, from *ten* on.\n",
)


def run_demo() -> int:
    """The whole demo; the exit code of the app."""
    from cryptpad_tui.host.embedded_relay import EmbeddedRelay
    from cryptpad_tui.ui.running import run_app

    with tempfile.TemporaryDirectory(prefix="cryptpad-tui-demo-") as name:
        folder = Path(name)
        home, passphrase = folder / "you", secrets.token_hex(16).encode()
        colleague: subprocess.Popen[bytes] | None = None
        try:
            print("Making a vault, a relay and a colleague for the demo…", file=sys.stderr)
            link = asyncio.run(_prepare(home, passphrase))
            colleague = _start_colleague(folder / "colleague", link)
            return run_app(home, pad=TITLE, passphrase=passphrase)
        except KeyboardInterrupt:
            return 130
        finally:
            if colleague is not None:
                _end(colleague)
            EmbeddedRelay(home / "relay").stop()


async def _prepare(home: Path, passphrase: bytes) -> str:
    engine = _new_engine(home, passphrase, _YOU, relay="local")
    try:
        pad = engine.create_pad(TITLE, text=_TEXT)
        return await engine.make_link(pad.pad_id, view=False)
    finally:
        await engine.close()


def _new_engine(home: Path, passphrase: bytes, name: str, *, relay: str | None) -> Engine:
    from cryptpad_tui.engine import Engine
    from cryptpad_tui.vault.vault import Vault

    vault, _ = Vault.create(home, passphrase, name=name, relay_url=relay, kdf_memory_mib=_KDF_MIB)
    return Engine(vault)


def _start_colleague(home: Path, link: str) -> subprocess.Popen[bytes]:
    """The colleague gets the link by a pipe: a link is a secret, and arguments are public."""
    arguments = [sys.executable, "-m", "cryptpad_tui.ui.demo", "colleague", str(home)]
    null = subprocess.DEVNULL
    process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=null, stderr=null)
    assert process.stdin is not None
    process.stdin.write(link.encode() + b"\n")
    process.stdin.flush()
    return process


def _end(colleague: subprocess.Popen[bytes]) -> None:
    """The end of its input tells it to go; where that takes too long, it goes all the same."""
    assert colleague.stdin is not None
    colleague.stdin.close()
    try:
        colleague.wait(_END_S)
    except subprocess.TimeoutExpired:
        colleague.kill()
        colleague.wait()


async def _be_colleague(home: Path, link: str) -> None:
    """Type until the demo's process closes our input, or dies."""
    writing = asyncio.create_task(_join_and_write(home, link))
    await asyncio.to_thread(sys.stdin.read)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)


async def _join_and_write(home: Path, link: str) -> None:
    engine = _new_engine(home, secrets.token_bytes(16), _COLLEAGUE, relay=None)
    try:
        await engine.start()
        pad = await engine.join(link)
        await asyncio.sleep(0.5)
        session = engine.open_pad(pad.pad_id)
        await asyncio.sleep(_PAUSE_S)
        for line in _LINES:
            await _type(session, line)
            await asyncio.sleep(_PAUSE_S)
        while True:
            await asyncio.sleep(3600)
    finally:
        await engine.close()


async def _type(session: PadSession, text: str) -> None:
    """One key after the other, at the end of the pad, wherever others write meanwhile."""
    for char in text:
        end = session.view.lines.end
        session.view.replace(end, end, char)
        end = session.view.lines.end
        session.set_cursor(end, end)
        await asyncio.sleep(_KEY_S)


def main(arguments: Sequence[str]) -> int:
    """Without arguments the demo; `colleague HOME` is its other process."""
    if len(arguments) == 2 and arguments[0] == "colleague":
        link = sys.stdin.readline().strip()
        asyncio.run(_be_colleague(Path(arguments[1]), link))
        return 0
    return run_demo()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
