"""What an array manager (class 123) does: single entries of array attributes of other objects are counted, read and changed.

Entries count from 1; an entry inserted at 0 stands before the first, one inserted elsewhere behind the entry of that number (the
public sources say no more of it). An array is read and written through the services, so that a client can do by its manager what it
may do to the array itself, and nothing else; what the meter refuses to write, for its length too, leaves the array
as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ferraris.codec import Data, Tag, decode_whole, encode_data
from ferraris.cosem import ProfileObject
from ferraris.cosem.classes.array_manager import ArrayManager, EntryOfArray, EntryRange, RangeOfArray
from ferraris.dlms.apdu import ActionResult, AttributeDescriptor, DataAccessResult
from ferraris.kernel.errors import FerrarisError
from ferraris.meter.data_protection import Services
from ferraris.meter.device import LogicalDevice
from ferraris.meter.live_values import Moment

OCTET_MAX: Final = 0xFF
_ENTRIES: Final = ArrayManager.retrieve_entries


class _NotDoneError(FerrarisError):
    """The method cannot be carried out."""

    def __init__(self, result: ActionResult | DataAccessResult) -> None:
        super().__init__("an array is not managed so", got=result.name)
        self.result = ActionResult(result)


@dataclass(frozen=True, slots=True)
class ManagedArrays:
    """One invocation of an array manager's method."""

    device: LogicalDevice
    manager: ProfileObject
    moment: Moment
    services: Services

    def invoke(self, method_id: int, octets: bytes | None) -> ActionResult:
        """Carry out a method; what it answers goes into the moment."""
        method = self.manager.interface.method(method_id)
        assert method is not None  # rights are given to methods that there are
        try:
            wanted = method.argument.decode(octets or b"")
        except FerrarisError:
            return ActionResult.TYPE_UNMATCHED
        try:
            self.moment.answer = self._carry_out(method_id, wanted)
        except _NotDoneError as refusal:
            return refusal.result
        return ActionResult.SUCCESS

    def _carry_out(self, method_id: int, wanted: int | RangeOfArray | EntryOfArray) -> bytes | None:
        """The encoded answer, if there is one."""
        place = self._place(wanted if isinstance(wanted, int) else wanted.array_object_id)
        entries = self._entries(place)
        if isinstance(wanted, int):
            return encode_data(
                Data(int(Tag.UNSIGNED if len(entries) <= OCTET_MAX else Tag.LONG_UNSIGNED), len(entries))
            )
        if isinstance(wanted, RangeOfArray):
            part = _part(wanted.entries, len(entries))
            if method_id == _ENTRIES.number:
                return encode_data(Data(int(Tag.ARRAY), tuple(entries[part])))
            self._write(place, [*entries[: part.start], *entries[part.stop :]])
            return None
        index, entry = wanted.entry.index, wanted.entry.entry
        inserts = method_id == ArrayManager.insert_entry.number
        if not (0 if inserts else 1) <= index <= len(entries):
            raise _NotDoneError(ActionResult.SCOPE_OF_ACCESS_VIOLATED)
        at = index if inserts else index - 1
        self._write(place, [*entries[:at], entry, *entries[index:]])
        return None

    def _place(self, number: int) -> AttributeDescriptor:
        octets = self.device.setting(self.manager, ArrayManager.array_object_list.number)
        for listed in ArrayManager.array_object_list.datatype.decode(octets):
            if listed.array_object_id == number:
                array = listed.array_object
                return AttributeDescriptor(array.class_id, array.logical_name, array.attribute_index)
        raise _NotDoneError(ActionResult.OBJECT_UNDEFINED)

    def _entries(self, place: AttributeDescriptor) -> list[Data]:
        octets = self.services.get(self.device, self.moment, place, None)
        if isinstance(octets, DataAccessResult):
            raise _NotDoneError(octets)
        array = decode_whole(octets)
        if array.tag != Tag.ARRAY or not isinstance(array.value, tuple):
            raise _NotDoneError(ActionResult.TYPE_UNMATCHED)
        return [entry for entry in array.value if isinstance(entry, Data)]

    def _write(self, place: AttributeDescriptor, entries: list[Data]) -> None:
        octets = encode_data(Data(int(Tag.ARRAY), tuple(entries)))
        result = self.services.set(self.device, self.moment, place, None, octets)
        if result is not DataAccessResult.SUCCESS:
            raise _NotDoneError(result)


def _part(entries: EntryRange, count: int) -> slice:
    if not 1 <= entries.from_index <= entries.to_index <= count:
        raise _NotDoneError(ActionResult.SCOPE_OF_ACCESS_VIOLATED)
    return slice(entries.from_index - 1, entries.to_index)
