"""Enumerations with numbers left open."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.kernel.open_enum import OpenEnum


class Tariff(OpenEnum):
    LOW = 1
    HIGH = 2


@given(st.integers(0, 0xFF))
def test_every_number_of_an_octet_is_a_member(number: int) -> None:
    member = Tariff(number)
    assert member == number
    assert isinstance(member, Tariff)
    assert member.name == {1: "LOW", 2: "HIGH"}.get(number, f"CODE_{number}")
    assert Tariff(member) == copy.copy(member) == pickle.loads(pickle.dumps(member)) == number
    assert hash(member) == hash(number)


def test_what_is_named_is_listed_and_what_is_not_is_not_added() -> None:
    Tariff(59)
    assert list(Tariff) == [Tariff.LOW, Tariff.HIGH]


@pytest.mark.parametrize("value", [-1, 0x100, 1 << 70, "1", None, 1.5])
def test_what_is_no_octet_is_no_member(value: object) -> None:
    with pytest.raises(ValueError, match="is not a valid Tariff"):
        Tariff(value)
