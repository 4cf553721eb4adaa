"""Both stores die at every write, and their disk fills up: what was acknowledged is there, the rest is there whole or not.

The crashes are real: a child process that is killed (SIGKILL) at a chosen moment, and a disk that is full (a small tmpfs
where mounting is allowed, and everywhere a limit on the size of files).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from ferraris.kernel.errors import StoreError
from ferraris.store import (
    CollectionGroupRow,
    CommandState,
    MeterRow,
    Readings,
    Stores,
    open_duckdb,
    open_records,
    open_stores,
)

PRELUDE = """
import os, resource, signal, sys, time
from pathlib import Path
from ferraris.store import *
from ferraris.kernel.errors import StoreError
import numpy as np
directory = Path(sys.argv[1])
"""


def meter_row(number: int) -> MeterRow:
    return MeterRow(
        id=number,
        serial=f"FER{number:010}",
        profile="smr5_three_phase",
        host="127.0.0.1",
        port=4059,
        group="all",
        client_sap=1,
        server_sap=1,
        system_title=b"FER" + number.to_bytes(5, "big"),
        created_ms=0,
        wrapped_encryption_key=bytes(24),
        wrapped_authentication_key=bytes(24),
    )


def run(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", PRELUDE + program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


class Injected(BaseException):
    """A crash that the simulator throws: no `except Exception` may swallow it."""


class CrashAt:
    """A write hook that crashes at the n-th moment of that name."""

    def __init__(self, moment: str, occurrence: int = 1) -> None:
        self.moment = moment
        self.left = occurrence
        self.seen: list[str] = []

    def __call__(self, moment: str) -> None:
        self.seen.append(moment)
        self.left -= moment == self.moment
        if moment == self.moment and self.left == 0:
            raise Injected


# Crashes thrown by the hook


@pytest.mark.parametrize(("moment", "written"), [("append:commit", False), ("append:committed", True)])
def test_an_append_that_crashes_is_there_whole_or_not_at_all(tmp_path: Path, moment: str, written: bool) -> None:
    hook = CrashAt(moment, occurrence=2)
    store = open_duckdb(tmp_path / "x.duckdb", hook)
    store.append(Readings.of(1, 1, np.arange(100), 5), 1)
    batch = Readings.of(1, 1, np.arange(50, 200), 5)
    with pytest.raises(Injected):
        store.append(batch, 2)
    for opened in (store, None):
        if opened is None:
            store.close()
            store = open_duckdb(tmp_path / "x.duckdb")
        assert store.count() == (200 if written else 100)
    assert store.append(batch, 3).stored == (0 if written else 100)
    store.close()
    assert hook.seen == ["append:commit", "append:committed"] * 2 if written else ["append:commit"]


@pytest.mark.parametrize(("phase", "written"), [("commit", False), ("committed", True)])
def test_a_record_that_crashes_is_there_or_not(tmp_path: Path, phase: str, written: bool) -> None:
    path = tmp_path / "x.sqlite"
    with_meter(path)
    store = open_records(path, CrashAt(f"reserve_invocation_counters:{phase}", occurrence=2))
    store.reserve_invocation_counter(1, "unicast", 1024)
    with pytest.raises(Injected):
        store.reserve_invocation_counter(1, "unicast", 2048)
    for _ in range(2):
        assert store.reserved_invocation_counter(1, "unicast") == (2048 if written else 1024)
        store.close()
        store = open_records(path)
    store.close()


def with_meter(path: Path) -> None:
    store = open_records(path)
    store.save_group(CollectionGroupRow(name="all", plan="{}"))
    store.add_meters([meter_row(1)])
    store.close()


def test_every_write_has_its_two_moments(tmp_path: Path) -> None:
    """What the simulator can crash at is all that is ever written."""
    moments: list[str] = []
    with open_stores(tmp_path, moments.append) as stores:
        stores.records.save_group(CollectionGroupRow(name="all", plan="{}"))
        stores.records.add_meters([meter_row(1)])
        command = stores.records.add_command(1, "disconnect", "", 1, "operator")
        stores.records.advance_command(command.id, CommandState.SENT, 2)
        stores.intervals.append(Readings.of(1, 1, 900, 5), 1)
        stores.intervals.count()
        stores.records.meters()
    operations = ["migrate", "save_group", "add_meters", "add_command", "advance_command", "append"]
    assert moments == [f"{operation}:{phase}" for operation in operations for phase in ("commit", "committed")]


# Killed processes

APPEND_UNTIL_KILLED = """
fatal_moment, occurrence = sys.argv[2], int(sys.argv[3])
seen = 0
def hook(moment):
    global seen
    seen += moment == fatal_moment
    if seen == occurrence and moment == fatal_moment:
        os.kill(os.getpid(), signal.SIGKILL)
store = open_duckdb(directory / "x.duckdb", hook)
start = store.count()
for batch in range(100):
    store.append(Readings.of(1, 1, start + np.arange(batch * 5000, (batch + 1) * 5000), 7), 1)
    print(store.count(), flush=True)
"""


def test_killed_at_a_write_of_the_interval_store(tmp_path: Path) -> None:
    total = 0
    for moment, occurrence, unacknowledged in (
        ("append:commit", 3, 0),
        ("append:committed", 2, 5000),
        ("append:commit", 1, 0),
    ):
        child = run(APPEND_UNTIL_KILLED, tmp_path, moment, occurrence)
        assert child.returncode == -9, child.stderr
        acknowledged = [int(line) for line in child.stdout.split()]
        assert len(acknowledged) == occurrence - 1
        store = open_duckdb(tmp_path / "x.duckdb")
        expected = (acknowledged[-1] if acknowledged else total) + unacknowledged
        assert store.count() == expected
        assert len(store.read(1, [1], -1, 10**9)) == expected
        store.close()
        total = expected


@pytest.mark.parametrize("delay_ms", [0, 7, 23])
def test_killed_at_any_moment_a_batch_is_whole(tmp_path: Path, delay_ms: int) -> None:
    program = (
        PRELUDE
        + """
store = open_duckdb(directory / "x.duckdb")
for batch in range(10_000):
    store.append(Readings.of(np.repeat(np.arange(100), 200), 1, np.tile(np.arange(200), 100) + batch * 200, 7), 1)
    print(batch, flush=True)
"""
    )
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for _ in range(3):
            child.stdout.readline()
        # A real pause, of milliseconds, to hit the child at different places of its work.
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(timeout=delay_ms / 1000)
        child.kill()
        acknowledged = 3 + len(child.stdout.read().split())
    store = open_duckdb(tmp_path / "x.duckdb")
    assert store.count() % 20_000 == 0
    assert acknowledged <= store.count() // 20_000 <= acknowledged + 1
    store.close()


TAKE_UNTIL_KILLED = """
from ferraris.keys import ReservedCounter
fatal = sys.argv[2]
seen = 0
def hook(moment):
    global seen
    if moment == "reserve_invocation_counters:" + fatal:
        seen += 1
        if seen == 3:
            os.kill(os.getpid(), signal.SIGKILL)
store = open_records(directory / "x.sqlite", hook)
counter = ReservedCounter(
    store.reserved_invocation_counter(1, "unicast"), lambda up_to: store.reserve_invocation_counter(1, "unicast", up_to), block=10
)
while True:
    print(counter.take(), flush=True)
"""


def test_no_invocation_counter_is_given_twice_over_killed_processes(tmp_path: Path) -> None:
    with_meter(tmp_path / "x.sqlite")
    given: list[int] = []
    for fatal in ("commit", "committed", "commit"):
        child = run(TAKE_UNTIL_KILLED, tmp_path, fatal)
        assert child.returncode == -9, child.stderr
        taken = [int(line) for line in child.stdout.split()]
        assert len(taken) == 20
        given += taken
    assert given == sorted(set(given))


def test_a_second_process_is_told_who_owns_the_stores(tmp_path: Path) -> None:
    program = """
try:
    open_stores(directory)
except StoreError as error:
    print(error)
"""
    with open_stores(tmp_path) as stores:
        child = run(program, tmp_path)
        assert f"intervals.duckdb is in use by process {os.getpid()}" in child.stdout
        assert stores.intervals.count() == 0
    assert run(program, tmp_path).stdout == ""


# Full disks

FILL = """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
rows, limit = int(sys.argv[2]), int(sys.argv[3])
store = open_duckdb(directory / "x.duckdb")
random = np.random.default_rng(1)
def batch(number):
    return Readings.of(number, 1, np.arange(rows), random.integers(0, 2**62, rows))
acknowledged = 0
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
try:
    for number in range(10_000):
        failed = batch(number)
        store.append(failed, 1)
        acknowledged += rows
except StoreError as error:
    print(error)
assert acknowledged <= store.count() <= acknowledged + rows, (acknowledged, store.count())
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
again = store.append(failed, 2)
assert again.stored + again.duplicates == rows and again.revised == 0, again
assert store.append(failed, 2).duplicates == rows
store.close()
store = open_duckdb(directory / "x.duckdb")
assert store.count() == acknowledged + rows, (store.count(), acknowledged)
print("usable")
"""


@pytest.mark.parametrize(
    ("rows", "limit"),
    [
        pytest.param(1_000, 4_000_000, id="the log cannot grow"),
        pytest.param(20_000, 17_000_000, id="the checkpoint cannot write"),
        pytest.param(300_000, 4_000_000, id="one batch is too large"),
    ],
)
def test_a_full_disk_under_the_interval_store(tmp_path: Path, rows: int, limit: int) -> None:
    child = run(FILL, tmp_path, rows, limit)
    assert child.returncode == 0, child.stderr
    told, usable = child.stdout.splitlines()
    assert "x.duckdb is full" in told
    assert usable == "usable"


FILL_RECORDS = """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = open_records(directory / "x.sqlite")
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
acknowledged = 0
try:
    for number in range(10_000):
        store.add_audit([AuditRow(at_ms=number, actor="a", action="x", subject="y", detail="z" * 1000)])
        acknowledged += 1
except StoreError as error:
    print(error)
assert len(store.audit()) == acknowledged
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
store.add_audit([AuditRow(at_ms=0, actor="a", action="x", subject="y")])
store.close()
assert len(open_records(directory / "x.sqlite").audit()) == acknowledged + 1
print("usable", acknowledged)
"""


def test_a_full_disk_under_the_record_store(tmp_path: Path) -> None:
    child = run(FILL_RECORDS, tmp_path, 600_000)
    assert child.returncode == 0, child.stderr
    told, usable = child.stdout.splitlines()
    assert "x.sqlite" in told
    assert int(usable.removeprefix("usable ")) > 10


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 12 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(place)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("mounting a small file system is not allowed here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def repeat_until_refused(write: Callable[[int], object]) -> tuple[int, StoreError]:
    """Write number 0, 1, … until the store refuses; how many it took, and what it said."""
    for number in range(10_000):
        try:
            write(number)
        except StoreError as error:
            return number, error
    raise AssertionError("the disk never filled up")


def fill(stores: Stores) -> tuple[int, int]:
    """Write to both stores until each says that the disk is full; what each acknowledged."""
    random = np.random.default_rng(1)

    def append(number: int) -> None:
        stores.intervals.append(Readings.of(number, 1, np.arange(2_000), random.integers(0, 2**62, 2_000)), 1)

    def save(number: int) -> None:
        stores.records.save_group(CollectionGroupRow(name=f"{number}", plan="x" * 10_000))

    batches, told = repeat_until_refused(append)
    assert "intervals.duckdb is full" in str(told)
    groups, told = repeat_until_refused(save)
    assert "records.sqlite is full" in str(told)
    return batches, groups


def test_a_disk_that_fills_up_and_is_cleared(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(4 << 20))
    stores = open_stores(small_disk / "data")
    batches, groups = fill(stores)
    assert stores.intervals.count() in (batches * 2_000, batches * 2_000 + 2_000)
    assert len(stores.records.groups()) == groups
    ballast.unlink()
    stores.intervals.append(Readings.of(100_000, 1, np.arange(2_000), 5), 1)
    stores.records.save_group(CollectionGroupRow(name="after", plan="{}"))
    stores.close()
    with open_stores(small_disk / "data") as again:
        assert again.intervals.count() >= (batches + 1) * 2_000
        assert len(again.records.groups()) == groups + 1
