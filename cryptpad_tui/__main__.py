"""Where `cryptpad-tui` begins: hands the arguments to the command line, and imports a screen only when one
is wanted."""

from __future__ import annotations

import gc
import importlib
import signal
import sys
from typing import TYPE_CHECKING

from cryptpad_tui.host.streams import keep_stderr_ours

if TYPE_CHECKING:
    from cryptpad_tui.cli.screen_request import ScreenRequest


def main() -> int:
    """The exit code; never a traceback."""
    keep_stderr_ours()
    try:
        from cryptpad_tui.cli.run import run

        code = run(sys.argv[1:], _show_screen)
    except KeyboardInterrupt:
        code = 130
    # The interpreter's last steps would answer another Ctrl+C with a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Nor need they look through everything that was loaded: a short verb would end a seventh later.
    gc.freeze()
    return code


def _show_screen(request: ScreenRequest) -> int:
    from cryptpad_tui.cli.errors import NoScreenHere
    from cryptpad_tui.cli.screen_request import Screen
    from cryptpad_tui.host import process

    # The app holds keys for hours: before it has any, no core dump and no debugger may ever show them.
    process.harden()
    try:
        return _run_app(request) if request.screen is Screen.APP else _run_demo()
    except ModuleNotFoundError as error:
        if error.name in ("cryptpad_tui.ui.app", "cryptpad_tui.ui.demo"):
            raise NoScreenHere from None
        raise


def _run_app(request: ScreenRequest) -> int:
    from cryptpad_tui.host import paths
    from cryptpad_tui.ui.running import run_app

    sources = request.sources
    return run_app(
        paths.vault_dir(), pad=request.pad, passphrase=sources.passphrase(), keyfile=sources.keyfile
    )


def _run_demo() -> int:
    # By name, since an installation may leave the demo out.
    code: int = importlib.import_module("cryptpad_tui.ui.demo").run_demo()
    return code


if __name__ == "__main__":
    sys.exit(main())
