"""One measurement beside its bar, and how a run of them is shown and kept."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

RESULTS = Path(__file__).parent / "results.json"
_MANY = 1_000


@dataclass(frozen=True, slots=True)
class Row:
    """`passed` is None where there is nothing to pass: a peer, or a figure that explains another."""

    bar: str
    what: str
    value: float
    unit: str
    limit: float | None = None
    passed: bool | None = None


def row(bar: str, what: str, value: float, unit: str, limit: float | None = None) -> Row:
    """A row that passes when the value is within the limit."""
    return Row(bar, what, round(value, 3), unit, limit, None if limit is None else value <= limit)


def heading() -> str:
    return f"{'bar':4} {'what':62} {'measured':>10} {'unit':12} {'limit':>9}  verdict"


def line(one: Row) -> str:
    limit = "" if one.limit is None else f"<= {one.limit:g}"
    verdict = {None: "", True: "ok", False: "MISSED"}[one.passed]
    value = f"{one.value:,.0f}" if abs(one.value) >= _MANY else f"{one.value:g}"
    return f"{one.bar:4} {one.what:62} {value:>10} {one.unit:12} {limit:>9}  {verdict}".rstrip()


def percentile(values: Sequence[float], part: float) -> float:
    """The value below which `part` of the values are."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def machine() -> dict[str, object]:
    """Where this was measured, and how busy that was with other things."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_1_min": round(os.getloadavg()[0], 2),
        "at": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
    }


def write_results(rows: Iterable[Row], *, quick: bool, before: dict[str, object]) -> None:
    """benchmarks/results.json: the rows of this run alone."""
    content = {"machine": before, "quick": quick, "rows": [asdict(one) for one in rows]}
    RESULTS.write_text(json.dumps(content, indent=1) + "\n")


def middle(values: Sequence[float]) -> float:
    return float(median(values))


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for entry in info.read_text().splitlines():
            if entry.startswith("model name"):
                return entry.partition(":")[2].strip()
    return platform.machine()
