"""The rules of an account: which terms hold, and until when."""

from __future__ import annotations

from ferraris.cosem import obis
from ferraris.cosem.classes.account import Account
from ferraris.meter.fleet import Fleet
from ferraris.meter.memory import NEVER_S
from ferraris.meter.payment.rules import Rules
from tests.meter.payment.prepaid import Prepaid
from tests.meter.payment.test_appointments import appoint
from tests.meter.payment.test_friendly import befriend
from tests.meter.steady import MONDAY_MS

MONDAY_S = MONDAY_MS // 1000
HOUR_S = 3_600


def test_a_meter_as_it_leaves_the_works_has_one_set_of_terms_for_ever(fleet: Fleet) -> None:
    rules = Rules(Prepaid(fleet).device)
    assert rules.terms_at(MONDAY_S) is rules.terms
    assert rules.next_s(MONDAY_S) == NEVER_S


def test_they_change_with_friendly_hours_and_at_what_is_appointed(fleet: Fleet) -> None:
    meter = Prepaid(fleet)
    befriend(meter, 18, 8)
    appoint(meter, Account.account_closure_time, MONDAY_MS + 3 * HOUR_S * 1000)
    rules = Rules(meter.device)
    hours = [0, 3, 7, 8, 17, 30]  # UTC; local time is an hour ahead
    assert [rules.terms_at(MONDAY_S + hour * HOUR_S).friendly for hour in hours] == [
        True,
        True,
        False,
        False,
        True,
        True,
    ]
    assert [(rules.next_s(MONDAY_S + hour * HOUR_S) - MONDAY_S) / HOUR_S for hour in hours] == [3, 7, 17, 17, 31, 31]
    assert rules.appointments.all[0].name == obis.ACCOUNT
