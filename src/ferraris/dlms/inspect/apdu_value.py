"""An APDU's fields as JSON can carry them: octets in hexadecimal, encoded values as trees, enumerations with their names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from enum import IntEnum
from typing import Final, get_args

from ferraris.dlms.apdu import (
    Aare,
    Aarq,
    AccessItem,
    ActionAnswer,
    AgreedKey,
    Apdu,
    AttributeDescriptor,
    Block,
    BlockNumber,
    Conformance,
    DataBlockResult,
    DataNotification,
    GetResponseWithBlock,
    IdentifiedKey,
    KeyInfo,
    MethodDescriptor,
    Rlre,
    Rlrq,
    SelectiveAccess,
    VariableAccess,
    WrappedKey,
)
from ferraris.dlms.inspect.readings import date_time_text, interpret
from ferraris.dlms.inspect.tree import Json, descriptor_to_json, to_json
from ferraris.dlms.untagged import read_value
from ferraris.kernel.spelling import member_spelled

ENCODED: Final = frozenset({"value", "values", "parameters", "result", "results", "data", "body"})
"""Fields that hold encoded values wherever they hold octets (a block of one excepted)."""

ACSE_NAMES: Final[dict[type[Apdu], str]] = {Aarq: "AARQ", Aare: "AARE", Rlrq: "RLRQ", Rlre: "RLRE"}


def apdu_name(apdu: Apdu) -> str:
    """The APDU's name: the ACSE's four as the standard writes them, the others as their types here."""
    return ACSE_NAMES.get(type(apdu), type(apdu).__name__)


def apdu_value(apdu: Apdu, warnings: list[str]) -> Json:
    """The fields of `apdu`. Raises DecodeError for an encoded value that is none; adds to `warnings` what was tolerated."""
    return {name: value for field in fields(apdu) for name, value in _field(apdu, field.name, warnings).items()}


def notification_value(notification: DataNotification, warnings: list[str]) -> Json:
    """The fields of a push, its tree, and its readings."""
    body = read_value(notification.body)
    warnings.extend(body.deviations)
    if notification.tagged_date_time:
        warnings.append("the date-time is written as a tagged octet-string (09 0c)")
    return {
        "long_invoke_id_and_priority": notification.long_invoke_id_and_priority,
        "date_time": date_time_text(notification.date_time) if notification.date_time else None,
        "date_time_octets": notification.date_time.hex(),
        **interpret(body.data, tagged_date_time=notification.tagged_date_time),
        "body": to_json(body.data),
    }


def _field(apdu: Apdu, name: str, warnings: list[str]) -> dict[str, Json]:
    value = getattr(apdu, name)
    encoded = name in ENCODED and not isinstance(apdu, GetResponseWithBlock)
    shown = _shown(value, encoded, warnings)
    if isinstance(value, IntEnum):
        return {name: shown, f"{name}_name": member_spelled(value)}
    if isinstance(value, Conformance):
        return {name: shown, f"{name}_names": [member_spelled(flag) for flag in value]}
    return {name: shown}


def _shown(value: object, encoded: bool, warnings: list[str]) -> Json:
    if isinstance(value, bytes):
        return _octets(value, warnings) if encoded else value.hex()
    for kind, show in _COMPOUNDS.items():
        if isinstance(value, kind):
            return show(value, warnings)
    if isinstance(value, tuple):
        return [_shown(element, encoded, warnings) for element in value]
    return int(value) if isinstance(value, IntEnum | Conformance) else value


def _octets(octets: bytes, warnings: list[str]) -> Json:
    reading = read_value(octets)
    warnings.extend(reading.deviations)
    return to_json(reading.data)


def _method(value: MethodDescriptor, _warnings: list[str]) -> Json:
    return {"class_id": value.class_id, "logical_name": str(value.logical_name), "method_id": value.method_id}


def _attribute(value: AttributeDescriptor, _warnings: list[str]) -> Json:
    return descriptor_to_json(value)


def _selection(value: SelectiveAccess, warnings: list[str]) -> Json:
    return {"selector": value.selector, "parameters": _octets(value.parameters, warnings)}


def _block(value: Block, _warnings: list[str]) -> Json:
    return {"last_block": value.last_block, "block_number": value.block_number, "octets": value.octets.hex()}


def _answer(value: ActionAnswer, warnings: list[str]) -> Json:
    return {
        "result": int(value.result),
        "result_name": member_spelled(value.result),
        "data": _shown(value.data, True, warnings),
    }


def _item(value: AccessItem, warnings: list[str]) -> Json:
    shown = {"kind": member_spelled(value.kind), "descriptor": _shown(value.descriptor, False, warnings)}
    return shown if value.selection is None else {**shown, "selection": _selection(value.selection, warnings)}


def _key_info(value: KeyInfo, _warnings: list[str]) -> Json:
    parts = {name: getattr(value, name) for name in value.__slots__}
    return {name: part.hex() if isinstance(part, bytes) else part for name, part in parts.items()}


def _short_name_part(value: VariableAccess | DataBlockResult | BlockNumber, warnings: list[str]) -> Json:
    parts = {name: _shown(getattr(value, name), name == "parameter", warnings) for name in value.__slots__}
    return {"choice": type(value).__name__, **parts}


_COMPOUNDS: Final[dict[type, Callable[..., Json]]] = {
    AttributeDescriptor: _attribute,
    MethodDescriptor: _method,
    SelectiveAccess: _selection,
    Block: _block,
    ActionAnswer: _answer,
    AccessItem: _item,
    IdentifiedKey: _key_info,
    WrappedKey: _key_info,
    AgreedKey: _key_info,
    **dict.fromkeys((*get_args(VariableAccess), DataBlockResult, BlockNumber), _short_name_part),
}
