"""`cryptpad-relay`: one line on stdout when it accepts connections, everything else on stderr, exit codes.

0 stopped as asked, 1 could not start or go on, 2 wrong usage, 130 stopped by Ctrl+C.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import resource
import signal
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click

from cryptpad_relay.chain_end import ChainBroken
from cryptpad_relay.data_dir import (
    DataDirectoryInUse,
    UnsafeDataDirectory,
    load_keys,
    lock_data_dir,
    prepare_data_dir,
)
from cryptpad_relay.diagnostics import LOG, describe, log_to_stderr
from cryptpad_relay.protocol.term_safe import term_safe
from cryptpad_relay.server import AddressInUse, RelayServer
from cryptpad_relay.settings import BadSetting, Settings, load_settings
from cryptpad_relay.store.base import StorageError
from cryptpad_relay.store.sqlite import SqliteStore

EXIT_OK: Final = 0
EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
EXIT_INTERRUPTED: Final = 130
DAY_S: Final = 86_400
ANY_NUMBER: Final = 1 << 30
_EXPECTED: Final = (
    AddressInUse,
    BadSetting,
    ChainBroken,
    DataDirectoryInUse,
    StorageError,
    UnsafeDataDirectory,
    OSError,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cryptpad-tui", prog_name="cryptpad-relay")
def cli() -> None:
    """A relay for encrypted pads. It stores and forwards what it cannot read."""


@cli.command(
    epilog="Example: cryptpad-relay serve --listen 127.0.0.1:8480 --data ~/relay-data",
)
@click.option(
    "--listen", metavar="HOST:PORT", help="TCP address; port 0 takes any.  [default: 127.0.0.1:8480]"
)
@click.option("--unix", metavar="PATH", help="A Unix socket for this user alone, instead of TCP.")
@click.option("--data", metavar="DIR", help="Where the logs and the relay's identity are kept (mode 0700).")
@click.option(
    "--config",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Settings, TOML.  [default: DIR/relay.toml]",
)
@click.option(
    "--login",
    metavar="on|off",
    help="Whether people may keep a login here, to begin on a new machine with.  [default: on]",
)
@click.option(
    "--restored",
    is_flag=True,
    help="The data is a backup: take no new text for a pad before its people gave back what it lacks.",
)
@click.option("--verbose", is_flag=True, help="Say more on stderr.")
def serve(
    listen: str | None,
    unix: str | None,
    data: str | None,
    config: Path | None,
    login: str | None,
    restored: bool,
    verbose: bool,
) -> int:
    """Serve pads until SIGTERM or Ctrl+C.

    Prints one line, "relay ready on URL", when it accepts connections. Put a TLS proxy in front of it to
    serve other hosts: content is safe without, but who talks when is not.
    """
    if listen and unix:
        raise click.UsageError("--listen and --unix exclude each other")
    log_to_stderr(logging.DEBUG if verbose else logging.INFO)
    flags = {"listen": listen, "unix": unix, "data": data, "login": login}
    return asyncio.run(_serve(load_settings(flags, os.environ, config), restored=restored))


def main(arguments: list[str] | None = None) -> int:
    """Errors are one line on stderr; the result is the exit code."""
    try:
        result = cli.main(arguments, standalone_mode=False)
    except click.ClickException as error:
        return _complain(error.format_message(), EXIT_USAGE)
    except (click.Abort, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    except _EXPECTED as error:
        return _complain(str(error) or str(type(error).__doc__), EXIT_FAILED)
    return result if isinstance(result, int) else EXIT_OK


async def _serve(settings: Settings, *, restored: bool) -> int:
    os.umask(0o077)
    settings = replace(settings, limits=settings.limits.within(_allow_many_files()))
    prepare_data_dir(settings.data)
    with lock_data_dir(settings.data):
        store = SqliteStore(settings.data / "relay.db")
        try:
            store.drop_loose_chunks(int(time.time()) // DAY_S - 1)
            return await _serve_store(settings, store, restored=restored)
        finally:
            store.close()


async def _serve_store(settings: Settings, store: SqliteStore, *, restored: bool) -> int:
    loop = asyncio.get_running_loop()
    asked: asyncio.Queue[signal.Signals | None] = asyncio.Queue()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.put_nowait, number)

    def on_fault(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        fault = context.get("exception")
        LOG.error("%s: %s", context["message"], describe(fault) if fault else "no exception")
        # The network may fail; a fault of ours ends the relay, since what it acknowledged is durable.
        if fault is not None and not isinstance(fault, OSError):
            asked.put_nowait(None)

    loop.set_exception_handler(on_fault)
    server = RelayServer(
        store,
        load_keys(settings.data),
        limits=settings.limits,
        commit_interval_s=settings.commit_interval_s,
        restored=restored,
    )
    if settings.unix is not None:
        url = await server.listen_unix(settings.unix)
    else:
        url = await server.listen_tcp(settings.host, settings.port)
    # What lives to the end is not looked at again, and a message leaves no cycles behind: collect seldom.
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    click.echo(f"relay ready on {url}")
    sys.stdout.flush()
    reason = await asked.get()
    LOG.info("stopping")
    await server.stop()
    if settings.unix is not None:
        settings.unix.unlink(missing_ok=True)
    if reason is None:
        return EXIT_FAILED
    return EXIT_INTERRUPTED if reason == signal.SIGINT else EXIT_OK


def _complain(sentence: str, code: int) -> int:
    line = " ".join(term_safe(sentence).split())
    click.echo(f"cryptpad-relay: error: {line}", err=True)
    return code


def _allow_many_files() -> int:
    """A connection is a file: take as many as the system lets us; how many that are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    return ANY_NUMBER if soft in (resource.RLIM_INFINITY, -1) else soft
