"""Values with parts that stand without tags: telegrams of real meters, and what is no such thing."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.codec import Data, Tag, decode_whole
from ferraris.cosem import Obis
from ferraris.dlms import NotificationDecoder
from ferraris.dlms.apdu import AttributeDescriptor
from ferraris.dlms.untagged import UNTAGGED_DESCRIPTOR, read_value
from ferraris.kernel.errors import DecodeError

VECTORS = Path(__file__).parents[1] / "vectors" / "dlms.jsonl"
TELEGRAMS = {
    row["id"]: bytes.fromhex(row["hex"])
    for row in map(json.loads, VECTORS.read_text("utf-8").splitlines())
    if row["id"] in ("dlms_parser/raw_egd_example", "dlms_parser/raw_sagemcom_xt211")
}
ENTRY = bytes.fromhex("0202 00030100010800ff02 0600000005")
DESCRIPTOR = Data(UNTAGGED_DESCRIPTOR, AttributeDescriptor(3, Obis.parse("1.0.1.8.0.255"), 2))


def test_a_bare_descriptor() -> None:
    reading = read_value(ENTRY)
    assert reading.data == Data(Tag.STRUCTURE, (DESCRIPTOR, Data(Tag.DOUBLE_LONG_UNSIGNED, 5)))
    assert reading.deviations == ("attribute descriptors stand without tags",)


def test_a_logical_name_with_tag_and_length_exchanged() -> None:
    reading = read_value(bytes.fromhex("0202 0609 0100010800ff 0600000005"))
    assert reading.data.value[0] == Data(Tag.OCTET_STRING, bytes.fromhex("0100010800ff"))  # type: ignore[index]
    assert len(reading.deviations) == 1


def test_what_is_correct_is_read_as_it_stands() -> None:
    octets = bytes.fromhex("0202 09060100010800ff 0600000005")
    assert read_value(octets) == (decode_whole(octets), ())


@pytest.mark.parametrize("octets", [ENTRY[:-1], ENTRY + b"\x00", b"\x02\x7f" + ENTRY[2:], b""])
def test_what_is_neither_is_refused_as_by_the_strict_decoder(octets: bytes) -> None:
    with pytest.raises(DecodeError) as strict:
        decode_whole(octets)
    with pytest.raises(DecodeError) as caught:
        read_value(octets)
    assert caught.value.summary == strict.value.summary


@given(st.binary(max_size=60))
def test_any_octets_only_raise_decode_error(octets: bytes) -> None:
    for head in (b"", b"\x02\x02\x00\x03", b"\x01\x02\x02\x02"):
        with contextlib.suppress(DecodeError):
            read_value(head + octets)


def flipped(octets: bytes, place: int) -> bytes:
    return octets[:place] + bytes((octets[place] ^ 1,)) + octets[place + 1 :]


@pytest.mark.parametrize("name", sorted(TELEGRAMS))
def test_the_next_push_of_such_a_meter_goes_the_fast_way(name: str) -> None:
    octets = TELEGRAMS[name]
    decoder = NotificationDecoder()
    first = decoder.decode(octets)
    ((layout,),) = decoder.layouts.values()
    free = [place for place in range(len(octets)) if layout(flipped(octets, place)) is not None]
    changed = bytearray(octets)
    changed[4] ^= 0x55
    changed[free[-1]] ^= 0x01
    second, general = decoder.decode(bytes(changed)), NotificationDecoder().decode(bytes(changed))
    assert second.tree() == general.tree()
    differing = [
        place for place, (one, other) in enumerate(zip(first.values, second.values, strict=True)) if one != other
    ]
    assert len(differing) == 1
    entries = [member for member in first.tree().value if member.tag == Tag.STRUCTURE]  # type: ignore[union-attr, attr-defined]
    assert all(entry.value[0].tag == UNTAGGED_DESCRIPTOR for entry in entries[1:])
