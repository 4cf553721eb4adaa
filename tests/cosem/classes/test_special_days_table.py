"""Special days table, class 11."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem.classes.special_days_table import SpecialDaysTable
from ferraris.cosem.types import DataType
from tests.cosem.known_octets import assert_holds

VERSIONS = [(11, (0,), """
    number  name          v0
    1       logical_name  logical name
    2       entries       array of SpecialDay
    -1      insert        SpecialDay
    -2      delete        long-unsigned
""")]  # fmt: skip

CHRISTMAS = "0203 12000c 0905 ffff0c19ff 1102"
CHRISTMAS_READ = {"index": 12, "specialday_date": "*-12-25", "day_id": 2}

KNOWN = [
    # type                               octets                plain
    (SpecialDaysTable.logical_name.datatype, "0906 00000b0000ff", "0.0.11.0.0.255"),
    (SpecialDaysTable.entries.datatype,  "0100",               []),
    (SpecialDaysTable.entries.datatype,  f"0101 {CHRISTMAS}",  [CHRISTMAS_READ]),
    (SpecialDaysTable.insert.argument,   CHRISTMAS,            CHRISTMAS_READ),
    (SpecialDaysTable.delete.argument,   "12 000c",            12),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "plain"), KNOWN)
def test_known_octets(datatype: DataType[Any], octets: str, plain: object) -> None:
    assert_holds(datatype, octets, plain)
