"""Requests by logical names carried out by short names: GET, SET and ACTION as READ and WRITE, and their answers back.

So a client's user names objects the same way in both kinds of association. What has no short name is not asked for: its place
in the answer says that the object is undefined, as a server would. A method that answers with data is read, with its argument
as the parameter; any other is written (Green Book, mapping of services).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

from ferraris.cosem import AssociationSnV0, ObjectListElementSn, ShortNames, interface_class
from ferraris.cosem.classes.association_sn import BASE_NAME
from ferraris.cosem.short_names import attribute_offset
from ferraris.dlms.apdu import (
    ActionAnswer,
    ActionRequestNormal,
    ActionRequestWithList,
    ActionResponseNormal,
    ActionResponseWithList,
    ActionResult,
    AttributeDescriptor,
    DataAccessResult,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithList,
    MethodDescriptor,
    ParameterisedAccess,
    ReadRequest,
    ReadResponse,
    SelectiveAccess,
    SetRequestNormal,
    SetRequestWithList,
    SetResponseNormal,
    SetResponseWithList,
    VariableAccess,
    VariableName,
    WriteRequest,
)
from ferraris.dlms.events import Request, Response, ShortNameResponse
from ferraris.kernel.errors import LocalProtocolError, RefusedError, RemoteProtocolError

READ_OBJECT_LIST: Final = ReadRequest((VariableName(BASE_NAME + attribute_offset(AssociationSnV0.object_list.number)),))
"""Asks Association SN for all objects and their base names."""
NULL_DATA: Final = b"\x00"

Result = bytes | DataAccessResult
Wanted = tuple[VariableAccess | None, bytes]
"""What is to be read or written, if it has a short name, and the value to be written."""


def short_names_in(response: object) -> ShortNames:
    """The short names that the answer to READ_OBJECT_LIST tells. Raises RefusedError, DecodeError, RemoteProtocolError."""
    if not isinstance(response, ReadResponse) or len(response.results) != 1:
        raise RemoteProtocolError("no object list of Association SN", got=type(response).__name__)
    result = response.results[0]
    if not isinstance(result, bytes):
        code = int(result) if isinstance(result, DataAccessResult) else int(DataAccessResult.OTHER_REASON)
        raise RefusedError("the meter does not give its object list", result=DataAccessResult(code).name, code=code)
    elements: tuple[ObjectListElementSn, ...] = AssociationSnV0.object_list.datatype.decode(result)
    return ShortNames(elements)


class ShortNameExchange:
    """One request by logical names, on its way there and back."""

    __slots__ = ("_places", "_request", "_wanted", "request")

    def __init__(self, request: Request, names: ShortNames) -> None:
        """Raises LocalProtocolError for a request that short names have no service for."""
        self._request = request
        wanted, reading = _wanted(request, names)
        self._wanted = len(wanted)
        self._places = [place for place, (specification, _) in enumerate(wanted) if specification is not None]
        specifications = tuple(specification for specification, _ in wanted if specification is not None)
        self.request: ReadRequest | WriteRequest | None = None
        """What to send; None when nothing asked for has a short name."""
        if specifications and reading:
            self.request = ReadRequest(specifications)
        elif specifications:
            self.request = WriteRequest(specifications, tuple(wanted[place][1] for place in self._places))

    def answer(self, response: ShortNameResponse | None) -> Response:
        """The answer by logical names; `response` is that to `request`. Raises RemoteProtocolError."""
        results: list[Result] = [DataAccessResult.OBJECT_UNDEFINED] * self._wanted
        if response is not None:
            got = response.results
            if len(got) != len(self._places):  # one refusal for all of them
                got = (got[0],) * len(self._places)
            for place, result in zip(self._places, got, strict=True):
                if not isinstance(result, bytes | DataAccessResult):
                    raise RemoteProtocolError("a block where a result should be", got=type(result).__name__)
                results[place] = result
        return _response(self._request, results)


def _wanted(request: Request, names: ShortNames) -> tuple[Sequence[Wanted], bool]:
    """What is asked for, and whether it is read."""
    match request:
        case GetRequestNormal():
            return [(_attribute(names, request.descriptor, request.selection), NULL_DATA)], True
        case GetRequestWithList():
            return [(_attribute(names, *item), NULL_DATA) for item in request.items], True
        case SetRequestNormal():
            return [(_attribute(names, request.descriptor, request.selection), request.value)], False
        case SetRequestWithList():
            pairs = zip(request.items, request.values, strict=True)
            return [(_attribute(names, *item), value) for item, value in pairs], False
        case ActionRequestNormal():
            return _methods(names, [(request.descriptor, request.parameters or NULL_DATA)])
        case ActionRequestWithList():
            return _methods(names, list(zip(request.descriptors, request.parameters, strict=True)))
        case _:
            name = type(request).__name__
            raise LocalProtocolError("short names have no such service", expected="GET, SET or ACTION", got=name)


def _attribute(
    names: ShortNames, descriptor: AttributeDescriptor, selection: SelectiveAccess | None
) -> VariableAccess | None:
    name = names.of_attribute(descriptor.class_id, descriptor.logical_name, descriptor.attribute_id)
    if name is None:
        return None
    return (
        VariableName(name) if selection is None else ParameterisedAccess(name, selection.selector, selection.parameters)
    )


def _methods(names: ShortNames, calls: Sequence[tuple[MethodDescriptor, bytes]]) -> tuple[Sequence[Wanted], bool]:
    reading = any(_answers_with_data(names, descriptor) for descriptor, _ in calls)
    wanted: list[Wanted] = []
    for descriptor, argument in calls:
        name = names.of_method(descriptor.class_id, descriptor.logical_name, descriptor.method_id)
        specification: VariableAccess | None = None
        if name is not None:
            specification = ParameterisedAccess(name, 0, argument) if reading else VariableName(name)
        wanted.append((specification, argument))
    return wanted, reading


def _answers_with_data(names: ShortNames, descriptor: MethodDescriptor) -> bool:
    element = names.find(descriptor.class_id, descriptor.logical_name)
    interface = None if element is None else interface_class(element.class_id, element.version)
    method = None if interface is None else interface.method(descriptor.method_id)
    return method is not None and method.result is not None


def _response(request: Request, results: list[Result]) -> Response:
    match request:
        case GetRequestNormal(invoke_id):
            return GetResponseNormal(invoke_id, results[0])
        case GetRequestWithList(invoke_id):
            return GetResponseWithList(invoke_id, tuple(results))
        case SetRequestNormal(invoke_id):
            return SetResponseNormal(invoke_id, _written(results[0]))
        case SetRequestWithList(invoke_id):
            return SetResponseWithList(invoke_id, tuple(map(_written, results)))
        case ActionRequestNormal(invoke_id):
            answer = _carried_out(results[0])
            return ActionResponseNormal(invoke_id, answer.result, answer.data)
        case _:
            listed = cast("ActionRequestWithList", request)
            return ActionResponseWithList(listed.invoke_id_and_priority, tuple(map(_carried_out, results)))


def _written(result: Result) -> DataAccessResult:
    if isinstance(result, bytes):
        raise RemoteProtocolError("a value as the answer to a write", expected="a data-access-result")
    return result


def _carried_out(result: Result) -> ActionAnswer:
    if isinstance(result, bytes):
        return ActionAnswer(ActionResult.SUCCESS, result)
    try:
        return ActionAnswer(ActionResult(int(result)), None)
    except ValueError:
        return ActionAnswer(ActionResult.OTHER_REASON, None)
