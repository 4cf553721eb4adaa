"""Requests of an associated client to answers: does the object exist, may this association, then the logical device.

A refusal is a data-access-result or action-result as the standard names it; nothing a client sends raises an error here.
"""

from __future__ import annotations

from typing import Final

from ferraris.cosem import AccessMode, ProfileObject
from ferraris.cosem.classes.array_manager import ArrayManager
from ferraris.cosem.classes.data_protection import DataProtection
from ferraris.dlms import Request, Response
from ferraris.dlms.apdu import (
    BREAK_ON_ERROR,
    SELF_DESCRIPTIVE,
    AccessAnswer,
    AccessItem,
    AccessKind,
    AccessRequest,
    AccessResponse,
    ActionAnswer,
    ActionRequestNormal,
    ActionRequestWithList,
    ActionResponseNormal,
    ActionResponseWithList,
    ActionResult,
    AttributeDescriptor,
    DataAccessResult,
    ExceptionResponse,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithList,
    MethodDescriptor,
    SelectiveAccess,
    ServiceErrorCode,
    SetRequestNormal,
    SetRequestWithList,
    SetResponseNormal,
    SetResponseWithList,
    StateError,
)
from ferraris.meter.data_protection import BUFFER, ProtectedAccess, Services
from ferraris.meter.device import LogicalDevice
from ferraris.meter.live_values import Moment, Partner
from ferraris.meter.managed_arrays import ManagedArrays

NULL_DATA: Final = b"\x00"
REQUEST_PROTECTION: Final = int(
    AccessMode.AUTHENTICATED_REQUEST | AccessMode.ENCRYPTED_REQUEST | AccessMode.DIGITALLY_SIGNED_REQUEST
)
RESPONSE_BITS: Final = 3
"""How far the bits for responses stand above those for requests."""
DATA_PROTECTION: Final = DataProtection.class_id
ARRAY_MANAGER: Final = ArrayManager.class_id
_ANSWERED_AS: Final = {
    AccessKind.GET_WITH_SELECTION: AccessKind.GET,
    AccessKind.SET_WITH_SELECTION: AccessKind.SET,
}


def answer(device: LogicalDevice, partner: Partner, request: Request, now_ms: int) -> Response:
    """The answer to one whole request at `now_ms`, which is protected as its request."""
    return _answer(device, device.moment(now_ms, partner), request)


def protected_answer(device: LogicalDevice, partner: Partner, request: Request, now_ms: int) -> tuple[Response, int]:
    """The answer, and what it must have beyond its request's protection, in the bits of an access mode for requests."""
    moment = device.moment(now_ms, partner)
    moment.answer_protection = 0 if partner.ciphered else None
    response = _answer(device, moment, request)
    return response, moment.answer_protection or 0


def _answer(device: LogicalDevice, moment: Moment, request: Request) -> Response:
    if isinstance(request, AccessRequest):
        return access(device, moment, request)
    invoke_id = request.invoke_id_and_priority
    match request:
        case GetRequestNormal():
            return GetResponseNormal(invoke_id, get(device, moment, request.descriptor, request.selection))
        case GetRequestWithList():
            results = tuple(get(device, moment, descriptor, selection) for descriptor, selection in request.items)
            return GetResponseWithList(invoke_id, results)
        case SetRequestNormal():
            return SetResponseNormal(
                invoke_id, set_value(device, moment, request.descriptor, request.selection, request.value)
            )
        case SetRequestWithList() if len(request.items) == len(request.values):
            items = zip(request.items, request.values, strict=True)
            written = tuple(set_value(device, moment, *item, value) for item, value in items)
            return SetResponseWithList(invoke_id, written)
        case ActionRequestNormal():
            acted = act(device, moment, request.descriptor, request.parameters)
            return ActionResponseNormal(invoke_id, acted, moment.take_answer())
        case ActionRequestWithList() if len(request.descriptors) == len(request.parameters):
            calls = zip(request.descriptors, request.parameters, strict=True)
            answers = tuple(ActionAnswer(act(device, moment, *call), moment.take_answer()) for call in calls)
            return ActionResponseWithList(invoke_id, answers)
        case _:
            return ExceptionResponse(StateError.SERVICE_UNKNOWN, ServiceErrorCode.SERVICE_NOT_SUPPORTED, None)


def access(device: LogicalDevice, moment: Moment, request: AccessRequest) -> AccessResponse:
    """The answers to the items of an access-request, in their order.

    The standard wants as many answers as items. After the first refusal with break-on-error, those left are not looked at and
    answered with other-reason.
    """
    options = request.long_invoke_id_and_priority
    values: list[bytes] = []
    answers: list[AccessAnswer] = []
    broken_off = False
    for item, value in zip(request.items, request.values, strict=True):
        kind = _ANSWERED_AS.get(item.kind, item.kind)
        if broken_off:
            left = ActionResult.OTHER_REASON if kind is AccessKind.ACTION else DataAccessResult.OTHER_REASON
            values.append(NULL_DATA)
            answers.append((kind, left))
            continue
        octets, result = _carry_out(device, moment, item, value)
        values.append(octets)
        answers.append((kind, result))
        broken_off = bool(options & BREAK_ON_ERROR) and result != DataAccessResult.SUCCESS
    items = request.items if options & SELF_DESCRIPTIVE else None
    return AccessResponse(options, b"", items, tuple(values), tuple(answers))


def _carry_out(
    device: LogicalDevice, moment: Moment, item: AccessItem, value: bytes
) -> tuple[bytes, DataAccessResult | ActionResult]:
    """What one item returns, null-data where there is nothing, and how it went."""
    if isinstance(item.descriptor, MethodDescriptor):
        acted = act(device, moment, item.descriptor, value)
        return moment.take_answer() or NULL_DATA, acted
    if item.kind in (AccessKind.SET, AccessKind.SET_WITH_SELECTION):
        return NULL_DATA, set_value(device, moment, item.descriptor, item.selection, value)
    got = get(device, moment, item.descriptor, item.selection)
    return (NULL_DATA, got) if isinstance(got, DataAccessResult) else (got, DataAccessResult.SUCCESS)


def get(
    device: LogicalDevice, moment: Moment, descriptor: AttributeDescriptor, selection: SelectiveAccess | None
) -> bytes | DataAccessResult:
    """An attribute's octets, or the refusal."""
    found = _find(device, moment, descriptor)
    if isinstance(found, DataAccessResult):
        return found
    if not _allows(_attribute_access(device, moment, descriptor), AccessMode.READ, moment):
        return DataAccessResult.READ_WRITE_DENIED
    if selection is not None:
        selectors = found.attributes[descriptor.attribute_id].attribute.selectors
        if all(selector.number != selection.selector for selector in selectors):
            return DataAccessResult.SCOPE_OF_ACCESS_VIOLATED
    if found.class_id == DATA_PROTECTION and descriptor.attribute_id == BUFFER:
        return ProtectedAccess(device, found, moment, _SERVICES).read_buffer()
    return device.read(found, descriptor.attribute_id, moment, selection)


def set_value(
    device: LogicalDevice,
    moment: Moment,
    descriptor: AttributeDescriptor,
    selection: SelectiveAccess | None,
    octets: bytes,
) -> DataAccessResult:
    """Whether the attribute was written."""
    found = _find(device, moment, descriptor)
    if isinstance(found, DataAccessResult):
        return found
    if not _allows(_attribute_access(device, moment, descriptor), AccessMode.WRITE, moment):
        return DataAccessResult.READ_WRITE_DENIED
    if selection is not None:
        return DataAccessResult.SCOPE_OF_ACCESS_VIOLATED
    if found.class_id == DATA_PROTECTION and descriptor.attribute_id == BUFFER:
        return ProtectedAccess(device, found, moment, _SERVICES).write_buffer(octets)
    return device.write(found, descriptor.attribute_id, octets, moment)


def act(device: LogicalDevice, moment: Moment, descriptor: MethodDescriptor, parameters: bytes | None) -> ActionResult:
    """Whether the method was carried out."""
    found = _find(device, moment, descriptor)
    if isinstance(found, DataAccessResult):
        return ActionResult(found)
    if descriptor.method_id not in found.methods:
        return ActionResult.OBJECT_UNDEFINED
    assert moment.partner is not None
    if not _allows(device.model.profile.method_access(moment.partner.name, descriptor), AccessMode.EXECUTE, moment):
        return ActionResult.READ_WRITE_DENIED
    if found.class_id == DATA_PROTECTION:
        return ProtectedAccess(device, found, moment, _SERVICES).invoke(descriptor.method_id, parameters)
    if found.class_id == ARRAY_MANAGER:
        return ManagedArrays(device, found, moment, _SERVICES).invoke(descriptor.method_id, parameters)
    return device.invoke(found, descriptor.method_id, parameters, moment)


_SERVICES: Final = Services(get, set_value, act)


def _allows(mode: AccessMode, right: AccessMode, moment: Moment) -> bool:
    """Whether the right is given, and the request is protected as the right asks.

    An answer goes out protected as its request, and stronger where its right asks for that. It is not signed unless its
    request was: that would be a transaction of its own. What the answer cannot have is refused.
    """
    assert moment.partner is not None
    bits = int(mode)  # asked for every item: a flag type would make new members
    protection = moment.partner.protection
    if not bits & int(right) or bits & REQUEST_PROTECTION & ~protection:
        return False
    lacking = bits >> RESPONSE_BITS & REQUEST_PROTECTION & ~protection
    if lacking and (moment.answer_protection is None or lacking & AccessMode.DIGITALLY_SIGNED_REQUEST):
        return False
    if lacking:
        moment.answer_protection = int(moment.answer_protection or 0) | lacking
    return True


def _find(
    device: LogicalDevice, moment: Moment, descriptor: AttributeDescriptor | MethodDescriptor
) -> ProfileObject | DataAccessResult:
    model = device.model
    found = model.find(descriptor.class_id, descriptor.logical_name)
    assert moment.partner is not None
    if found is None:
        known = model.has_name(descriptor.logical_name)
        return DataAccessResult.OBJECT_CLASS_INCONSISTENT if known else DataAccessResult.OBJECT_UNDEFINED
    if not model.sees(moment.partner.name, found.class_id, found.logical_name):
        return DataAccessResult.OBJECT_UNDEFINED
    if isinstance(descriptor, AttributeDescriptor) and descriptor.attribute_id not in found.attributes:
        return DataAccessResult.OBJECT_UNDEFINED
    return found


def _attribute_access(device: LogicalDevice, moment: Moment, descriptor: AttributeDescriptor) -> AccessMode:
    assert moment.partner is not None
    return device.model.profile.access(moment.partner.name, descriptor)
