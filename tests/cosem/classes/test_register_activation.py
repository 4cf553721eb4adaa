"""Register activation, class 6: registers, masks, and the mask in force."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem.classes.register_activation import RegisterActivation
from ferraris.cosem.types import DataType
from tests.cosem.known_octets import assert_holds

VERSIONS = [(6, (0,), """
    number  name                 v0
    1       logical_name         logical name
    2       register_assignment  array of ObjectId
    3       mask_list            array of RegisterMask
    4       active_mask          octet-string
    -1      add_register         ObjectId
    -2      add_mask             RegisterMask
    -3      delete_mask          octet-string
""")]  # fmt: skip

TARIFF_1 = "0202 120003 0906 0100010801ff"
TARIFF_1_READ = {"class_id": 3, "logical_name": "1.0.1.8.1.255"}
DAY = "0202 0903 444159 0102 1101 1103"
DAY_READ = {"mask_name": "0x444159", "index_list": [1, 3]}

KNOWN = [
    # type                                            octets                plain
    (RegisterActivation.logical_name.datatype,        "0906 00000e0001ff",  "0.0.14.0.1.255"),
    (RegisterActivation.register_assignment.datatype, f"0101 {TARIFF_1}",   [TARIFF_1_READ]),
    (RegisterActivation.mask_list.datatype,           f"0101 {DAY}",        [DAY_READ]),
    (RegisterActivation.active_mask.datatype,         "0903 444159",        "0x444159"),
    (RegisterActivation.add_register.argument,        TARIFF_1,             TARIFF_1_READ),
    (RegisterActivation.add_mask.argument,            DAY,                  DAY_READ),
    (RegisterActivation.delete_mask.argument,         "0903 444159",        "0x444159"),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "plain"), KNOWN)
def test_known_octets(datatype: DataType[Any], octets: str, plain: object) -> None:
    assert_holds(datatype, octets, plain)
