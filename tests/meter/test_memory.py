"""The memory of a fleet: made whole or not at all, one owner, and kill -9 at any moment."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ferraris.kernel.errors import StoreError
from ferraris.meter.clock import Zone
from ferraris.meter.events import EventCode
from ferraris.meter.fleet import Fleet, Surroundings
from ferraris.meter.load import StochasticLoad
from ferraris.meter.memory import STATE, FleetMemory
from ferraris.meter.meter import Meter
from tests.meter.steady import MONDAY_MS

STREET = Surroundings(StochasticLoad(11), Zone.load("central_european"))
METERS = 40


def make(directory: Path, count: int = 3) -> FleetMemory:
    return FleetMemory.create(directory, np.zeros(count, STATE))


def test_a_directory_without_memory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no meters' memory"):
        FleetMemory(tmp_path)


def test_existing_memory_is_not_overwritten(tmp_path: Path) -> None:
    make(tmp_path).close()
    with pytest.raises(StoreError, match="has meters' memory already"):
        make(tmp_path)


def test_what_a_broken_off_creation_left_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "nvm.part").mkdir()
    (tmp_path / "nvm.part" / "state.nvm").write_bytes(b"half")
    memory = make(tmp_path)
    assert memory.count == 3
    assert not (tmp_path / "nvm.part").exists()
    memory.close()


def test_a_second_owner_is_refused(tmp_path: Path) -> None:
    memory = make(tmp_path)
    with pytest.raises(StoreError, match="another process runs the meters"):
        FleetMemory(tmp_path)
    memory.close()
    FleetMemory(tmp_path).close()


@pytest.mark.parametrize(
    "name", ["state", "settings", "counters", "load_profile", "daily_profile", "event_log", "supply"]
)
def test_a_missing_file_is_named_and_the_lock_given_up(tmp_path: Path, name: str) -> None:
    make(tmp_path).close()
    (tmp_path / "nvm" / f"{name}.nvm").rename(tmp_path / "away")
    with pytest.raises(StoreError, match=f"{name}.nvm: No such file"):
        FleetMemory(tmp_path)
    (tmp_path / "away").rename(tmp_path / "nvm" / f"{name}.nvm")
    FleetMemory(tmp_path).close()


def test_files_of_different_fleets_do_not_mix(tmp_path: Path) -> None:
    make(tmp_path / "a").close()
    make(tmp_path / "b", 4).close()
    (tmp_path / "b/nvm/event_log.nvm").rename(tmp_path / "a/nvm/event_log.nvm")
    with pytest.raises(StoreError, match="another number of meters"):
        FleetMemory(tmp_path / "a")


def test_the_time_of_life_only_rises(tmp_path: Path) -> None:
    memory = make(tmp_path)
    memory.mark_alive(500)
    memory.mark_alive(400)
    assert memory.alive_ms == 500
    memory.close()


def test_meters_are_counted(tmp_path: Path) -> None:
    memory = make(tmp_path, 5)
    assert memory.everyone().tolist() == [0, 1, 2, 3, 4]
    memory.flush_counters(4)
    memory.flush()
    memory.close()


VICTIM = """
import sys
from pathlib import Path
from ferraris.kernel.entropy import SeededEntropy
from ferraris.meter.disconnector import Command
from ferraris.meter.fleet import Fleet, Manufacture
from tests.meter.test_memory import MONDAY_MS, METERS, STREET

directory = Path(sys.argv[1])
fleet = Fleet.create(directory, Manufacture(METERS, 0, 0, 0), STREET, SeededEntropy(1), MONDAY_MS)
counters = [meter.sending_counter() for meter in fleet.meters]
guards = [meter.counter_guard() for meter in fleet.meters]
now = MONDAY_MS
step = 0
while True:
    step += 1
    now += 400_000
    fleet.advance(now)
    place = step % METERS
    used = counters[place].take()
    guards[place].accept(b"FERHES01", step)
    command = Command.REMOTE_DISCONNECT if step // METERS % 2 == 0 else Command.REMOTE_RECONNECT
    fleet.meters[place].command(command, now)
    # What the world has seen: the meter must remember at least this.
    print(step, place, used, now, flush=True)
"""


@pytest.mark.parametrize("lines", [3, 17, 40, 64])
def test_killed_at_any_moment_the_meters_remember(tmp_path: Path, lines: int) -> None:
    """The victim goes on while its lines are read, so the kill comes somewhere in one of the next steps."""
    victim = subprocess.Popen([sys.executable, "-c", VICTIM, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert victim.stdout is not None
    seen = [victim.stdout.readline() for _ in range(lines)]
    victim.send_signal(signal.SIGKILL)
    seen += victim.stdout.readlines()
    victim.wait()
    steps = [tuple(map(int, line.split())) for line in seen if line.endswith("\n")]
    last_step, _, _, last_ms = steps[-1]

    fleet = Fleet.open(tmp_path, STREET, last_ms + 10_000_000)
    down_ms = fleet.memory._alive[0, 0]  # moved on by the restart; the log has the moment itself
    assert down_ms == last_ms + 10_000_000
    for index, meter in enumerate(fleet.meters):
        mine = [step for step in steps if step[1] == index]
        assert meter.sending_counter().take() > max((used for _, _, used, _ in mine), default=0)
        assert meter.counter_guard().last_accepted(b"FERHES01") >= max((step for step, *_ in mine), default=-1)
        assert len(mine) <= meter.commands_executed <= len(mine) + 1
        check_profile(meter, index, last_ms)
    fleet.close()
    assert last_step >= lines


def check_profile(meter: Meter, index: int, last_ms: int) -> None:
    """Every capture up to the kill is there once, with the register that the load and the disconnector give it."""
    entries = meter.load_entries()
    down, up = (event for event in meter.events() if event.code in (EventCode.POWER_DOWN, EventCode.POWER_UP))
    assert last_ms // 1000 <= down.time_s <= last_ms // 1000 + 400
    assert up.time_s == last_ms // 1000 + 10_000
    captures = np.arange(MONDAY_MS // 1000 + 900, down.time_s + 1, 900)
    assert entries["time_s"].tolist() == captures[-len(entries) :].tolist()
    assert len(entries) == min(len(captures), 3840)
    switched = [event for event in meter.events() if event.code in (62, 63)]
    if not switched:
        periods = MONDAY_MS // 900_000 + np.arange(len(captures))[None]
        truth = STREET.load.energies(np.array([index + 1]), periods)[0].cumsum(axis=0) // 1000
        assert entries["energy_wh"].tolist() == truth[-len(entries) :].tolist()
    assert (np.diff(entries["energy_wh"].astype(np.int64), axis=0) >= 0).all()
