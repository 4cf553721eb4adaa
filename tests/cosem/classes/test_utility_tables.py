"""Utility tables, class 26."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem.classes.utility_tables import UtilityTables
from ferraris.cosem.types import DataType
from tests.cosem.known_octets import assert_holds

VERSIONS = [(26, (0,), """
    number  name          v0
    1       logical_name  logical name
    2       table_id      long-unsigned
    3       length        double-long-unsigned
    4       buffer        octet-string
""")]  # fmt: skip

KNOWN = [
    # type  octets  plain
    (UtilityTables.logical_name.datatype,  "0906 0000410000ff",  "0.0.65.0.0.255"),
    (UtilityTables.table_id.datatype,      "12 0017",            23),
    (UtilityTables.length.datatype,        "06 00000003",        3),
    (UtilityTables.buffer.datatype,        "0903 010203",        "0x010203"),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "plain"), KNOWN)
def test_known_octets(datatype: DataType[Any], octets: str, plain: object) -> None:
    assert_holds(datatype, octets, plain)
