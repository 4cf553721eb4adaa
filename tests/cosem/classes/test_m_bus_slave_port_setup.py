"""M-Bus slave port setup, class 25."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem.classes.m_bus_slave_port_setup import MBusSlavePortSetup
from ferraris.cosem.types import DataType
from tests.cosem.known_octets import assert_holds

VERSIONS = [(25, (0,), """
    number  name          v0
    1       logical_name  logical name
    2       default_baud  enum BaudRate
    3       avail_baud    enum BaudRate
    4       addr_state    enum AddressState
    5       bus_address   unsigned
""")]  # fmt: skip

KNOWN = [
    # type  octets  plain
    (MBusSlavePortSetup.logical_name.datatype,  "0906 0000180000ff",  "0.0.24.0.0.255"),
    (MBusSlavePortSetup.default_baud.datatype,  "16 00",              "baud_300"),
    (MBusSlavePortSetup.avail_baud.datatype,    "16 03",              "baud_2400"),
    (MBusSlavePortSetup.addr_state.datatype,    "16 01",              "assigned"),
    (MBusSlavePortSetup.bus_address.datatype,   "11 fa",              250),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "plain"), KNOWN)
def test_known_octets(datatype: DataType[Any], octets: str, plain: object) -> None:
    assert_holds(datatype, octets, plain)
