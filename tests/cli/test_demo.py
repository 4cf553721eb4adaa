"""`ferraris demo`: a virtual day to its end, through kill -9 of the meters, the head-end, both, and the whole tree."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from ferraris.cli.demo import OUTAGE, RESTART, Play, Street, kept_play, summary_lines
from ferraris.kernel.clock import ScaledClock
from ferraris.kernel.errors import FerrarisError
from ferraris.meter.memory import FleetMemory
from ferraris.store import open_stores

METERS: Final = 6
PREPAID: Final = 5
SPEED: Final = 1800
PORT: Final = 8391
METER_PORT: Final = 4962
FIELDS: Final = {
    "meters",
    "intervals_expected",
    "intervals_stored",
    "collection_rate",
    "backfilled",
    "failed_meters",
    "alarms",
    "seconds",
}
PREPAID_FIELDS: Final = {
    "prepaid_meters",
    "tokens_sold",
    "tokens_accepted",
    "tokens_refused",
    "units_sold_kwh",
    "units_credited_kwh",
    "disconnections_on_credit",
    "reconnections_on_credit",
    "delivered_remotely",
    "taken_after_reversal",
    "typed",
    "ledger_balanced",
    "audit_findings",
}
CHANNELS_OF_ENERGY: Final = (1, 2, 3, 4)


@contextmanager
def demo(directory: Path) -> Iterator[subprocess.Popen[str]]:
    ports = ["--port", str(PORT), "--meter-port", str(METER_PORT)]
    arguments = ["--meters", str(METERS), "--prepaid", str(PREPAID), "--speed", str(SPEED), *ports]
    process = subprocess.Popen(
        [sys.executable, "-m", "ferraris", "demo", "--once", "--json", "--dir", str(directory), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=60)


def children(process: subprocess.Popen[str]) -> dict[str, int]:
    """Process numbers of the tree's meters and head-end, by sub-command."""
    found = {}
    for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
        with suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if words[1:3] == [b"-m", b"ferraris"]:  # one that was just started may not have become our program yet
                found[words[3].decode()] = int(pid)
    return found


def summary() -> dict[str, Any]:
    with suppress(httpx.HTTPError):
        answer = httpx.get(f"http://127.0.0.1:{PORT}/api/v1/summary", timeout=10.0)
        if answer.status_code == httpx.codes.OK:
            found: dict[str, Any] = answer.json()
            return found
    return {"intervals_stored": 0}


def wait_for_intervals(process: subprocess.Popen[str], wanted: int) -> None:
    give_up_s = time.monotonic() + 120
    while summary()["intervals_stored"] < wanted:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < give_up_s, f"{wanted} intervals did not come"
        time.sleep(0.1)


def kill(process: subprocess.Popen[str], *names: str) -> None:
    give_up_s = time.monotonic() + 30
    while not set(names) <= set(children(process)):
        assert time.monotonic() < give_up_s, f"no {names} among {children(process)}"
        time.sleep(0.05)
    for name in names:
        os.kill(children(process)[name], signal.SIGKILL)


def captured(directory: Path) -> dict[tuple[int, int], tuple[int, ...]]:
    """What lies in the meters' memory: the energies by (meter, capture time)."""
    memory = FleetMemory(directory / "meters")
    try:
        rows: dict[tuple[int, int], tuple[int, ...]] = {}
        for index in range(memory.count):
            state = memory.state.read([index])  # type: ignore[arg-type]
            entries = memory.load_profile.read(index, int(state["load_head"][0]), int(state["load_cleared"][0]))
            for entry in entries:
                rows[index + 1, int(entry["time_s"])] = tuple(entry["energy_wh"].tolist())
        return rows
    finally:
        memory.close()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="finds the processes in /proc")
@pytest.mark.xdist_group("demo")
def test_nothing_is_lost_or_doubled_through_kill_9(tmp_path: Path) -> None:
    with demo(tmp_path) as process:
        wait_for_intervals(process, 40)
        kill(process, "meter")
        wait_for_intervals(process, 80)
        kill(process, "serve")
        wait_for_intervals(process, 120)
        kill(process, "meter", "serve")
        wait_for_intervals(process, 160)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    with demo(tmp_path) as process:
        output, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors
    result = json.loads(output)
    assert set(result) == FIELDS | PREPAID_FIELDS
    assert result["collection_rate"] == 1.0
    assert (result["meters"], result["failed_meters"]) == (METERS, 1)
    check_stored(tmp_path)
    check_prepaid(result)


def check_prepaid(result: dict[str, Any]) -> None:
    """Households ran out and bought; through all deaths, what was sold is what the meters took, each token once."""
    assert result["audit_findings"] == []
    assert result["ledger_balanced"] is True
    assert result["prepaid_meters"] == PREPAID
    assert result["tokens_sold"] == result["tokens_accepted"] >= PREPAID
    assert result["tokens_accepted"] == result["delivered_remotely"] + result["typed"]
    assert Decimal(result["units_sold_kwh"]) == Decimal(result["units_credited_kwh"]) > 0
    assert result["disconnections_on_credit"] > 0
    assert result["reconnections_on_credit"] > 0
    assert result["delivered_remotely"] > 0
    assert result["typed"] > 0


def check_stored(directory: Path) -> None:
    """Every stored value is what the meter captured, once; every captured interval of the day is stored."""
    truth = captured(directory)
    play = Play(**json.loads((directory / "demo.json").read_text()))
    begin_s, end_s = play.begin_ms // 1000, play.end_ms // 1000
    with open_stores(directory / "headend", threads=1) as stores:
        for row in stores.records.meters():
            number = int(row.serial[3:])
            readings = stores.intervals.read(row.id, CHANNELS_OF_ENERGY, begin_s, end_s)
            stored: dict[int, list[int]] = {}
            for reading in zip(readings.time_s.tolist(), readings.value.tolist(), strict=True):
                stored.setdefault(reading[0], []).append(reading[1])
            wanted = {at: list(values) for (meter, at), values in truth.items() if meter == number}
            wanted = {at: values for at, values in wanted.items() if begin_s < at <= end_s and at % 900 == 0}
            if "wrong_key" in {alarm.kind for alarm in stores.records.alarms(meter=row.id)}:
                assert stored == {}
                continue
            assert stored == wanted
            versions = [stores.intervals.versions(row.id, 1, at) for at in stored]
            assert {len(version) for version in versions} == {1}
        counters = {(row.meter, row.name): row.reserved for row in stores.records.invocation_counters()}
        refused = [alarm.kind for alarm in stores.records.alarms(open_only=False) if "counter" in alarm.kind]
    assert counters
    assert refused == [], "a meter has seen an invocation counter twice"


def test_the_faults_go_on_where_the_street_was_left(tmp_path: Path) -> None:
    play = Play(METERS, 900.0, 1_750_000_000_000)
    hour_ms = 3_600_000

    def faults_at(hours: float) -> list[str]:
        clock = ScaledClock(play.begin_ms + round(hours * hour_ms), 0.0, 900.0)
        return list(Street(tmp_path, play, clock, PORT, PORT + 1, METER_PORT).faults())

    kind, meter, from_s, for_s = OUTAGE
    power = f"{RESTART[0]}:{RESTART[1]}:{RESTART[2]}:{RESTART[3]}"
    assert faults_at(0) == [f"{kind}:{meter}:{from_s}:{for_s}", power]
    assert faults_at(-1)[0] == f"{kind}:{meter}:{from_s + 3600}:{for_s}"
    assert faults_at(5)[0] == f"{kind}:{meter}:0:{from_s + for_s - 5 * 3600}"
    assert faults_at(12) == []


def test_another_street_in_the_same_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text('{"meters": 9, "speed": 900.0, "begin_ms": 0}')
    with demo(tmp_path) as process:
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert output == ""
    assert "holds another street, expected --meters 9 --prepaid 0, got 6" in errors


DAMAGED = [
    "",
    "[]",
    "null",
    "{",
    '{"meters":' * 100_000,
    "9" * 5_000,
    '{"meters": 9, "speed": 900.0}',
    '{"meters": 9, "speed": 900.0, "begin_ms": 0, "colour": 1}',
    '{"meters": "9", "speed": 900.0, "begin_ms": 0}',
    '{"meters": 9, "speed": NaN, "begin_ms": 0}',
    '{"meters": 9, "speed": 900.0, "begin_ms": 0.5}',
    '{"meters": 9, "meters": 6, "speed": 900.0, "begin_ms": 0}',
]


@pytest.mark.parametrize("text", DAMAGED, ids=range(len(DAMAGED)))
def test_a_street_that_does_not_say_what_it_is_is_damaged(tmp_path: Path, text: str) -> None:
    path = tmp_path / "demo.json"
    path.write_text(text)
    with pytest.raises(FerrarisError, match=r"demo\.json"):
        kept_play(path)


def test_a_street_knows_what_it_was(tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    path.write_text('{"meters": 9, "speed": 900, "begin_ms": 5}')
    assert kept_play(path) == Play(9, 900.0, 5)


SHOWN = [
    ("intervals_stored", 1824, "intervals stored         1824"),
    ("collection_rate", 1.0, "collection rate          100.0000%"),
    ("collection_rate", 0.99996, "collection rate          99.9960%"),
    ("units_sold_kwh", 125.4, "units sold               125.4 kWh"),
    ("ledger_balanced", True, "ledger balanced          yes"),
    ("ledger_balanced", False, "ledger balanced          no"),
    ("audit_findings", [], "audit findings           none"),
    ("audit_findings", ["3 tokens too many", "gone"], "audit findings           3 tokens too many; gone"),
    ("failed_meters", 0, "failed meters            0"),
    ("failed_meters", 1, "failed meters            1"),
    ("seconds", 113.0, "took                     113.0 s"),
]


@pytest.mark.parametrize(("name", "value", "line"), SHOWN)
def test_a_summary_is_for_people(name: str, value: object, line: str) -> None:
    assert list(summary_lines({name: value})) == [line]
