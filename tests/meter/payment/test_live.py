"""What the payment objects show: amounts, flags and states of the account as it goes from credit to none and back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferraris.cosem import Attribute, obis
from ferraris.cosem.classes.account import Account, CreditState
from ferraris.cosem.classes.charge import Charge
from ferraris.cosem.classes.credit import Credit, CreditStatus
from ferraris.cosem.classes.iec_62055_41_attributes import Iec6205541Attributes, MeterPrimaryAccountNumber
from ferraris.cosem.profile import load_profile
from ferraris.meter.fleet import Fleet
from ferraris.meter.payment import PaymentManufacture
from ferraris.meter.payment.live import PAYMENT_LIVE
from ferraris.sts import EncryptionAlgorithm
from tests.meter.payment.prepaid import KWH, KWH_MS, Prepaid
from tests.meter.payment.test_methods import read

IN, LOW, OUT = CreditState.IN_CREDIT, CreditState.LOW_CREDIT, CreditState.OUT_OF_CREDIT
NEXT, SELECTABLE = CreditState.NEXT_CREDIT_ENABLED, CreditState.NEXT_CREDIT_SELECTABLE
SELECTED, IN_USE = CreditState.NEXT_CREDIT_SELECTED, CreditState.SELECTABLE_CREDIT_IN_USE
STATES = [
    # kWh left, selected,  flags,                             in use, available, to clear, status of emergency credit
    (6.0,       False,     IN | NEXT,                         0,      6_000,     0,        CreditStatus.ENABLED),
    (5.0,       False,     IN | LOW | NEXT,                   0,      5_000,     0,        CreditStatus.ENABLED),
    (1.0,       False,     IN | LOW | NEXT | SELECTABLE,      0,      1_000,     0,        CreditStatus.SELECTABLE),
    (0.5,       True,      IN | LOW | NEXT | SELECTED,        0,      5_500,     0,        CreditStatus.SELECTED),
    (0.0,       False,     LOW | NEXT | SELECTABLE | OUT,     0,      0,         0,        CreditStatus.SELECTABLE),
    (-2.0,      True,      LOW | NEXT | IN_USE,               1,      3_000,     -2_000,   CreditStatus.IN_USE),
    (-5.0,      True,      LOW | NEXT | OUT,                  0,      0,         -5_000,   CreditStatus.EXHAUSTED),
]  # fmt: skip


@pytest.mark.parametrize(("left", "selected", "flags", "in_use", "available", "to_clear", "status"), STATES)
def test_states_of_the_account(
    fleet: Fleet,
    left: float,
    selected: bool,
    flags: CreditState,
    in_use: int,
    available: int,
    to_clear: int,
    status: CreditStatus,
) -> None:
    tenths = int(left * 10)
    meter = Prepaid(fleet, made=PaymentManufacture(credit_tenths=max(tenths, 0)))
    if selected:
        assert meter.payment.select_emergency(meter.now_ms)
    if tenths < 0:
        meter.passes(KWH_MS * -tenths // 10)
    shown = {
        attribute.name: read(meter, attribute, obis.ACCOUNT)
        for attribute in (
            Account.current_credit_status,
            Account.current_credit_in_use,
            Account.available_credit,
            Account.amount_to_clear,
        )
    }
    assert list(shown.values()) == [flags, in_use, available, to_clear]
    assert read(meter, Credit.credit_status, obis.CREDIT_EMERGENCY) is status
    emergency = read(meter, Credit.current_credit_amount, obis.CREDIT_EMERGENCY)
    assert emergency == 5_000 + min(0, tenths * 100)


def test_credit_is_shown_between_two_captures(fleet: Fleet) -> None:
    meter = Prepaid(fleet, made=PaymentManufacture(credit_tenths=20))
    meter.now_ms += 9_000
    assert read(meter, Credit.current_credit_amount, obis.CREDIT_TOKEN) == 1_999
    assert read(meter, Charge.total_amount_paid, obis.CHARGE_CONSUMPTION) == 1


def test_what_is_owed_is_rounded_up(fleet: Fleet) -> None:
    meter = Prepaid(fleet)
    meter.payment.change(lambda account, terms: replace(account, debt=KWH // 1_000_000 + 1), meter.now_ms)
    assert read(meter, Charge.total_amount_remaining, obis.CHARGE_DEBT) == 1
    assert read(meter, Charge.total_amount_remaining, obis.CHARGE_CONSUMPTION) == 0


def test_the_attributes_of_sts(fleet: Fleet) -> None:
    meter = Prepaid(fleet, made=PaymentManufacture(EncryptionAlgorithm.EA07, three_token_key_change=True))

    def shown(attribute: Attribute[object]) -> object:
        return read(meter, attribute, obis.STS_ATTRIBUTES)

    declared = Iec6205541Attributes
    assert shown(declared.meter_pan) == MeterPrimaryAccountNumber(600727, 99000000010, 0)
    assert [shown(getattr(declared, name)) for name in ("encryption_algorithm", "supply_group_code")] == [7, 990_999]
    assert [shown(getattr(declared, name)) for name in ("tariff_index", "key_revision_number", "key_type")] == [1, 1, 2]
    assert [shown(getattr(declared, name)) for name in ("key_expiry_number", "no_of_kct_supported")] == [255, 3]
    assert shown(declared.commodity) == "electricity"
    for text in meter.key_change(key_revision_number=2, tariff_index=9, key_expiry_number=99)[2]:
        meter.enter(text)
    changed = ("tariff_index", "key_revision_number", "key_expiry_number", "supply_group_code")
    assert [shown(getattr(declared, name)) for name in changed] == [9, 2, 99, 990_999]


def test_every_line_is_of_an_attribute_that_there_is() -> None:
    profile = load_profile("sts_single_phase")
    for tag, name in PAYMENT_LIVE:
        assert name in {rule.attribute.name for rule in profile.object(tag).attributes.values()}
