"""The InformationReport service, octet for octet, and the way in which Gurux writes its time."""

from __future__ import annotations

import pytest

from ferraris.dlms.apdu import InformationReportRequest, VariableName, decode_apdu
from tests.dlms.apdu.table import check_both_ways, check_refused

TIME = b"20261122120000Z"


@pytest.mark.parametrize(
    ("octets", "apdu"),
    [
        ("18 00 00 00", InformationReportRequest(None, (), ())),
        ("18 00 01 02 0108 01 1105", InformationReportRequest(None, (VariableName(0x108),), (b"\x11\x05",))),
        (f"18 01 0f {TIME.hex()} 01 02 0108 01 00", InformationReportRequest(TIME, (VariableName(0x108),), (b"\x00",))),
    ],
)
def test_both_ways(octets: str, apdu: InformationReportRequest) -> None:
    check_both_ways(octets, apdu)


def test_the_time_of_gurux_is_read_and_written_as_the_standard_says() -> None:
    moment = "07da041e050e2522618000ff"
    report = decode_apdu(bytes.fromhex(f"18 0c {moment} 01 02 0108 01 1105"))
    assert report == InformationReportRequest(bytes.fromhex(moment), (VariableName(0x108),), (b"\x11\x05",))
    assert report.encode() == bytes.fromhex(f"18 01 0c {moment} 01 02 0108 01 1105")


def test_what_is_refused() -> None:
    check_refused("18 02 00 00", "no such choice", 1)
    check_refused("18 0c 0102", "an APDU is cut short", 2)
