"""The memory of virtual meters whose process may die at any of its writes, watched by an auditor.

It is the product's own memory in its own files. What is added: before and after each write the process may end, a commit
in which it ends leaves half a row behind, and whoever audits the run sees every committed row at once.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ferraris.meter.committed_rows import CommittedRows, Indices
from ferraris.meter.mapped_file import MappedFile, Rows
from ferraris.meter.memory import FleetMemory
from ferraris.meter.ring import Ring
from ferraris.simulation.life import Life

Witness: TypeAlias = Callable[[FleetMemory, Indices], None]
"""Told which rows of the state were committed just now."""


class MortalMemory(FleetMemory):
    """A fleet's memory, held by the process of `life`."""

    def __init__(self, directory: Path, life: Life, witness: Witness) -> None:
        self._life = life
        super().__init__(directory)
        self.state = _MortalRows(self._files["state"], life, lambda meters: witness(self, meters))
        self.load_profile = _MortalRing(self._files["load_profile"], self.load_profile.batch_max, life)
        self.daily_profile = _MortalRing(self._files["daily_profile"], self.daily_profile.batch_max, life)
        self.event_log = _MortalRing(self._files["event_log"], self.event_log.batch_max, life)

    def payment_rows(self, file: MappedFile) -> CommittedRows:
        return _MortalRows(file, self._life, lambda meters: None, "payment")

    def mark_alive(self, now_ms: int) -> None:
        if self._life.alive:
            super().mark_alive(now_ms)

    def flush_counters(self, meter: int) -> None:
        self._life.check("counters:commit")
        super().flush_counters(meter)
        self._life.check("counters:committed")


class _MortalRows(CommittedRows):
    """Committed rows; the last commit of a process may be torn."""

    def __init__(self, file: MappedFile, life: Life, witness: Callable[[Indices], None], name: str = "state") -> None:
        super().__init__(file)
        self._life = life
        self._witness = witness
        self._name = name

    def commit(self, meters: Indices, rows: Rows) -> None:
        if self._life.takes(f"{self._name}:commit"):
            self._tear(meters, rows)
            self._life.end(f"{self._name}:commit")
        self._life.check(f"{self._name}:committing")
        super().commit(meters, rows)
        self._witness(meters)
        self._life.check(f"{self._name}:committed")

    def _tear(self, meters: Indices, rows: Rows) -> None:
        """Write the first half of each new row, as a process does that is killed in the middle of it."""
        other = np.int8(1) - self._current[meters]
        torn = self._slots[meters, other]
        half = rows.dtype.itemsize // 2
        octets, new = (array.view(np.uint8).reshape(len(meters), -1) for array in (torn, rows))
        octets[:, :half] = new[:, :half]
        self._slots[meters, other] = torn


class _MortalRing(Ring):
    """A ring whose writer may die before or behind a write: entries there do not count until the state is committed."""

    def __init__(self, file: MappedFile, batch_max: int, life: Life) -> None:
        super().__init__(file, batch_max)
        self._life = life

    def write(self, meters: Indices, heads: npt.NDArray[np.int64], entries: Rows, counts: Indices) -> None:
        self._life.check("ring:write")
        super().write(meters, heads, entries, counts)
        self._life.check("ring:written")
