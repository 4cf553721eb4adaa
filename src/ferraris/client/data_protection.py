"""Reading, writing and invoking through a meter's Data protection object, under a protection that reaches from end to end.

The protection is between the meter and whoever has the keys in `security`; the association that carries it may be someone
else's, with other keys and rights. Where both are the same, they take invocation counters from the same source.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeVar

from ferraris.client.association import ClientAssociation
from ferraris.codec import Data, Tag, decode_whole, encode_data, write_length
from ferraris.cosem import Attribute, Method, Obis
from ferraris.cosem.classes.data_protection import (
    DataProtection,
    GetProtectedRequest,
    InvokeProtectedRequest,
    ObjectMethod,
    ProtectedData,
    SetProtectedRequest,
)
from ferraris.cosem.classes.restricted_attribute import RestrictedAttribute, Restriction, RestrictionType
from ferraris.dlms import DataLayer, DataProtector, Security, parameters_for
from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import LocalProtocolError, RemoteProtocolError

A = TypeVar("A")
R = TypeVar("R")

DATA_PROTECTION: Final = Obis.parse("0.0.43.2.0.255")
UNRESTRICTED: Final = Restriction(RestrictionType.NONE, Data(Tag.NULL_DATA, None))


def whole(attribute: Attribute[Any], logical_name: Obis) -> RestrictedAttribute:
    """All of an attribute, as data protection lists it."""
    return RestrictedAttribute(attribute.owner.class_id, logical_name, attribute.number, 0, UNRESTRICTED)


class ProtectedClient:
    """One meter's Data protection object, and the keys to it."""

    def __init__(
        self,
        association: ClientAssociation,
        security: Security,
        layers: Sequence[DataLayer],
        entropy: Entropy,
        logical_name: Obis = DATA_PROTECTION,
    ) -> None:
        """`layers`: the first one innermost. LocalProtocolError when `security` does not say which meter it is for."""
        if security.peer_system_title is None:
            raise LocalProtocolError("protected data are for one meter", expected="its system title")
        self._association = association
        self._layers = tuple(layers)
        self._own = security.system_title
        self._meter = security.peer_system_title
        self._protector = DataProtector(security, entropy)
        self._logical_name = logical_name

    async def read(self, attributes: Sequence[tuple[Attribute[Any], Obis]]) -> list[Any]:
        """The attributes' values. Raises RefusedError, AuthenticationError, DecodeError."""
        transaction_id = self._protector.new_transaction_id()
        wanted = tuple(whole(*one) for one in attributes)
        parameters = parameters_for(self._layers, self._own, transaction_id)
        answer = await self._association.invoke(
            DataProtection.get_protected_attributes, self._logical_name, GetProtectedRequest(wanted, parameters)
        )
        values = decode_whole(self._opened(answer, transaction_id)).value
        if not isinstance(values, tuple) or len(values) != len(wanted):
            raise RemoteProtocolError("other protected values than asked for", expected=len(wanted))
        return [
            attribute.datatype.decode(encode_data(value))
            for (attribute, _), value in zip(attributes, values, strict=True)
            if isinstance(value, Data)
        ]

    async def write(self, values: Sequence[tuple[Attribute[Any], Obis, Any]]) -> None:
        """Write the attributes, one after the other. Raises RefusedError for the first that the meter refuses."""
        body = bytearray((Tag.STRUCTURE,))
        write_length(len(values), body)
        for attribute, _, value in values:
            body += attribute.datatype.encode(value)
        protected = self._protector.protect(
            bytes(body), self._layers, self._meter, self._protector.new_transaction_id()
        )
        wanted = tuple(whole(attribute, name) for attribute, name, _ in values)
        request = SetProtectedRequest(wanted, protected.parameters, protected.octets)
        await self._association.invoke(DataProtection.set_protected_attributes, self._logical_name, request)

    async def invoke(self, method: Method[A, R], logical_name: Obis, argument: A) -> R | None:
        """Invoke a method; its result if it has one. Raises RefusedError, AuthenticationError, DecodeError."""
        transaction_id = self._protector.new_transaction_id()
        octets = method.argument.encode(argument)
        protected = self._protector.protect(octets, self._layers, self._meter, transaction_id)
        named = ObjectMethod(method.owner.class_id, logical_name, method.number)
        request = InvokeProtectedRequest(named, protected.parameters, protected.octets)
        answer = await self._association.invoke(DataProtection.invoke_protected_method, self._logical_name, request)
        result = self._opened(answer, transaction_id)
        return None if method.result is None else method.result.decode(result)

    async def read_buffer(self) -> list[Data]:
        """The values of the object's own list, under the protection that it is set to: two round trips."""
        octets = await self._association.get(DataProtection.protection_buffer, self._logical_name)
        parameters = await self._association.get(DataProtection.protection_parameters_get, self._logical_name)
        transaction_id = parameters[0].protection_options.transaction_id if parameters else b""
        values = decode_whole(self._opened(ProtectedData(parameters, octets), transaction_id)).value
        return [value for value in values if isinstance(value, Data)] if isinstance(values, tuple) else []

    async def protect_buffer(self) -> None:
        """Set the protection under which the buffer is read to ours."""
        parameters = parameters_for(self._layers, self._own, b"")
        await self._association.set(DataProtection.protection_parameters_get, self._logical_name, parameters)

    async def write_buffer(self, values: Sequence[Data]) -> None:
        """Write the attributes of the object's own list. Raises RefusedError."""
        octets = encode_data(Data(Tag.STRUCTURE, tuple(values)))
        protected = self._protector.protect(octets, self._layers, self._meter, self._protector.new_transaction_id())
        set_to = self._association.set
        await set_to(DataProtection.protection_parameters_set, self._logical_name, protected.parameters)
        await set_to(DataProtection.protection_buffer, self._logical_name, protected.octets)

    def _opened(self, answer: ProtectedData | None, transaction_id: bytes) -> bytes:
        if answer is None:
            raise RemoteProtocolError("a protected answer without data", expected="protected data")
        return self._protector.open_answer(
            answer.protection_parameters, answer.protected_data, self._meter, transaction_id
        )
