"""Tokens as class, subclass and amount: there and back for every kind."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.keys.security_module import SecurityModuleError
from ferraris.keys.security_module.transfer import (
    KINDS,
    class_and_subclass,
    control_and_code,
    meter_test_of,
    token_of,
    transfer_amount,
    transfer_field,
)
from ferraris.sts import CreditToken, ExtendedSetToken, PowerLimitToken, Service, clear_block


@pytest.mark.parametrize("kind", KINDS)
@given(identifier=st.integers(0, 0xFFFFFF), random=st.integers(0, 15), amount=st.integers(0, 0xFFFF))
def test_every_kind_there_and_back(kind: tuple[int, int], identifier: int, random: int, amount: int) -> None:
    token = token_of(*kind, identifier, random, amount)
    assert class_and_subclass(token) == kind
    assert transfer_amount(token) == amount
    assert token.token_identifier == identifier
    assert clear_block(token)[0] == kind[0]


@pytest.mark.parametrize("kind", [(0, 8), (0, 15), (1, 0), (2, 3), (2, 4), (2, 8), (2, 11), (3, 0)])
def test_kinds_that_are_not_issued_are_refused(kind: tuple[int, int]) -> None:
    with pytest.raises(SecurityModuleError) as refused:
        token_of(*kind, 0, 0, 0)
    assert refused.value.result == "EParamRange"


def test_the_field_carries_the_compressed_amount() -> None:
    assert transfer_field(CreditToken(Service.ELECTRICITY, 0, 5, 180_223)) == 0x8000
    assert transfer_field(PowerLimitToken(0, 5, 100)) == 100
    assert transfer_field(ExtendedSetToken(0, 5, 63, 3)) == 63 << 10 | 3


@pytest.mark.parametrize("subclass", [0, 1, 2, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
@given(control=st.integers(0, (1 << 28) - 1), code=st.integers(0, 99))
def test_test_tokens_there_and_back(subclass: int, control: int, code: int) -> None:
    token = meter_test_of(subclass, control, code)
    assert control_and_code(token) == (control, code)
    assert class_and_subclass(token) == (1, subclass)


@pytest.mark.parametrize(
    ("subclass", "control", "code"), [(3, 0, 0), (16, 0, 0), (-1, 0, 0), (11, 0, 256), (6, 1 << 28, 0)]
)
def test_test_tokens_that_are_none_are_refused(subclass: int, control: int, code: int) -> None:
    with pytest.raises(SecurityModuleError):
        meter_test_of(subclass, control, code)


# kind   amount    the sixteen bits
FIELDS = """
0 0    | 0       | 0000
0 0    | 16383   | 3FFF
0 0    | 16384   | 4000
0 0    | 180214  | 7FFF
0 3    | 180215  | 8000
0 3    | 180224  | 8000
0 3    | 180225  | 8001
2 0    | 16383   | 3FFF
2 1    | 65535   | FFFF
2 2    | 1       | 0001
2 6    | 0       | 0000
2 7    | 65535   | FFFF
2 10   | 1023    | 03FF
2 10   | 1024    | 0400
2 10   | 65535   | FFFF
"""


@pytest.mark.parametrize("row", FIELDS.strip().splitlines())
def test_amounts_as_the_field_carries_them(row: str) -> None:
    kind, amount, field = (cell.strip() for cell in row.split("|"))
    token_class, subclass = map(int, kind.split())
    assert f"{transfer_field(token_of(token_class, subclass, 1_000, 5, int(amount))):04X}" == field
