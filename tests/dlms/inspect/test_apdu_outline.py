"""The outline of every APDU agrees with its decoder: the same fields in the same order, every octet accounted for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cosem import Obis
from ferraris.dlms.apdu import AttributeDescriptor, decode_apdu
from ferraris.dlms.inspect.apdu_outline import apdu_fields
from ferraris.kernel.errors import DecodeError
from tests.dlms.inspect.test_octet_map import assert_gapless

VECTORS = Path(__file__).parents[2] / "vectors" / "dlms.jsonl"
NEVER = ("cannot be read further", "further octets")

APDUS = {
    "get-request normal": "c001c1 0003 0100010800ff 02 00",
    "get-request with selection": "c001c1 0007 0100630100ff 02 01 02 0204 0600000001 0600000000 120001 120000",
    "get-request next": "c002c1 00000002",
    "get-request with list": "c003c1 02 0003 0100010800ff 02 00 0008 0000010000ff 02 00",
    "get-response normal": "c401c1 00 0600003039",
    "get-response refusal": "c401c1 01 04",
    "get-response block": "c402c1 00 00000001 00 03 010203",
    "get-response block refused": "c402c1 01 00000001 01 13",
    "get-response list": "c403c1 02 00 1105 01 0b",
    "set-request normal": "c101c1 0008 0000010000ff 03 00 10ffc4",
    "set-request first block": "c102c1 0008 0000010000ff 03 00 00 00000001 02 10ff",
    "set-request block": "c103c1 01 00000002 01 c4",
    "set-request list": "c104c1 01 0008 0000010000ff 03 00 01 10ffc4",
    "set-request list first block": "c105c1 01 0008 0000010000ff 03 00 00 00000001 02 0110",
    "set-response": "c501c1 00",
    "set-response block": "c502c1 00000001",
    "set-response last block": "c503c1 00 00000002",
    "set-response last block list": "c504c1 02 00 03 00000002",
    "set-response list": "c505c1 02 00 03",
    "action-request": "c301c1 0046 0000600300ff 01 01 0f00",
    "action-request bare": "c301c1 0046 0000600300ff 01 00",
    "action-request next": "c302c1 00000001",
    "action-request list": "c303c1 01 0046 0000600300ff 01 01 0f00",
    "action-request first block": "c304c1 0046 0000600300ff 01 00 00000001 02 0f00",
    "action-request list first block": "c305c1 01 0046 0000600300ff 01 00 00000001 02 010f",
    "action-request block": "c306c1 01 00000002 01 00",
    "action-response": "c701c1 00 00",
    "action-response data": "c701c1 00 01 00 1105",
    "action-response refusal in four": "c701c1 03",
    "action-response block": "c702c1 01 00000001 02 1105",
    "action-response list": "c703c1 02 00 00 03 00",
    "action-response next": "c704c1 00000001",
    "data-notification": "0f 00000001 00 0202 1105 1200ff",
    "data-notification at a time": "0f 00000001 0c 07e3020401173416ff800000 1105",
    "event-notification": "c2 01 0c 07e3020401173416ff800000 0003 0100010800ff 02 0600003039",
    "access-request": "d9 40000001 00 02 01 0003 0100010800ff 02 02 0008 0000010000ff 03 02 00 10ffc4",
    "access-response": "da 40000001 00 00 02 0600003039 00 02 01 00 02 00",
    "exception": "d8 01 02",
    "exception with a counter": "d8 01 06 00000102",
    "confirmed-service-error": "0e 01 06 01",
    "initiate-request": "01 00 00 00 06 5f1f0400 00001d 04b0",
    "initiate-request with a key": "01 01 10 000102030405060708090a0b0c0d0e0f 01 00 00 06 5f1f0400 00001d 04b0",
    "initiate-response": "08 00 06 5f1f0400 00001d 04b0 0007",
    "general-block-transfer": "e0 c2 0001 0000 03 c40101",
    "glo-get-request": "c8 12 30 00000001 0102030405 0102030405060708090a0b0c",
    "general-glo": "db 08 4d4d4d0000bc614e 12 30 00000001 0102030405 0102030405060708090a0b0c".replace(
        "12 30", "16 30"
    ),
    "aarq": "601d a109060760857405080101 be10040e01000000065f1f0400001d04b0".replace("00001d04b0", "00007e1f04b0"),
    "rlrq": "6203 800100",
}


def octets_of(name: str) -> bytes:
    return bytes.fromhex(APDUS[name].replace(" ", ""))


@pytest.mark.parametrize("name", [name for name in APDUS if name not in ("glo-get-request", "general-glo")])
def test_the_outline_reads_what_the_decoder_reads(name: str) -> None:
    octets = octets_of(name)
    decode_apdu(octets)
    fields = apdu_fields(octets)
    assert_gapless(fields, octets)
    assert not [field for field in fields if field.name in NEVER], fields


def test_ciphered_apdus() -> None:
    fields = apdu_fields(octets_of("glo-get-request"))
    assert [field.name for field in fields] == [
        "tag",
        "length",
        "security-control",
        "invocation-counter",
        "protected",
        "authentication-tag",
    ]
    assert fields[2].value == "suite 0, authenticated and encrypted"
    assert apdu_fields(octets_of("general-glo"))[2].name == "system-title"


def test_an_answer_is_named_by_what_was_asked() -> None:
    asked = AttributeDescriptor(3, Obis.parse("1.0.1.8.0.255"), 3)
    fields = apdu_fields(bytes.fromhex("c401c100 02020ffd161e".replace(" ", "")), [asked])
    assert [(field.name, field.value) for field in fields[4:]] == [
        ("result", "structure of 2"),
        ("result.scaler", "integer -3"),
        ("result.unit", "enum 30 watt-hour"),
    ]


def test_secrets_are_not_shown() -> None:
    key = "000102030405060708090a0b0c0d0e0f"
    for field in apdu_fields(octets_of("initiate-request with a key")):
        assert key not in field.value


def test_every_published_apdu_is_outlined() -> None:
    outlined = 0
    for line in VECTORS.read_text().splitlines():
        octets = bytes.fromhex(json.loads(line)["hex"])
        assert_gapless(apdu_fields(octets), octets)
        try:
            decode_apdu(octets)
        except DecodeError:
            continue
        outlined += 1
    assert outlined > 20


@given(st.sampled_from(sorted(APDUS)), st.integers(0, 60), st.binary(max_size=4))
def test_damaged_apdus_are_outlined(name: str, cut: int, tail: bytes) -> None:
    octets = octets_of(name)[:cut] + tail
    if octets:
        assert_gapless(apdu_fields(octets), octets)
