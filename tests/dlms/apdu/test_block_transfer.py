"""One APDU of general block transfer."""

from __future__ import annotations

import pytest

from ferraris.dlms.apdu import GeneralBlockTransfer
from tests.dlms.apdu.table import check_both_ways, check_refused


@pytest.mark.parametrize(
    ("octets", "apdu"),
    [
        ("e0 40 0001 0000 03 db0800", GeneralBlockTransfer(0x40, 1, 0, b"\xdb\x08\x00")),
        ("e0 c3 0003 0002 00", GeneralBlockTransfer(0xC3, 3, 2, b"")),
        ("e0 3f ffff fffe 01 ff", GeneralBlockTransfer(0x3F, 0xFFFF, 0xFFFE, b"\xff")),
    ],
)
def test_both_ways(octets: str, apdu: GeneralBlockTransfer) -> None:
    check_both_ways(octets, apdu)


@pytest.mark.parametrize(
    ("control", "last_block", "streaming", "window"),
    [
        (0x00, False, False, 0),
        (0x40, False, True, 0),
        (0x80, True, False, 0),
        (0xC0, True, True, 0),
        (0xFF, True, True, 63),
        (0x05, False, False, 5),
    ],
)
def test_the_control_octet_says_three_things(control: int, last_block: bool, streaming: bool, window: int) -> None:
    apdu = GeneralBlockTransfer(control, 1, 0, b"")
    assert (apdu.last_block, apdu.streaming, apdu.window) == (last_block, streaming, window)


@pytest.mark.parametrize(
    ("octets", "summary", "offset"),
    [
        ("e0", "an APDU is cut short", 1),
        ("e0 40 00", "an APDU is cut short", 2),
        ("e0 40 0001 00", "an APDU is cut short", 4),
        ("e0 40 0001 0000", "a length is missing", 6),
        ("e0 40 0001 0000 02 aa", "an APDU is cut short", 7),
        ("e0 40 0001 0000 00 aa", "octets follow the APDU", 7),
    ],
)
def test_refused(octets: str, summary: str, offset: int) -> None:
    check_refused(octets, summary, offset)
