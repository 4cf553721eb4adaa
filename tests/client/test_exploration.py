"""Exploring a server: lists where it takes lists, single reads where not, refusals and strange values noted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.client import Exploration, explore
from ferraris.codec import Data, Tag, encode_data
from ferraris.cosem import (
    AccessMode,
    AccessRight,
    AssociationLn,
    AttributeAccess,
    MethodAccess,
    Obis,
    ObjectListElement,
    Register,
    ScalerUnit,
    Unit,
    interface_classes,
    obis,
)
from ferraris.dlms import CONFORMANCE_OF_THIS_ENGINE, AssociationSettings, Request, Response
from ferraris.dlms.apdu import (
    Conformance,
    DataAccessResult,
    ExceptionResponse,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithList,
    ServiceErrorCode,
    StateError,
)
from ferraris.kernel.errors import RefusedError
from tests.client.served import Server, served
from tests.codec.changed import CELLS

STRANGE = Obis.parse("0.0.96.50.0.255")


def element(class_id: int, version: int, name: Obis, modes: list[int]) -> ObjectListElement:
    attributes = tuple(AttributeAccess(number, AccessMode(mode)) for number, mode in enumerate(modes, 1))
    return ObjectListElement(class_id, version, name, AccessRight(attributes, (MethodAccess(1, AccessMode.NONE),)))


LIST = (
    element(15, 3, Obis.parse("0.0.40.0.0.255"), [1, 1, 0]),
    element(3, 0, obis.ACTIVE_ENERGY_IMPORT, [1, 1, 1]),
    element(3, 0, obis.VOLTAGE_L1, [1, 1, 3]),
    element(9999, 0, STRANGE, [1, 1]),
    element(1, 0, obis.LOGICAL_DEVICE_NAME, [1, 0]),
    *(element(1, 0, Obis.of(0, 0, 96, 1, n), [1, 1]) for n in range(20)),
)
VALUES = {
    (3, obis.ACTIVE_ENERGY_IMPORT, 2): bytes.fromhex("0600003039"),
    (3, obis.ACTIVE_ENERGY_IMPORT, 3): bytes.fromhex("02020fff161e"),
    (3, obis.VOLTAGE_L1, 2): bytes.fromhex("1208fd"),
    (3, obis.VOLTAGE_L1, 3): bytes.fromhex("020211051105"),
    (9999, STRANGE, 2): bytes.fromhex("1105"),
    (15, Obis.parse("0.0.40.0.0.255"), 2): AssociationLn.object_list.datatype.encode(LIST),
}


def get(item: object) -> bytes | DataAccessResult:
    return VALUES.get((item.class_id, item.logical_name, item.attribute_id), DataAccessResult.OBJECT_UNAVAILABLE)  # type: ignore[attr-defined]


def answer(request: Request) -> Response:
    if isinstance(request, GetRequestWithList):
        return GetResponseWithList(request.invoke_id_and_priority, tuple(get(item) for item, _ in request.items))
    assert isinstance(request, GetRequestNormal)
    return GetResponseNormal(request.invoke_id_and_priority, get(request.descriptor))


def explored(conformance: Conformance, serve: Callable[[Request], Response] = answer) -> tuple[Exploration, Server]:
    server = Server(AssociationSettings(), serve)
    seen: list[tuple[int, int]] = []

    async def run() -> Exploration:
        settings = AssociationSettings(conformance=conformance)
        async with served(settings, server) as association:
            await association.associate()
            return await explore(association, lambda *counts: seen.append(counts))

    exploration = asyncio.run(run())
    assert seen[-1][0] == seen[-1][1] == 25
    return exploration, server


def test_lists_save_round_trips() -> None:
    exploration, server = explored(CONFORMANCE_OF_THIS_ENGINE)
    assert exploration.round_trips == len(server.requests) == 1 + 1


def test_without_lists_each_attribute_is_asked_for() -> None:
    exploration, server = explored(CONFORMANCE_OF_THIS_ENGINE & ~(Conformance.MULTIPLE_REFERENCES | Conformance.ACCESS))
    assert exploration.round_trips == len(server.requests) == 1 + 25


def test_a_server_that_does_not_answer_lists_is_asked_singly() -> None:
    def refusing(request: Request) -> Response:
        if isinstance(request, GetRequestWithList):
            return ExceptionResponse(StateError.SERVICE_UNKNOWN, ServiceErrorCode.SERVICE_NOT_SUPPORTED, None)
        return answer(request)

    exploration, server = explored(CONFORMANCE_OF_THIS_ENGINE, refusing)
    assert exploration.round_trips == len(server.requests) == 1 + 1 + 25
    assert exploration.objects[1].attributes[1].octets is not None


def test_values_refusals_and_deviations() -> None:
    exploration, _ = explored(CONFORMANCE_OF_THIS_ENGINE)
    assert exploration.object_list == LIST
    association, energy, voltage, strange, name, *others = exploration.objects
    assert [attribute.octets for attribute in association.attributes] == [None, None, None]
    assert energy.scaler_unit == ScalerUnit(-1, Unit.WATT_HOUR)
    value = energy.attribute(2)
    assert value is not None
    assert energy.scaled(value) == (Decimal("1234.5"), "Wh")
    scale = voltage.attribute(3)
    assert scale is not None
    assert scale.deviation is not None
    assert voltage.scaler_unit is None
    unknown = strange.attribute(2)
    assert unknown is not None
    assert (strange.interface, unknown.name, unknown.value.value) == (None, "attribute_2", 5)
    assert unknown.deviation == "no declaration"
    assert all(attribute.octets is None and attribute.refusal is None for attribute in name.attributes)
    assert {other.attributes[1].refusal for other in others} == {"object-unavailable"}


def test_no_object_list_is_told() -> None:
    def hiding(request: Request) -> Response:
        return GetResponseNormal(request.invoke_id_and_priority, DataAccessResult.OBJECT_UNDEFINED)

    with pytest.raises(RefusedError, match="shows this client no object list"):
        explored(CONFORMANCE_OF_THIS_ENGINE, hiding)


def test_numbers_without_a_scaler_stay_raw() -> None:
    exploration, _ = explored(CONFORMANCE_OF_THIS_ENGINE)
    voltage = exploration.objects[2]
    assert voltage.attributes[1].declaration is not None
    assert voltage.attributes[1].declaration.datatype is Register.value.datatype
    assert voltage.scaled(voltage.attributes[1]) is None


# A meter with an object of every class, whose values are anything

CLASSES = sorted(interface_classes(), key=lambda one: (one.class_id, one.version))
ANYTHING = st.recursive(
    CELLS,
    lambda inner: st.builds(
        Data, st.sampled_from([int(Tag.ARRAY), int(Tag.STRUCTURE)]), st.lists(inner, max_size=4).map(tuple)
    ),
    max_leaves=12,
).map(encode_data)


def explored_with(values: list[bytes | DataAccessResult]) -> Exploration:
    """What is seen of a meter with one object of each class, which gives these values in turn."""
    everything = tuple(
        element(one.class_id, one.version, Obis.of(1, 0, 200, number % 256, 0), [1] * len(tuple(one.attributes())))
        for number, one in enumerate(CLASSES)
    )
    turn = iter(range(1_000_000))

    def value_of(class_id: int, name: Obis) -> bytes | DataAccessResult:
        if (class_id, name) == (15, Obis.parse("0.0.40.0.0.255")):
            return AssociationLn.object_list.datatype.encode(everything)
        return values[next(turn) % len(values)]

    def serve(request: Request) -> Response:
        if isinstance(request, GetRequestWithList):
            results = tuple(value_of(item.class_id, item.logical_name) for item, _ in request.items)
            return GetResponseWithList(request.invoke_id_and_priority, results)
        assert isinstance(request, GetRequestNormal)
        value = value_of(request.descriptor.class_id, request.descriptor.logical_name)
        return GetResponseNormal(request.invoke_id_and_priority, value)

    async def main() -> Exploration:
        association_settings = AssociationSettings()
        async with served(association_settings, Server(association_settings, serve)) as association:
            await association.associate()
            return await explore(association)

    return asyncio.run(main())


@settings(max_examples=25)
@given(st.lists(ANYTHING | st.sampled_from(list(DataAccessResult)[1:]), min_size=1, max_size=40))
def test_whatever_a_meter_gives_for_whatever_class_it_is_seen_as_it_is(values: list[bytes | DataAccessResult]) -> None:
    """Octets, a refusal or both a value and why it is none of its type; nothing that a meter says ends the exploration."""
    found = explored_with(values)
    assert len(found.objects) == len(CLASSES)
    for one in found.objects:
        for attribute in one.attributes:
            if attribute.octets is None:
                continue
            assert attribute.octets in values
            assert attribute.deviation is not None or attribute.declaration is not None
            if attribute.deviation is None:
                assert attribute.declaration is not None
                assert repr(attribute.declaration.datatype.decode(attribute.octets)) == repr(attribute.value), (
                    "NaN, too"
                )
            one.scaled(attribute)
