"""Engineering tokens: one person asks, another approves, and each token says what was asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ferraris.keys.security_module import SecurityModuleUnavailable
from ferraris.sts import (
    ClearCreditToken,
    ClearTamperToken,
    ExtendedSetToken,
    MeterTestToken,
    PhaseUnbalanceToken,
    PowerLimitToken,
    TariffRateToken,
    WaterFactorToken,
)
from ferraris.vending import (
    AmountError,
    ApprovalError,
    EngineeringKind,
    EngineeringRequest,
    MessageConflictError,
    MeterBlockedError,
    SaleKind,
    SalePendingError,
    TokenKind,
    VendingError,
)
from tests.vending.house import NOON_MS, SUPERVISOR, House, configuration, make_house


@pytest.fixture
def house() -> House:
    return make_house()


def asked(house: House, **changes: Any) -> EngineeringRequest:
    fields: dict[str, Any] = {
        "message_id": "e1",
        "till": "T1",
        "operator": "tom",
        "meter": house.meter,
        "kind": EngineeringKind.CLEAR_TAMPER,
        "reason": "cover was open",
    }
    return EngineeringRequest(**{**fields, **changes})


# kind               value         what the meter reads (token identifier 6572880, random as drawn)
KINDS: list[tuple[EngineeringKind, int, type, dict[str, int]]] = [
    (EngineeringKind.CLEAR_CREDIT, 0xFFFF, ClearCreditToken, {"register": 0xFFFF}),
    (EngineeringKind.CLEAR_CREDIT, 0, ClearCreditToken, {"register": 0}),
    (EngineeringKind.CLEAR_TAMPER, 0, ClearTamperToken, {}),
    (EngineeringKind.POWER_LIMIT, 4_600, PowerLimitToken, {"limit_w": 4_600}),
    (EngineeringKind.PHASE_UNBALANCE, 900, PhaseUnbalanceToken, {"limit_w": 900}),
    (EngineeringKind.TARIFF_RATE, 17, TariffRateToken, {"rate": 17}),
    (EngineeringKind.WATER_FACTOR, 3, WaterFactorToken, {"factor": 3}),
    (EngineeringKind.EXTENDED_SET, 63 << 10 | 5, ExtendedSetToken, {"index": 63, "value": 5}),
    (EngineeringKind.METER_TEST, 0b101, MeterTestToken, {"control": 5, "manufacturer_code": 1}),
]


@pytest.mark.parametrize(("kind", "value", "token_type", "members"), KINDS, ids=lambda value: str(value)[:24])
def test_the_token_says_what_was_asked_for(
    house: House, kind: EngineeringKind, value: int, token_type: type, members: dict[str, int]
) -> None:
    house.vending.engineering.request(asked(house, kind=kind, value=value), NOON_MS)
    sale = house.vending.engineering.approve("e1", "anna", NOON_MS)
    token = house.module.verify(configuration(1), sale.tokens[0].digits)
    assert isinstance(token, token_type)
    assert {name: getattr(token, name) for name in members} == members
    if kind is EngineeringKind.METER_TEST:
        assert sale.tokens[0].token_identifier is None
    else:
        assert getattr(token, "token_identifier", None) == sale.tokens[0].token_identifier == 6_572_880
    assert (sale.kind, sale.tokens[0].kind) == (SaleKind.ENGINEERING, TokenKind.ENGINEERING)
    assert (sale.operator, sale.approver, sale.tendered_minor) == ("tom", "anna", 0)


def test_nothing_is_issued_before_a_second_person_approves(house: House) -> None:
    house.vending.engineering.request(asked(house), NOON_MS)
    assert house.vending.sale_by_message("e1") is None
    assert [row.message_id for row in house.vending.engineering.waiting()] == ["e1"]
    with pytest.raises(ApprovalError, match="second person"):
        house.vending.engineering.approve("e1", "tom", NOON_MS)
    assert house.vending.sale_by_message("e1") is None
    house.vending.engineering.approve("e1", "anna", NOON_MS)
    assert house.vending.engineering.waiting() == []


def test_the_database_too_knows_that_two_persons_are_two(house: House) -> None:
    from ferraris.kernel.errors import StoreError

    house.vending.engineering.request(asked(house), NOON_MS)
    with pytest.raises(StoreError, match="two_persons"), house.store.writing("past the program") as writer:
        writer.decide_engineering("e1", "approved", "tom", NOON_MS)


def test_what_was_refused_stays_refused(house: House) -> None:
    house.vending.engineering.request(asked(house), NOON_MS)
    with pytest.raises(ApprovalError, match="second person"):
        house.vending.engineering.refuse("e1", "tom", NOON_MS)
    house.vending.engineering.refuse("e1", "anna", NOON_MS)
    for decide in (house.vending.engineering.approve, house.vending.engineering.refuse):
        with pytest.raises(ApprovalError, match="decided"):
            decide("e1", SUPERVISOR, NOON_MS)
    assert house.vending.sale_by_message("e1") is None


def test_what_nobody_asked_for_cannot_be_approved(house: House) -> None:
    with pytest.raises(ApprovalError, match="nothing was asked for"):
        house.vending.engineering.approve("e9", "anna", NOON_MS)


def test_asking_and_approving_again_change_nothing(house: House) -> None:
    request = asked(house)
    first = house.vending.engineering.request(request, NOON_MS)
    assert house.vending.engineering.request(request, NOON_MS + 5) == first
    sale = house.vending.engineering.approve("e1", "anna", NOON_MS)
    assert house.vending.engineering.approve("e1", "anna", NOON_MS + 5) == sale
    assert house.vending.engineering.request(request, NOON_MS).state == "approved"


def test_one_message_id_is_one_request(house: House) -> None:
    house.vending.engineering.request(asked(house), NOON_MS)
    with pytest.raises(MessageConflictError):
        house.vending.engineering.request(asked(house, reason="another"), NOON_MS)
    house.vending.sell(house.request("10", message_id="e2"), NOON_MS)
    with pytest.raises(MessageConflictError):
        house.vending.engineering.request(asked(house, message_id="e2"), NOON_MS)


def test_a_module_that_is_away_leaves_the_approved_token_pending(house: House) -> None:
    house.vending.engineering.request(asked(house), NOON_MS)
    house.module.failure = SecurityModuleUnavailable("away")
    with pytest.raises(SalePendingError):
        house.vending.engineering.approve("e1", "anna", NOON_MS)
    house.module.failure = None
    assert house.vending.engineering.approve("e1", "anna", NOON_MS).state == "posted"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (EngineeringKind.CLEAR_CREDIT, -1),
        (EngineeringKind.CLEAR_CREDIT, 0x1_0000),
        (EngineeringKind.EXTENDED_SET, 0x1_0000),
        (EngineeringKind.POWER_LIMIT, 18_201_625),
        (EngineeringKind.METER_TEST, 1 << 28),
    ],
)
def test_a_value_that_no_token_carries_is_refused(house: House, kind: EngineeringKind, value: int) -> None:
    with pytest.raises(AmountError, match="a value"):
        house.vending.engineering.request(asked(house, kind=kind, value=value), NOON_MS)


def test_a_blocked_meter_gets_none(house: House) -> None:
    house.vending.engineering.request(asked(house), NOON_MS)
    house.vending.registry.block(house.meter, "stolen", SUPERVISOR, NOON_MS)
    with pytest.raises(MeterBlockedError):
        house.vending.engineering.request(replace(asked(house), message_id="e2"), NOON_MS)
    with pytest.raises(MeterBlockedError):
        house.vending.engineering.approve("e1", "anna", NOON_MS)


@pytest.mark.parametrize("approver", ["", "\n", "a" * 129])
def test_an_approver_has_a_name(house: House, approver: str) -> None:
    house.vending.engineering.request(asked(house), NOON_MS)
    with pytest.raises(VendingError, match="approver"):
        house.vending.engineering.approve("e1", approver, NOON_MS)


def test_who_asked_and_who_approved_is_in_the_audit(house: House) -> None:
    house.vending.engineering.request(asked(house), NOON_MS)
    house.vending.engineering.approve("e1", "anna", NOON_MS)
    rows = [(row.actor, row.action) for row in house.vending.audit(subject="e1")]
    assert rows == [("tom", "engineering"), ("anna", "approve"), ("tom", "ask for")]
