"""PPP setup, class 44: options, and authentication or none."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem.classes.ppp_setup import PppSetup
from ferraris.cosem.types import DataType
from tests.cosem.known_octets import assert_holds

VERSIONS = [(44, (0,), """
    number  name                v0
    1       logical_name        logical name
    2       phy_reference       logical name
    3       lcp_options         array of PppOption
    4       ipcp_options        array of PppOption
    5       ppp_authentication  choice of null-data, structure
""")]  # fmt: skip

KNOWN = [
    # type  octets  plain
    (PppSetup.logical_name.datatype,        "0906 0000190300ff",                "0.0.25.3.0.255"),
    (PppSetup.phy_reference.datatype,       "0906 0000020000ff",                "0.0.2.0.0.255"),
    (PppSetup.lcp_options.datatype,         "0101 0203 1101 1104 12 05dc",
     [{"option_type": 1, "option_length": 4, "option_data": 1500}]),
    (PppSetup.ipcp_options.datatype,        "0101 0203 1103 1106 06 0a000001",
     [{"option_type": 3, "option_length": 6, "option_data": 0x0A000001}]),
    (PppSetup.ppp_authentication.datatype,  "00",                               None),
    (PppSetup.ppp_authentication.datatype,  "0202 0902 7576 0902 7778",         ["0x7576", "0x7778"]),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "plain"), KNOWN)
def test_known_octets(datatype: DataType[Any], octets: str, plain: object) -> None:
    assert_holds(datatype, octets, plain)
