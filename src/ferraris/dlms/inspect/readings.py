"""What a push says: its body's tree as a list of readings, a logical name with a value, scaler and unit each.

The body's form is recognised from its shape alone. Names and scalers that the push leaves out come from the table of push
layouts, and a reading says which of the two it has them from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from ferraris.codec import Data, Tag
from ferraris.cosem import DATE_TIME_OCTETS, CosemDateTime, Obis
from ferraris.dlms.apdu import AttributeDescriptor
from ferraris.dlms.inspect.push_layouts import Form, PushTraits, layout_of
from ferraris.dlms.inspect.tree import Json, to_json
from ferraris.dlms.untagged import UNTAGGED_DESCRIPTOR
from ferraris.kernel.errors import DecodeError
from ferraris.kernel.units import Unit

CONTAINERS: Final = (Tag.ARRAY, Tag.STRUCTURE)
TEXTS: Final = (Tag.VISIBLE_STRING, Tag.UTF8_STRING)
OBIS_OCTETS: Final = 6
DEFINITION_ELEMENTS_MIN: Final = 4
PUSH_SETUPS: Final = (25, 9)
"""Value groups C and D of push setups: at the head of a push, the name of one is a value, not the name of the next."""
PRINTABLE: Final = frozenset(range(0x20, 0x7F))
FROM_TELEGRAM: Final = "telegram"
FROM_LAYOUT: Final = "layout"


@dataclass(slots=True)
class PushReading:
    """One value of a push, with whatever names and scales it."""

    data: Data
    logical_name: Obis | None = None
    name_from: str | None = None
    scaler: int | None = None
    unit: Unit | None = None
    scaler_from: str | None = None
    descriptor: dict[str, int] = field(default_factory=dict)

    @property
    def text(self) -> str | None:
        """The value as text, when it is one: a string, printable octets, a date-time."""
        return text_of(self.data)

    def to_json(self) -> Json:
        """As JSON can carry it: `value` raw, `scaled` in `unit`."""
        value = self.data.value
        scaled = None
        if self.scaler is not None and isinstance(value, int):
            number = Decimal(value).scaleb(self.scaler)
            scaled = int(number) if self.scaler >= 0 else float(number)
        [raw] = to_json(self.data).values()
        return {
            "obis": None if self.logical_name is None else str(self.logical_name),
            "obis_from": self.name_from,
            **self.descriptor,
            "value": raw,
            "text": self.text,
            "scaler": self.scaler,
            "unit": None if self.unit is None else self.unit.symbol,
            "scaler_from": self.scaler_from,
            "scaled": scaled,
        }


def interpret(body: Data, *, tagged_date_time: bool) -> Json:
    """The body of a push: which layout it has, and its readings."""
    collector = _Collector()
    form = collector.collect(body)
    readings = collector.readings
    unnamed = [reading for reading in readings if reading.logical_name is None]
    first = bool(readings) and readings[0].logical_name is None and _is_date_time(readings[0].data)
    texts = [reading.text for reading in readings if reading.text]
    types = tuple(_type_of(reading.data) for reading in unnamed)
    listed = tuple(reading.logical_name for reading in readings if reading.logical_name is not None)
    listed = listed if form is Form.DESCRIBED else ()
    layout = layout_of(PushTraits(form, len(unnamed), texts, first, tagged_date_time, types, listed))
    if layout is not None:
        for reading, name in zip(unnamed, () if form is Form.DESCRIBED else layout.columns, strict=True):
            reading.logical_name, reading.name_from = name, FROM_LAYOUT
        for reading in readings:
            rule = None if reading.logical_name is None else layout.scaler_of(reading.logical_name)
            if reading.scaler is None and rule is not None:
                reading.scaler, reading.unit, reading.scaler_from = rule.scaler, rule.unit, FROM_LAYOUT
    known = None if layout is None else {"name": layout.name, "vendors": list(layout.vendors)}
    return {"form": form.value, "layout": known, "readings": [reading.to_json() for reading in readings]}


def text_of(data: Data) -> str | None:
    """The text that a value is, or None: zeros that fill a string up are left out."""
    if not isinstance(data.value, bytes):
        return None
    octets = data.value.rstrip(b"\x00")
    if octets and (data.tag in TEXTS or PRINTABLE.issuperset(octets)):
        return octets.decode("utf-8", "backslashreplace")
    return date_time_text(data.value) if _is_date_time(data) else None


def date_time_text(octets: bytes) -> str | None:
    """A date-time as `2022-01-17 12:44:40+01:00`, without the offset when there is no deviation; None if it is none."""
    try:
        moment = CosemDateTime.from_octets(octets)
    except DecodeError:
        return None
    text = f"{moment.date} {moment.time}"
    if moment.deviation_min is None:
        return text
    hours, minutes = divmod(abs(moment.deviation_min), 60)
    return f"{text}{'-' if moment.deviation_min > 0 else '+'}{hours:02}:{minutes:02}"


class _Collector:
    """Walks a tree and collects its readings."""

    def __init__(self) -> None:
        self.readings: list[PushReading] = []
        self.nested = False
        self.untagged = False

    def collect(self, body: Data) -> Form:
        """Collect the readings of a push's body, and say how they stand together."""
        elements = _elements(body)
        definitions = _definitions(elements)
        if definitions is not None:
            for definition, data in zip(definitions, elements, strict=True):
                self._add(data, *definition)
            return Form.DESCRIBED
        self._walk(elements)
        if self.untagged:
            self.readings = [reading for reading in self.readings if reading.logical_name is not None]
            return Form.UNTAGGED
        if self.nested:
            return Form.ENTRIES
        named = any(reading.logical_name is not None for reading in self.readings)
        return Form.PAIRS if named else Form.POSITIONS

    def _walk(self, elements: Sequence[Data]) -> None:
        position = 0
        while position < len(elements):
            name, descriptor = _name_of(elements[position])
            heads = position == 0 and not self.nested and not descriptor
            if name is not None and position + 1 < len(elements) and not (heads and (name.c, name.d) == PUSH_SETUPS):
                scaling = elements[position + 2] if position + 2 < len(elements) else None
                position += 2 + self._add(elements[position + 1], name, descriptor, scaling)
                continue
            if elements[position].tag in CONTAINERS:
                self.nested = True
                self._walk(_elements(elements[position]))
            elif elements[position].tag != Tag.NULL_DATA:
                self.readings.append(PushReading(elements[position]))
            position += 1

    def _add(self, data: Data, name: Obis, descriptor: dict[str, int], scaling: Data | None = None) -> int:
        """Add a named value; how many elements its scaler_unit takes."""
        self.untagged = self.untagged or "class_id" in descriptor
        reading = PushReading(data, name, FROM_TELEGRAM, descriptor=descriptor)
        self.readings.append(reading)
        found = None if scaling is None else _scaler_unit(scaling)
        if found is None:
            return 0
        reading.scaler, reading.unit = found
        reading.scaler_from = FROM_TELEGRAM
        return 1


def _type_of(data: Data) -> str:
    return "" if data.tag == UNTAGGED_DESCRIPTOR else Tag(data.tag).standard_name


def _elements(data: Data) -> tuple[Data, ...]:
    return data.value if data.tag in CONTAINERS and isinstance(data.value, tuple) else (data,)


def _name_of(data: Data) -> tuple[Obis | None, dict[str, int]]:
    """The logical name that an element is, if it is one, and what else it says of the attribute."""
    if data.tag == UNTAGGED_DESCRIPTOR and isinstance(data.value, AttributeDescriptor):
        descriptor = data.value
        return descriptor.logical_name, {"class_id": descriptor.class_id, "attribute_id": descriptor.attribute_id}
    octets = data.value
    if data.tag != Tag.OCTET_STRING or not isinstance(octets, bytes) or len(octets) != OBIS_OCTETS or octets[5] != 0xFF:
        return None, {}
    return Obis(octets), {}


def _scaler_unit(data: Data) -> tuple[int, Unit] | None:
    if data.tag != Tag.STRUCTURE or not isinstance(data.value, tuple) or len(data.value) != 2:
        return None
    scaler, unit = data.value
    if scaler.tag != Tag.INTEGER or unit.tag != Tag.ENUM:
        return None
    assert isinstance(scaler.value, int)
    return scaler.value, Unit(unit.value)


def _definitions(elements: Sequence[Data]) -> list[tuple[Obis, dict[str, int]]] | None:
    """What the push object list at the head of a push says of each element, itself included; None if there is none."""
    definitions = []
    listed = _elements(elements[0]) if elements and elements[0].tag == Tag.ARRAY else ()
    if not listed or len(listed) != len(elements):
        return None
    for data in listed:
        parts = _elements(data)
        if len(parts) < DEFINITION_ELEMENTS_MIN:
            return None
        class_id, attribute_id, data_index = parts[0].value, parts[2].value, parts[3].value
        name, _ = _name_of(parts[1])
        if name is None or not all(isinstance(number, int) for number in (class_id, attribute_id, data_index)):
            return None
        definitions.append((name, {"class_id": class_id, "attribute_id": attribute_id, "data_index": data_index}))
    return definitions  # type: ignore[return-value]  # `all` above has seen that they are int


def _is_date_time(data: Data) -> bool:
    if data.tag not in (Tag.OCTET_STRING, Tag.DATE_TIME) or not isinstance(data.value, bytes):
        return False
    return len(data.value) == DATE_TIME_OCTETS and date_time_text(data.value) is not None
