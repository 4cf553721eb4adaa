"""Every object of every companion profile, by every association: what a meter answers is what its object list promises."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ferraris.cosem import (
    AccessMode,
    AssociationLn,
    CompanionProfile,
    ProfileObject,
    interface_class,
    load_profile,
    obis,
)
from ferraris.dlms.apdu import (
    ActionRequestNormal,
    ActionResponseNormal,
    ActionResult,
    AttributeDescriptor,
    DataAccessResult,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithList,
    MethodDescriptor,
    SetRequestNormal,
    SetResponseNormal,
)
from ferraris.meter.behaviours import method_behaviour
from ferraris.meter.device import LogicalDevice
from ferraris.meter.dispatch import answer
from ferraris.meter.fleet import Fleet
from tests.meter.steady import MONDAY_MS, device_of, partner

PROFILES = ["smr5_three_phase", "smr5_single_phase", "sts_single_phase"]
ASSOCIATIONS = ["management", "reading", "public"]
NOW_MS = MONDAY_MS + 2 * 86_400_000 + 7 * 3_600_000
INVOKE = 0xC1
CLIENTS_OWN_TIME = {
    ("CLOCK", "time"),
    ("CLOCK", "status"),
    ("PROFILE_STATUS", "value"),
    ("STANDARD_EVENT_CODE", "value"),
}
"""Attributes whose write, or whose clock's write, changes what other reads of this test show."""

REFUSED_TO_BEGIN_WITH = {
    ("ACCOUNT", "activate_account"),
    ("CREDIT_EMERGENCY", "update_amount"),
    ("CREDIT_EMERGENCY", "set_amount_to_value"),
    ("CHARGE_DEBT", "collect"),
}
"""Methods that the state of a new prepayment meter does not allow: an active account, emergency credit not in use."""

everywhere = pytest.mark.parametrize("profile", PROFILES)
by_everyone = pytest.mark.parametrize("association", ASSOCIATIONS)


@pytest.fixture
def lived(fleet: Fleet) -> Fleet:
    """Meters that have captured for two days, and have something in their logs."""
    fleet.meters[0].power_down(MONDAY_MS + 3_600_000)
    fleet.meters[0].power_up(MONDAY_MS + 7_200_000)
    fleet.advance(NOW_MS)
    return fleet


def attributes(profile: CompanionProfile) -> Iterator[tuple[ProfileObject, int]]:
    for entry in profile.objects:
        for number in entry.attributes:
            yield entry, number


def attribute_of(entry: ProfileObject, number: int) -> AttributeDescriptor:
    return AttributeDescriptor(entry.class_id, entry.logical_name, number)


def get(device: LogicalDevice, association: str, entry: ProfileObject, number: int) -> bytes | DataAccessResult:
    request = GetRequestNormal(INVOKE, attribute_of(entry, number))
    response = answer(device, partner(association), request, NOW_MS)
    assert isinstance(response, GetResponseNormal)
    return response.result


def promised(device: LogicalDevice, association: str) -> dict[tuple[int, bytes], AssociationLn]:
    """The association's own object list, as a client reads it: rights by class and logical name."""
    octets = device.model.object_list(association)
    listed = AssociationLn.object_list.datatype.decode(octets)
    return {(element.class_id, bytes(element.logical_name)): element for element in listed}  # type: ignore[misc]


@everywhere
@by_everyone
def test_what_may_be_read_is_read_as_declared_and_nothing_else(lived: Fleet, profile: str, association: str) -> None:
    device = device_of(lived, profile=profile)
    listed = promised(device, association)
    read = refused = 0
    for entry, number in attributes(device.model.profile):
        result = get(device, association, entry, number)
        element = listed.get((entry.class_id, bytes(entry.logical_name)))
        if element is None:
            assert result is DataAccessResult.OBJECT_UNDEFINED, entry.tag
            continue
        rights = {a.attribute_id: a.access_mode for a in element.access_rights.attribute_access}  # type: ignore[attr-defined]
        if rights[number] & AccessMode.READ:
            assert isinstance(result, bytes), f"{entry.tag} {number}: {result}"
            rule = entry.attributes[number]
            assert rule.datatype.encode(rule.datatype.decode(result)) == result
            read += 1
        else:
            assert result is DataAccessResult.READ_WRITE_DENIED
            refused += 1
    assert read > 5
    # The association's secret, and for its management the keys of the time server.
    assert refused == {"public": 0, "reading": 1, "management": 3}[association]


@everywhere
def test_the_first_attribute_is_the_logical_name(lived: Fleet, profile: str) -> None:
    device = device_of(lived, profile=profile)
    for entry in device.model.profile.objects:
        assert get(device, "management", entry, 1) == b"\x09\x06" + entry.logical_name


@everywhere
def test_every_class_in_the_list_is_declared(lived: Fleet, profile: str) -> None:
    device = device_of(lived, profile=profile)
    for element in AssociationLn.object_list.datatype.decode(device.model.object_list("management")):
        declared = interface_class(element.class_id, element.version)
        assert declared is not None
        listed = [a.attribute_id for a in element.access_rights.attribute_access]
        assert listed == [attribute.number for attribute in declared.attributes()]
        methods = [m.method_id for m in element.access_rights.method_access]
        assert methods == [method.number for method in declared.methods()]


@everywhere
@by_everyone
def test_what_may_be_written_takes_its_own_value_and_nothing_else_does(
    lived: Fleet, profile: str, association: str
) -> None:
    """Written back as it was read: a meter that is asked to stay as it is does so, or says why it never changes."""
    device = device_of(lived, profile=profile)
    written = 0
    for entry, number in attributes(device.model.profile):
        before = get(device, association, entry, number)
        octets = before if isinstance(before, bytes) else entry.attributes[number].initial
        descriptor = attribute_of(entry, number)
        response = answer(device, partner(association), SetRequestNormal(INVOKE, descriptor, None, octets), NOW_MS)
        assert isinstance(response, SetResponseNormal)
        if device.model.profile.access(association, descriptor) & AccessMode.WRITE:
            assert response.result is DataAccessResult.SUCCESS, f"{entry.tag} {number}"
            written += 1
        else:
            seen = device.model.sees(association, entry.class_id, entry.logical_name)
            expected = DataAccessResult.READ_WRITE_DENIED if seen else DataAccessResult.OBJECT_UNDEFINED
            assert response.result is expected, f"{entry.tag} {number}"
        name = entry.tag, entry.attributes[number].attribute.name
        if name not in CLIENTS_OWN_TIME and entry.tag != "STANDARD_EVENT_LOG":
            assert get(device, association, entry, number) == before, name
    assert (written > 10) is (association == "management")


@everywhere
@by_everyone
def test_what_may_be_invoked_is_carried_out_and_nothing_else(lived: Fleet, profile: str, association: str) -> None:
    device = device_of(lived, profile=profile)
    for entry in device.model.profile.objects:
        for number in entry.methods:
            method = entry.interface.method(number)
            assert method is not None
            descriptor = MethodDescriptor(entry.class_id, entry.logical_name, number)
            argument = method.argument.encode(method.argument.blank())
            response = answer(device, partner(association), ActionRequestNormal(INVOKE, descriptor, argument), NOW_MS)
            assert isinstance(response, ActionResponseNormal)
            if not device.model.sees(association, entry.class_id, entry.logical_name):
                assert response.result is ActionResult.OBJECT_UNDEFINED
            elif not device.model.profile.method_access(association, descriptor) & AccessMode.EXECUTE:
                assert response.result is ActionResult.READ_WRITE_DENIED
            elif method_behaviour(entry.class_id, number) is None:
                assert response.result is ActionResult.OTHER_REASON
            elif entry.tag == "IMAGE_TRANSFER":
                assert response.result is ActionResult.OTHER_REASON, "an image of no octets"
            elif (entry.tag, method.name) in REFUSED_TO_BEGIN_WITH:
                assert response.result is ActionResult.OTHER_REASON
            elif method.name in ("change_hls_secret", "security_activate"):
                assert response.result is ActionResult.OTHER_REASON, "a secret of no octets, a policy weaker than now"
            else:
                assert response.result is ActionResult.SUCCESS, f"{entry.tag}.{method.name}"


@everywhere
def test_all_attributes_in_one_list_are_as_one_by_one(lived: Fleet, profile: str) -> None:
    device = device_of(lived, profile=profile)
    asked = list(attributes(device.model.profile))[:200]
    request = GetRequestWithList(INVOKE, tuple((attribute_of(*named), None) for named in asked))
    response = answer(device, partner(), request, NOW_MS)
    assert isinstance(response, GetResponseWithList)
    assert list(response.results) == [get(device, "management", *named) for named in asked]


@everywhere
def test_every_profile_shows_as_many_entries_as_it_says(lived: Fleet, profile: str) -> None:
    device = device_of(lived, profile=profile)
    shown = {}
    for entry in device.model.profile.objects:
        if entry.class_id != 7:
            continue
        buffer, in_use, room = (get(device, "management", entry, number) for number in (2, 7, 8))
        assert isinstance(buffer, bytes)
        rows = entry.attributes[2].datatype.decode(buffer)
        assert isinstance(in_use, bytes)
        assert isinstance(room, bytes)
        shown[entry.tag] = len(rows)
        assert entry.attributes[7].datatype.decode(in_use) == len(rows) <= entry.attributes[8].datatype.decode(room)
        assert {len(row) for row in rows} <= {len(entry.capture_objects)}
    # A prepayment meter without credit has logged that too: low, none left, disconnected.
    events = 5 if device.payment is not None else 2
    assert (shown["LOAD_PROFILE"], shown["DAILY_PROFILE"], shown["STANDARD_EVENT_LOG"]) == (55 * 4 - 4, 2, events)


def test_the_profiles_differ_in_their_phases() -> None:
    three, single = (load_profile(name) for name in PROFILES[:2])
    assert three.find(3, obis.VOLTAGE_L3) is not None
    assert single.find(3, obis.VOLTAGE_L3) is None
