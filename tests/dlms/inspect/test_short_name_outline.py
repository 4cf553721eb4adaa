"""READ, WRITE and InformationReport octet by octet, as their decoders read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.dlms.apdu import decode_apdu
from ferraris.dlms.inspect.apdu_outline import apdu_fields
from tests.dlms.inspect.test_octet_map import assert_gapless

NEVER = ("cannot be read further", "further octets")
APDUS = {
    "read": "05 02 02fa08 04 0100 01 02021200011200ff",
    "read of a block": "05 01 05 0003",
    "read in blocks": "05 01 06 01 0002 03 010203",
    "read-response": "0c 02 00 1105 01 04",
    "read-response block": "0c 01 02 00 0001 03 010203",
    "read-response confirmation": "0c 01 03 0001",
    "write": "06 02 020100 020108 02 1105 0f00",
    "write in blocks": "06 01 07 00 0001 01 0902 0102",
    "write-response": "0d 03 00 01 03 02 0001",
    "unconfirmed-write": "16 01 020100 01 1105",
    "information-report": "18 00 01 020100 01 1105",
    "information-report at a time": "18 0c 07e3020401173416ff800000 01 020100 01 1105",
}


def octets_of(name: str) -> bytes:
    return bytes.fromhex(APDUS[name].replace(" ", ""))


@pytest.mark.parametrize("name", APDUS)
def test_the_outline_reads_what_the_decoder_reads(name: str) -> None:
    octets = octets_of(name)
    decode_apdu(octets)
    fields = apdu_fields(octets)
    assert_gapless(fields, octets)
    assert not [field for field in fields if field.name in NEVER], fields


def test_names_and_refusals() -> None:
    assert [field.value for field in apdu_fields(octets_of("read")) if field.name.endswith("name")] == ["FA08", "0100"]
    said = {field.name: field.value for field in apdu_fields(octets_of("read-response"))}
    assert (said["result[1]"], said["result[2]"]) == ("unsigned 5", "object-undefined")


@given(st.sampled_from(sorted(APDUS)), st.integers(0, 40), st.binary(max_size=4))
def test_damaged_apdus(name: str, cut: int, tail: bytes) -> None:
    octets = octets_of(name)[:cut] + tail
    if octets:
        assert_gapless(apdu_fields(octets), octets)
