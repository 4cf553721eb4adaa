"""The commands together, as processes over real TCP: meters, a head-end that owns the stores, and `collect` that asks it."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from ferraris.cli.head_end import opened
from ferraris.store import open_stores
from tests.cli.test_head_end import taken

METERS = 4
PATIENCE_S = 100
SUMMARY = {"meters", "done", "reached", "failed", "missing", "finished", "seconds"}


def ferraris(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "ferraris", *arguments]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command that serves; it is ended at the end, and must end well when it is told to."""
    with subprocess.Popen(ferraris(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        try:
            yield running
        finally:
            running.kill()


def line(running: subprocess.Popen[str]) -> str:
    assert running.stdout is not None
    return running.stdout.readline()


def ended_well(running: subprocess.Popen[str]) -> None:
    running.send_signal(signal.SIGTERM)
    assert running.wait(30) == 0


def collect(*options: str) -> Any:
    """What `ferraris collect --json` prints: one JSON object and nothing else."""
    ended = subprocess.run(
        ferraris("collect", "--json", *options), capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert ended.returncode in (0, 1), ended.stderr
    assert ended.stdout.count("\n") == 1
    summary = json.loads(ended.stdout)
    assert ended.returncode == (1 if summary["failed"] else 0)
    assert set(summary) == SUMMARY
    assert summary["finished"] is True
    assert summary["reached"] + summary["failed"] == summary["done"] == summary["meters"]
    return summary


class Field:
    """Meters that have measured for two days, and the registry that their process wrote."""

    def __init__(self, directory: Path, running: subprocess.Popen[str]) -> None:
        self.directory = directory
        self.running = running
        self.registry = directory / "meters.json"

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self.registry.read_text().splitlines()]


@pytest.fixture(scope="module")
def meters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    directory = tmp_path_factory.mktemp("meters")
    options = "--count", str(METERS), "--port", str(free_port()), "--history-days", "2"
    with process("meter", "serve", "--dir", str(directory), *options) as running:
        assert "meters listen" in line(running)
        yield Field(directory, running)
        ended_well(running)


def registry(field: Field, path: Path, changes: dict[int, dict[str, Any]] | None = None) -> Path:
    """The registry file, registered two days ago, with some lines changed by meter number."""
    lines = field.lines()
    for entry in lines:
        entry["created_ms"] = 1_000 * (_now_s() - 2 * 86_400)
        entry |= (changes or {}).get(entry["number"], {})
    path.write_text("".join(json.dumps(entry) + "\n" for entry in lines))
    return path


def registered(data: Path, source: Path) -> tuple[int, int]:
    """The meters of the file are put on record, as `serve --import` does it; nothing is read yet."""

    async def register() -> tuple[int, int]:
        with opened(data) as stores_and_key:
            return await taken(stores_and_key, source)

    return asyncio.run(register())


def _now_s() -> int:
    return int(time.time())


def test_serve_collects_what_the_meters_hold_and_collect_follows_it(meters: Field, tmp_path: Path) -> None:
    """Two days of four meters; one has a wrong key, one a wrong address."""
    wrong: dict[int, dict[str, Any]] = {2: {"encryption_key": "00" * 16, "group": "north"}, 3: {"port": 1}}
    source = registry(meters, tmp_path / "registry.json", wrong)
    data = tmp_path / "data"
    with ExitStack() as stack:
        serving = stack.enter_context(process("serve", "--dir", str(data), "--import", str(source), "--port", "0"))
        assert line(serving) == f"{METERS} meters registered, 0 changed\n"
        address = re.fullmatch(r"console at (http://127\.0\.0\.1:\d+)\n", line(serving))
        assert address is not None
        url = address[1]
        summary = collect("--url", url)
        assert (summary["meters"], summary["reached"], summary["failed"]) == (METERS, 2, 2)
        assert summary["missing"] >= 2 * 190, "of the two that could not be read"
        again = collect("--url", url)
        assert again["missing"] == summary["missing"]
        north = collect("--url", url, "--group", "north")
        assert (north["meters"], north["failed"]) == (1, 1)
        listed = httpx.get(f"{url}/api/v1/meters", timeout=20)
        assert listed.is_success
        assert "00" * 16 not in listed.text
        ended_well(serving)
    with open_stores(data, threads=1) as stores:
        held = stores.intervals.coverage(1, 0, 2**40)
        assert set(held) == {1, 4}
        assert all(190 <= count <= 192 for count in held.values())
        assert [row.group for row in stores.records.meters()] == ["default", "north", "default", "default"]


def test_collect_alone_and_serve_afterwards_share_the_stores(meters: Field, tmp_path: Path) -> None:
    """No system runs: `collect` is the head-end for a moment. What it stored is not asked for again."""
    source = registry(meters, tmp_path / "registry.json")
    data = tmp_path / "data"
    assert registered(data, source) == (METERS, 0)
    alone = collect("--url", "http://127.0.0.1:9", "--dir", str(data))
    assert (alone["reached"], alone["failed"], alone["missing"]) == (METERS, 0, 0)
    with open_stores(data, threads=1) as stores:
        before = stores.intervals.count()
    with process("serve", "--dir", str(data), "--import", str(source), "--port", "0") as serving:
        assert line(serving) == "0 meters registered, 0 changed\n"
        address = line(serving).split()[-1]
        summary = collect("--url", address)
        assert summary["missing"] == 0
        refused = subprocess.run(
            ferraris("collect", "--url", "http://127.0.0.1:9", "--dir", str(data)),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert refused.returncode == 2
        assert f"in use by process {serving.pid}" in refused.stderr
        ended_well(serving)
    with open_stores(data, threads=1) as stores:
        assert 0 <= stores.intervals.count() - before <= METERS * 8, "a quarter of an hour at most has passed"


def test_killing_the_head_end_in_the_middle_of_a_collection_loses_nothing(meters: Field, tmp_path: Path) -> None:
    source = registry(meters, tmp_path / "registry.json")
    data = tmp_path / "data"
    assert registered(data, source) == (METERS, 0)
    with process("serve", "--dir", str(data), "--port", "0") as serving:
        address = line(serving).split()[-1]
        httpx.post(f"{address}/api/v1/collections", json={"group": None}, timeout=20)
        serving.kill()
        serving.wait(20)
    summary = collect("--url", "http://127.0.0.1:9", "--dir", str(data))
    assert (summary["reached"], summary["failed"], summary["missing"]) == (METERS, 0, 0)
    with open_stores(data, threads=1) as stores:
        held = stores.intervals.coverage(1, 0, 2**40)
        assert set(held) == set(range(1, METERS + 1))
        times = stores.intervals.read(1, [1], 0, 2**40).time_s.tolist()
        assert {len(stores.intervals.versions(1, 1, time_s)) for time_s in times} == {1}
        assert [alarm.kind for alarm in stores.records.alarms(open_only=False) if "counter" in alarm.kind] == []
