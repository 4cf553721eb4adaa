"""What short-name services are aimed at, octet for octet."""

from __future__ import annotations

import pytest

from ferraris.dlms.apdu import (
    BlockNumberAccess,
    ParameterisedAccess,
    ReadDataBlockAccess,
    ReadRequest,
    VariableAccess,
    VariableName,
    WriteDataBlockAccess,
)
from ferraris.kernel.limits import ATTRIBUTE_DESCRIPTORS_MAX
from tests.dlms.apdu.table import check_both_ways, check_refused


@pytest.mark.parametrize(
    ("octets", "specification"),
    [
        ("02 fa08", VariableName(0xFA08)),
        ("02 0000", VariableName(0)),
        ("04 fa58 00 0903010203", ParameterisedAccess(0xFA58, 0, bytes.fromhex("0903010203"))),
        ("05 0001", BlockNumberAccess(1)),
        ("06 00 0001 03 010203", ReadDataBlockAccess(False, 1, b"\x01\x02\x03")),
        ("06 01 ffff 00", ReadDataBlockAccess(True, 0xFFFF, b"")),
        ("07 01 0002", WriteDataBlockAccess(True, 2)),
    ],
)
def test_specifications(octets: str, specification: VariableAccess) -> None:
    check_both_ways(f"0501 {octets}", ReadRequest((specification,)))
    assert specification.encode() == bytes.fromhex(octets)


def test_what_is_refused() -> None:
    check_refused("0501 03 0001", "no such choice", 2)
    check_refused("0501 02 00", "an APDU is cut short", 3)
    check_refused("0501 06 01 0001 05 0102", "an APDU is cut short", 7)
    check_refused("05 820101" + "02 0001" * 257, "a list is too long", 1)
    assert ATTRIBUTE_DESCRIPTORS_MAX == 256


def test_a_parameter_that_lies_about_its_size_is_refused() -> None:
    check_refused("0501 04 fa58 00 0905 01", "octets are missing", 9)
