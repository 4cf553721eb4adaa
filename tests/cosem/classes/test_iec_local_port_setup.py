"""IEC local port setup, class 19: speeds, address and secrets of an optical port."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem.classes.iec_local_port_setup import IecLocalPortSetup, IecLocalPortSetupV0
from ferraris.cosem.types import DataType
from tests.cosem.known_octets import assert_holds

VERSIONS = [(19, (0, 1), """
    number  name           v0                  v1
    1       logical_name   logical name        =
    2       default_mode   enum LocalPortMode  =
    3       default_baud   enum BaudRate       =
    4       prop_baud      enum BaudRate       =
    5       response_time  enum ResponseTime   =
    6       device_addr    octet-string        =
    7       pass_p1        octet-string        =
    8       pass_p2        octet-string        =
    9       pass_w5        octet-string        =
""")]  # fmt: skip

KNOWN = [
    # type  octets  plain
    (IecLocalPortSetup.logical_name.datatype,    "0906 0000140000ff",      "0.0.20.0.0.255"),
    (IecLocalPortSetup.default_mode.datatype,    "16 00",                  "iec_62056_21"),
    (IecLocalPortSetup.default_mode.datatype,    "16 01",                  "hdlc"),
    (IecLocalPortSetupV0.default_mode.datatype,  "16 02",                  "not_specified"),
    (IecLocalPortSetup.default_baud.datatype,    "16 00",                  "baud_300"),
    (IecLocalPortSetup.prop_baud.datatype,       "16 05",                  "baud_9600"),
    (IecLocalPortSetup.prop_baud.datatype,       "16 09",                  "baud_115200"),
    (IecLocalPortSetup.response_time.datatype,   "16 00",                  "ms_20"),
    (IecLocalPortSetup.response_time.datatype,   "16 01",                  "ms_200"),
    (IecLocalPortSetup.device_addr.datatype,     "0908 3132333435363738",  "0x3132333435363738"),
    (IecLocalPortSetup.pass_p1.datatype,         "0900",                   "0x"),
    (IecLocalPortSetup.pass_w5.datatype,         "0902 0001",              "0x0001"),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "plain"), KNOWN)
def test_known_octets(datatype: DataType[Any], octets: str, plain: object) -> None:
    assert_holds(datatype, octets, plain)
