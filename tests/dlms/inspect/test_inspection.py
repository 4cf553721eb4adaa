"""Captured octets taken apart whole: what is tolerated and what is not."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.codec.ber import encode_element
from ferraris.dlms.apdu import (
    Aarq,
    Apdu,
    ApplicationContext,
    Conformance,
    GeneralBlockTransfer,
    GeneralGlobalCiphering,
    InitiateRequest,
    InitiateResponse,
    ServiceCiphered,
)
from ferraris.dlms.ciphering import CipherKeys
from ferraris.dlms.inspect import Inspection, InspectionKeys, inspect
from ferraris.dlms.wrapper import encode_wpdu
from ferraris.kernel.errors import DecodeError, FerrarisError
from ferraris.kernel.limits import INSPECTION_OCTETS_MAX, PROTECTION_DEPTH_MAX
from tests.dlms.apdu import strategies
from tests.dlms.inspect.test_framing import LLC, hdlc_frame

GET = bytes.fromhex("c001c1 0008 0000010000ff 02 00")
ANSWER = bytes.fromhex("c401c1 00 12 0001")
TITLE = b"FERHES01"
CIPHER = CipherKeys(bytes(16), bytes(16))
KEYS = InspectionKeys(bytes(16), bytes(16), TITLE)
CONFORMANCE = Conformance.GET | Conformance.SET
INITIATE = InitiateRequest(bytes(16), True, None, 6, CONFORMANCE, 1200)


def value(octets: bytes, keys: InspectionKeys | None = None) -> Any:
    return inspect(octets, keys).value


def warnings(result: Inspection) -> list[str]:
    return [warning for layer in result.layers for warning in layer["warnings"]]


def test_a_plain_apdu() -> None:
    result = inspect(GET)
    assert result.apdu == "GetRequestNormal"
    assert [layer["layer"] for layer in result.layers] == ["apdu"]
    assert result.value["descriptor"] == {"class_id": 8, "logical_name": "0.0.1.0.0.255", "attribute_id": 2}


def test_a_stream_of_several() -> None:
    result = inspect(encode_wpdu(16, 1, GET) + encode_wpdu(1, 16, ANSWER))
    assert result.apdu == ["GetRequestNormal", "GetResponseNormal"]
    assert result.value[1]["result"] == {"long-unsigned": 1}


def test_a_frame_without_an_apdu() -> None:
    result = inspect(hdlc_frame(b"\x02\x01"))
    assert (result.apdu, result.value) == (None, None)
    assert warnings(result) == ["what the frame carries is no APDU"]


@pytest.mark.parametrize(
    "octets", [hdlc_frame(LLC + b"\x02\x01"), encode_wpdu(1, 16, b"\x02\x01"), LLC + b"\x02", b"\x02\x01"]
)
def test_where_an_apdu_must_be_there_must_be_one(octets: bytes) -> None:
    with pytest.raises(DecodeError) as caught:
        inspect(octets)
    assert caught.value.summary == "no APDU has this tag"


def with_wrong_check(information: bytes) -> bytes:
    octets = bytearray(hdlc_frame(information))
    octets[-1] ^= 0x40
    return bytes(octets)


def test_a_frame_with_a_wrong_check_is_shown_if_all_of_it_decodes() -> None:
    result = inspect(with_wrong_check(LLC + ANSWER))
    assert result.apdu == "GetResponseNormal"
    assert any("check sequence is wrong" in warning for warning in warnings(result))


def test_a_frame_with_a_wrong_check_is_refused_if_anything_in_it_does_not_decode() -> None:
    with pytest.raises(DecodeError) as caught:
        inspect(with_wrong_check(LLC + ANSWER[:-1]))
    assert caught.value.summary == "a frame check sequence is wrong"


def test_layers_before_an_error_are_kept() -> None:
    result = Inspection()
    with pytest.raises(DecodeError):
        inspect(encode_wpdu(1, 16, LLC + b"\x02"), None, result)
    assert [layer["layer"] for layer in result.layers] == ["wrapper", "llc"]


# General block transfer


def block(number: int, octets: bytes, *, last: bool = False) -> bytes:
    return encode_wpdu(1, 16, GeneralBlockTransfer(0x80 * last, number, 0, octets).encode())


def test_blocks_that_are_all_there_are_put_together() -> None:
    result = inspect(block(1, ANSWER[:3]) + block(2, ANSWER[3:], last=True))
    assert result.apdu == "GetResponseNormal"
    assert [layer["layer"] for layer in result.layers] == ["wrapper", "wrapper", "general-block-transfer", "apdu"]
    assert result.layers[2]["blocks"] == 2


@pytest.mark.parametrize(
    "octets",
    [
        block(1, ANSWER[:3]),
        block(2, ANSWER[3:], last=True),
        block(1, ANSWER[:3]) + block(3, ANSWER[3:], last=True),
        block(1, ANSWER[:3], last=True) + block(2, ANSWER[3:], last=True),
        block(1, ANSWER[:3]) + block(2, ANSWER[3:]),
    ],
    ids=["first alone", "last alone", "gap", "two last", "no last"],
)
def test_blocks_that_are_not_all_there_are_shown_one_by_one(octets: bytes) -> None:
    result = inspect(octets)
    names = result.apdu if isinstance(result.apdu, list) else [result.apdu]
    assert set(names) == {"GeneralBlockTransfer"}


# Ciphering


def test_a_ciphered_apdu_opens_and_says_what_it_was() -> None:
    octets = GeneralGlobalCiphering(TITLE, CIPHER.protect(0x30, TITLE, 9, GET)).encode()
    result = inspect(octets, KEYS)
    assert [layer["layer"] for layer in result.layers] == ["GeneralGlobalCiphering", "apdu"]
    assert result.apdu == "GetRequestNormal"


def test_a_ciphered_apdu_without_keys_is_what_is_there() -> None:
    octets = GeneralGlobalCiphering(TITLE, CIPHER.protect(0x30, TITLE, 9, GET)).encode()
    result = inspect(octets)
    assert result.apdu == "GeneralGlobalCiphering"
    assert result.value["system_title"] == TITLE.hex()
    assert result.value["invocation_counter"] == 9


def test_a_service_in_the_cipher_of_another_is_refused() -> None:
    octets = ServiceCiphered(0xC9, CIPHER.protect(0x30, TITLE, 9, GET)).encode()
    with pytest.raises(DecodeError) as caught:
        inspect(octets, KEYS)
    assert (caught.value.expected, caught.value.got) == ("c1", "c0")


def nested(depth: int) -> bytes:
    octets = GET
    for counter in range(depth):
        octets = GeneralGlobalCiphering(TITLE, CIPHER.protect(0x20, TITLE, counter, octets)).encode()
    return octets


def test_ciphering_in_ciphering_ends_somewhere() -> None:
    assert inspect(nested(PROTECTION_DEPTH_MAX), KEYS).apdu == "GetRequestNormal"
    with pytest.raises(DecodeError) as caught:
        inspect(nested(PROTECTION_DEPTH_MAX + 1), KEYS)
    assert caught.value.summary == "too many layers of ciphering"


# ACSE


@pytest.mark.parametrize("title_in_apdu", [True, False])
def test_the_initiate_request_in_an_aarq_is_deciphered(title_in_apdu: bool) -> None:
    ciphered = ServiceCiphered(0x21, CIPHER.protect(0x30, TITLE, 1, INITIATE.encode())).encode()
    title = TITLE if title_in_apdu else None
    aarq = Aarq(ApplicationContext.LOGICAL_NAME_CIPHERED, title, user_information=ciphered)
    keys = InspectionKeys(bytes(16), bytes(16), b"" if title_in_apdu else TITLE)
    found = value(aarq.encode(), keys)
    assert found["application_context"] == 3
    assert found["application_context_name"] == "logical-name-ciphered"
    assert found["initiate"]["apdu"] == "InitiateRequest"
    assert found["initiate"]["value"]["client_max_receive_pdu_size"] == 1200
    assert found["initiate"]["value"]["conformance_names"] == ["get", "set"]


def test_an_initiate_request_that_stays_closed_is_warned_of() -> None:
    ciphered = ServiceCiphered(0x21, CIPHER.protect(0x30, TITLE, 1, INITIATE.encode())).encode()
    result = inspect(Aarq(ApplicationContext.LOGICAL_NAME_CIPHERED, TITLE, user_information=ciphered).encode())
    assert result.value["initiate"]["apdu"] == "ServiceCiphered"
    assert warnings(result) == ["no key of 16 or 32 octets: not deciphered"]


RESPONSE = InitiateResponse(None, 6, CONFORMANCE, 2400, 0xFA00).encode()
AARE_HEAD = bytes.fromhex("a109060760857405080102 a203020100 a305a103020100")


def short_by(count: int, information: bytes = RESPONSE) -> bytes:
    """An AARE whose three lengths are `count` too small."""
    size = len(information) - count
    fields = AARE_HEAD + bytes((0xBE, size + 2, 0x04, size))
    return bytes((0x61, len(fields) + size)) + fields + information


def test_an_aare_with_lengths_too_short_is_read_to_its_end() -> None:
    result = inspect(short_by(1))
    assert result.value["initiate"]["value"]["vaa_name"] == 0xFA00
    assert warnings(result) == ["the lengths of the ACSE APDU are too short for its user-information"]
    assert inspect(short_by(0)).value == result.value


@pytest.mark.parametrize(
    "octets",
    [
        short_by(1) + b"\x00",
        short_by(1)[:-2],
        short_by(0) + b"\x00",
        short_by(1, b"\xff" * 14),
        b"\x61\x81\x05",
        b"\x60",
    ],
)
def test_other_lying_lengths_of_acse_are_refused(octets: bytes) -> None:
    with pytest.raises(DecodeError):
        inspect(octets)


def test_user_information_that_is_no_apdu_is_refused() -> None:
    with pytest.raises(DecodeError):
        inspect(Aarq(ApplicationContext.LOGICAL_NAME, user_information=b"\x02").encode())
    assert value(encode_element(0x60, AARE_HEAD[:11]))["user_information"] is None


# Anything


def test_too_much_at_once_is_refused() -> None:
    with pytest.raises(DecodeError) as caught:
        inspect(bytes(INSPECTION_OCTETS_MAX + 1))
    assert caught.value.summary == "too much at once"


@settings(max_examples=200)
@given(strategies.apdus)
def test_every_apdu_can_be_shown(apdu: Apdu) -> None:
    result = Inspection()
    with contextlib.suppress(FerrarisError):
        inspect(apdu.encode(), None, result)
    json.dumps([result.layers, result.value], allow_nan=False)


@settings(max_examples=300)
@given(
    st.binary(max_size=80),
    st.sampled_from([b"", b"\x7e\xa0", b"\x0f\x00\x00\x00\x00\x00", b"\xdb\x08FERHES01", b"\x60\x1d\xa1\x09"]),
)
def test_any_octets_only_raise_errors_of_ours(octets: bytes, start: bytes) -> None:
    result = Inspection()
    with contextlib.suppress(FerrarisError):
        inspect(start + octets, KEYS, result)
    json.dumps([result.layers, result.value], allow_nan=False)
