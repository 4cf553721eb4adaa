"""The mobile network at a meter's place, as its modem tells it: a function of meter and time, like the load.

Meters with neighbouring numbers share a cell. The signal depends on the place and wavers by the quarter of an hour. Country
and network are those that are reserved for test networks.
"""

from __future__ import annotations

import zlib
from typing import Final

from ferraris.cosem.classes.gsm_diagnostic import AdjacentCell, Cell

OPERATOR: Final = "Test network 001-01"
COUNTRY: Final = 1
NETWORK: Final = 1
METERS_PER_CELL: Final = 48
AREA: Final = 0x51
CHANNEL: Final = 6_300
"""An LTE channel of band 20."""
STEP_S: Final = 900
SIGNALS: Final = range(4, 32)
"""Signal quality as modems number it: 0 is -113 dBm or less, 31 is -51 dBm or more."""


def cell(number: int, clock_s: int) -> Cell:
    """The cell that serves meter `number`."""
    place = number // METERS_PER_CELL
    return Cell(_cell_id(place), AREA, _signal(number, place, clock_s), 0, COUNTRY, NETWORK, CHANNEL)


def adjacent_cells(number: int, clock_s: int) -> tuple[AdjacentCell, ...]:
    """The cells nearby: weaker than the one that serves."""
    place = number // METERS_PER_CELL
    best = _signal(number, place, clock_s)
    nearby = [other for other in (place - 1, place + 1) if other >= 0]
    return tuple(AdjacentCell(_cell_id(other), min(best, _signal(number, other, clock_s))) for other in nearby)


def _cell_id(place: int) -> int:
    return 0x1A2000 + 0x100 * place


def _signal(number: int, place: int, clock_s: int) -> int:
    """Between -105 and -51 dBm: a mean by the place, a little more or less by the time."""
    mean = SIGNALS[4] + zlib.crc32(f"{number} {place}".encode()) % (len(SIGNALS) - 8)
    waver = zlib.crc32(f"{number} {place} {clock_s // STEP_S}".encode()) % 7 - 3
    return min(max(mean + waver, SIGNALS[0]), SIGNALS[-1])
