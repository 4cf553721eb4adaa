"""ACSE APDUs are opened down to what each field holds, and secrets are not told."""

from __future__ import annotations

from ferraris.dlms.inspect.apdu_outline import apdu_fields
from ferraris.dlms.inspect.octet_map import OctetField
from tests.dlms.inspect.test_octet_map import assert_gapless

AARQ = bytes.fromhex(
    "6036 a109060760857405080101 8a0207 80 8b0760857405080201 ac0a80083132333435363738 be10040e01000000065f1f0400007e1f04b0".replace(
        " ", ""
    )
)
AARE = bytes.fromhex(
    "6129 a109060760857405080101 a203020100 a305a103020100 be10040e0800065f1f0400007c1f04b00007".replace(" ", "")
)


def meanings(octets: bytes) -> dict[str, str]:
    fields = apdu_fields(octets)
    assert_gapless(fields, octets)
    return {field.name: field.value for field in fields}


def names(fields: list[OctetField]) -> list[str]:
    return [field.name for field in fields]


def test_aarq() -> None:
    said = meanings(AARQ)
    assert said["tag"] == "AARQ"
    assert said["application-context-name"] == "2.16.756.5.8.1.1"
    assert said["mechanism-name"] == "2.16.756.5.8.2.1"
    assert said["calling-authentication-value"] == "hidden"
    assert "calling-authentication-value inner tag" in said


def test_aare() -> None:
    said = meanings(AARE)
    assert (said["result"], said["result-source-diagnostic"]) == ("0", "0")
    assert names(apdu_fields(AARE)).count("result-source-diagnostic inner tag") == 2


def test_fields_that_lie_about_their_length() -> None:
    for octets in (
        b"\x61\x04\xa2\x7f\x02\x01",
        b"\x60\x02\xa1\x84",
        b"\x60" + b"\x02\xbe\x00",
        b"\x61\x06" + b"\xa3\x04" * 3,
    ):
        assert_gapless(apdu_fields(octets), octets)
