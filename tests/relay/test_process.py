"""The command as an operator runs it: one line, exit codes, kill -9, clean stop, clean logs."""

from __future__ import annotations

import asyncio
import base64
import random
import re
import signal
import sqlite3
import stat
import subprocess
from pathlib import Path

import pytest

from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.frames import Op
from support.forge import Forge
from support.relay_process import WireClient, clean_environment, kill_in_mid_stream, relay_process
from support.zygote import shared


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    code, out, err = shared("cryptpad-relay").run(
        arguments, stdin=b"", env=clean_environment(), cwd=Path.cwd(), timeout_s=20
    )
    return subprocess.CompletedProcess(arguments, code, out.decode(), err.decode())


def test_t44_five_kills_in_mid_stream_lose_nothing_acknowledged_and_keep_one_chain(data: Path) -> None:
    chance = random.Random(5)
    outcomes = [kill_in_mid_stream(data / str(i), chance.uniform(0.05, 0.35), seed=i) for i in range(5)]
    assert sum(outcome.acknowledged for outcome in outcomes) > 25
    assert sum(outcome.lost for outcome in outcomes) == 0


async def test_sigterm_says_goodbye_and_leaves_everything_in_order(data: Path) -> None:
    pad = Forge().pad()
    data.mkdir(mode=0o700)
    (data / "relay.toml").write_text("commit_ms = 600\n")
    with relay_process(data) as relay:
        assert re.fullmatch(r"relay ready on ws://127\.0\.0\.1:\d+\n", relay.first_line)
        client = await WireClient.open(relay.url)
        await client.create(pad)
        await client.subscribe(pad)
        raw = pad.writer().hello(pad.start)
        request = asyncio.create_task(client.append(raw))
        await asyncio.sleep(0.2)
        assert not request.done()
        relay.process.send_signal(signal.SIGTERM)
        assert (await request).positions[0].n == 1
        await client.socket.wait_closed()
        assert client.socket.close_code == 1001
        assert await asyncio.to_thread(relay.process.wait, 10) == 0
    with relay_process(data, warm=True) as relay:
        client = await WireClient.open(relay.url)
        assert (await client.subscribe(pad)).n == 1
        await client.close()
        assert relay.stop(signal.SIGINT) == 130


async def test_a_unix_socket_is_for_this_user_alone_and_is_taken_over_from_the_dead(
    data: Path, tmp_path: Path
) -> None:
    path = tmp_path / "relay.sock"
    pad = Forge().pad()
    with relay_process(data, "--unix", str(path), warm=True) as relay:
        assert relay.first_line == f"relay ready on unix:{path}\n"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        client = await WireClient.open(relay.url)
        assert (await client.create(pad)).op == Op.CREATE | 0x80
        await client.close()
        second = run("serve", "--unix", str(path), "--data", str(tmp_path / "other"))
        assert second.returncode == 1
        relay.kill()
    assert path.exists()
    with relay_process(data, "--unix", str(path), warm=True) as relay:
        client = await WireClient.open(relay.url)
        assert (await client.subscribe(pad)).n == 0
        await client.close()
        assert relay.stop() == 0
    assert not path.exists()


def test_a_second_relay_on_the_same_data_is_refused(data: Path) -> None:
    with relay_process(data, warm=True):
        second = run("serve", "--listen", "127.0.0.1:0", "--data", str(data))
    assert second.returncode == 1
    assert second.stdout == ""
    assert len(second.stderr.splitlines()) == 1


def test_a_port_in_use_is_one_line(data: Path, tmp_path: Path) -> None:
    with relay_process(data, warm=True) as relay:
        address = relay.url.removeprefix("ws://")
        second = run("serve", "--listen", address, "--data", str(tmp_path / "other"))
    assert second.returncode == 1
    assert len(second.stderr.splitlines()) == 1


def test_data_that_others_can_read_is_refused(data: Path) -> None:
    data.mkdir(mode=0o755)
    data.chmod(0o755)
    refused = run("serve", "--listen", "127.0.0.1:0", "--data", str(data))
    assert refused.returncode == 1
    assert "chmod 700" in refused.stderr


@pytest.mark.parametrize(
    "arguments", [("nonsense",), ("serve", "--nonsense"), ("serve", "--listen", "a:1", "--unix", "b")]
)
def test_wrong_usage_is_exit_code_2_and_one_line(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1


def test_wrong_settings_are_exit_code_1_and_one_line(data: Path) -> None:
    result = run("serve", "--listen", "nowhere\x1b[31m", "--data", str(data))
    assert (result.returncode, result.stdout) == (1, "")
    assert len(result.stderr.splitlines()) == 1
    assert "\x1b" not in result.stderr


def test_help_has_an_example() -> None:
    result = run("serve", "--help")
    assert result.returncode == 0
    assert "Example: cryptpad-relay serve" in result.stdout


def test_files_and_directory_are_for_this_user_alone(data: Path) -> None:
    with relay_process(data, warm=True) as relay:
        relay.stop()
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in data.iterdir()}
    assert {"identity.key", "ticket.key", "relay.db"} <= modes.keys()
    assert set(modes.values()) == {0o600}


async def test_t46_logs_name_no_pad_no_person_and_no_address(data: Path) -> None:
    """T46."""
    pad = Forge().pad()
    with relay_process(data, "--verbose", warm=True) as relay:
        client = await WireClient.open(relay.url)
        await client.create(pad)
        await client.subscribe(pad)
        await client.append(pad.writer().hello(pad.start))
        await client.ask(Op.APPEND, b"\0\1nonsense")
        await client.socket.send("text is no message of this protocol")
        await client.socket.wait_closed()
        assert client.socket.close_code == 4002
        relay.stop()
        log = relay.log()
    port = str(client.socket.local_address[1])
    secrets = (pad.pad_id, pad.genesis[8:40], pad.fetch_seed)
    assert not [secret for secret in secrets if is_named(secret, log)]
    assert port not in log
    assert "Traceback" not in log


def is_named(secret: bytes, log: str) -> bool:
    """Whether the beginning of a secret stands in the log in any usual spelling."""
    spellings = (
        secret.hex()[:16],
        base64.b32encode(secret).decode()[:8],
        base64.b64encode(secret).decode()[:8],
    )
    return any(spelling.lower() in log.lower() for spelling in spellings)


def test_t46_a_pad_in_the_log_would_be_found() -> None:
    pad_id = Forge().pad().pad_id
    for spelled in (pad_id.hex(), base64.b32encode(pad_id).decode(), base64.b64encode(pad_id).decode()):
        assert is_named(pad_id, f"info: pad {spelled} has a reader")


async def test_t47_at_rest_are_only_the_listed_fields(data: Path) -> None:
    """T47: whoever takes the disk finds what the relay was sent, and no address, nonce or link."""
    pad = Forge().pad()
    with relay_process(data, warm=True) as relay:
        client = await WireClient.open(relay.url)
        await client.create(pad)
        await client.subscribe(pad)
        await client.append(pad.writer().hello(pad.start))
        nonce = client.greeting.relay_nonce
        await client.close()
        relay.stop()
    with sqlite3.connect(data / "relay.db") as connection:
        columns = {
            table: [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
    connection.close()
    assert columns == {
        "pad": ["number", "pad_id", "genesis"],
        "entry": ["place", "entry_id", "head", "writer", "seq", "base_n", "id_key", "raw"],
        "writer": ["hello", "pad", "writer_pk", "client_id", "cert", "hello_id"],
        "snapshot": ["place", "snap_n", "hello_n"],
        "chunk": ["key", "pad", "chunk_id", "named", "put_day", "size", "data"],
        "record": ["place"],
        "record_kind": ["pad", "kind", "place"],
        "loss": ["pad", "n", "since_ms"],
        "expiring": ["pad"],
        "lost_chunk": ["place", "pad", "chunk_id", "size"],
        "file": ["key", "pad", "file_id", "size", "chunks", "day", "state", "tombstone"],
        "file_chunk": ["file", "chunk_id", "pad", "size"],
        "login": ["login_id", "version", "block"],
        "mailbox": ["key", "mailbox_id", "pass_id", "newest", "day"],
        "mail": ["mailbox", "place", "lane", "day", "digest", "mail"],
        "counted_day": ["one", "day"],
        "ended": ["pad", "day", "kept"],
        "idle": ["pad", "unused"],
    }
    assert at_rest(data, pad.genesis[:40])
    assert not [
        secret for secret in (pad.fetch_seed, pad.cap_seed, nonce, b"127.0.0.1") if at_rest(data, secret)
    ]


def at_rest(data: Path, wanted: bytes) -> bool:
    return any(wanted in path.read_bytes() for path in data.iterdir())


def test_t47_a_nonce_that_is_kept_would_be_found(data: Path) -> None:
    data.mkdir()
    nonce, store = bytes(range(16, 48)), sqlite3.connect(data / "relay.db")
    store.execute("CREATE TABLE visit(nonce, address)")
    store.execute("INSERT INTO visit VALUES(?, ?)", (nonce, "127.0.0.1"))
    store.commit()
    store.close()
    assert at_rest(data, nonce)
    assert at_rest(data, b"127.0.0.1")


async def test_the_identity_outlives_a_restart(data: Path) -> None:
    keys = []
    for _ in range(2):
        with relay_process(data, warm=True) as relay:
            client = await WireClient.open(relay.url)
            keys.append(client.greeting.relay_pk)
            await client.close()
            relay.stop()
    assert keys[0] == keys[1]


async def test_the_environment_and_the_file_set_limits(data: Path) -> None:
    data.mkdir(mode=0o700)
    (data / "relay.toml").write_text("[limits]\ncreates_per_connection = [1, 0.001]\n")
    forge = Forge()
    with relay_process(data, warm=True) as relay:
        client = await WireClient.open(relay.url)
        assert (await client.create(forge.pad())).op == Op.CREATE | 0x80
        refused = await client.create(forge.pad())
        assert frames.Error.decode(refused.body).code.name == "CREATE_LIMIT"
        await client.close()
