"""Octet by octet: which field each octet of a frame or an APDU belongs to, for every layer.

An outline walks the octets once more, beside the decoders, and notes each field with its place. It never fails: what it does not know,
or what is not as it should be, is one field to the end. The fields of a layer follow one another without a gap.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from ferraris.codec import Tag, decode_data, read_length, skip_data
from ferraris.cosem import DataType, Obis, types
from ferraris.dlms import hdlc, mbus_segments
from ferraris.dlms.apdu import AttributeDescriptor, DataAccessResult, MethodDescriptor
from ferraris.dlms.inspect.names import attributes_of, name_of
from ferraris.kernel.errors import FerrarisError
from ferraris.kernel.limits import DATA_DEPTH_MAX, OCTET_FIELDS_MAX
from ferraris.kernel.spelling import member_spelled

OBIS_OCTETS: Final = 6
VALUE_CHARACTERS_MAX: Final = 60


@dataclass(frozen=True, slots=True)
class OctetField:
    """One field: where it begins in its layer, its octets, its name and what it says."""

    layer: str
    offset: int
    octets: bytes
    name: str
    value: str = ""


class _EndedError(Exception):
    """The octets end, or cannot be outlined further: the rest is one field."""


class Outline:
    """The fields of one layer while they are noted."""

    def __init__(self, layer: str, octets: bytes) -> None:
        self.layer = layer
        self.octets = octets
        self.offset = 0
        self.fields: list[OctetField] = []

    @property
    def left(self) -> int:
        """Octets not noted yet."""
        return len(self.octets) - self.offset

    def peek(self) -> int:
        """The next octet, not noted."""
        if not self.left:
            raise _EndedError
        return self.octets[self.offset]

    def note(self, name: str, count: int, value: str | None = None) -> bytes:
        """Note a field of `count` octets; its value is its number unless given."""
        if not count:
            return b""
        if count > self.left or len(self.fields) >= OCTET_FIELDS_MAX:
            raise _EndedError
        octets = self.octets[self.offset : self.offset + count]
        shown = _number(octets) if value is None else value
        self.fields.append(OctetField(self.layer, self.offset, octets, name, shown))
        self.offset += count
        return octets

    def number(self, name: str, count: int = 1) -> int:
        """Note a number of so many octets."""
        return int.from_bytes(self.note(name, count), "big")

    def flag(self, name: str) -> bool:
        """Note the flag before an OPTIONAL field."""
        present = self.peek() != 0
        self.note(f"{name} present", 1, "yes" if present else "no")
        return present

    def choice(self, name: str, names: dict[int, str]) -> int:
        """Note an octet that names one of several things."""
        chosen = self.peek()
        self.note(name, 1, names.get(chosen, str(chosen)))
        return chosen

    def length(self, name: str) -> int:
        """Note a length or a count."""
        try:
            length, end = read_length(self.octets, self.offset)
        except FerrarisError:
            raise _EndedError from None
        self.note(name, end - self.offset, str(length))
        return length

    def string(self, name: str) -> bytes:
        """Note a length and the octets that it counts."""
        count = self.length(f"{name} length")
        return self.note(name, count, "") if count else b""

    def rest(self, name: str) -> None:
        """Note all that is left as one field."""
        if self.left:
            octets = self.octets[self.offset :]
            self.fields.append(OctetField(self.layer, self.offset, octets, name))
            self.offset = len(self.octets)


def outline(layer: str, octets: bytes, walk: Callable[[Outline], None]) -> list[OctetField]:
    """The fields of `octets` that `walk` notes, and the rest as one more."""
    noted = Outline(layer, octets)
    try:
        walk(noted)
    except _EndedError:
        noted.rest("cannot be read further")
    noted.rest("further octets")
    return noted.fields


def wrapper_fields(octets: bytes) -> list[OctetField]:
    """The header of a WPDU; its APDU is a layer of its own."""

    def walk(o: Outline) -> None:
        o.number("version", 2)
        o.number("source", 2)
        o.number("destination", 2)
        o.number("length", 2)
        if o.left:
            o.note("apdu", o.left, "")

    return outline("wrapper", octets, walk)


def hdlc_fields(octets: bytes) -> list[OctetField]:
    """A frame with or without its flags."""

    def walk(o: Outline) -> None:
        if o.peek() == hdlc.FLAG:
            o.note("flag", 1, "")
        begin = o.offset
        size = hdlc.frame_length(o.octets, begin)
        segmented = ", segmented" if o.octets[begin] & 0x08 else ""
        o.note("format", 2, f"type 3, {size} octets{segmented}")
        for name in ("destination address", "source address"):
            count = next(
                (
                    n
                    for n in (1, 2, 4)
                    if o.octets[o.offset + n - 1 : o.offset + n][-1:] > b"" and o.octets[o.offset + n - 1] & 1
                ),
                0,
            )
            if not count:
                raise _EndedError
            o.note(name, count, "/".join(str(octet >> 1) for octet in o.octets[o.offset : o.offset + count]))
        kind = hdlc.parse_frame(o.octets[begin : begin + size]).frame.kind
        o.note("control", 1, str(kind))
        information = begin + size - 2 - o.offset - 2
        if information > 0:
            o.note("header check sequence", 2, "")
            o.note("information", information, "")
        o.note("frame check sequence", 2, "")
        if o.left and o.peek() == hdlc.FLAG:
            o.note("flag", 1, "")

    def safe(o: Outline) -> None:
        try:
            walk(o)
        except (FerrarisError, IndexError):
            raise _EndedError from None

    return outline("hdlc", octets, safe)


def data_fields(o: Outline, name: str, datatype: DataType[Any] | None = None, depth: int = 0) -> None:
    """Note one A-XDR value, its members by the names of their declaration where one is known."""
    tag = o.peek()
    if isinstance(datatype, types.Nullable):
        datatype = datatype.datatype
    if depth >= DATA_DEPTH_MAX or tag not in _TAGS:
        raise _EndedError
    spelled = Tag(tag).standard_name
    if tag in (Tag.ARRAY, Tag.STRUCTURE):
        try:
            count, end = read_length(o.octets, o.offset + 1)
        except FerrarisError:
            raise _EndedError from None
        o.note(name, end - o.offset, f"{spelled} of {count}")
        for number in range(count):
            member, inner = _member(datatype, number, name)
            data_fields(o, member, inner, depth + 1)
        return
    try:
        end = skip_data(o.octets, o.offset)
    except FerrarisError:
        raise _EndedError from None
    o.note(name, end - o.offset, f"{spelled} {_shown(o.octets, o.offset, tag, datatype)}".rstrip())


def _member(datatype: DataType[Any] | None, number: int, name: str) -> tuple[str, DataType[Any] | None]:
    if isinstance(datatype, types.Structure) and number < len(datatype.members):
        member, inner = datatype.members[number]
        return f"{name}.{member}", inner
    return f"{name}[{number + 1}]", datatype.item if isinstance(datatype, types.Array) else None


def _shown(octets: bytes, offset: int, tag: int, datatype: DataType[Any] | None) -> str:
    try:
        value = decode_data(octets, offset)[0].value
    except FerrarisError:
        return ""
    if isinstance(value, bytes):
        if tag == Tag.OCTET_STRING and len(value) == OBIS_OCTETS:
            return str(Obis(value))
        text = value.decode("ascii", "replace")
        return repr(text) if text.isprintable() and text else ""
    if tag == Tag.ENUM and isinstance(datatype, types.Enumerated):
        try:
            member: IntEnum = datatype.enumeration(value)
        except ValueError:
            return str(value)
        return f"{value} {member.name.lower().replace('_', '-')}"
    return str(value)[:VALUE_CHARACTERS_MAX]


def descriptor_fields(o: Outline, *, method: bool = False) -> AttributeDescriptor | MethodDescriptor:
    """Note class, logical name and attribute or method; the last field says what they name."""
    class_id = o.number("class_id", 2)
    name = Obis(o.octets[o.offset : o.offset + OBIS_OCTETS]) if o.left >= OBIS_OCTETS else None
    if name is None:
        raise _EndedError
    o.note("logical_name", OBIS_OCTETS, str(name))
    number = o.peek() - 256 * (o.peek() > 127)
    descriptor = (MethodDescriptor if method else AttributeDescriptor)(class_id, name, number)
    o.note("method_id" if method else "attribute_id", 1, f"{number}: {name_of(descriptor)}")
    return descriptor


def datatype_of(descriptor: AttributeDescriptor | MethodDescriptor | None) -> DataType[Any] | None:
    """The declared type of an attribute, where there is one."""
    if not isinstance(descriptor, AttributeDescriptor):
        return None
    declared = attributes_of(descriptor.class_id, descriptor.attribute_id)
    return declared[0].datatype if declared else None


def code_field(o: Outline, name: str, kind: type[IntEnum]) -> None:
    """Note an octet that is one of an enumeration."""
    value = o.peek()
    known = {int(member): member_spelled(member) for member in kind}
    o.note(name, 1, known.get(value, str(value)))


def result_fields(o: Outline, name: str, descriptor: AttributeDescriptor | MethodDescriptor | None = None) -> None:
    """Note data or a data-access-result, with the octet that says which."""
    if o.choice(f"{name} choice", {0: "data", 1: "data-access-result"}) == 0:
        data_fields(o, name, datatype_of(descriptor))
    else:
        code_field(o, name, DataAccessResult)


def mbus_fields(octets: bytes) -> list[OctetField]:
    """Long frames of wired M-Bus, one behind the other."""

    def walk(o: Outline) -> None:
        while o.left and o.peek() == mbus_segments.START:
            o.note("start", 1, "")
            size = o.number("length")
            o.number("length again")
            o.note("start again", 1, "")
            o.number("control")
            o.number("address")
            information = o.peek()
            last = ", the last one" if information & mbus_segments.LAST_SEGMENT else ""
            o.note("control-information", 1, f"segment {information & mbus_segments.SEGMENT_NUMBER}{last}")
            o.number("source")
            o.number("destination")
            o.note("piece", max(0, size - 5), "")
            o.note("checksum", 1, "")
            o.note("stop", 1, "")

    return outline("mbus", octets, walk)


def _number(octets: bytes) -> str:
    return str(int.from_bytes(octets, "big")) if len(octets) <= 8 else ""


_TAGS: Final = frozenset(int(tag) for tag in Tag)
