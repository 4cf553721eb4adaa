"""What the attributes show that the meter itself changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ferraris.codec import Data, Tag
from ferraris.cosem import (
    AssociatedPartners,
    AssociationStatus,
    ClockStatus,
    ControlState,
    SapAssignmentElement,
    load_profile,
)
from ferraris.meter.disconnector import Command
from ferraris.meter.events import EventCode
from ferraris.meter.firmware import manufacturer_key
from ferraris.meter.fleet import Fleet
from ferraris.meter.identity import Identity
from ferraris.meter.image import MeterImage
from ferraris.meter.live_values import Moment, live_values
from tests.meter.steady import MONDAY_MS, device_of, partner

LIVE = live_values(3)
HOUR_MS = 3_600_000


def show(fleet: Fleet, tag: str, attribute: str = "value", now_ms: int = MONDAY_MS + HOUR_MS) -> Any:
    meter = fleet.meters[1]
    moment = Moment(meter, Identity(2), now_ms, partner(), "10.0.0.9:4060", lambda: (41, 17))
    return LIVE[tag, attribute](moment)


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("ACTIVE_ENERGY_IMPORT", 400),
        ("ACTIVE_ENERGY_IMPORT_RATE_1", 400),
        ("ACTIVE_ENERGY_EXPORT", 40),
        ("REACTIVE_ENERGY_IMPORT", 200),
        ("REACTIVE_ENERGY_EXPORT", 0),
        ("ACTIVE_POWER_IMPORT", 400),
        ("ACTIVE_POWER_IMPORT_L2", 133),
        ("AVERAGE_ACTIVE_POWER_EXPORT_L3", 13),
        ("AVERAGE_REACTIVE_POWER_IMPORT_L1", 66),
        ("VOLTAGE_L1", 2301),
        ("AVERAGE_VOLTAGE_L3", 2303),
        ("CURRENT_SUM", 210),  # 483 VA at 230.1 V, in 1/100 A
        ("CURRENT_L2", 69),
        ("SERIAL_NUMBER", b"FER0000000002"),
        ("LOGICAL_DEVICE_NAME", b"FER0000000000002"),
        ("POWER_FAILURES", 0),
        ("PROFILE_STATUS", 0),
        ("STANDARD_EVENT_CODE", 0),
        ("INVOCATION_COUNTER", 41),
        ("INVOCATION_COUNTER_SENT", 17),
    ],
)
def test_values(fleet: Fleet, tag: str, value: object) -> None:
    assert show(fleet, tag) == value


def test_powers_and_currents_are_none_when_the_disconnector_is_open(fleet: Fleet) -> None:
    fleet.meters[1].command(Command.REMOTE_DISCONNECT, MONDAY_MS + HOUR_MS)
    assert [show(fleet, tag) for tag in ("ACTIVE_POWER_IMPORT", "CURRENT_L1")] == [0, 0]
    assert show(fleet, "DISCONNECT_CONTROL", "output_state") is False
    assert show(fleet, "DISCONNECT_CONTROL", "control_state") is ControlState.DISCONNECTED
    assert show(fleet, "STANDARD_EVENT_CODE") == EventCode.REMOTE_DISCONNECTION


def test_the_clock_in_winter_and_in_summer(fleet: Fleet) -> None:
    winter = show(fleet, "CLOCK", "time")
    assert (str(winter), winter.to_epoch_ms()) == ("2026-03-02 02:00:00 -60 min to UTC", MONDAY_MS + HOUR_MS)
    july = MONDAY_MS + 120 * 24 * HOUR_MS
    fleet.advance(july)
    summer = show(fleet, "CLOCK", "time", july)
    assert (summer.hour, summer.deviation_min, summer.clock_status) == (2, -120, ClockStatus.DAYLIGHT_SAVING)
    assert show(fleet, "CLOCK", "status", july) == ClockStatus.DAYLIGHT_SAVING
    assert (show(fleet, "CLOCK", "time_zone"), show(fleet, "CLOCK", "daylight_savings_enabled")) == (-60, True)
    assert show(fleet, "PROFILE_STATUS", now_ms=july) == 0x08


def test_an_invalid_clock_says_so(fleet: Fleet) -> None:
    fleet.meters[1].power_down(MONDAY_MS)
    fleet.meters[1].power_up(MONDAY_MS + 8 * 24 * HOUR_MS)
    now_ms = MONDAY_MS + 8 * 24 * HOUR_MS + 1
    assert show(fleet, "CLOCK", "status", now_ms) == ClockStatus.INVALID
    assert show(fleet, "PROFILE_STATUS", now_ms=now_ms) == 0x82
    assert show(fleet, "POWER_FAILURES", now_ms=now_ms) == show(fleet, "LONG_POWER_FAILURES", now_ms=now_ms) == 1


def test_what_the_association_is(fleet: Fleet) -> None:
    assert show(fleet, "ASSOCIATION", "associated_partners_id") == AssociatedPartners(1, 1)
    assert show(fleet, "ASSOCIATION", "application_context_name") == Data(
        Tag.OCTET_STRING, bytes.fromhex("60857405080103")
    )
    assert show(fleet, "ASSOCIATION", "authentication_mechanism_name") == Data(
        Tag.OCTET_STRING, bytes.fromhex("60857405080205")
    )
    info = show(fleet, "ASSOCIATION", "xdlms_context_info")
    assert (info.conformance.octets.hex(), info.max_send_pdu_size) == ("000018", 2_000)
    assert show(fleet, "ASSOCIATION", "association_status") is AssociationStatus.ASSOCIATED
    assert show(fleet, "SECURITY_SETUP", "client_system_title") == b"FERHES01"
    assert show(fleet, "SECURITY_SETUP", "server_system_title") == b"FER\0\0\0\0\x02"
    assert show(fleet, "SAP_ASSIGNMENT", "sap_assignment_list") == (SapAssignmentElement(1, b"FER0000000000002"),)
    assert show(fleet, "PUSH_SETUP_ALARM", "send_destination_and_method").destination == b"10.0.0.9:4060"


@pytest.mark.parametrize(("name", "phases"), [("smr5_three_phase", 3), ("smr5_single_phase", 1)])
def test_every_live_value_fits_its_attribute(fleet: Fleet, tmp_path: Path, name: str, phases: int) -> None:
    profile = load_profile(name)
    image = MeterImage(tmp_path, 0, manufacturer_key(1))
    device = device_of(fleet, profile=name)
    moment = replace(device.moment(MONDAY_MS, partner()), image=lambda: image)
    live = live_values(phases)
    shown = 0
    for entry in profile.objects:
        for rule in entry.attributes.values():
            if (entry.tag, rule.attribute.name) in live:
                octets = rule.datatype.encode(live[entry.tag, rule.attribute.name](moment))
                assert rule.datatype.encode(rule.datatype.decode(octets)) == octets
                shown += 1
    assert shown > 40
