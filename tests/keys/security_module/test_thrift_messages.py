"""Messages of the PrismToken interface: both ways, against thriftpy2's own ends, and under lying lengths."""

from __future__ import annotations

import struct
import time
import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.kernel.errors import DecodeError
from ferraris.kernel.limits import PRISMTOKEN_FRAME_OCTETS_MAX
from ferraris.keys.security_module.thrift_messages import (
    decode_call,
    decode_reply,
    encode_call,
    encode_reply,
    encode_unknown_method,
    frame,
    frame_octets,
    interface,
)

PING = encode_call("ping", 7, sleepMs=0, echo="hé")
HEAD = b"\x80\x01\x00\x01" + struct.pack(">I", 4) + b"ping" + struct.pack(">I", 1)
STOP = b"\x00"


def test_a_call_as_it_goes_over_the_line() -> None:
    assert PING.hex(" ") == (
        "80 01 00 01 00 00 00 04 70 69 6e 67 00 00 00 07 08 00 01 00 00 00 00 0b 00 02 00 00 00 03 68 c3 a9 00"
    )
    method, sequence, arguments = decode_call(PING)
    assert (method, sequence, arguments.sleepMs, arguments.echo) == ("ping", 7, 0, "hé")


def test_defaults_are_those_of_the_interface() -> None:
    meter = interface().MeterConfigIn()
    assert (meter.allowKrnUpdate, meter.allowKenUpdate, meter.allow3Kct, meter.doe) == (True, True, False, "0000")
    assert interface().SessionOptions().version == "1.1"


def test_a_reply_carries_a_result_or_an_error() -> None:
    assert decode_reply(encode_reply("ping", 7, success="hé"), "ping", 7).success == "hé"
    error = interface().ApiException(eCode="EParamRange", eMsgEn="out of range")
    assert decode_reply(encode_reply("ping", 7, error=error), "ping", 7).ex1.eCode == "EParamRange"


@pytest.mark.parametrize(("method", "sequence"), [("getStatus", 7), ("ping", 8)])
def test_an_answer_to_another_call_is_refused(method: str, sequence: int) -> None:
    with pytest.raises(DecodeError, match="another call"):
        decode_reply(encode_reply("ping", 7, success=""), method, sequence)


METER_FIELDS = {"drn": "00000000000", "ea": 7, "tct": 2, "sgc": 123_456, "krn": 1, "ti": 7, "ken": 255}
AMENDMENT = {"toSgc": 123_456, "toKrn": 2, "toTi": 8}


def verification(**fields: object) -> bytes:
    meter = interface().MeterConfigIn(**(METER_FIELDS | fields))
    return encode_call("verifyToken", 7, messageId="m", accessToken="c", meterConfig=meter, tokenDec="1" * 20)


@pytest.mark.parametrize("lacking", METER_FIELDS)
def test_a_structure_inside_another_has_its_required_fields_too(lacking: str) -> None:
    """Found by fuzzing: thriftpy2 takes a structure without them, and a number that is none went on into the service."""
    assert decode_call(verification())[2].meterConfig.drn == "00000000000"
    with pytest.raises(DecodeError, match=f"lacks its field {lacking}"):
        decode_call(verification(**{lacking: None}))


@pytest.mark.parametrize("lacking", AMENDMENT)
def test_so_has_a_structure_two_floors_down(lacking: str) -> None:
    whole, cut = (interface().MeterConfigAmendment(**(AMENDMENT | more)) for more in ({}, {lacking: None}))
    assert decode_call(verification(newConfig=whole))[2].meterConfig.newConfig.toTi == 8
    with pytest.raises(DecodeError, match=f"lacks its field {lacking}"):
        decode_call(verification(newConfig=cut))


HOSTILE_LIST = b"\x0f\x00\x63" + b"\x02" + struct.pack(">I", 0x7FFF_FFFF)
"""A list of two thousand million elements, which no walk passes where it can be seen to be one."""


@pytest.mark.parametrize("field", ["ea", "tct", "sgc", "krn", "ti", "ken", "allow3Kct"])
def test_a_string_for_a_number_is_refused(field: str) -> None:
    """Found by fuzzing: thriftpy2 reads it as the number, and what is in the string as the next fields."""
    number = {name: fid for fid, (_, name, *_) in interface().MeterConfigIn.thrift_spec.items()}[field]
    kind = interface().MeterConfigIn.thrift_spec[number][0]
    octets = {2: 1, 6: 2, 8: 4}[kind]
    whole = verification(allow3Kct=True)
    head = struct.pack(">BH", kind, number)
    assert whole.count(head) == 1
    start = whole.index(head)
    text = HOSTILE_LIST + b"\x00" * 4
    swapped = struct.pack(">BHI", 11, number, len(text)) + text
    spoilt = whole[:start] + swapped + whole[start + 3 + octets :]
    began = time.monotonic()
    with pytest.raises(DecodeError, match="a Thrift value of another type"):
        decode_call(spoilt)
    assert time.monotonic() - began < 1


def test_elements_of_a_list_and_of_a_map_have_the_declared_type() -> None:
    status = interface().NodeStatus(info={"a": "b"}, alerts=[])
    whole = encode_reply("getStatus", 7, success=[status])
    assert decode_reply(whole, "getStatus", 7).success[0].info == {"a": "b"}
    as_numbers = whole.replace(b"\x0d\x00\x01\x0b\x0b", b"\x0d\x00\x01\x0b\x08")
    assert as_numbers != whole
    with pytest.raises(DecodeError):
        decode_reply(as_numbers, "getStatus", 7)


def test_so_have_the_structures_of_a_list() -> None:
    with pytest.raises(DecodeError, match="lacks its field"):
        decode_reply(encode_reply("getStatus", 7, success=[interface().NodeStatus()]), "getStatus", 7)


def test_a_method_that_does_not_exist_has_no_arguments() -> None:
    assert decode_call(PING.replace(b"ping", b"pong")) == ("pong", 7, None)
    with pytest.raises(DecodeError, match="does not understand"):
        decode_reply(encode_unknown_method("pong", 7), "pong", 7)


def test_a_missing_field_is_named() -> None:
    with pytest.raises(DecodeError, match="lacks its field echo"):
        decode_call(encode_call("ping", 7, sleepMs=0))


@pytest.mark.parametrize("length", [0, PRISMTOKEN_FRAME_OCTETS_MAX + 1, 0x7FFF_FFFF, 0xFFFF_FFFF])
def test_a_frame_of_an_impossible_length_is_refused_on_its_length_alone(length: int) -> None:
    with pytest.raises(DecodeError, match="impossible length"):
        frame_octets(struct.pack(">I", length))
    assert frame_octets(frame(PING)[:4]) == len(PING)


LIES = {
    "a string of two gigabytes": HEAD + b"\x0b\x00\x02\x7f\xff\xff\xff",
    "a name of two gigabytes": b"\x80\x01\x00\x01\x7f\xff\xff\xff",
    "a list of two thousand million bools": HEAD + b"\x0f\x00\x09\x02\x7f\xff\xff\xff" + STOP,
    "a list of elements without octets": HEAD + b"\x0f\x00\x09\x00\x7f\xff\xff\xff" + STOP,
    "a map of two thousand million": HEAD + b"\x0d\x00\x09\x0b\x0b\x7f\xff\xff\xff" + STOP,
    "structures in structures": HEAD + b"\x0c\x00\x09" * 5_000 + STOP * 5_000,
    "lists in lists": HEAD + b"\x0f\x00\x09" + b"\x0f\x00\x00\x00\x01" * 5_000 + STOP,
    "an unknown type": HEAD + b"\x63\x00\x09" + STOP,
    "octets behind the message": PING + b"\x00",
    "a string that is not UTF-8": HEAD + b"\x0b\x00\x02\x00\x00\x00\x01\xff" + STOP,
    "the old encoding without a version": struct.pack(">I", 4) + b"ping\x01" + bytes(4) + STOP,
    "a reply where a call belongs": encode_reply("ping", 7, success=""),
    "nothing": b"",
}


@pytest.mark.parametrize("lie", LIES)
def test_lying_lengths_take_neither_memory_nor_time(lie: str) -> None:
    tracemalloc.start()
    begun = time.process_time()
    with pytest.raises(DecodeError):
        decode_call(LIES[lie])
    assert time.process_time() - begun < 1
    assert tracemalloc.get_traced_memory()[1] < 4_000_000
    tracemalloc.stop()


@given(message=st.binary(max_size=300))
def test_any_octets_raise_decode_errors_only(message: bytes) -> None:
    with pytest.raises(DecodeError):
        decode_call(message)


@given(body=st.binary(max_size=300))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    with suppress(DecodeError):
        decode_call(HEAD + body)


@given(st.data())
def test_a_cut_or_flipped_message_is_read_or_refused(data: st.DataObject) -> None:
    damaged = bytearray(
        encode_call("verifyToken", 1, messageId="m", accessToken="a", meterConfig=meter(), tokenDec="1")
    )
    damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(DecodeError):
        decode_call(bytes(damaged[: data.draw(st.integers(0, len(damaged) - 2))]))
    with suppress(DecodeError):
        decode_call(bytes(damaged))


def meter() -> object:
    return interface().MeterConfigIn(drn="00000000000", ea=7, tct=2, sgc=123456, krn=1, ti=1, ken=255)


@given(place=st.integers(0, len(PING) - 1), octet=st.integers(0, 255))
def test_a_call_with_any_octet_changed_is_a_call_or_refused(place: int, octet: int) -> None:
    changed = bytearray(PING)
    changed[place] = octet
    try:
        method, sequence, arguments = decode_call(bytes(changed))
    except DecodeError:
        return
    if arguments is not None:
        again = encode_call(method, sequence, sleepMs=arguments.sleepMs, echo=arguments.echo)
        assert decode_call(again) == (method, sequence, arguments)


@given(echo=st.text(), sequence=st.integers(0, 2**31 - 1), sleep_ms=st.integers(-(2**31), 2**31 - 1))
def test_any_ping_and_its_answer_survive(echo: str, sequence: int, sleep_ms: int) -> None:
    _, number, arguments = decode_call(encode_call("ping", sequence, sleepMs=sleep_ms, echo=echo))
    assert (number, arguments.sleepMs, arguments.echo) == (sequence, sleep_ms, echo)
    assert decode_reply(encode_reply("ping", sequence, success=echo), "ping", sequence).success == echo
