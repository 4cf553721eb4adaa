"""Auto connect, class 29: modes and destinations in its three versions."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem.classes.auto_connect import AutoConnect, AutoConnectV0, AutoConnectV1
from ferraris.cosem.types import DataType
from tests.cosem.known_octets import assert_holds

VERSIONS = [(29, (0, 1, 2), """
    number  name              v0                            v1                     v2
    1       logical_name      logical name                  =                      =
    2       mode              enum AutoConnectMode          =                      =
    3       repetitions       unsigned                      =                      =
    4       repetition_delay  long-unsigned                 =                      =
    5       calling_window    array of CommunicationWindow  =                      =
    6       phone_list        array of octet-string         -                      -
    6       destination_list  -                             array of octet-string  =
    -1      connect           -                             integer                =
""")]  # fmt: skip

KNOWN = [
    # type  octets  plain
    (AutoConnect.logical_name.datatype,        "0906 0000020100ff",                     "0.0.2.1.0.255"),
    (AutoConnectV0.mode.datatype,              "16 02",                                 "dialling_in_window"),
    (AutoConnect.mode.datatype,                "16 65",                                 "permanently_connected"),
    (AutoConnect.mode.datatype,                "16 68",
     "connected_in_window_or_on_invocation"),
    (AutoConnect.mode.datatype,                "16 ff",                                 "code_255"),
    (AutoConnect.repetitions.datatype,         "11 03",                                 3),
    (AutoConnect.repetition_delay.datatype,    "12 003c",                               60),
    (AutoConnect.calling_window.datatype,      "0100",                                  []),
    (AutoConnectV0.phone_list.datatype,        "0101 0903 313233",                      ["0x313233"]),
    (AutoConnectV1.destination_list.datatype,  "0100",                                  []),
    (AutoConnect.destination_list.datatype,    "0101 090d 31302e302e302e313a34303539",
     ["0x31302e302e302e313a34303539"]),
    (AutoConnect.connect.argument,             "0f 00",                                 0),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "plain"), KNOWN)
def test_known_octets(datatype: DataType[Any], octets: str, plain: object) -> None:
    assert_holds(datatype, octets, plain)
