"""Limiter, class 71: thresholds, durations, emergencies and scripts."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem import Attribute, Register
from ferraris.cosem.classes.limiter import Limiter
from ferraris.kernel.units import Unit
from tests.cosem.known_octets import assert_holds

VALUE = Register.value.datatype.name

VERSIONS = [(71, (0,), f"""
    number  name                             v0
    1       logical_name                     logical name
    2       monitored_value                  AttributeReference
    3       threshold_active                 {VALUE}
    4       threshold_normal                 {VALUE}
    5       threshold_emergency              {VALUE}
    6       min_over_threshold_duration      double-long-unsigned
    7       min_under_threshold_duration     double-long-unsigned
    8       emergency_profile                EmergencyProfile
    9       emergency_profile_group_id_list  array of long-unsigned
    10      emergency_profile_active         boolean
    11      actions                          LimiterActions
""")]  # fmt: skip

OVER = {"script_logical_name": "0.0.10.0.106.255", "script_selector": 1}
UNDER = {"script_logical_name": "0.0.10.0.106.255", "script_selector": 2}

KNOWN = [
    # attribute                               octets                                plain
    (Limiter.logical_name,                    "0906 0000110000ff",                  "0.0.17.0.0.255"),
    (Limiter.monitored_value,                 "0203 120005 0906 0100010400ff 0f03",
     {"class_id": 5, "logical_name": "1.0.1.4.0.255", "attribute_index": 3}),
    (Limiter.threshold_active,                "06 0000157c",                        5500),
    (Limiter.threshold_normal,                "12 157c",                            5500),
    (Limiter.threshold_emergency,             "12 03e8",                            1000),
    (Limiter.min_over_threshold_duration,     "06 0000003c",                        60),
    (Limiter.min_under_threshold_duration,    "06 00000000",                        0),
    (Limiter.emergency_profile,               "0203 120001 090c 07e8010fff 000000ff 8000 ff 06 00000e10",
     {"emergency_profile_id": 1, "emergency_activation_time": "2024-01-15 00:00:00", "emergency_duration_s": 3600}),
    (Limiter.emergency_profile_group_id_list, "0102 120001 120002",                 [1, 2]),
    (Limiter.emergency_profile_active,        "03 00",                              False),
    (Limiter.actions,                         "0202 0202 0906 00000a006aff 120001 0202 0906 00000a006aff 120002",
     {"action_over_threshold": OVER, "action_under_threshold": UNDER}),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "plain"), KNOWN)
def test_known_octets(attribute: Attribute[Any], octets: str, plain: object) -> None:
    assert_holds(attribute.datatype, octets, plain)


def test_durations_are_in_seconds() -> None:
    assert Limiter.min_over_threshold_duration.unit is Unit.SECOND
    assert Limiter.min_under_threshold_duration.unit is Unit.SECOND
