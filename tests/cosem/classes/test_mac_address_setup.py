"""MAC address setup, class 43."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem.classes.mac_address_setup import MacAddressSetup
from ferraris.cosem.types import DataType
from tests.cosem.known_octets import assert_holds

VERSIONS = [(43, (0,), """
    number  name          v0
    1       logical_name  logical name
    2       mac_address   octet-string
""")]  # fmt: skip

KNOWN = [
    # type  octets  plain
    (MacAddressSetup.logical_name.datatype,  "0906 0000190200ff",  "0.0.25.2.0.255"),
    (MacAddressSetup.mac_address.datatype,   "0906 0221a0b0c0d0",  "0x0221a0b0c0d0"),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "plain"), KNOWN)
def test_known_octets(datatype: DataType[Any], octets: str, plain: object) -> None:
    assert_holds(datatype, octets, plain)
