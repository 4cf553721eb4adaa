"""Checks of what a server lists: every object is as listed, its attributes are of their types, its values make sense."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ferraris.client.conformance.bench import Bench
from ferraris.client.conformance.check import Finding, NotApplicable, check, found
from ferraris.client.conformance.requests import CURRENT_ASSOCIATION, LOGICAL_DEVICE_NAME
from ferraris.client.conformance.transfer_checks import columns_of
from ferraris.client.exploration import ExploredAttribute, ExploredObject
from ferraris.cosem import Clock, CosemDateTime, Obis, ProfileGeneric, interface_classes
from ferraris.dlms.apdu import AttributeDescriptor
from ferraris.kernel.errors import RefusedError

SECTION = "Objects"
LIST = "Blue Book 4.4.4"
OBJECTS = "Blue Book 4.1"
SCALER = "Blue Book 4.3.2"
PROFILE = "Blue Book 4.3.6"
CLOCK = "Blue Book 4.5.1"
SCALER_MAX = 12
NAMED_MAX = 4
DAY_MS = 86_400_000


@check(section=SECTION, clause=LIST, title="The object list names the association itself and the logical device name")
async def list_names_the_mandatory_objects(bench: Bench) -> Finding:
    names = {(o.element.class_id, o.element.logical_name) for o in (await bench.exploration()).objects}
    wanted = {(15, CURRENT_ASSOCIATION), (1, LOGICAL_DEVICE_NAME.logical_name)}
    missing = ", ".join(f"class {class_id} {name}" for class_id, name in sorted(wanted - names)) or "none"
    return found(wanted <= names, "both", f"missing: {missing}")


@check(section=SECTION, clause=LIST, title="No object is listed twice")
async def list_names_each_object_once(bench: Bench) -> Finding:
    counts = Counter((o.element.class_id, o.element.logical_name) for o in (await bench.exploration()).objects)
    twice = [f"{name} of class {class_id}" for (class_id, name), count in counts.items() if count > 1]
    return found(not twice, "each once", _some(twice, f"{len(counts)} objects, each once"))


@check(section=SECTION, clause=LIST, title="Rights are listed for attributes and methods that the class has, each once")
async def list_names_attributes_of_the_class(bench: Bench) -> Finding:
    wrong = []
    for explored in (await bench.exploration()).objects:
        rights = explored.element.access_rights
        numbers = [access.attribute_id for access in rights.attribute_access]
        if len(set(numbers)) != len(numbers):
            wrong.append(f"{explored.element.logical_name} lists an attribute twice")
        interface = explored.interface
        if interface is not None:
            wrong += [
                f"{explored.element.logical_name} attribute {number}"
                for number in numbers
                if number > 0 and interface.attribute(number) is None  # below 0 are the manufacturer's
            ]
    return found(not wrong, "those of the class", _some(wrong, "so they are"))


@check(section=SECTION, clause=OBJECTS, title="Every listed class and version is one of the standard")
async def classes_are_known(bench: Bench) -> Finding:
    known = {interface.class_id for interface in interface_classes()}
    strange = sorted(
        {
            f"class {o.element.class_id} version {o.element.version}"
            for o in (await bench.exploration()).objects
            if o.interface is None and (o.element.class_id in known or o.element.class_id < 8192)
        }
    )
    return found(not strange, "classes that are declared here", _some(strange, "all of them"))


@check(section=SECTION, clause=LIST, title="Every attribute that may be read answers with data")
async def readable_attributes_answer(bench: Bench) -> Finding:
    refused = [f"{_place(o, a)}: {a.refusal}" for o, a in await _attributes(bench) if a.refusal is not None]
    read = sum(a.octets is not None for _, a in await _attributes(bench))
    return found(not refused, "data", _some(refused, f"{read} attributes gave data"))


@check(section=SECTION, clause=OBJECTS, title="Every attribute is of the type that its class declares")
async def attributes_are_of_their_types(bench: Bench) -> Finding:
    wrong = [
        f"{_place(o, a)}: {a.deviation}"
        for o, a in await _attributes(bench)
        if a.declaration is not None and a.deviation is not None
    ]
    typed = sum(a.declaration is not None and a.octets is not None for _, a in await _attributes(bench))
    return found(not wrong, "the declared types", _some(wrong, f"{typed} attributes are of their types"))


@check(section=SECTION, clause=OBJECTS, title="The first attribute of every object is its logical name, as listed")
async def logical_names_are_as_listed(bench: Bench) -> Finding:
    objects = (await bench.exploration()).objects
    wrong = []
    async with bench.client() as association:
        for explored in objects:
            first = explored.attribute(1)
            if first is None or not first.access & 1:
                continue
            element = explored.element
            try:
                octets = await association.get_octets(AttributeDescriptor(element.class_id, element.logical_name, 1))
            except RefusedError as refused:
                wrong.append(f"{element.logical_name}: {refused.result}")
                continue
            if octets != b"\x09\x06" + bytes(element.logical_name):
                wrong.append(f"{element.logical_name}: {octets.hex()}")
    return found(not wrong, "the listed names", _some(wrong, f"{len(objects)} names as listed"))


@check(
    section=SECTION,
    clause=SCALER,
    title="Every scaler_unit is one that makes sense: a small power of ten, a known unit",
)
async def scalers_make_sense(bench: Bench) -> Finding:
    scales = [(o, o.scaler_unit) for o in (await bench.exploration()).objects]
    seen = [(o, scale) for o, scale in scales if scale is not None]
    if not seen:
        raise NotApplicable("no object has a scaler_unit")
    wrong = [
        f"{o.element.logical_name}: 10^{scale.scaler} {scale.unit.symbol}"
        for o, scale in seen
        if abs(scale.scaler) > SCALER_MAX or (scale.unit.name or "").startswith("CODE_")
    ]
    return found(
        not wrong, f"10^-{SCALER_MAX} to 10^{SCALER_MAX}, known units", _some(wrong, f"{len(seen)} of them do")
    )


@check(section=SECTION, clause=PROFILE, title="A profile's rows in use are no more than it has room for")
async def profiles_keep_within_their_room(bench: Bench) -> Finding:
    wrong = []
    profiles = await _profiles(bench)
    for explored in profiles:
        in_use, room = (
            _number(explored, attribute.number)
            for attribute in (ProfileGeneric.entries_in_use, ProfileGeneric.profile_entries)
        )
        if in_use is not None and room is not None and in_use > room:
            wrong.append(f"{explored.element.logical_name}: {in_use} of {room}")
    return found(not wrong, "entries_in_use up to profile_entries", _some(wrong, f"{len(profiles)} profiles do"))


@check(section=SECTION, clause=PROFILE, title="A profile captures attributes of objects that are listed")
async def profiles_capture_listed_objects(bench: Bench) -> Finding:
    objects = (await bench.exploration()).objects
    names = {(o.element.class_id, o.element.logical_name) for o in objects}
    profiles = await _profiles(bench)
    wrong = []
    for explored in profiles:
        captured = explored.attribute(ProfileGeneric.capture_objects.number)
        if captured is None or not isinstance(captured.value, tuple) or captured.deviation:
            continue
        wrong += [
            f"{explored.element.logical_name} captures class {column.class_id} {column.logical_name}"
            for column in captured.value
            if (column.class_id, column.logical_name) not in names
        ]
    return found(not wrong, "listed objects", _some(wrong, f"{len(profiles)} profiles do"))


@check(section=SECTION, clause=PROFILE, title="The rows of a buffer have the columns that capture_objects names")
async def rows_have_their_columns(bench: Bench) -> Finding:
    wrong = []
    looked = 0
    for explored in await _profiles(bench):
        buffer = explored.attribute(ProfileGeneric.buffer.number)
        columns, in_use = columns_of(explored), _number(explored, ProfileGeneric.entries_in_use.number)
        if buffer is None or not buffer.access & 1 or not columns or not in_use or in_use > 5_000:
            continue
        widths = await _widths(bench, explored.element.logical_name)
        looked += 1
        if widths != {columns}:
            wrong.append(f"{explored.element.logical_name}: {sorted(map(str, widths))} instead of {columns}")
    if not looked:
        raise NotApplicable("no profile with rows may be read")
    return found(not wrong, "as many values a row as columns", _some(wrong, f"{looked} profiles do"))


@check(section=SECTION, clause=CLOCK, title="The clock shows an instant, and less than a day from ours")
async def clock_is_plausible(bench: Bench) -> Finding:
    clocks = [o for o in (await bench.exploration()).objects if o.element.class_id == Clock.class_id]
    times = [attribute for o in clocks if (attribute := o.attribute(Clock.time.number)) and attribute.octets]
    if not times:
        raise NotApplicable("no clock may be read")
    shown = times[0].value
    if not isinstance(shown, CosemDateTime):
        return found(False, "a date-time", times[0].deviation)
    meter_ms = shown.to_epoch_ms(0)
    if meter_ms is None:
        return found(False, "an instant", shown)
    offset_ms = meter_ms - bench.now_ms()
    return found(abs(offset_ms) < DAY_MS, "less than a day from our clock", f"{shown}, {offset_ms / 1000:+.0f} s")


async def _attributes(bench: Bench) -> list[tuple[ExploredObject, ExploredAttribute]]:
    return [(o, attribute) for o in (await bench.exploration()).objects for attribute in o.attributes]


async def _profiles(bench: Bench) -> list[ExploredObject]:
    profiles = [o for o in (await bench.exploration()).objects if o.element.class_id == ProfileGeneric.class_id]
    if not profiles:
        raise NotApplicable("no profile is listed")
    return profiles


async def _widths(bench: Bench, name: Obis) -> set[object]:
    """The counts of values in the rows of a buffer, or the refusal."""
    async with bench.client() as association:
        try:
            rows = await association.get(ProfileGeneric.buffer, name)
        except RefusedError as refused:
            return {refused.result}
    return {len(row) for row in rows}


def _number(explored: ExploredObject, number: int) -> int | None:
    attribute = explored.attribute(number)
    return attribute.value if attribute is not None and isinstance(attribute.value, int) else None


def _place(explored: ExploredObject, attribute: ExploredAttribute) -> str:
    return f"{explored.element.class_id}/{explored.element.logical_name}/{attribute.number} {attribute.name}"


def _some(wrong: Iterable[str], otherwise: str) -> str:
    """The first few of what is wrong, and how many more there are."""
    listed = list(wrong)
    if not listed:
        return otherwise
    more = len(listed) - NAMED_MAX
    return "; ".join(listed[:NAMED_MAX]) + (f"; and {more} more" if more > 0 else "")
