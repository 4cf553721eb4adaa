"""The object browser: what a meter presents, generated from its companion profile and the declarations of the classes.

Last known values come from what was stored and from what operators have read; a value nobody has read is not made up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ferraris.cosem import (
    AccessMode,
    Attribute,
    CompanionProfile,
    Method,
    ProfileObject,
    Register,
    ScalerUnit,
    channels,
    obis_meaning,
    to_plain,
)
from ferraris.headend import CommandKind
from ferraris.kernel.errors import ConfigError
from ferraris.kernel.json_text import read_json_object
from ferraris.store import CommandRow, CommandState, Reading

MS_PER_S = 1_000


@dataclass(frozen=True, slots=True)
class KnownValue:
    """A value as a person reads it, and when the meter had it. Without a time it is the one that the profile lays down."""

    value: Any
    time_ms: int | None
    source: str


@dataclass(frozen=True, slots=True)
class AttributeView:
    """An attribute of an object. `access`: the rights of the association in which the head-end reads.

    A number counts 10^scaler of `unit`.
    """

    number: int
    name: str
    data_type: str
    access: str
    dynamic: bool
    scaler: int
    unit: str
    known: KnownValue | None


@dataclass(frozen=True, slots=True)
class MethodView:
    number: int
    name: str
    argument_type: str
    executable: bool


@dataclass(frozen=True, slots=True)
class ObjectView:
    """A COSEM object: its interface class, its logical name with tag and meaning, and what it has."""

    logical_name: str
    tag: str
    meaning: str
    class_id: int
    version: int
    interface_class: str
    attributes: tuple[AttributeView, ...]
    methods: tuple[MethodView, ...]


KnownValues = dict[tuple[int, str, int], KnownValue]
"""By class_id, logical name and attribute number."""


def browse(profile: CompanionProfile, association: str | None, known: KnownValues) -> tuple[ObjectView, ...]:
    """The objects that the association sees, in the order in which the meter lists them."""
    listed = profile.object_list(association) if association is not None else ()
    rights = {(element.class_id, bytes(element.logical_name)): element.access_rights for element in listed}
    views = []
    for entry in profile.objects:
        right = rights.get((entry.class_id, bytes(entry.logical_name)))
        if right is None:
            continue
        modes = {access.attribute_id: access.access_mode for access in right.attribute_access}
        executable = {access.method_id for access in right.method_access if access.access_mode}
        views.append(_view(entry, modes, executable, known))
    return tuple(views)


def known_values(profile: CompanionProfile, stored: Iterable[Reading], commands: Iterable[CommandRow]) -> KnownValues:
    """The last known values: readings that were stored, and answers to *read now* and *read attribute*, the newest each."""
    found: KnownValues = {}
    for reading in stored:
        channel = channels.by_number(reading.channel)
        if channel is not None:
            key = Register.class_id, str(channel.logical_name), channel.attribute
            _keep(found, key, KnownValue(reading.value, reading.time_s * MS_PER_S, "collected"))
    registers = {entry.tag: entry for entry in profile.objects}
    for row in commands:
        if row.state is CommandState.CONFIRMED and row.finished_ms is not None:
            for key, value in _answers(row, registers):
                _keep(found, key, KnownValue(value, row.finished_ms, "read"))
    return found


def argument_of(entry: ObjectView, number: int) -> str:
    """The argument of a *read attribute* command: class_id/logical_name/attribute."""
    return f"{entry.class_id}/{entry.logical_name}/{number}"


def _answers(row: CommandRow, registers: dict[str, ProfileObject]) -> list[tuple[tuple[int, str, int], Any]]:
    """What a command's answer says of attributes. Text that is no such answer says nothing."""
    try:
        answer = read_json_object(row.detail, "what is told of a command")
        if row.kind == CommandKind.READ_ATTRIBUTE:
            class_id, logical_name, number = row.argument.split("/")
            return [((int(class_id), logical_name, int(number)), answer["value"])]
        if row.kind == CommandKind.READ_NOW:
            return [
                ((registers[tag].class_id, str(registers[tag].logical_name), Register.value.number), shown["value"])
                for tag, shown in answer.items()
                if tag in registers and "value" in shown
            ]
    except (ValueError, KeyError, TypeError, ConfigError):
        return []
    return []


def _keep(found: KnownValues, key: tuple[int, str, int], value: KnownValue) -> None:
    before = found.get(key)
    if before is None or (before.time_ms or 0) < (value.time_ms or 0):
        found[key] = value


def _view(entry: ProfileObject, modes: dict[int, AccessMode], executable: set[int], known: KnownValues) -> ObjectView:
    return ObjectView(
        logical_name=str(entry.logical_name),
        tag=entry.tag,
        meaning=obis_meaning(entry.logical_name) or "",
        class_id=entry.class_id,
        version=entry.version,
        interface_class=entry.interface.__name__,
        attributes=tuple(
            _attribute(entry, rule.attribute, modes.get(number, AccessMode.NONE), known)
            for number, rule in entry.attributes.items()
        ),
        methods=tuple(_method(method, method.number in executable) for method in entry.interface.methods()),
    )


def _attribute(entry: ProfileObject, attribute: Attribute[Any], mode: AccessMode, known: KnownValues) -> AttributeView:
    rule = entry.attributes[attribute.number]
    key = entry.class_id, str(entry.logical_name), attribute.number
    value = known.get(key)
    if value is None and attribute.kind.value == "static" and mode & AccessMode.READ:
        value = KnownValue(to_plain(rule.datatype.decode(rule.initial)), None, "profile")
    scaler, unit = _scaler_unit(entry.scaler_unit, attribute)
    return AttributeView(
        number=attribute.number,
        name=attribute.name,
        data_type=rule.datatype.name,
        access=access_text(mode),
        dynamic=attribute.kind.value == "dynamic",
        scaler=scaler,
        unit=unit,
        known=value,
    )


def access_text(mode: AccessMode) -> str:
    """The rights in a word each: read, write."""
    words = [word for word, right in (("read", AccessMode.READ), ("write", AccessMode.WRITE)) if mode & right]
    return " and ".join(words) or "none"


def _scaler_unit(scaler_unit: ScalerUnit | None, attribute: Attribute[Any]) -> tuple[int, str]:
    if attribute.name == "value" and scaler_unit is not None:
        return scaler_unit.scaler, scaler_unit.unit.symbol
    return 0, "" if attribute.unit is None else attribute.unit.symbol


def _method(method: Method[Any, Any], executable: bool) -> MethodView:
    return MethodView(method.number, method.name, method.argument.name, executable)
