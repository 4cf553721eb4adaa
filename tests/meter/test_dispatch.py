"""Requests to answers: rights of each association, and a refusal with the standard's name for everything else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferraris.cosem import Obis, load_profile, obis
from ferraris.dlms.apdu import (
    BREAK_ON_ERROR,
    SELF_DESCRIPTIVE,
    AccessItem,
    AccessKind,
    AccessRequest,
    AccessResponse,
    ActionAnswer,
    ActionRequestNormal,
    ActionRequestWithList,
    ActionResponseNormal,
    ActionResponseWithList,
    ActionResult,
    AttributeDescriptor,
    Block,
    DataAccessResult,
    ExceptionResponse,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithList,
    MethodDescriptor,
    SelectiveAccess,
    SetRequestNormal,
    SetRequestWithFirstBlock,
    SetRequestWithList,
    SetResponseNormal,
    SetResponseWithList,
    decode_apdu,
)
from ferraris.meter.device import LogicalDevice
from ferraris.meter.dispatch import answer, protected_answer
from ferraris.meter.fleet import Fleet
from tests.meter.steady import MONDAY_MS, device_of, partner

INVOKE = 0xC1
NO_SUCH_OBJECT = Obis.parse("0.0.17.0.9.255")
NAMES = {
    "energy": (3, obis.ACTIVE_ENERGY_IMPORT),
    "clock": (8, obis.CLOCK),
    "switch": (70, obis.DISCONNECT_CONTROL),
    "load": (7, obis.LOAD_PROFILE),
    "security": (64, obis.SECURITY_SETUP),
    "association": (15, obis.ASSOCIATION),
    "device": (1, obis.LOGICAL_DEVICE_NAME),
    "nothing": (71, NO_SUCH_OBJECT),
    "energy-as-data": (1, obis.ACTIVE_ENERGY_IMPORT),
}

ACCESS = """
service  object          number  argument    management                 reading                    public
get      energy          2       -           data                       data                       OBJECT_UNDEFINED
get      energy          1       -           data                       data                       OBJECT_UNDEFINED
get      energy          4       -           OBJECT_UNDEFINED           OBJECT_UNDEFINED           OBJECT_UNDEFINED
get      energy          0       -           OBJECT_UNDEFINED           OBJECT_UNDEFINED           OBJECT_UNDEFINED
get      energy          -1      -           OBJECT_UNDEFINED           OBJECT_UNDEFINED           OBJECT_UNDEFINED
get      clock           2       -           data                       data                       data
get      device          2       -           data                       data                       data
get      load            2       -           data                       data                       OBJECT_UNDEFINED
get      security        2       -           data                       OBJECT_UNDEFINED           OBJECT_UNDEFINED
get      association     2       -           data                       data                       OBJECT_UNDEFINED
get      association     7       -           READ_WRITE_DENIED          READ_WRITE_DENIED          OBJECT_UNDEFINED
get      nothing         2       -           OBJECT_UNDEFINED           OBJECT_UNDEFINED           OBJECT_UNDEFINED
get      energy-as-data  2       -           OBJECT_CLASS_INCONSISTENT  OBJECT_CLASS_INCONSISTENT  OBJECT_CLASS_INCONSISTENT
set      switch          4       1602        SUCCESS                    READ_WRITE_DENIED          OBJECT_UNDEFINED
set      switch          4       1607        TYPE_UNMATCHED             READ_WRITE_DENIED          OBJECT_UNDEFINED
set      switch          2       0300        READ_WRITE_DENIED          READ_WRITE_DENIED          OBJECT_UNDEFINED
set      energy          2       0600000000  READ_WRITE_DENIED          READ_WRITE_DENIED          OBJECT_UNDEFINED
set      clock           3       10ff88      OTHER_REASON               READ_WRITE_DENIED          READ_WRITE_DENIED
set      clock           3       10ffc4      SUCCESS                    READ_WRITE_DENIED          READ_WRITE_DENIED
set      nothing         3       0600000000  OBJECT_UNDEFINED           OBJECT_UNDEFINED           OBJECT_UNDEFINED
action   switch          1       0f00        SUCCESS                    READ_WRITE_DENIED          OBJECT_UNDEFINED
action   switch          3       0f00        OBJECT_UNDEFINED           OBJECT_UNDEFINED           OBJECT_UNDEFINED
action   switch          1       1200        TYPE_UNMATCHED             READ_WRITE_DENIED          OBJECT_UNDEFINED
action   clock           6       10003c      SUCCESS                    READ_WRITE_DENIED          READ_WRITE_DENIED
action   energy          1       0f00        READ_WRITE_DENIED          READ_WRITE_DENIED          OBJECT_UNDEFINED
action   nothing         1       0f00        OBJECT_UNDEFINED           OBJECT_UNDEFINED           OBJECT_UNDEFINED
"""


def ask(fleet: Fleet, association: str, service: str, name: str, number: int, argument: str) -> str:
    class_id, logical_name = NAMES[name]
    attribute, method = (kind(class_id, logical_name, number) for kind in (AttributeDescriptor, MethodDescriptor))
    octets = b"" if argument == "-" else bytes.fromhex(argument)
    request = {
        "get": GetRequestNormal(INVOKE, attribute),
        "set": SetRequestNormal(INVOKE, attribute, None, octets),
        "action": ActionRequestNormal(INVOKE, method, octets),
    }[service]
    response = answer(device_of(fleet), partner(association), request, MONDAY_MS)
    assert isinstance(response, GetResponseNormal | SetResponseNormal | ActionResponseNormal)
    assert response.invoke_id_and_priority == INVOKE
    return "data" if isinstance(response.result, bytes) else response.result.name


@pytest.mark.parametrize("line", ACCESS.strip().splitlines()[1:])
@pytest.mark.parametrize(("place", "association"), [(4, "management"), (5, "reading"), (6, "public")])
def test_access(fleet: Fleet, line: str, place: int, association: str) -> None:
    service, name, number, argument, *_ = cells = line.split()
    assert ask(fleet, association, service, name, int(number), argument) == cells[place]


ENERGY = AttributeDescriptor(3, obis.ACTIVE_ENERGY_IMPORT, 2)
MODE = AttributeDescriptor(70, obis.DISCONNECT_CONTROL, 4)
UNKNOWN = AttributeDescriptor(3, Obis.parse("1.0.99.99.99.255"), 2)


def test_a_list_is_answered_item_by_item(fleet: Fleet) -> None:
    request = GetRequestWithList(INVOKE, ((ENERGY, None), (UNKNOWN, None), (ENERGY, SelectiveAccess(1, b"\x00"))))
    response = answer(device_of(fleet), partner(), request, MONDAY_MS + 9_000)
    results = (b"\x06\0\0\0\x01", DataAccessResult.OBJECT_UNDEFINED, DataAccessResult.SCOPE_OF_ACCESS_VIOLATED)
    assert response == GetResponseWithList(INVOKE, results)


def test_all_items_of_a_list_are_of_one_moment(fleet: Fleet) -> None:
    """The register and the profile's newest entry, read at the moment of capture, agree."""
    load = AttributeDescriptor(7, obis.LOAD_PROFILE, 2)
    request = GetRequestWithList(INVOKE, ((ENERGY, None), (load, None)))
    response = answer(device_of(fleet), partner(), request, MONDAY_MS + 900_000)
    assert isinstance(response, GetResponseWithList)
    register, buffer = response.results
    assert register == b"\x06" + (100).to_bytes(4, "big")
    assert isinstance(buffer, bytes)
    assert register in buffer


def test_lists_of_writes_and_of_invocations(fleet: Fleet) -> None:
    device = device_of(fleet)
    written = SetRequestWithList(
        INVOKE, ((MODE, None), (ENERGY, None), (MODE, SelectiveAccess(1, b"\0"))), (b"\x16\x02",) * 3
    )
    results = DataAccessResult.SUCCESS, DataAccessResult.READ_WRITE_DENIED, DataAccessResult.SCOPE_OF_ACCESS_VIOLATED
    assert answer(device, partner(), written, MONDAY_MS) == SetResponseWithList(INVOKE, results)
    switch = MethodDescriptor(70, obis.DISCONNECT_CONTROL, 1)
    called = ActionRequestWithList(INVOKE, (switch, MethodDescriptor(70, NO_SUCH_OBJECT, 1)), (b"\x0f\0",) * 2)
    answers = ActionAnswer(ActionResult.SUCCESS, None), ActionAnswer(ActionResult.OBJECT_UNDEFINED, None)
    assert answer(device, partner(), called, MONDAY_MS) == ActionResponseWithList(INVOKE, answers)
    assert not device.meter.output_state


@pytest.mark.parametrize(
    "request_",
    [
        SetRequestWithList(INVOKE, ((MODE, None),), ()),
        ActionRequestWithList(INVOKE, (MethodDescriptor(70, obis.DISCONNECT_CONTROL, 1),), ()),
        SetRequestWithFirstBlock(INVOKE, MODE, None, Block(True, 1, b"\x16\x02")),
    ],
)
def test_what_the_meter_does_not_serve_is_an_exception(fleet: Fleet, request_: object) -> None:
    device = device_of(fleet)
    assert isinstance(answer(device, partner(), request_, MONDAY_MS), ExceptionResponse)  # type: ignore[arg-type]
    assert device.meter.commands_executed == 0


PROFILE = load_profile("smr5_three_phase")
OBJECTS = st.sampled_from([(entry.class_id, entry.logical_name) for entry in PROFILE.objects])
PARAMETERS = st.one_of(
    st.binary(max_size=40), st.sampled_from([b"\x0f\x00", b"\x16\x01", b"\x01\x00", b"\x06\0\0\0\0"])
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    named=OBJECTS,
    number=st.integers(-128, 127),
    octets=PARAMETERS,
    selector=st.one_of(st.none(), st.integers(0, 255)),
    association=st.sampled_from(["management", "reading", "public"]),
)
def test_nothing_that_a_client_sends_raises(
    fleet: Fleet, named: tuple[int, Obis], number: int, octets: bytes, selector: int | None, association: str
) -> None:
    device = device_of(fleet)
    attribute, method = AttributeDescriptor(*named, number), MethodDescriptor(*named, number)
    selection = None if selector is None else SelectiveAccess(selector, octets)
    for request in (
        GetRequestNormal(INVOKE, attribute, selection),
        SetRequestNormal(INVOKE, attribute, selection, octets),
        ActionRequestNormal(INVOKE, method, octets),
        ActionRequestNormal(INVOKE, method, None),
    ):
        response = answer(device, partner(association), request, MONDAY_MS)
        assert len(response.encode()) >= 4


# ACCESS

READ_CLOCK = AccessItem(AccessKind.GET, AttributeDescriptor(8, obis.CLOCK, 2))
READ_NOTHING = AccessItem(AccessKind.GET, AttributeDescriptor(8, obis.CLOCK, 99))
SET_MODE = AccessItem(AccessKind.SET, MODE)
DISCONNECT = AccessItem(AccessKind.ACTION, MethodDescriptor(70, obis.DISCONNECT_CONTROL, 1))
SELECTED = AccessItem(
    AccessKind.GET_WITH_SELECTION,
    AttributeDescriptor(15, obis.ASSOCIATION, 2),
    SelectiveAccess(2, b"\x01\x01\x12\x00\x08"),
)
NULL = b"\x00"


def asked(
    device: LogicalDevice, options: int, *items: tuple[AccessItem, bytes], who: str = "management"
) -> AccessResponse:
    names, values = tuple(item for item, _ in items), tuple(value for _, value in items)
    request = AccessRequest(options, b"", names, values)
    response = answer(device, partner(who), request, MONDAY_MS)
    assert isinstance(response, AccessResponse)
    assert response.long_invoke_id_and_priority == options
    assert decode_apdu(response.encode()) == response
    return response


def test_access_reads_writes_and_invokes_in_one_exchange(fleet: Fleet) -> None:
    device = device_of(fleet)
    items = (
        (READ_CLOCK, NULL),
        (SET_MODE, b"\x16\x02"),
        (DISCONNECT, b"\x0f\x00"),
        (SELECTED, NULL),
        (READ_NOTHING, NULL),
    )
    response = asked(device, 0xC000_0007, *items)
    assert response.answers == (
        (AccessKind.GET, DataAccessResult.SUCCESS),
        (AccessKind.SET, DataAccessResult.SUCCESS),
        (AccessKind.ACTION, ActionResult.SUCCESS),
        (AccessKind.GET, DataAccessResult.SUCCESS),
        (AccessKind.GET, DataAccessResult.OBJECT_UNDEFINED),
    )
    clock, _, _, part, nothing = response.values
    assert clock[:2] == b"\x09\x0c"
    assert part[:2] == b"\x01\x01"
    assert nothing == NULL
    assert response.items is None
    assert not device.meter.output_state


def test_access_repeats_the_items_when_asked_to(fleet: Fleet) -> None:
    response = asked(device_of(fleet), SELF_DESCRIPTIVE | 1, (READ_CLOCK, NULL))
    assert response.items == (READ_CLOCK,)


def test_access_goes_on_behind_a_refusal_or_breaks_off(fleet: Fleet) -> None:
    device = device_of(fleet)
    items = (READ_NOTHING, NULL), (DISCONNECT, b"\x0f\x00"), (READ_CLOCK, NULL)
    broken = asked(device, BREAK_ON_ERROR, *items)
    assert [int(result) for _, result in broken.answers] == [4, 250, 250]
    assert broken.values == (NULL,) * 3
    assert device.meter.output_state
    assert [int(result) for _, result in asked(device, 0, *items).answers] == [4, 0, 0]
    assert not device.meter.output_state


def test_access_has_the_rights_of_its_association(fleet: Fleet) -> None:
    device = device_of(fleet)
    answers = asked(
        device, 0, (READ_CLOCK, NULL), (SET_MODE, b"\x16\x02"), (DISCONNECT, b"\x0f\x00"), who="public"
    ).answers
    assert [int(result) for _, result in answers] == [0, 4, 4]
    assert device.meter.output_state


@pytest.mark.parametrize(("sent", "beyond"), [(0x00, 0x08), (0x04, 0x08), (0x08, 0), (0x0C, 0)])
def test_an_answer_is_protected_as_its_right_asks(fleet: Fleet, sent: int, beyond: int) -> None:
    """The serial number asks for an encrypted response, and no more of the request than that it is let in."""
    device = device_of(fleet, profile="security_suite_0")
    asking = replace(partner(), protection=sent)
    serial = GetRequestNormal(INVOKE, AttributeDescriptor(1, obis.SERIAL_NUMBER, 2), None)
    response, lacking = protected_answer(device, asking, serial, MONDAY_MS)
    assert isinstance(response, GetResponseNormal)
    assert isinstance(response.result, bytes)
    assert lacking == beyond
    name = GetRequestNormal(INVOKE, AttributeDescriptor(1, obis.LOGICAL_DEVICE_NAME, 2), None)
    assert protected_answer(device, asking, name, MONDAY_MS)[1] == 0
    # Where nothing can be ciphered, the right is not given.
    if beyond:
        for refused in (
            protected_answer(device, replace(asking, ciphered=False), serial, MONDAY_MS)[0],
            answer(device, asking, serial, MONDAY_MS),
        ):
            assert refused == GetResponseNormal(INVOKE, DataAccessResult.READ_WRITE_DENIED)
