"""How time and memory grow with the count of virtual meters served and read in one process tree.

The meters are those of `ferraris meter serve`, each at its own address, in one process, with a day behind them; another
process reads the day of each. Resident memory counts the meters' memory-mapped files as far as they are in memory.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

START = "2026-01-03T00:07:30"
START_MS = 1_767_398_850_000
ROWS_IN_A_DAY = 96
SLOW = "0.001"
"""Virtual seconds a second: no meter captures while it is read."""


@dataclass(frozen=True)
class Growth:
    """One size."""

    meters: int
    start_s: float
    """To make the meters with a day behind them, until the last one listens."""
    read_s: float
    """To read the day of each, whole associations."""
    client_cpu_us: float
    """Processor time of the reading process for each meter."""
    meters_rss_mib: float
    """Greatest resident memory of the process that serves the meters."""
    reader_rss_mib: float
    """Greatest resident memory of the process that reads them."""

    @property
    def rss_mib(self) -> float:
        """Of the whole tree."""
        return self.meters_rss_mib + self.reader_rss_mib

    def as_json(self) -> dict[str, Any]:
        """The fields."""
        return asdict(self)


def measure_growth(meters: int) -> Growth:
    """Serve `meters` virtual meters, read each."""
    directory = Path(tempfile.mkdtemp(prefix="ferraris-growth-"))
    try:
        start = time.perf_counter()
        with _serving(directory, meters) as process:
            start_s = time.perf_counter() - start
            report = _read(directory / "meters.json")
            served_kib = _greatest_rss_kib(process.pid)
    finally:
        shutil.rmtree(directory)
    if report["rows"] != meters * ROWS_IN_A_DAY:
        raise ValueError(f"expected {meters * ROWS_IN_A_DAY} rows, got {report['rows']}")
    cpu_us = report["cpu_seconds"] / meters * 1e6
    return Growth(meters, start_s, report["seconds"], cpu_us, served_kib / 1024, report["rss_kib"] / 1024)


@contextmanager
def _serving(directory: Path, meters: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "ferraris", "meter", "serve", "--dir", str(directory), "--count", str(meters)]
    command += ["--start", START, "--history-days", "1", "--speed", SLOW, "--port", str(_free_port())]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        if "listen" not in process.stdout.readline():
            raise RuntimeError("the meters did not start")
        yield process
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()


def _read(registry: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.street_reader", str(registry), str(START_MS)]
    report: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return report


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.20.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _greatest_rss_kib(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1])
