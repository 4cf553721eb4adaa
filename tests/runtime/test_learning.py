"""Asking a meter what its profiles look like: the columns that are channels, in the meter's own powers of ten."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from ferraris.cosem import CaptureObject, Clock, Obis, ProfileGeneric, Register, ScalerUnit
from ferraris.dlms import AssociationSettings, Request, Response
from ferraris.dlms.apdu import (
    AccessRequest,
    AccessResponse,
    DataAccessResult,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithList,
)
from ferraris.headend import CollectedProfile, ProfilesLearnt
from ferraris.kernel.limits import COLLECTED_ROWS_MAX
from ferraris.kernel.units import Unit
from ferraris.runtime.kinds import ProfileShape, StoredColumn
from ferraris.runtime.learning import Shapes
from tests.client.served import Server, served

LOAD = Obis.parse("1.0.99.1.0.255")
IMPORT, VOLTAGE, STRANGE = (Obis.parse(name) for name in ("1.0.1.8.0.255", "1.0.32.7.0.255", "1.0.99.99.0.255"))
TIME = CaptureObject(Clock.class_id, Obis.parse("0.0.1.0.0.255"), 2)


def column(name: Obis) -> CaptureObject:
    return CaptureObject(Register.class_id, name, 2)


Values = Mapping[tuple[int, Obis, int], bytes | DataAccessResult]


def meter(
    columns: tuple[CaptureObject, ...],
    period_s: int = 1_800,
    units: Mapping[Obis, ScalerUnit] | None = None,
    entries: int = 500,
) -> dict[tuple[int, Obis, int], bytes | DataAccessResult]:
    values: dict[tuple[int, Obis, int], bytes | DataAccessResult] = {}
    for attribute, value in (
        (ProfileGeneric.capture_objects, columns),
        (ProfileGeneric.capture_period, period_s),
        (ProfileGeneric.profile_entries, entries),
    ):
        values[ProfileGeneric.class_id, LOAD, attribute.number] = attribute.datatype.encode(value)
    for name, unit in (units or {}).items():
        values[Register.class_id, name, 3] = Register.scaler_unit.datatype.encode(unit)
    return values


def serve(values: Values) -> Callable[[Request], Response]:
    def result(asked: Any) -> bytes | DataAccessResult:
        found = (asked.class_id, asked.logical_name, asked.attribute_id)
        return values.get(found, DataAccessResult.OBJECT_UNDEFINED)

    def answer(request: Request) -> Response:
        if isinstance(request, GetRequestWithList):
            results = tuple(result(asked) for asked, _ in request.items)
            return GetResponseWithList(request.invoke_id_and_priority, results)
        if isinstance(request, AccessRequest):
            found = [result(item.descriptor) for item in request.items]
            answers = tuple(
                (item.kind, DataAccessResult.SUCCESS if isinstance(one, bytes) else one)
                for item, one in zip(request.items, found, strict=True)
            )
            octets = tuple(one if isinstance(one, bytes) else b"\0" for one in found)
            return AccessResponse(request.long_invoke_id_and_priority, b"", None, octets, answers)
        assert isinstance(request, GetRequestNormal)
        return GetResponseNormal(request.invoke_id_and_priority, result(request.descriptor))

    return answer


def learn(values: Values, *tags: str) -> tuple[ProfilesLearnt, Shapes]:
    shapes = Shapes("spodes")

    async def story() -> ProfilesLearnt:
        plain = AssociationSettings()
        async with served(plain, Server(plain, serve(values))) as association:
            await association.associate()
            return await shapes.learn(association, tags or ("LOAD_PROFILE",), lambda profiles: ())

    return asyncio.run(story()), shapes


def shape_in(shapes: Shapes) -> ProfileShape:
    shape = shapes.of("LOAD_PROFILE")
    assert shape is not None
    return shape


def test_a_meter_tells_columns_period_depth_and_powers_of_ten() -> None:
    units = {IMPORT: ScalerUnit(3, Unit.WATT_HOUR), VOLTAGE: ScalerUnit(-2, Unit.VOLT)}
    learnt, shapes = learn(meter((TIME, column(STRANGE), column(IMPORT), column(VOLTAGE)), units=units))
    note = f"columns of LOAD_PROFILE that are no channel are not stored: {STRANGE} attribute 2"
    assert learnt == ProfilesLearnt((CollectedProfile("LOAD_PROFILE", 1, 1_800, 500),), note=note)
    assert shape_in(shapes).stored == (StoredColumn(column(IMPORT), 1, 3), StoredColumn(column(VOLTAGE), 5, -1))


def test_a_meter_that_claims_a_bottomless_buffer_is_looked_through_as_far_as_is_sensible() -> None:
    values = meter((TIME, column(IMPORT)), units={IMPORT: ScalerUnit(0, Unit.WATT_HOUR)}, entries=0xFFFF_FFFF)
    (collected,) = learn(values)[0].profiles
    assert collected.depth_rows == COLLECTED_ROWS_MAX


def test_before_it_is_asked_nothing_is_known() -> None:
    assert not shape_in(Shapes("spodes")).known


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        (meter((TIME, column(STRANGE))), "no column of LOAD_PROFILE is a channel: 0.0.1.0.0.255, 1.0.99.99.0.255"),
        (meter((TIME, column(IMPORT)), 0, {IMPORT: ScalerUnit(0, Unit.WATT_HOUR)}), "is not captured by period"),
        (meter((TIME, column(IMPORT)), 1, {IMPORT: ScalerUnit(0, Unit.WATT_HOUR)}), "every 1 s, too often"),
        (meter((column(IMPORT),), units={IMPORT: ScalerUnit(0, Unit.WATT_HOUR)}), "do not tell their time"),
        (meter((TIME, column(IMPORT)), units={IMPORT: ScalerUnit(0, Unit.VAR_HOUR)}), "no column of LOAD_PROFILE"),
        (meter((TIME, column(IMPORT)), units={IMPORT: ScalerUnit(10, Unit.WATT_HOUR)}), "no column of LOAD_PROFILE"),
        (meter((TIME, column(IMPORT))), "does not tell the unit of 1.0.1.8.0.255"),
        ({}, "LOAD_PROFILE: "),
        ({(7, LOAD, 3): b"\x0f\x01"}, "LOAD_PROFILE: "),
    ],
    ids=[
        "strange",
        "no period",
        "every second",
        "no time",
        "other unit",
        "absurd scaler",
        "unit refused",
        "refused",
        "another type",
    ],
)
def test_what_cannot_be_collected_is_told(values: Values, fault: str) -> None:
    learnt, shapes = learn(values)
    assert learnt.profiles == ()
    assert fault in learnt.fault
    assert not shape_in(shapes).known


def test_a_profile_that_nobody_knows_is_not_asked_for() -> None:
    assert learn({}, "NO_SUCH_PROFILE")[0] == ProfilesLearnt(())
