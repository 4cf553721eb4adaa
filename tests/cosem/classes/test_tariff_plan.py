"""Tariff plan, class 8192: seasons and intervals of Italian gas meters."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem import Attribute
from ferraris.cosem.classes.tariff_plan import TariffPlan
from ferraris.kernel.errors import DecodeError
from tests.cosem.known_octets import assert_holds

TARIFF_PLAN = """
    number  name                  v0
    1       logical_name          logical name
    2       calendar_name         octet-string
    3       enabled               boolean
    4       plan                  Plan
    5       activation_date_time  PlanActivation
"""

VERSIONS = [
    (8192, (0,), TARIFF_PLAN),
]

ATTRIBUTES = [
    # attribute                        octets                       plain
    (TariffPlan.calendar_name,         "0902 5031",                 "0x5031"),
    (TariffPlan.enabled,               "03 01",                     True),
    (TariffPlan.plan,                  "0204 1101 0101 0205 110a 1109 0102 1187 11b5 0100 0100 0407 fe 0101 120119",
                                       {"default_tariff_band": 1,
                                        "seasons": [{"day_of_month": 10, "month": 9, "working_day_intervals": [0x87, 0xB5],
                                                     "saturday_intervals": [], "holiday_intervals": []}],
                                        "weekly_activation": "1111111", "special_days": [281]}),
    (TariffPlan.activation_date_time,  "0202 0904 06000000 0905 07e80101ff", {"time": "06:00:00", "date": "2024-01-01"}),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "plain"), ATTRIBUTES)
def test_known_octets(attribute: Attribute[Any], octets: str, plain: object) -> None:
    assert_holds(attribute.datatype, octets, plain)


REFUSED = [
    (TariffPlan.plan,                 "0203 1101 0100 0400", "expected 4 members, got 3"),
    (TariffPlan.activation_date_time, "0202 0904 18000000 0905 07e80101ff", "no such hour"),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "words"), REFUSED)
def test_refused_octets(attribute: Attribute[Any], octets: str, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        attribute.datatype.decode(bytes.fromhex(octets))
