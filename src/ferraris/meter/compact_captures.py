"""What compact data (class 62) capture: the values of other attributes packed into one buffer, with their types in a template.

Where the capture method is implicit, every read of the buffer captures anew; otherwise the method `capture` does, and buffer and
template stay until the next one. Writing other capture objects or resetting empties the buffer, whose template then is that of the
values as they are. What is not there, or is compact data itself, is null-data.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

from ferraris.codec import Data, Tag, decode_whole
from ferraris.cosem import Attribute, Obis, ProfileObject, pack, template_of
from ferraris.cosem.classes.compact_data import CaptureMethod, CompactData, CompactDataV0
from ferraris.cosem.classes.restricted_attribute import RestrictedAttribute
from ferraris.dlms.apdu import ActionResult, DataAccessResult, SelectiveAccess
from ferraris.kernel.errors import FerrarisError
from ferraris.meter.behaviours import CosemObjectView, Outcome, behaviour
from ferraris.meter.changes import Capture, Keep
from ferraris.meter.push_selection import element
from ferraris.meter.restriction import selection_of

COMPUTED: Final = frozenset((CompactData.compact_buffer.number, CompactData.template_description.number))
CAPTURE_OBJECTS: Final = CompactData.capture_objects.number
_NOTHING: Final = Data(Tag.NULL_DATA, None)


class Objects(Protocol):
    """The objects of a meter."""

    def find(self, class_id: int, logical_name: Obis) -> ProfileObject | None: ...


class Attributes(Protocol):
    """A meter's attributes, as they are and as they were set."""

    @property
    def model(self) -> Objects: ...

    def read(
        self, entry: ProfileObject, number: int, moment: Any, selection: SelectiveAccess | None = None
    ) -> bytes | DataAccessResult: ...

    def kept(self, entry: ProfileObject, number: int) -> bytes | None:
        """As it was set or captured; None when it never was."""
        ...


class CompactCapture:
    """The compact data of one object at one moment."""

    def __init__(self, meter: Attributes, entry: ProfileObject, moment: Any) -> None:
        self._meter, self._entry, self._moment = meter, entry, moment

    def read(self, number: int) -> bytes:
        """The buffer or its template, encoded."""
        implicit = self._of(CompactData.capture_method) is CaptureMethod.IMPLICIT
        kept = None if implicit else self._meter.kept(self._entry, number)
        if kept is not None:
            return kept
        template, buffer = self.changes(values=implicit)
        return (template if number == CompactData.template_description.number else buffer).octets

    def changes(self, *, values: bool) -> tuple[Keep, Keep]:
        """The template of the values as they are now, and a buffer with them or with nothing."""
        captured = [self._value(wanted) for wanted in self._of(self._entry.interface.attribute(CAPTURE_OBJECTS))]
        template, buffer = template_of(captured), pack(captured) if values else b""
        return _keep(CompactData.template_description, template), _keep(CompactData.compact_buffer, buffer)

    def _of(self, attribute: Attribute[Any] | None) -> Any:
        assert attribute is not None  # every version has it
        octets = self._meter.read(self._entry, attribute.number, self._moment)
        assert isinstance(octets, bytes)  # without a selection there is nothing to refuse
        return attribute.datatype.decode(octets)

    def _value(self, wanted: Any) -> Data:
        entry = self._meter.model.find(wanted.class_id, wanted.logical_name)
        if entry is None or entry.class_id == CompactData.class_id or wanted.attribute_index not in entry.attributes:
            return _NOTHING
        try:
            selection = selection_of(wanted.restriction) if isinstance(wanted, RestrictedAttribute) else None
            octets = self._meter.read(entry, wanted.attribute_index, self._moment, selection)
            return decode_whole(element(octets, wanted.data_index)) if isinstance(octets, bytes) else _NOTHING
        except FerrarisError:  # a client wrote nonsense
            return _NOTHING


def _keep(attribute: Attribute[Any], value: Any) -> Keep:
    return Keep(attribute, attribute.datatype.encode(value))


@behaviour(CompactData.capture)
def capture(data: CosemObjectView, argument: int, now_ms: int) -> Outcome:
    """Nothing to be done by hand where every read captures."""
    if data.read(CompactData.capture_method) is not CaptureMethod.ON_INVOCATION:
        return Outcome(result=ActionResult.OTHER_REASON)
    return Outcome((Capture(values=True),))


@behaviour(CompactData.reset)
def reset(data: CosemObjectView, argument: int, now_ms: int) -> Outcome:
    """The buffer is empty until the next capture."""
    return Outcome((_keep(CompactData.compact_buffer, b""),))


@behaviour(CompactData.capture_objects)
def other_capture_objects(data: CosemObjectView, value: tuple[Any, ...], now_ms: int) -> Outcome:
    """What was captured before is none of them."""
    attribute: Attribute[Any] = CompactData.capture_objects
    if value and not isinstance(value[0], RestrictedAttribute):
        attribute = CompactDataV0.capture_objects
    return Outcome((_keep(attribute, value), Capture(values=False)))
