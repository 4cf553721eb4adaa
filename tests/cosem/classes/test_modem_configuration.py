"""Modem configuration, class 27: commands to a modem, with and without a delay."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem.classes.modem_configuration import ModemConfiguration, ModemConfigurationV0
from ferraris.cosem.types import DataType
from tests.cosem.known_octets import assert_holds

VERSIONS = [(27, (0, 1), """
    number  name                   v0                     v1
    1       logical_name           logical name           =
    2       comm_speed             enum BaudRate          =
    3       initialization_string  array of ModemCommand  array of DelayedModemCommand
    4       modem_profile          array of octet-string  =
""")]  # fmt: skip

KNOWN = [
    # type  octets  plain
    (ModemConfiguration.logical_name.datatype,             "0906 0000020000ff",                        "0.0.2.0.0.255"),
    (ModemConfiguration.comm_speed.datatype,               "16 06",                                    "baud_19200"),
    (ModemConfigurationV0.initialization_string.datatype,  "0101 0202 0903 41545a 0902 4f4b",
     [{"request": "0x41545a", "response": "0x4f4b"}]),
    (ModemConfiguration.initialization_string.datatype,    "0101 0203 0903 41545a 0902 4f4b 12 01f4",
     [{"request": "0x41545a", "response": "0x4f4b", "delay_after_response_ms": 500}]),
    (ModemConfiguration.modem_profile.datatype,            "0102 0902 4f4b 0904 42555359",
     ["0x4f4b", "0x42555359"]),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "plain"), KNOWN)
def test_known_octets(datatype: DataType[Any], octets: str, plain: object) -> None:
    assert_holds(datatype, octets, plain)
