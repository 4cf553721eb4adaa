"""Pushes and events, with the date-times of real meters."""

from __future__ import annotations

import pytest

from ferraris.cosem import Obis
from ferraris.dlms.apdu import (
    Apdu,
    AttributeDescriptor,
    DataNotification,
    DataNotificationConfirm,
    EventNotification,
    decode_apdu,
)
from tests.dlms.apdu.table import check_both_ways, check_refused

MOMENT_OCTETS = "07e3020401173416ff800000"
MOMENT = bytes.fromhex(MOMENT_OCTETS)
BODY = bytes.fromhex("0201 06000016dc")
ALARM = AttributeDescriptor(1, Obis.parse("0.0.97.98.20.255"), 2)


@pytest.mark.parametrize(
    ("octets", "apdu"),
    [
        ("0f 40000000 00 020106000016dc", DataNotification(0x40000000, b"", BODY)),
        (f"0f 00000001 0c {MOMENT_OCTETS} 020106000016dc", DataNotification(1, MOMENT, BODY)),
        (f"0f 40000000 090c {MOMENT_OCTETS} 020106000016dc", DataNotification(0x40000000, MOMENT, BODY, True)),
        ("10 00000001 00", DataNotificationConfirm(1, b"")),
        (f"10 00000001 0c {MOMENT_OCTETS}", DataNotificationConfirm(1, MOMENT)),
        ("c2 00 0001 0000616214ff 02 0600000001", EventNotification(None, ALARM, bytes.fromhex("0600000001"))),
        (f"c2 01 0c {MOMENT_OCTETS} 0001 0000616214ff 02 00", EventNotification(MOMENT, ALARM, b"\x00")),
    ],
)
def test_both_ways(octets: str, apdu: Apdu) -> None:
    check_both_ways(octets, apdu)


@pytest.mark.parametrize(
    ("octets", "summary", "offset"),
    [
        ("0f 40000000", "an APDU is cut short", 5),
        ("0f 40000000 00", "an APDU is cut short", 6),
        ("0f 40000000 0b 07e3020401173416ff8000 00", "a date-time has a wrong size", 5),
        ("0f 40000000 09 07e3020401173416ff 00", "a date-time has a wrong size", 5),
        (f"0f 40000000 0c {MOMENT_OCTETS}", "an APDU is cut short", 18),
        (f"0f 40000000 090c {MOMENT_OCTETS}", "an APDU is cut short", 19),
        ("10 00000001", "an APDU is cut short", 5),
        ("10 00000001 0b 07e3020401173416ff8000", "a date-time has a wrong size", 5),
        ("10 00000001 0c 07e3", "an APDU is cut short", 8),
        ("10 00000001 00 00", "octets follow the APDU", 6),
        ("c2 02", "an optional field's flag is wrong", 1),
        ("c2 01 05 07e3020401 0001 0000616214ff 02 00", "a date-time has a wrong size", 2),
        ("c2 00 0001 0000616214ff 02", "an APDU is cut short", 11),
    ],
)
def test_refused(octets: str, summary: str, offset: int) -> None:
    check_refused(octets, summary, offset)


def test_a_tagged_date_time_is_kept_apart_from_a_plain_one() -> None:
    """What a meter sent goes out again as it was, whichever way it wrote its date-time."""
    plain, tagged = (DataNotification(0, MOMENT, BODY, way) for way in (False, True))
    assert plain != tagged
    assert [decode_apdu(push.encode()) for push in (plain, tagged)] == [plain, tagged]
    assert len(tagged.encode()) == len(plain.encode()) + 1
