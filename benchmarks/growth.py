"""How time and memory grow with the count of virtual meters served and read in one process tree."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Growth:
    """One size."""

    meters: int
    start_s: float
    """Until the last meter can be read."""
    read_s: float
    """To read one day's load profile of each, whole associations."""
    rss_mib: float
    """Resident memory of the whole process tree at its height."""

    def as_json(self) -> dict[str, Any]:
        """The fields."""
        return asdict(self)


def measure_growth(meters: int) -> Growth:
    """Serve `meters` virtual meters, read each."""
    raise NotImplementedError(meters)
