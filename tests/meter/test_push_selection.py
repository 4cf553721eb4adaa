"""Elements of values and columns of rows, as a push setup names them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.codec import Data, Tag, decode_whole, encode_data
from ferraris.cosem import CaptureObject, Obis, PushObject, obis
from ferraris.meter.push_selection import NOTHING, element, only_columns

ONE, TWO = Data(Tag.UNSIGNED, 1), Data(Tag.OCTET_STRING, b"two")
PAIR = encode_data(Data(Tag.STRUCTURE, (ONE, TWO)))
CAPTURED = (CaptureObject(8, obis.CLOCK, 2), CaptureObject(3, obis.ACTIVE_ENERGY_IMPORT, 2))
STRANGE = PushObject(3, Obis.parse("1.0.99.99.0.255"), 2)


@pytest.mark.parametrize(
    ("octets", "index", "taken"),
    [
        (PAIR, 0, PAIR),
        (PAIR, 1, encode_data(ONE)),
        (PAIR, 2, encode_data(TWO)),
        (PAIR, 3, NOTHING),
        (PAIR, 0x1000, NOTHING),
        (PAIR, 0xFFFF, NOTHING),
        (encode_data(TWO), 1, NOTHING),
        (encode_data(Data(Tag.ARRAY, ())), 1, NOTHING),
        (b"", 1, NOTHING),
    ],
)
def test_an_element_is_taken_by_its_number(octets: bytes, index: int, taken: bytes) -> None:
    assert element(octets, index) == taken


def buffer(*rows: tuple[Data, ...]) -> bytes:
    return encode_data(Data(Tag.ARRAY, tuple(Data(Tag.STRUCTURE, row) for row in rows)))


def test_columns_are_taken_in_the_order_of_the_setup() -> None:
    columns = [PushObject(3, obis.ACTIVE_ENERGY_IMPORT, 2), STRANGE, PushObject(8, obis.CLOCK, 2)]
    nothing = Data(Tag.NULL_DATA, None)
    assert only_columns(buffer((TWO, ONE), (TWO,)), CAPTURED, columns) == buffer(
        (ONE, nothing, TWO), (nothing, nothing, TWO)
    )
    assert only_columns(buffer((TWO, ONE)), CAPTURED, ()) == buffer((TWO, ONE))
    assert only_columns(NOTHING, CAPTURED, columns) == buffer()


@given(st.binary(max_size=60), st.integers(0, 0xFFFF))
def test_any_octets_give_a_value_or_are_left_as_they_are(octets: bytes, index: int) -> None:
    taken = element(octets, index)
    assert taken == octets if not index else decode_whole(taken)
    decode_whole(only_columns(octets, CAPTURED, [STRANGE]))
