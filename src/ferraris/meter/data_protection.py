"""What the Data protection objects of a meter do: reads, writes and calls under a protection that reaches from end to end.

Whoever asks must be allowed to use the data protection object, and must have the right to each attribute or method behind it
in the association that carries the request; what such a right asks of the protection, the protection of the data may give,
too. Attributes must stand in `protection_object_list`. So no restriction of an association is got around, and a courier who
may read nothing else can carry protected data. How the standard weighs these rights is uncertain in public sources.

Several values go as a structure, in the order of their list. An answer is protected as its request, or as the request asks.
`protection_buffer` is read under `protection_parameters_get`, which then shows with what transaction and key that was, and
written under `protection_parameters_set`. A refusal says no more than that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ferraris.codec import Data, Tag, decode_whole, encode_data, write_length
from ferraris.cosem import AccessMode, ProfileObject
from ferraris.cosem.classes.data_protection import (
    DataProtection,
    GetProtectedRequest,
    InvokeProtectedRequest,
    ProtectedData,
    SetProtectedRequest,
)
from ferraris.cosem.classes.protection_parameters import ProtectionParameters
from ferraris.cosem.classes.restricted_attribute import RestrictedAttribute, RestrictionType
from ferraris.dlms import DataLayer, DataProtector, ProtectedOctets, layers_of, strength_of
from ferraris.dlms.apdu import (
    ActionResult,
    AttributeDescriptor,
    DataAccessResult,
    MethodDescriptor,
    SelectiveAccess,
)
from ferraris.kernel.errors import FerrarisError
from ferraris.kernel.limits import ATTRIBUTE_DESCRIPTORS_MAX
from ferraris.meter.associations import security_of
from ferraris.meter.device import LogicalDevice
from ferraris.meter.live_values import Moment
from ferraris.meter.restriction import selection_of

REQUEST_BITS: Final = int(
    AccessMode.AUTHENTICATED_REQUEST | AccessMode.ENCRYPTED_REQUEST | AccessMode.DIGITALLY_SIGNED_REQUEST
)
RESPONSE_BITS: Final = 3
"""How far the bits for responses stand above those for requests."""
BUFFER: Final = DataProtection.protection_buffer.number


@dataclass(frozen=True, slots=True)
class Services:
    """How the meter answers requests for its objects, rights and all."""

    get: Callable[[LogicalDevice, Moment, AttributeDescriptor, SelectiveAccess | None], bytes | DataAccessResult]
    set: Callable[[LogicalDevice, Moment, AttributeDescriptor, SelectiveAccess | None, bytes], DataAccessResult]
    act: Callable[[LogicalDevice, Moment, MethodDescriptor, bytes | None], ActionResult]


class RefusedAccessError(FerrarisError):
    """What lies behind the protection cannot be had."""

    def __init__(self, result: DataAccessResult | ActionResult) -> None:
        super().__init__("a protected access is refused", got=result.name)
        self.result = result


class ProtectedAccess:
    """One request to a data protection object."""

    def __init__(self, device: LogicalDevice, entry: ProfileObject, moment: Moment, services: Services) -> None:
        self._device = device
        self._entry = entry
        self._moment = moment
        self._services = services
        security = device.security
        self._protector = DataProtector(replace(security_of(device), transactions=security.data_guard), device.entropy)

    def read_buffer(self) -> bytes | DataAccessResult:
        """The listed attributes, protected."""
        try:
            return self._read_buffer()
        except RefusedAccessError as refusal:
            return DataAccessResult(refusal.result)
        except FerrarisError:
            return DataAccessResult.OTHER_REASON

    def write_buffer(self, octets: bytes) -> DataAccessResult:
        """The listed attributes, written with what the octets protect."""
        try:
            protected = DataProtection.protection_buffer.datatype.decode(octets)
            parameters = self._setting(DataProtection.protection_parameters_set)
            self._write(self._listed, parameters, protected)
        except RefusedAccessError as refusal:
            return DataAccessResult(refusal.result)
        except FerrarisError:
            return DataAccessResult.OTHER_REASON
        return DataAccessResult.SUCCESS

    def invoke(self, method_id: int, octets: bytes | None) -> ActionResult:
        """Carry out a method; what it answers goes into the moment."""
        method = self._entry.interface.method(method_id)
        assert method is not None  # rights are given to methods that there are
        try:
            request = method.argument.decode(octets or b"")
        except FerrarisError:
            return ActionResult.TYPE_UNMATCHED
        try:
            answer = self._carry_out(request)
        except RefusedAccessError as refusal:
            return ActionResult(refusal.result)
        except FerrarisError:
            return ActionResult.OTHER_REASON
        if answer is not None:
            assert method.result is not None
            self._moment.answer = method.result.encode(ProtectedData(answer.parameters, answer.octets))
        return ActionResult.SUCCESS

    def _carry_out(self, request: object) -> ProtectedOctets | None:
        match request:
            case GetProtectedRequest(object_list, parameters):
                return self._read(self._only_listed(object_list), parameters)
            case SetProtectedRequest(object_list, parameters, protected):
                self._write(self._only_listed(object_list), parameters, protected)
                return None
            case InvokeProtectedRequest():
                return self._invoke(request)
        raise AssertionError(request)

    @property
    def _listed(self) -> tuple[RestrictedAttribute, ...]:
        return tuple(self._setting(DataProtection.protection_object_list))

    def _setting(self, attribute: Any) -> Any:
        return attribute.datatype.decode(self._device.setting(self._entry, attribute.number))

    def _only_listed(self, wanted: Sequence[RestrictedAttribute]) -> Sequence[RestrictedAttribute]:
        listed = self._listed
        whole = {_name(one) for one in listed if one.restriction.restriction_type is RestrictionType.NONE}
        for one in wanted:
            if _name(one) not in whole and one not in listed:
                raise RefusedAccessError(DataAccessResult.READ_WRITE_DENIED)
        return wanted

    def _check_strength(self, layers: Sequence[DataLayer], *, answer: bool) -> None:
        required = int(self._setting(DataProtection.required_protection))
        needed = required >> RESPONSE_BITS * answer & REQUEST_BITS
        if needed & ~strength_of(layers):
            raise RefusedAccessError(DataAccessResult.READ_WRITE_DENIED)

    def _behind(self, layers: Sequence[DataLayer] = ()) -> Moment:
        """The moment in which what lies behind is asked for: the data's own protection counts."""
        partner = self._moment.partner
        assert partner is not None
        return replace(
            self._moment, partner=replace(partner, protection=partner.protection | strength_of(layers)), answer=None
        )

    def _read_buffer(self) -> bytes:
        parameters = self._setting(DataProtection.protection_parameters_get)
        protected = self._read(self._listed, parameters)
        shown = DataProtection.protection_parameters_get
        self._device.remember(self._entry, shown.number, shown.datatype.encode(protected.parameters))
        return DataProtection.protection_buffer.datatype.encode(protected.octets)

    def _read(
        self, wanted: Sequence[RestrictedAttribute], parameters: Sequence[ProtectionParameters]
    ) -> ProtectedOctets:
        layers = layers_of(parameters)
        self._check_strength(layers, answer=True)
        moment = self._behind()
        body = bytearray((Tag.STRUCTURE,))
        write_length(len(_countable(wanted)), body)
        for one in wanted:
            octets = self._services.get(self._device, moment, _attribute(one), selection_of(one.restriction))
            if isinstance(octets, DataAccessResult):
                raise RefusedAccessError(octets)
            body += octets
        options = parameters[0].protection_options
        partner = moment.partner
        assert partner is not None
        recipient = options.recipient_system_title or partner.system_title
        transaction_id = options.transaction_id or self._protector.new_transaction_id()
        return self._protector.protect(bytes(body), layers, recipient, transaction_id)

    def _write(
        self, wanted: Sequence[RestrictedAttribute], parameters: Sequence[ProtectionParameters], octets: bytes
    ) -> None:
        """Every attribute in turn, until one is refused."""
        layers = layers_of(parameters)
        self._check_strength(layers, answer=False)
        values = decode_whole(self._protector.open_request(parameters, octets)).value
        if not isinstance(values, tuple) or len(values) != len(_countable(wanted)):
            raise RefusedAccessError(DataAccessResult.TYPE_UNMATCHED)
        moment = self._behind(layers)
        for one, value in zip(wanted, values, strict=True):
            assert isinstance(value, Data)
            result = self._services.set(
                self._device, moment, _attribute(one), selection_of(one.restriction), encode_data(value)
            )
            if result is not DataAccessResult.SUCCESS:
                raise RefusedAccessError(result)

    def _invoke(self, request: InvokeProtectedRequest) -> ProtectedOctets:
        layers = layers_of(request.protection_parameters)
        self._check_strength(layers, answer=False)
        self._check_strength(layers, answer=True)
        named = request.object_method
        if named.class_id == DataProtection.class_id:
            raise RefusedAccessError(ActionResult.READ_WRITE_DENIED)
        argument = self._protector.open_request(
            request.protection_parameters, request.protected_method_invocation_parameters
        )
        moment = self._behind(layers)
        method = MethodDescriptor(named.class_id, named.logical_name, named.method_index)
        result = self._services.act(self._device, moment, method, argument)
        if result is not ActionResult.SUCCESS:
            raise RefusedAccessError(result)
        options = request.protection_parameters[0].protection_options
        answer = moment.take_answer() or bytes((Tag.NULL_DATA,))
        return self._protector.protect(answer, layers, options.originator_system_title, options.transaction_id)


def _name(one: RestrictedAttribute) -> tuple[int, bytes, int]:
    return one.class_id, bytes(one.logical_name), one.attribute_index


def _attribute(one: RestrictedAttribute) -> AttributeDescriptor:
    """Refuses parts of attributes, and the data protection objects themselves."""
    if one.data_index:
        raise RefusedAccessError(DataAccessResult.SCOPE_OF_ACCESS_VIOLATED)
    if one.class_id == DataProtection.class_id:
        raise RefusedAccessError(DataAccessResult.READ_WRITE_DENIED)
    return AttributeDescriptor(one.class_id, one.logical_name, one.attribute_index)


def _countable(wanted: Sequence[RestrictedAttribute]) -> Sequence[RestrictedAttribute]:
    if len(wanted) > ATTRIBUTE_DESCRIPTORS_MAX:
        raise RefusedAccessError(DataAccessResult.SCOPE_OF_ACCESS_VIOLATED)
    return wanted
