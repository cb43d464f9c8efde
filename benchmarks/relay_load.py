"""What the relay costs: P8 to P11 and P15 of the performance bars, side by side with peers.

    python -m benchmarks.relay_load            our relay alone
    python -m benchmarks.relay_load --peers    with elva and hocuspocus where benchmarks/.work has them

Machines are shared and noisy: compare the ratios of one run, not its seconds. `--install` fetches the peers
from PyPI and npm into benchmarks/.work. All traffic is on loopback. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
WORK = HERE / ".work"
P8 = {"clients": 50, "writers": 5, "rate": 200, "seconds": 10}
_HOCUSPOCUS = """
const { Server } = require("@hocuspocus/server");
const { SQLite } = require("@hocuspocus/extension-sqlite");
new Server({ port: Number(process.argv[2]), address: "127.0.0.1", quiet: true,
  extensions: [new SQLite({ database: process.argv[3] })] }).listen();
"""


@dataclass(frozen=True, slots=True)
class Running:
    """A server under load."""

    pid: int
    port: int

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_kib(self) -> int:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1])
        return 0


@contextmanager
def relay(data: Path, *extra: str) -> Iterator[Running]:
    command = [
        sys.executable,
        "-m",
        "cryptpad_relay",
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--data",
        str(data),
    ]
    process = subprocess.Popen([*command, *extra], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(process.stderr.read() if process.stderr else "the relay did not start")
        yield Running(process.pid, int(line.rpartition(":")[2]))
    finally:
        _end(process)


@contextmanager
def elva(data: Path) -> Iterator[Running]:
    port = _free_port()
    command = [str(WORK / "elva-venv/bin/elva"), "server", "-h", "127.0.0.1", "-p", str(port), "-r", "NEVER"]
    with _peer(command, data, port) as running:
        yield running


@contextmanager
def hocuspocus(data: Path) -> Iterator[Running]:
    port = _free_port()
    script = WORK / "hocus/server.cjs"
    script.write_text(_HOCUSPOCUS)
    with _peer(["node", str(script), str(port), str(data / "hocus.sqlite")], data, port) as running:
        yield running


@contextmanager
def _peer(command: list[str], data: Path, port: int) -> Iterator[Running]:
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=data,
        env={**os.environ, "HOME": str(data)},
    )
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield Running(process.pid, port)
    finally:
        _end(process)


def _end(process: subprocess.Popen[Any]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


PEERS = {"elva": "elva-venv", "hocuspocus": "hocus"}
SERVERS: dict[str, Callable[[Path], Any]] = {"relay": relay, "elva": elva, "hocuspocus": hocuspocus}


@contextmanager
def temporary() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="relay-load-"))
    path.chmod(0o700)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def generate(running: Running, job: dict[str, Any]) -> dict[str, Any]:
    """One run of the generator; the server's CPU is read at the marks around the steady part."""
    process = subprocess.Popen(
        [sys.executable, str(HERE / "relay_generator.py")],
        env={**os.environ, "PYTHONPATH": str(HERE.parent / "tests")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps({"host": "127.0.0.1", "port": running.port, **job}) + "\n")
        process.stdin.flush()
        if job.get("idle"):
            return _measure_idle(running, process)
        before = after = 0.0
        for line in process.stdout:
            if line.startswith("go"):
                before = running.cpu_s()
            elif line.startswith("done"):
                time.sleep(0.2)
                after = running.cpu_s()
            elif line.startswith("{"):
                result: dict[str, Any] = json.loads(line)
                result["cpu_s"] = round(after - before, 3)
                per_delivery = (after - before) / result["deliveries"] if result["deliveries"] else 0.0
                result["cpu_s_per_100k"] = round(per_delivery * 100_000, 3)
                return result
        raise RuntimeError(f"the load on {job['kind']} ended without a result")
    finally:
        process.stdin.close()
        if process.wait(30) and not job.get("idle"):
            print(f"the generator failed with {process.returncode}", file=sys.stderr)
        process.stdout.close()


def _measure_idle(running: Running, process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    assert process.stdin is not None
    process.stdout.readline()
    resident = running.resident_kib()
    process.stdin.write("\n")
    process.stdin.flush()
    return {"resident_kib": resident}


def p8(names: list[str], rounds: int) -> dict[str, list[dict[str, Any]]]:
    """The servers in turn, so that a noisy minute is shared by all."""
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            with temporary() as data, SERVERS[name](data) as running:
                result = generate(running, {"kind": name, **P8})
            results[name].append(result)
            print(row(name, result), flush=True)
    return results


def row(name: str, result: dict[str, Any]) -> str:
    return (
        f"  {name:<12} {result['cpu_s_per_100k']:6.2f} CPU-s/100k   p50 {result['p50_ms']:6.2f}  "
        f"p99 {result['p99_ms']:6.2f} ms   acks {result['acks']:5} p99 {result['ack_p99_ms']:6.2f} ms   "
        f"{result['deliveries']}/{result['expected']} delivered"
    )


def p10(clients: int = 500) -> dict[str, Any]:
    with temporary() as data, relay(data) as running:
        generate(
            running, {"kind": "idle", "idle": True, "clients": 10, "writers": 0, "rate": 0, "seconds": 0}
        )
        before = running.resident_kib()
        job = {
            "kind": "idle",
            "idle": True,
            "clients": clients,
            "writers": 0,
            "rate": 0,
            "seconds": 0,
            "seed": 2,
        }
        after = generate(running, job)["resident_kib"]
    return {"kib_per_connection": round((after - before) / clients, 1), "connections": clients}


def p15() -> dict[str, Any]:
    results = {}
    for name, rate in (("still", 0), ("typing", 200)):
        job = {"kind": "relay", "clients": 200, "writers": 5, "rate": rate, "seconds": 15, "presence": True}
        with temporary() as data, relay(data) as running:
            results[name] = generate(running, job)
    job = {"kind": "relay", "clients": 200, "writers": 5, "rate": 200, "seconds": 15}
    with temporary() as data, relay(data) as running:
        results["typing, nobody present"] = generate(running, job)
    return results


def p11(kills: int) -> dict[str, Any]:
    sys.path[:0] = [str(HERE.parent / "tests")]
    from support.relay_process import kill_in_mid_stream

    acknowledged = lost = 0
    chance = random.Random(11)
    with temporary() as data:
        for number in range(kills):
            outcome = kill_in_mid_stream(data / f"run{number}", chance.uniform(0.05, 0.6), seed=number)
            acknowledged += outcome.acknowledged
            lost += outcome.lost
    return {"kills": kills, "acknowledged": acknowledged, "lost": lost}


def fsync_p50_ms() -> float:
    with temporary() as data, (data / "probe").open("wb") as file:
        times = []
        for _ in range(100):
            file.write(bytes(4096))
            file.flush()
            started = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - started)
    return round(statistics.median(times) * 1000, 2)


def install_peers() -> None:
    WORK.mkdir(exist_ok=True)
    subprocess.run([sys.executable, "-m", "venv", str(WORK / "elva-venv")], check=True)
    subprocess.run([str(WORK / "elva-venv/bin/pip"), "install", "-q", "elva"], check=True)
    (WORK / "hocus").mkdir(exist_ok=True)
    packages = ["@hocuspocus/server", "@hocuspocus/extension-sqlite"]
    subprocess.run(["npm", "install", "--silent", "--prefix", str(WORK / "hocus"), *packages], check=True)


def report_p8(names: list[str], rounds: int) -> dict[str, Any]:
    print("P8, P9: {clients} clients, {writers} writers, {rate} edits/s, {seconds} s".format(**P8))
    keys = ("cpu_s_per_100k", "p50_ms", "p99_ms", "ack_p50_ms", "ack_p99_ms")
    results: dict[str, Any] = {
        name: {key: statistics.median(run[key] for run in runs) for key in keys}
        for name, runs in p8(names, rounds).items()
    }
    if "elva" in results:
        ours, theirs = results["relay"]["cpu_s_per_100k"], results["elva"]["cpu_s_per_100k"]
        results["p8_ratio"] = round(ours / theirs, 3)
        print(f"P8 ratio to elva {results['p8_ratio']} (bar 0.9)")
    return results


def report_p15() -> dict[str, Any]:
    results = p15()
    for name, result in results.items():
        presence = result["presence_bytes_per_client_s"] / 1000
        print(f"  {name:<24} presence {presence:5.1f} kB/s a person   {result['cpu_s_per_100k']} CPU-s/100k")
    return results


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--peers", action="store_true", help="run elva and hocuspocus beside ours")
    parser.add_argument("--install", action="store_true", help="fetch the peers first")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--only", choices=["p8", "p10", "p11", "p15"])
    options = parser.parse_args(arguments)
    if options.install:
        install_peers()
    names = ["relay"]
    if options.peers:
        names += [name for name, place in PEERS.items() if (WORK / place).exists()]
    results: dict[str, Any] = {"fsync_p50_ms": fsync_p50_ms()}
    print(f"fsync p50 {results['fsync_p50_ms']} ms")
    if options.only in (None, "p8"):
        results |= report_p8(names, options.rounds)
    if options.only in (None, "p10"):
        results["p10"] = p10()
        print(f"P10: {results['p10']['kib_per_connection']} KiB a connection (bar 40)")
    if options.only in (None, "p11"):
        results["p11"] = p11(options.kills)
        print(f"P11: {results['p11']}")
    if options.only in (None, "p15"):
        results["p15"] = report_p15()
    print(json.dumps(results))
    return results


if __name__ == "__main__":
    main()
