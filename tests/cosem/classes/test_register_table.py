"""Register table, class 61: the cells and which attributes fill them."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem.classes.register_table import RegisterTable
from ferraris.cosem.types import DataType
from tests.cosem.known_octets import assert_holds

VERSIONS = [(61, (0,), """
    number  name                   v0
    1       logical_name           logical name
    2       table_cell_values      any type
    3       table_cell_definition  TableCells
    4       scaler_unit            ScalerUnit
    -1      reset                  integer
    -2      capture                integer
""")]  # fmt: skip

KNOWN = [
    # type  octets  plain
    (RegisterTable.logical_name.datatype,           "0906 0100620a01ff",                          "1.0.98.10.1.255"),
    (RegisterTable.table_cell_values.datatype,      "0102 06 0000000a 06 00000014",               [10, 20]),
    (RegisterTable.table_cell_definition.datatype,  "0204 120003 0906 0100200700ff 0102 1101 1102 0f02",
     {"class_id": 3, "logical_name": "1.0.32.7.0.255", "group_e_values": [1, 2], "attribute_index": 2}),
    (RegisterTable.scaler_unit.datatype,            "0202 0fff 1623",
     {"scaler": -1, "unit": "volt"}),
    (RegisterTable.capture.argument,                "0f 00",                                      0),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "plain"), KNOWN)
def test_known_octets(datatype: DataType[Any], octets: str, plain: object) -> None:
    assert_holds(datatype, octets, plain)
