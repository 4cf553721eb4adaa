"""A small fleet in a fresh directory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ferraris.kernel.entropy import SeededEntropy
from ferraris.meter.fleet import Fleet, Manufacture, Surroundings
from tests.meter.steady import MONDAY_MS, PERFECT, STEADY, Maker


@pytest.fixture
def make_fleet(tmp_path: Path) -> Iterator[Maker]:
    """Makes a fleet in the test's directory, switched on at `MONDAY_MS`; closed at the end."""
    made: list[Fleet] = []

    def make(manufacture: Manufacture = PERFECT, surroundings: Surroundings = STEADY, name: str = "fleet") -> Fleet:
        fleet = Fleet.create(tmp_path / name, manufacture, surroundings, SeededEntropy(5), MONDAY_MS)
        made.append(fleet)
        return fleet

    yield make
    for fleet in made:
        fleet.close()


@pytest.fixture
def fleet(make_fleet: Maker) -> Fleet:
    """Three meters with perfect clocks and a steady load."""
    return make_fleet()
