"""The non-volatile memory of a fleet: what lies in which file, and what is shown when power comes back.

| file | a meter's row | changes |
|---|---|---|
| `state.nvm` | registers with their remainder below 1 Wh, clock, ring heads, disconnector, supply | two slots, one commit |
| `payment.nvm` | in fleets with prepayment meters: see `payment_memory` | two slots, one commit |
| `settings.nvm` | attributes that a client has set, as one sequence of octets | two slots, one commit |
| `counters.nvm` | invocation counters sent and accepted, how far events were pushed | single 8-octet stores |
| `load_profile.nvm`, `daily_profile.nvm`, `event_log.nvm` | rings of entries | behind the head, then commit of `state` |
| `supply.nvm` | one row for the fleet: when power was last seen | single 8-octet store |

Death of the process at any moment leaves every meter with either the state before a commit or the state after it: entries
beyond the committed head do not count, a half-written slot fails its checksum, an aligned 8-octet store is done or not.
No msync is needed for that. A loss of power to the machine may lose what was not flushed, and must not lead to a second
use of an invocation counter: reservations are flushed before use (the first one of all meters together, when the memory is
opened), so are tokens that were taken; everything else when the fleet is closed.

One process owns the memory: a lock on the directory refuses a second one.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from ferraris.kernel.errors import StoreError
from ferraris.kernel.limits import (
    CLIENTS_PER_METER_MAX,
    INVOCATION_COUNTER_BLOCK,
    INVOCATION_COUNTER_MAX,
    METER_SETTINGS_OCTETS_MAX,
    METERS_PER_FLEET_MAX,
)
from ferraris.meter.committed_rows import SLOTS, CommittedRows, Indices, committed_dtype
from ferraris.meter.mapped_file import MappedFile, Rows
from ferraris.meter.payment_memory import create_payment_file, payment_file
from ferraris.meter.ring import Ring

LOAD_PROFILE_SLOTS: Final = 4096
LOAD_PROFILE_BATCH_MAX: Final = 256
"""4096 - 256 entries shown: 40 days of 96."""
DAILY_PROFILE_SLOTS: Final = 136
DAILY_PROFILE_BATCH_MAX: Final = 8
EVENT_LOG_SLOTS: Final = 272
EVENT_LOG_BATCH_MAX: Final = 16

RATES: Final = 2
"""Rates of the tariff; each counts A+ and A-."""
NEVER_S: Final = 4_102_444_800
"""A moment that does not come, and that arithmetic on clocks can bear: the year 2100."""
PUSH_SETUPS_MAX: Final = 4
"""Push setups of a meter whose pushes are kept until they are sent."""

STATE: Final = committed_dtype(
    [
        ("time_ms", "<i8"),  # true time up to which everything below is advanced
        ("clock_reference_ms", "<i8"),  # true time at which the clock was set last
        ("clock_offset_ms", "<i8"),  # clock minus true time at that moment
        ("energy_mwh", "<i8", (4,)),  # A+, A-, R+, R- since manufacture, 1/1000 Wh or varh
        ("rates_wh", "<i8", (RATES, 2)),  # A+ and A- by rate, whole Wh: together those of `energy_mwh`
        ("load_head", "<i8"),
        ("load_cleared", "<i8"),
        ("daily_head", "<i8"),
        ("daily_cleared", "<i8"),
        ("event_head", "<i8"),
        ("event_cleared", "<i8"),
        ("next_load_s", "<i8"),  # meter's clock: next capture of the load profile
        ("next_daily_s", "<i8"),
        ("next_action_s", "<i8"),  # meter's clock: when a timed object has something to do next
        ("acted_s", "<i8"),  # meter's clock: up to when all that was due has been done
        ("collect_s", "<i8"),  # meter's clock: when charges by time are collected next
        ("import_mark_mwh", "<i8"),  # A+ at which credit must be looked at, 0 for never
        ("push_from_ms", "<i8", (PUSH_SETUPS_MAX,)),  # true time before which a push is not tried, 0 for none put off
        ("push_tries", "u1", (PUSH_SETUPS_MAX,)),
        ("pushes_wanted", "u1"),  # a bit for each push setup that was set off
        ("counting", "u1"),  # a bit for each of `rates_wh`: the registers of the active mask
        ("drift_ppm", "<i4"),
        ("commands_executed", "<u4"),
        ("power_failures", "<u4"),
        ("long_power_failures", "<u4"),
        ("powered", "u1"),
        ("clock_invalid", "u1"),
        ("load_flags", "u1"),  # status bits that the next entry of the load profile must carry
        ("daily_flags", "u1"),
        ("output_state", "u1"),
        ("control_state", "u1"),
        ("control_mode", "u1"),
    ]
)
ENTRY_CLOCK: Final = [("time_s", "<u4"), ("deviation_min", "<i2"), ("clock_status", "u1"), ("status", "u1")]
"""`time_s` UTC by the meter's own clock; `status` the profile's status column (see `profile_status`)."""
LOAD_ENTRY: Final = np.dtype(
    [*ENTRY_CLOCK, ("energy_wh", "<u4", (4,)), ("voltage_dv", "<u2", (3,)), ("spare", "<u2")],
)
DAILY_ENTRY: Final = np.dtype([*ENTRY_CLOCK, ("energy_wh", "<u4", (2,))])
EVENT_ENTRY: Final = np.dtype([*ENTRY_CLOCK, ("code", "<u2"), ("spare", "<u2", (3,))])
SETTINGS: Final = committed_dtype([("length", "<u8"), ("octets", f"V{METER_SETTINGS_OCTETS_MAX}")])
CLIENT: Final = np.dtype([("system_title", "<u8"), ("accepted", "<u8")])
COUNTERS: Final = np.dtype(
    [
        ("reserved", "<u8"),  # no invocation counter above this one was ever sent
        ("pushed", "<u8"),  # events before this one in the log have been pushed
        ("clients", CLIENT, (CLIENTS_PER_METER_MAX,)),
    ]
)
SUPPLY: Final = np.dtype([("alive_ms", "<i8")])

DIRECTORY: Final = "nvm"


class FleetMemory:
    """All meters' memory, opened and locked."""

    def __init__(self, directory: Path) -> None:
        """Open what `create` made. StoreError if it is missing, damaged, of another layout, or in use."""
        self.directory = directory / DIRECTORY
        if not self.directory.is_dir():
            raise StoreError(f"no meters' memory in {directory}")
        self._lock = self._take_lock()
        try:
            files = {name: MappedFile(self.directory / f"{name}.nvm", dtype, slots) for name, dtype, slots in FILES}
            self.count = len(files["state"].rows)
            for file in files.values():
                if file is not files["supply"] and len(file.rows) != self.count:
                    raise StoreError(f"{file.path} holds another number of meters", expected=self.count)
            self.state = CommittedRows(files["state"])
            self.settings = CommittedRows(files["settings"])
            paying = payment_file(self.directory, self.count)
            self._payment = None if paying is None else self.payment_rows(paying)
        except BaseException:
            os.close(self._lock)
            raise
        self._files = files if paying is None else {**files, "payment": paying}
        self.load_profile = Ring(files["load_profile"], LOAD_PROFILE_BATCH_MAX)
        self.daily_profile = Ring(files["daily_profile"], DAILY_PROFILE_BATCH_MAX)
        self.event_log = Ring(files["event_log"], EVENT_LOG_BATCH_MAX)
        self.counters: Rows = files["counters"].rows[:, 0]
        self.sending_from: npt.NDArray[np.uint64] = self._reserve_counters()
        """By meter: a new sending counter begins behind this value."""
        self._alive: npt.NDArray[np.int64] = files["supply"].rows["alive_ms"]

    @classmethod
    def create(cls, directory: Path, first_state: Rows) -> FleetMemory:
        """Make the memory of `len(first_state)` meters whose first state is given. All of it appears, or nothing."""
        count = len(first_state)
        if not 0 < count <= METERS_PER_FLEET_MAX:
            raise StoreError("number of meters in a fleet", expected=f"1 to {METERS_PER_FLEET_MAX}", got=count)
        if (directory / DIRECTORY).exists():
            raise StoreError(f"{directory} has meters' memory already")
        part = directory / f"{DIRECTORY}.part"
        shutil.rmtree(part, ignore_errors=True)
        try:
            part.mkdir(parents=True)
        except OSError as error:
            raise StoreError(f"cannot create {part}: {error.strerror}") from error
        for name, dtype, slots in FILES:
            meters = 1 if name == "supply" else count
            file = MappedFile.create(part / f"{name}.nvm", dtype, meters, slots)
            if name == "state":
                CommittedRows.create(file, first_state)
            if name == "settings":
                CommittedRows.create(file, np.zeros(count, SETTINGS))
            if name == "supply":
                file.rows["alive_ms"] = int(first_state["time_ms"].max())
        part.rename(directory / DIRECTORY)
        return cls(directory)

    def _take_lock(self) -> int:
        descriptor = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise StoreError(f"another process runs the meters in {self.directory.parent}") from error
        return descriptor

    def _reserve_counters(self) -> npt.NDArray[np.uint64]:
        """Reserve the first block of every meter's counter with one flush; the marks before that."""
        marks = self.counters["reserved"]
        before = marks.copy()
        self.counters["reserved"] = np.minimum(marks + np.uint64(INVOCATION_COUNTER_BLOCK), INVOCATION_COUNTER_MAX)
        self._files["counters"].flush()
        return before

    @property
    def alive_ms(self) -> int:
        """True time at which the process was last known to run: all meters lost power then if it died."""
        return int(self._alive[0, 0])

    def mark_alive(self, now_ms: int) -> None:
        if now_ms > int(self._alive[0, 0]):
            self._alive[0, 0] = now_ms

    @property
    def payment(self) -> CommittedRows:
        """The rows of prepayment, made when the first prepayment meter of the fleet asks for its own."""
        if self._payment is None:
            file = self._files["payment"] = create_payment_file(self.directory, self.count)
            self._payment = self.payment_rows(file)
        return self._payment

    def payment_rows(self, file: MappedFile) -> CommittedRows:
        """How the rows of that file are committed."""
        return CommittedRows(file)

    def everyone(self) -> Indices:
        return np.arange(self.count)

    def flush_counters(self, meter: int) -> None:
        self._files["counters"].flush(meter)

    def flush(self) -> None:
        for file in self._files.values():
            file.flush()

    def close(self) -> None:
        """Flush and give up the lock. The memory must not be used any more."""
        if self._lock < 0:
            return
        self.flush()
        os.close(self._lock)
        self._lock = -1


FILES: Final = (
    ("state", STATE, SLOTS),
    ("settings", SETTINGS, SLOTS),
    ("counters", COUNTERS, 1),
    ("load_profile", LOAD_ENTRY, LOAD_PROFILE_SLOTS),
    ("daily_profile", DAILY_ENTRY, DAILY_PROFILE_SLOTS),
    ("event_log", EVENT_ENTRY, EVENT_LOG_SLOTS),
    ("supply", SUPPLY, 1),
)
