"""The real doors over engines of values in which everything that can come from outside commands a terminal.

    python hostile_probe.py screen [--unsafe] [--no-diff]
    python hostile_probe.py verbs [--unsafe] [--alarm] VERB...

`--unsafe` takes the defences out: what the test must then see is why they are there.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

OWNED = (
    "EVIL\x1b]0;owned\x07\x1b]52;c;b3duZWQ=\x07\x1b[31m\x9b2J\x9d0;owned\x9c\x1bP+q\x1b\\\x08\x7f\u202e\x00"
)
TEXT = "first row\nsecond row\u202e\u2028\u200e\n"


def remove_defences() -> None:
    """Before anything of ours takes the names over."""
    from cryptpad_relay.protocol import term_safe

    term_safe.term_safe = term_safe.term_safe_name = lambda text: text  # type: ignore[assignment]


def screen(*, unsafe: bool) -> int:
    """The app: a drive with hostile titles, a pad with hostile people, notices, alarms and failures."""
    from ui import fake_engine

    from cryptpad_tui.crdt.values import Position
    from cryptpad_tui.engine import AlarmLine, EngineError, SessionEvent, SyncWord
    from cryptpad_tui.pad.alarms import Notice
    from cryptpad_tui.ui.app import CryptpadApp

    if unsafe:
        from cryptpad_tui.ui.terminal import ControlFilter

        ControlFilter.apply = lambda self, segments, background: segments  # type: ignore[method-assign]
    line = fake_engine.listing("pad " + OWNED, number=3, alarms=("FORK",), sync=SyncWord.ALARM)
    engine = fake_engine.FakeEngine(line, fake_engine.listing("other" + OWNED, number=2, folder=OWNED))
    session = engine.session(line, TEXT)
    session.here = [fake_engine.person("EVE" + OWNED, caret=Position(1, 0), mark=OWNED)]
    session.notices = [Notice("notice " + OWNED)]
    session.text = "status " + OWNED
    session.problem = "problem " + OWNED

    def fail(*_: object) -> Any:
        raise EngineError("failure " + OWNED)

    def meet() -> None:
        session.alarm = AlarmLine(line.pad_id, "FORK", "alarm " + OWNED, OWNED)
        for event in SessionEvent:
            session.tell(event)

    engine.rename = engine.trash = fail  # type: ignore[method-assign,assignment]

    backend = fake_engine.FakeBackend(engine)
    app = CryptpadApp(Path("/nowhere"), passphrase=fake_engine.SECRET, backend=backend)
    if unsafe or "--no-diff" in sys.argv:
        # Cells are a defence of their own: a character that takes no cell is never painted.
        app._frames = None
    later = threading.Timer(1.5, lambda: app.call_from_thread(meet))
    later.daemon = True
    later.start()
    app.run()
    return app.return_code or 0


def verbs(arguments: Sequence[str]) -> int:
    """Verbs of the command line, as given, in turn."""
    from cli.fakes import FakeEngine

    from cryptpad_tui.cli import vault_access
    from cryptpad_tui.cli.run import run
    from cryptpad_tui.engine import AlarmLine, LogLine, SyncReport
    from cryptpad_tui.pad.alarms import Alarm, AlarmCode

    engine = FakeEngine(relay="wss://x" + OWNED)
    pad = engine.add("pad " + OWNED, TEXT)
    engine.pads[0] = replace(pad, alarms=("FORK" + OWNED,), head=OWNED, folder=OWNED)
    engine.log_lines = [LogLine(1, "update", "EVE" + OWNED, OWNED, True, False, 1, None)]
    engine.report = SyncReport(0, False, (AlarmLine(pad.pad_id, "FORK", OWNED, OWNED),), ("notice" + OWNED,))
    engine.vault = SimpleNamespace(
        directory=Path("/vault" + OWNED), setting={"name": "A" + OWNED}.get, settings_under=lambda prefix: {}
    )
    if "--alarm" in sys.argv:
        engine.sync_error = Alarm(AlarmCode.FORK, OWNED)
    vault_access.unlock = lambda sources: SimpleNamespace(close=lambda: None)  # type: ignore[assignment]
    vault_access.make_engine = lambda _: engine  # type: ignore[assignment,return-value]
    return max(int(run(verb.split(), lambda request: 0)) for verb in arguments)


def main() -> int:
    sys.path.insert(0, str(Path(__file__).parents[1]))
    door, *options = sys.argv[1:]
    unsafe = "--unsafe" in options
    if unsafe:
        remove_defences()
    if door == "screen":
        return screen(unsafe=unsafe)
    return verbs([option for option in options if not option.startswith("--")])


if __name__ == "__main__":
    sys.exit(main())
