"""The APDUs around protected APDUs, octet for octet."""

from __future__ import annotations

import pytest

from ferraris.dlms.apdu import (
    DEDICATED_CIPHERED_TAGS,
    GLOBAL_CIPHERED_TAGS,
    AgreedKey,
    Apdu,
    GeneralCiphering,
    GeneralDedicatedCiphering,
    GeneralGlobalCiphering,
    GeneralSigning,
    IdentifiedKey,
    ServiceCiphered,
    WrappedKey,
    decode_apdu,
    has_apdu_tag,
)
from tests.dlms.apdu.table import check_both_ways, check_refused

TITLE = "4d4d4d0000bc614e"
PEER = "4d4d4d0000000001"
TITLES = (bytes.fromhex(TITLE), bytes.fromhex(PEER))
HEAD = f"08 0102030405060708 08 {TITLE} 08 {PEER} 00 00"
TRANSACTION = bytes.fromhex("0102030405060708")


@pytest.mark.parametrize(
    ("octets", "apdu"),
    [
        ("c8 05 3001234567", ServiceCiphered(0xC8, bytes.fromhex("3001234567"))),
        ("21 00", ServiceCiphered(0x21, b"")),
        ("d0 8180" + "ab" * 128, ServiceCiphered(0xD0, b"\xab" * 128)),
        (f"db 08 {TITLE} 02 aabb", GeneralGlobalCiphering(TITLES[0], b"\xaa\xbb")),
        ("db 00 02 aabb", GeneralGlobalCiphering(b"", b"\xaa\xbb")),
        (f"dc 08 {TITLE} 02 aabb", GeneralDedicatedCiphering(TITLES[0], b"\xaa\xbb")),
        (f"dd {HEAD} 00 01 aa", GeneralCiphering(TRANSACTION, *TITLES, b"", b"", None, b"\xaa")),
        (f"dd {HEAD} 01 00 01 01 aa", GeneralCiphering(TRANSACTION, *TITLES, b"", b"", IdentifiedKey(1), b"\xaa")),
        (
            f"dd {HEAD} 01 01 00 02 cccc 01 aa",
            GeneralCiphering(TRANSACTION, *TITLES, b"", b"", WrappedKey(0, b"\xcc\xcc"), b"\xaa"),
        ),
        (
            f"dd {HEAD} 01 02 01 02 02 cccc 01 aa",
            GeneralCiphering(TRANSACTION, *TITLES, b"", b"", AgreedKey(b"\x02", b"\xcc\xcc"), b"\xaa"),
        ),
        (f"df {HEAD} 03 c001c1 02 5151", GeneralSigning(TRANSACTION, *TITLES, b"", b"", b"\xc0\x01\xc1", b"QQ")),
    ],
)
def test_both_ways(octets: str, apdu: Apdu) -> None:
    check_both_ways(octets, apdu)


@pytest.mark.parametrize(
    ("octets", "summary", "offset"),
    [
        ("c8", "a length is missing", 1),
        ("c8 05 30012345", "an APDU is cut short", 2),
        ("c8 04 3001234567", "octets follow the APDU", 6),
        ("c8 80", "a length has a wrong form", 1),
        ("c8 84ffffffff 00", "an APDU is cut short", 6),
        (f"db 08 {TITLE}", "a length is missing", 10),
        (f"db 08 {TITLE} 02 aabbcc", "octets follow the APDU", 13),
        ("db 09 4d4d4d0000bc614e", "an APDU is cut short", 2),
        (f"dc 08 {TITLE} 03 aabb", "an APDU is cut short", 11),
        (f"dd {HEAD} 02", "an optional field's flag is wrong", 30),
        (f"dd {HEAD} 01 03", "no such choice", 31),
        (f"dd {HEAD} 01 02 01 01 8180 aa", "an APDU is cut short", 36),
        (f"dd {HEAD} 00 01 aa 00", "octets follow the APDU", 33),
        (f"df {HEAD} 03 c001c1", "a length is missing", 34),
        (f"df {HEAD} 03 c001c1 00 00", "octets follow the APDU", 35),
    ],
)
def test_refused(octets: str, summary: str, offset: int) -> None:
    check_refused(octets, summary, offset)


@pytest.mark.parametrize("tags", [GLOBAL_CIPHERED_TAGS, DEDICATED_CIPHERED_TAGS])
def test_every_ciphered_tag_names_the_apdu_inside(tags: dict[int, int]) -> None:
    for tag, plain_tag in tags.items():
        apdu = decode_apdu(bytes((tag, 0)))
        assert isinstance(apdu, ServiceCiphered)
        assert apdu.plain_tag == plain_tag
        assert apdu.dedicated == (tags is DEDICATED_CIPHERED_TAGS)
        assert has_apdu_tag(bytes((plain_tag,)))


def test_the_ciphered_services_stand_at_fixed_distances() -> None:
    """The standard numbers them in parallel: global 32 above an initiate or short-name service and 8 above others, dedicated 8 further on."""
    for ciphered, plain in GLOBAL_CIPHERED_TAGS.items():
        assert ciphered - plain == (0x20 if plain < 0xC0 else 0x08)
    for ciphered, plain in DEDICATED_CIPHERED_TAGS.items():
        assert ciphered - plain == (0x40 if plain < 0xC0 else 0x10)
