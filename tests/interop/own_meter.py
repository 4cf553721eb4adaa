"""Our meters as these tests serve them to foreign clients: `ferraris meter serve` in a process of its own.

They replay a file in which every quarter of an hour is like every other, and their time stands nearly still, so that what a
client must read is known to the value.
"""

from __future__ import annotations

import json
import selectors
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.interop.own_client import HEADEND_TITLE

START_S = 1_767_398_850  # 2026-01-03 00:07:30 UTC: in the middle of a quarter, whatever the error of a meter's clock
START = "2026-01-03T00:07:30"
HISTORY_DAYS = 2
PERIOD_S = 900
SLOW = "0.001"
READY_TIMEOUT_S = 60.0

# Of each quarter of an hour; A+, A-, R+, R- in Wh and varh, then the voltages in tenths of a volt.
ENERGIES = (900, 450, 90, 45)
VOLTAGES = (2314, 2298, 2305)
CSV_NAMES = "time,active_import_wh,active_export_wh,reactive_import_varh,reactive_export_varh,voltage_l1_v,voltage_l2_v,voltage_l3_v"


@dataclass(frozen=True)
class OwnMeter:
    """One of the meters, with what a client must know of it."""

    line: dict[str, Any]

    def task(self, mode: dict[str, Any], operations: list[list[Any]]) -> dict[str, Any]:
        """A task for a foreign client."""
        address = {"do": "client", "host": self.line["host"], "port": self.line["port"], "server_sap": 1}
        keys = {name: self.line[name] for name in ("encryption_key", "authentication_key")}
        identity: dict[str, Any] = {}
        if mode.get("authentication") == "gmac":
            identity = {"system_title": HEADEND_TITLE.hex(), **keys}
        elif mode.get("authentication") == "low":
            identity = {"secret": self.line["lls_secret"]}
        return {**address, **identity, **mode, "operations": operations}


def _replayed(path: Path) -> Path:
    values = ",".join(map(str, ENERGIES)) + "," + ",".join(f"{voltage / 10}" for voltage in VOLTAGES)
    lines = [f"{START_S // PERIOD_S * PERIOD_S + n * PERIOD_S},{values}" for n in range(96)]
    path.write_text("\n".join([CSV_NAMES, *lines]) + "\n")
    return path


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.20.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(directory: Path, count: int, *profiles: str, hdlc: bool = False) -> Iterator[list[OwnMeter]]:
    """`count` meters that have measured for two days."""
    command = [sys.executable, "-m", "ferraris", "meter", "serve", "--dir", str(directory / "meters")]
    command += ["--csv", str(_replayed(directory / "even.csv")), "--count", str(count), "--port", str(_free_port())]
    command += ["--history-days", str(HISTORY_DAYS), "--start", START, "--speed", SLOW, "--seed", "7"]
    command += ["--hdlc"] if hdlc else []
    for profile in profiles:
        command += ["--profile", profile]
    with (directory / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    assert process.stdout is not None
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            ready = selector.select(READY_TIMEOUT_S) and "listen" in process.stdout.readline()
        assert ready, f"our meters do not start: {(directory / 'log').read_text()[-2000:]}"
        lines = (directory / "meters" / "meters.json").read_text().splitlines()
        yield [OwnMeter(json.loads(line)) for line in lines]
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()
