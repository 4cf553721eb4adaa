"""Planned tokens: what is decided before the security module is asked, and that it decides the digits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.kernel.entropy import SeededEntropy
from ferraris.sts import CreditToken, EncryptionAlgorithm, MeterTestToken, Service, is_special_reserved
from ferraris.vending import AmountError, EngineeringKind, TokenIdentifierError
from ferraris.vending.meters import known_meter
from ferraris.vending.token_plans import (
    CREDIT_KINDS,
    KEY_CHANGE,
    TokenPlace,
    check_value,
    key_change_tokens,
    plan_key_change,
    plan_token,
    planned_token,
)
from tests.vending.house import MINUTE_MS, NOON_MS, configuration, make_house

# algorithm   supply group code in the set?    tokens
SETS = """
EA07          False                            2
EA07          True                             3
EA11          False                            4
EA11          True                             4
"""


@pytest.mark.parametrize("row", SETS.strip().splitlines())
def test_how_many_tokens_a_key_change_has(row: str) -> None:
    algorithm, three, tokens = row.split()
    new = configuration(1, encryption_algorithm=EncryptionAlgorithm[algorithm], three_token_key_change=three == "True")
    assert key_change_tokens(new) == int(tokens)


@pytest.mark.parametrize("service", Service)
def test_credit_of_every_service(service: Service) -> None:
    house = make_house()
    kind = next(name for name, of in CREDIT_KINDS.items() if of is service)
    with house.store.reading() as reader:
        present = known_meter(reader, house.meter).present
        row = plan_token(reader, present, TokenPlace(5, 1), kind, 77, NOON_MS, SeededEntropy(1), 60)
    token = planned_token(row, present.sts)
    assert isinstance(token, CreditToken)
    assert (row.sale, row.position) == (5, 1)
    assert (token.service, token.amount, token.random) == (service, 77, row.random)
    assert 0 <= row.random <= 15


def test_a_test_token_has_no_identifier_and_the_makers_number() -> None:
    house = make_house()
    with house.store.reading() as reader:
        present = known_meter(reader, house.meter).present
        row = plan_token(reader, present, TokenPlace(5, 2), EngineeringKind.METER_TEST, 9, 0, SeededEntropy(1), 60)
    assert (row.token_identifier, row.random) == (None, 0)
    assert planned_token(row, present.sts) == MeterTestToken(9, 1, False)


def test_a_key_change_is_planned_under_the_present_key() -> None:
    house = make_house()
    with house.store.reading() as reader:
        present = known_meter(reader, house.meter).present
    rows = plan_key_change(present, present, 7)
    assert {(row.kind, row.configuration, row.token_identifier) for row in rows} == {(KEY_CHANGE, 1, None)}
    assert [(row.sale, row.position) for row in rows] == [(7, 1), (7, 2), (7, 3), (7, 4)]


@given(st.lists(st.integers(-30, 90), min_size=1, max_size=12))
def test_identifiers_rise_whatever_the_clock_does(steps: list[int]) -> None:
    """Within the bound a meter's identifiers rise; beyond it none is issued; the reserved one never is."""
    house = make_house()
    now_ms, last = NOON_MS, -1
    for step in steps:
        now_ms += step * MINUTE_MS
        try:
            sale = house.vending.sell(house.request("1"), now_ms)
        except TokenIdentifierError:
            assert (last + 1) - (now_ms - 1_388_534_400_000) // MINUTE_MS >= 60
            continue
        identifier = sale.tokens[0].token_identifier
        assert identifier is not None
        assert identifier > last
        assert not is_special_reserved(identifier)
        last = identifier


@pytest.mark.parametrize("kind", EngineeringKind)
def test_every_kind_has_a_range(kind: EngineeringKind) -> None:
    check_value(kind, 0)
    for value in (-1, 1 << 28):
        with pytest.raises(AmountError, match="a value"):
            check_value(kind, value)
