"""READ and WRITE of an associated client to answers: the short name tells the object, the rest is as by logical names.

A refusal is a data-access-result as the standard names it; nothing a client sends raises an error here.
"""

from __future__ import annotations

from typing import Final

from ferraris.codec import Tag, write_length
from ferraris.cosem import AssociationSnV0, NamedVariable
from ferraris.cosem.classes.association_sn import CLASS_LIST, OBJECT
from ferraris.dlms import ShortNameRequest, ShortNameResponse
from ferraris.dlms.apdu import (
    AttributeDescriptor,
    DataAccessResult,
    MethodDescriptor,
    ParameterisedAccess,
    ReadRequest,
    ReadResponse,
    SelectiveAccess,
    UnconfirmedWriteRequest,
    VariableAccess,
    VariableName,
    WriteResponse,
)
from ferraris.kernel.errors import FerrarisError
from ferraris.kernel.limits import ATTRIBUTE_DESCRIPTORS_MAX
from ferraris.meter.device import LogicalDevice
from ferraris.meter.dispatch import act, get, set_value
from ferraris.meter.live_values import Moment, Partner
from ferraris.meter.short_name_view import LISTS, OBJECT_LIST, ShortNameView

NULL_DATA: Final = b"\x00"
LIST_METHODS: Final = {
    AssociationSnV0.getlist_by_classid.number: CLASS_LIST.number,
    AssociationSnV0.getobj_by_logicalname.number: OBJECT.number,
}
"""Methods of Association SN version 0 and the selectors that took their place: argument and answer are the same."""


def answer_by_short_names(
    device: LogicalDevice, partner: Partner, request: ShortNameRequest, now_ms: int
) -> tuple[ShortNameResponse | None, int]:
    """The answer to one whole request at `now_ms`; None to an unconfirmed write, which is carried out all the same. And what it
    must have beyond its request's protection, in the bits of an access mode for requests."""
    moment = device.moment(now_ms, partner)
    moment.answer_protection = 0 if partner.ciphered else None
    dispatch = _Dispatch(device, moment, device.model.short_names(partner.name))
    if isinstance(request, ReadRequest):
        read = tuple(map(dispatch.read, request.specifications))
        return ReadResponse(read), moment.answer_protection or 0
    values = (*request.values, *(NULL_DATA,) * (len(request.specifications) - len(request.values)))
    written = tuple(map(dispatch.write, request.specifications, values))
    if isinstance(request, UnconfirmedWriteRequest):
        return None, 0
    return WriteResponse(written), moment.answer_protection or 0


class _Dispatch:
    """One request of one partner."""

    def __init__(self, device: LogicalDevice, moment: Moment, view: ShortNameView) -> None:
        self._device = device
        self._moment = moment
        self._view = view

    def read(self, specification: VariableAccess) -> bytes | DataAccessResult:
        """A value, or what a method answers with (null-data where it has nothing to say)."""
        if not isinstance(specification, VariableName | ParameterisedAccess):
            return DataAccessResult.OTHER_REASON
        variable = self._view.names.resolve(specification.short_name)
        if variable is None:
            return DataAccessResult.OBJECT_UNDEFINED
        if isinstance(specification, VariableName):
            return DataAccessResult.SCOPE_OF_ACCESS_VIOLATED if variable.is_method else self._get(variable, None)
        if not variable.is_method:
            return self._get(variable, SelectiveAccess(specification.selector, specification.parameter))
        if variable.element.class_id == AssociationSnV0.class_id:
            if variable.element.version == 0 and variable.number in LIST_METHODS:
                return self._listed(variable, specification.parameter)
            return self._invoke_association(variable.number, specification.parameter)
        refusal = self._act(variable, specification.parameter)
        return NULL_DATA if refusal is DataAccessResult.SUCCESS else refusal

    def write(self, specification: VariableAccess, value: bytes) -> DataAccessResult:
        """Write an attribute, or invoke a method."""
        if not isinstance(specification, VariableName | ParameterisedAccess):
            return DataAccessResult.OTHER_REASON
        variable = self._view.names.resolve(specification.short_name)
        if variable is None:
            return DataAccessResult.OBJECT_UNDEFINED
        if variable.is_method:
            return self._act(variable, value)
        selection = None
        if isinstance(specification, ParameterisedAccess):
            selection = SelectiveAccess(specification.selector, specification.parameter)
        return set_value(self._device, self._moment, _attribute(variable), selection, value)

    def _get(self, variable: NamedVariable, selection: SelectiveAccess | None) -> bytes | DataAccessResult:
        result = get(self._device, self._moment, _attribute(variable), None)
        if variable.element.class_id == AssociationSnV0.class_id and variable.number in LISTS:
            return self._view.listed(variable.number, selection) if isinstance(result, bytes) else result
        if selection is None or not isinstance(result, bytes):
            return result
        return get(self._device, self._moment, _attribute(variable), selection)

    def _act(self, variable: NamedVariable, argument: bytes) -> DataAccessResult:
        element = variable.element
        descriptor = MethodDescriptor(element.class_id, element.logical_name, variable.number)
        return _as_access_result(int(act(self._device, self._moment, descriptor, argument)))

    def _listed(self, variable: NamedVariable, argument: bytes) -> bytes | DataAccessResult:
        """The part of the object list that a method of version 0 gives to whoever may read the list."""
        element, wanted = variable.element, LIST_METHODS[variable.number]
        descriptor = AttributeDescriptor(element.class_id, element.logical_name, OBJECT_LIST.number)
        result = get(self._device, self._moment, descriptor, None)
        if not isinstance(result, bytes):
            return result
        return self._view.listed(OBJECT_LIST.number, SelectiveAccess(wanted, argument))

    def _invoke_association(self, number: int, argument: bytes) -> bytes | DataAccessResult:
        """The one method that every version of Association SN serves within an association: read_by_logicalname."""
        if number != AssociationSnV0.read_by_logicalname.number:
            return DataAccessResult.READ_WRITE_DENIED
        try:
            wanted = AssociationSnV0.read_by_logicalname.argument.decode(argument)
        except FerrarisError:
            return DataAccessResult.TYPE_UNMATCHED
        if len(wanted) > ATTRIBUTE_DESCRIPTORS_MAX:
            return DataAccessResult.SCOPE_OF_ACCESS_VIOLATED
        out = bytearray((Tag.STRUCTURE,))
        write_length(len(wanted), out)
        for one in wanted:
            descriptor = AttributeDescriptor(one.class_id, one.logical_name, one.attribute_index)
            result = get(self._device, self._moment, descriptor, None)
            out += result if isinstance(result, bytes) else NULL_DATA
        return bytes(out)


def _attribute(variable: NamedVariable) -> AttributeDescriptor:
    element = variable.element
    return AttributeDescriptor(element.class_id, element.logical_name, variable.number)


def _as_access_result(code: int) -> DataAccessResult:
    try:
        return DataAccessResult(code)
    except ValueError:
        return DataAccessResult.OTHER_REASON
