"""STS600-8-6: lines, fields and check sums, and what is no line of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.kernel.errors import DecodeError
from ferraris.kernel.limits import SERIAL_MODULE_FIELDS_MAX, SERIAL_MODULE_LINE_OCTETS_MAX
from ferraris.keys.security_module.sts600_8_6 import (
    CREDIT,
    GENERIC_ERROR,
    STATUS_NAMES,
    Field,
    LineReader,
    check_sum,
    decode_answer,
    decode_request,
    encode_answer,
    encode_request,
    number,
    octets,
    printable,
)

fields = st.lists(
    st.one_of(
        st.integers(0, 2**63).map(number),
        st.integers(0, 2**64 - 1).map(octets),
        st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7D), max_size=60).map(printable),
    ),
    max_size=SERIAL_MODULE_FIELDS_MAX // 2,
)


def test_the_check_sum_is_crc_16_arc() -> None:
    assert check_sum(b"123456789") == 0xBB3D
    assert check_sum(b"") == 0


def test_a_credit_request_as_it_goes_over_the_line() -> None:
    fields = [number(1), printable("600727000000000009"), number(1), number(7), number(1), number(0)]
    line = encode_request(CREDIT, [*fields, octets(256, 2), octets(0x5D4C1A)])
    assert line[:-5] == b"SM?VCN1~P600727000000000009~N1~N7~N1~N0~H0100~H5D4C1A~"
    assert line[-5:] == f"{check_sum(line[:-5]):04X}\r".encode()


@given(fields=fields)
def test_a_request_survives_the_line(fields: list[Field]) -> None:
    assert decode_request(encode_request("SM?VM", fields)[:-1]) == ("SM?VM", tuple(fields))


@given(fields=fields, status=st.sampled_from(["00", *STATUS_NAMES]))
def test_an_answer_survives_the_line(fields: list[Field], status: str) -> None:
    assert decode_answer(encode_answer("SM?VM", status, fields)[:-1]) == ("SM!VM", status, tuple(fields))


def test_the_extended_status_keeps_what_stands_behind_it() -> None:
    body = b"SM!VCEEwhatever 17"
    line = body + f"{check_sum(body):04X}".encode()
    assert decode_answer(line) == ("SM!VC", "EE", (("P", "whatever 17"),))


def test_the_generic_error_is_an_answer() -> None:
    assert decode_answer(encode_answer(GENERIC_ERROR, "21")[:-1]) == ("GL!ER", "21", ())


@pytest.mark.parametrize("value", [0, 1, 0xFF, 0x100, 0xFFFFFF])
def test_octets_are_written_in_whole_pairs_of_digits(value: int) -> None:
    kind, digits = octets(value)
    assert kind == "H"
    assert len(digits) % 2 == 0
    assert int(digits, 16) == value
    assert len(octets(value, 3)[1]) == 6


@given(line=st.binary(max_size=200))
def test_any_line_raises_decode_errors_only(line: bytes) -> None:
    for decode in (decode_request, decode_answer):
        with pytest.raises(DecodeError):
            decode(line)


@given(text=st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=60))
def test_any_payload_with_a_good_check_sum_is_read_or_refused(text: str) -> None:
    body = f"SM?VC{text}".encode()
    try:
        _, found = decode_request(body + f"{check_sum(body):04X}".encode())
    except DecodeError:
        return
    assert "".join(f"{kind}{value}~" for kind, value in found) == text


@given(fields=fields, place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_flipped_bit_is_noticed(fields: list[Field], place: int, bit: int) -> None:
    line = bytearray(encode_answer(CREDIT, "00", fields)[:-1])
    line[place % len(line)] ^= 1 << bit
    if bytes(line).lower() == encode_answer(CREDIT, "00", fields)[:-1].lower():
        return  # a digit of the check sum in the other case is the same digit
    with pytest.raises(DecodeError):
        decode_answer(bytes(line))


def test_a_line_with_too_many_fields_or_octets_is_refused() -> None:
    with pytest.raises(DecodeError, match="too many fields"):
        decode_request(encode_request(CREDIT, [number(1)] * (SERIAL_MODULE_FIELDS_MAX + 1))[:-1])
    with pytest.raises(DecodeError, match="too long"):
        decode_request(bytes(SERIAL_MODULE_LINE_OCTETS_MAX + 1))


@pytest.mark.parametrize("field", [("N", "-1"), ("N", ""), ("H", "ABC"), ("P", "a~b"), ("D", "2026"), ("X", "1")])
def test_what_is_no_field_is_not_sent(field: Field) -> None:
    with pytest.raises(DecodeError, match="no field"):
        encode_request(CREDIT, [field])


@given(st.lists(st.integers(1, 7)))
def test_lines_come_whole_from_any_pieces(sizes: list[int]) -> None:
    lines = [encode_answer(CREDIT, "00", [number(n)]) for n in range(3)]
    stream, reader, found = b"\n".join(lines), LineReader(), []
    for size in [*sizes, len(stream)]:
        found += reader.receive(stream[:size])
        stream = stream[size:]
    assert found == [line[:-1] for line in lines]


def test_a_line_that_never_ends_takes_no_memory() -> None:
    reader = LineReader()
    for _ in range(SERIAL_MODULE_LINE_OCTETS_MAX):
        assert reader.receive(b"N") == []
    with pytest.raises(DecodeError, match="does not end"):
        reader.receive(b"N")
    assert reader.receive(encode_answer(CREDIT)) == [encode_answer(CREDIT)[:-1]]


# kind   value                  a field?
VALUES = """
N      | 0                    | yes
N      | 18446744073709551615 | yes
N      | 123456789012345678901| no
N      | +1                   | no
N      | 1.0                  | no
N      | \u0663                    | no
P      |                      | yes
P      | a}b                  | yes
P      | na\u00efve                | no
H      |                      | yes
H      | 0aF0                 | yes
H      | 0g                   | no
H      | 0 a                  | no
D      | 20260101120000       | yes
D      | 2026010112000        | no
D      | 2026010112000\u0660       | no
E      | 00                   | no
"""


@pytest.mark.parametrize("row", VALUES.strip().splitlines(), ids=ascii)
def test_what_a_field_of_each_type_may_hold(row: str) -> None:
    kind, value, good = (cell.strip() for cell in row.split("|"))
    if good == "yes":
        assert decode_request(encode_request(CREDIT, [(kind, value)])[:-1]) == (CREDIT, ((kind, value),))
    else:
        with pytest.raises(DecodeError, match="no field"):
            encode_request(CREDIT, [(kind, value)])


@given(value=st.text(max_size=20), kind=st.sampled_from("NPHD"))
def test_any_value_is_sent_as_it_is_or_refused(kind: str, value: str) -> None:
    try:
        line = encode_request(CREDIT, [(kind, value)])
    except DecodeError:
        return
    assert line.count(b"\r") == 1
    assert decode_request(line[:-1]) == (CREDIT, ((kind, value),))
