"""The table of known logical names: tag, typical class, unit and meaning of each (`tables/obis.csv`).

Run as a module, this prints the stub that gives a type checker the tags of `ferraris.cosem.obis`:
`python -m ferraris.cosem.obis_table > src/ferraris/cosem/obis.pyi`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache

from ferraris.cosem.obis_code import Obis
from ferraris.kernel.tables import load_csv
from ferraris.kernel.units import Unit


@dataclass(frozen=True, slots=True)
class ObisEntry:
    """What is known of a logical name. `unit` is that of its value, scaled as the object says."""

    tag: str
    logical_name: Obis
    class_id: int
    unit: Unit | None
    description: str


def obis_entries() -> tuple[ObisEntry, ...]:
    """All rows, by logical name."""
    return load_csv("ferraris.cosem", "tables/obis.csv", ObisEntry, unique=("tag", "logical_name"))


@cache
def entries_by_tag() -> dict[str, ObisEntry]:
    """All rows by tag."""
    return {entry.tag: entry for entry in obis_entries()}


@cache
def _entries_by_logical_name() -> dict[bytes, ObisEntry]:
    return {entry.logical_name: entry for entry in obis_entries()}


def obis_entry(logical_name: Obis) -> ObisEntry | None:
    """The row of a logical name; None when it is not in the table."""
    return _entries_by_logical_name().get(logical_name)


def stub_text() -> str:
    """The text of the committed stub `obis.pyi`."""
    tags = "".join(f"{entry.tag}: Final[Obis]\n" for entry in obis_entries())
    return f"from typing import Final\n\nfrom ferraris.cosem.obis_code import Obis\n\n{tags}"


if __name__ == "__main__":
    sys.stdout.write(stub_text())
