"""IEC twisted pair setup, class 24: a station of a Euridis bus."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem.classes.iec_twisted_pair_setup import IecTwistedPairSetup, IecTwistedPairSetupV0
from ferraris.cosem.types import DataType
from tests.cosem.known_octets import assert_holds

VERSIONS = [(24, (0, 1), """
    number  name                  v0                 v1
    1       logical_name          logical name       =
    2       secondary_address     octet-string       -
    2       mode                  -                  enum TwistedPairMode
    3       primary_address_list  array of unsigned  -
    3       speed                 -                  enum BaudRate
    4       tabi_list             array of integer   -
    4       primary_address_list  -                  array of unsigned
    5       fatal_error           enum FatalError    -
    5       tabi_list             -                  array of integer
""")]  # fmt: skip

KNOWN = [
    # type  octets  plain
    (IecTwistedPairSetup.logical_name.datatype,          "0906 0000170000ff",  "0.0.23.0.0.255"),
    (IecTwistedPairSetup.mode.datatype,                  "16 01",              "active"),
    (IecTwistedPairSetup.mode.datatype, "16 80", "code_128"),
    (IecTwistedPairSetup.speed.datatype,                 "16 02",              "baud_1200"),
    (IecTwistedPairSetup.primary_address_list.datatype,  "0102 1100 1101",     [0, 1]),
    (IecTwistedPairSetup.tabi_list.datatype,             "0101 0fff",          [-1]),
    (IecTwistedPairSetupV0.secondary_address.datatype,   "0906 010203040506",  "0x010203040506"),
    (IecTwistedPairSetupV0.fatal_error.datatype,         "16 00",              "no_error"),
    (IecTwistedPairSetupV0.fatal_error.datatype,         "16 0a",              "e_el_2f"),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "plain"), KNOWN)
def test_known_octets(datatype: DataType[Any], octets: str, plain: object) -> None:
    assert_holds(datatype, octets, plain)
