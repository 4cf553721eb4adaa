"""What descriptors mean: class and attribute by their declarations, the object by the table of logical names, values typed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from ferraris.cosem import Attribute, CosemObject, Method, Obis, interface_classes, obis_meaning, to_plain
from ferraris.dlms.apdu import AttributeDescriptor, MethodDescriptor
from ferraris.dlms.inspect.tree import Json
from ferraris.kernel.errors import DecodeError

_VERSION: Final = re.compile(r"V\d+$")


def name_of(descriptor: AttributeDescriptor | MethodDescriptor) -> str:
    """`Register.value 1.0.1.8.0.255: Active energy import, total`."""
    declared: Sequence[Attribute[object] | Method[object, object]]
    if isinstance(descriptor, AttributeDescriptor):
        declared = attributes_of(descriptor.class_id, descriptor.attribute_id)
        what = f"attribute {descriptor.attribute_id}"
    else:
        declared = methods_of(descriptor.class_id, descriptor.method_id)
        what = f"method {descriptor.method_id}"
    spelled = (
        f"{_class_name(declared[0].owner)}.{declared[0].name}" if declared else f"class {descriptor.class_id} {what}"
    )
    title = title_of(descriptor.logical_name)
    return f"{spelled} {descriptor.logical_name}" + (f": {title}" if title else "")


def _class_name(owner: type[CosemObject]) -> str:
    """Without the version: a capture does not say which one the meter has."""
    return _VERSION.sub("", owner.__name__)


def title_of(logical_name: Obis) -> str:
    """What a logical name means; empty for one that means nothing known."""
    return obis_meaning(logical_name) or ""


def typed(descriptor: AttributeDescriptor, octets: bytes) -> Json:
    """An attribute's value as a person reads it, by the newest version of its class that it fits; None when none does."""
    for attribute in attributes_of(descriptor.class_id, descriptor.attribute_id):
        try:
            return to_plain(attribute.datatype.decode(octets))
        except DecodeError:
            continue
    return None


def attributes_of(class_id: int, number: int) -> list[Attribute[object]]:
    """The declarations of an attribute, newest version first."""
    return [found for interface in _versions(class_id) if (found := interface.attribute(number)) is not None]


def methods_of(class_id: int, number: int) -> list[Method[object, object]]:
    """The declarations of a method, newest version first."""
    return [found for interface in _versions(class_id) if (found := interface.method(number)) is not None]


def _versions(class_id: int) -> list[type[CosemObject]]:
    found = [interface for interface in interface_classes() if interface.class_id == class_id]
    return sorted(found, key=lambda interface: interface.version, reverse=True)
