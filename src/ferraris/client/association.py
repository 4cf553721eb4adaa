"""A DLMS client's association over a link: the engine, the wrapper and the link, driven one request at a time.

Typed reads, writes and invocations: an attribute's declaration says how its octets become a value, so the result of
`get(Register.value, …)` has the type that the declaration names. A refusal is a RefusedError with the standard's name of the
answer; a protection that does not hold is a SecurityError; a silent or broken link is a LinkError.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from ferraris.client.deadline import Deadline
from ferraris.cosem import Attribute, Method, Obis
from ferraris.dlms import (
    DATAGRAMS_REMEMBERED,
    Aborted,
    Associate,
    Associated,
    Association,
    AssociationSettings,
    DatagramReceiver,
    Event,
    NotificationReceived,
    Rejected,
    Release,
    Released,
    Request,
    Response,
    ResponseReceived,
    Role,
    State,
    WrapperReceiver,
    encode_wpdu,
)
from ferraris.dlms.apdu import (
    ActionRequestNormal,
    ActionResponseNormal,
    ActionResult,
    AttributeDescriptor,
    DataAccessResult,
    DataNotification,
    EventNotification,
    ExceptionResponse,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithList,
    MethodDescriptor,
    SelectiveAccess,
    ServiceErrorCode,
    ServiceUserDiagnostic,
    SetRequestNormal,
    SetResponseNormal,
)
from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import (
    AuthenticationError,
    DecodeError,
    FerrarisError,
    InvocationCounterError,
    LinkClosedError,
    LinkError,
    RefusedError,
    RemoteProtocolError,
)
from ferraris.kernel.limits import ATTRIBUTE_DESCRIPTORS_MAX, WRAPPER_HEADER_OCTETS
from ferraris.link import Link

T = TypeVar("T")
A = TypeVar("A")
R = TypeVar("R")

CONFIRMED_HIGH_PRIORITY = 0xC0
AUTHENTICATION_DIAGNOSTICS = {
    ServiceUserDiagnostic.AUTHENTICATION_FAILURE.name,
    ServiceUserDiagnostic.AUTHENTICATION_REQUIRED.name,
    ServiceUserDiagnostic.CALLING_AP_TITLE_NOT_RECOGNIZED.name,
}


class ExceptionAnswerError(RefusedError):
    """The answer was an exception-response. It is in the clear even where the association is ciphered: it proves nothing."""


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """Who associates with whom, and how."""

    association: AssociationSettings
    client_sap: int = 16
    server_sap: int = 1


class ClientAssociation:
    """One association of a client, over a link of its own. Not for two tasks at once: DLMS answers one request at a time."""

    def __init__(
        self,
        link: Link,
        settings: ClientSettings,
        entropy: Entropy,
        on_notification: Callable[[DataNotification | EventNotification], None] | None = None,
    ) -> None:
        self._link = link
        self._settings = settings
        self._datagrams = link.capabilities.keeps_boundaries
        self._engine = Association(Role.CLIENT, _fitting(settings.association, link), entropy)
        self._receiver = DatagramReceiver(DATAGRAMS_REMEMBERED) if self._datagrams else WrapperReceiver()
        self._on_notification = on_notification
        self._invoke_id = 0
        self._loop = asyncio.get_running_loop()
        self._deadline = Deadline()

    async def associate(self) -> Associated:
        """Open the association and authenticate both ends.

        Raises AuthenticationError when one end is not who it should be, RefusedError when the server refuses for another
        reason, SecurityError, RemoteProtocolError, LinkError.
        """
        self._engine.send(Associate(), self._now_ms())
        event = await self._next_event()
        if isinstance(event, Associated):
            return event
        if isinstance(event, Rejected):
            raise refusal_of(event)
        raise _unexpected(event, "an AARE")

    async def request(self, request: Request) -> Response:
        """Send one request and wait for its whole answer. Raises ExceptionAnswerError for an exception-response."""
        self._engine.send(request, self._now_ms())
        event = await self._next_event()
        if not isinstance(event, ResponseReceived):
            raise _unexpected(event, "a response")
        response = event.response
        if isinstance(response, ExceptionResponse):
            if response.service_error is ServiceErrorCode.INVOCATION_COUNTER_ERROR:
                summary = "the meter has seen a higher invocation counter of ours"
                raise InvocationCounterError(summary, expected=response.invocation_counter)
            name = f"{response.state_error.name}, {response.service_error.name}"
            summary = "the meter answers with an exception"
            raise ExceptionAnswerError(summary, result=name, code=int(response.service_error))
        return response

    async def get_octets(self, descriptor: AttributeDescriptor, selection: SelectiveAccess | None = None) -> bytes:
        """An attribute's encoded value. Raises RefusedError with the data-access-result."""
        response = await self.request(GetRequestNormal(self._next_invoke_id(), descriptor, selection))
        assert isinstance(response, GetResponseNormal)  # the engine has checked that the answer fits the request
        return _value_of(response.result, descriptor)

    async def get(self, attribute: Attribute[T], logical_name: Obis, selection: SelectiveAccess | None = None) -> T:
        """An attribute's value. Raises RefusedError, and DecodeError when the meter sends another type than declared."""
        return attribute.datatype.decode(await self.get_octets(descriptor_of(attribute, logical_name), selection))

    async def get_list(self, descriptors: Sequence[AttributeDescriptor]) -> list[bytes | DataAccessResult]:
        """Several attributes' encoded values or refusals in one round trip, in the order asked for."""
        if not 0 < len(descriptors) <= ATTRIBUTE_DESCRIPTORS_MAX:
            raise ValueError(f"1 to {ATTRIBUTE_DESCRIPTORS_MAX} attributes in one list, not {len(descriptors)}")
        items = tuple((descriptor, None) for descriptor in descriptors)
        response = await self.request(GetRequestWithList(self._next_invoke_id(), items))
        if isinstance(response, GetResponseNormal):  # a long list that the server broke off
            raise _refused("the meter breaks off a list", response.result)
        assert isinstance(response, GetResponseWithList)
        if len(response.results) != len(descriptors):
            summary = "a list of another length than asked for"
            raise RemoteProtocolError(summary, expected=len(descriptors), got=len(response.results))
        return list(response.results)

    async def set(self, attribute: Attribute[T], logical_name: Obis, value: T) -> None:
        """Write an attribute. Raises RefusedError with the data-access-result."""
        descriptor = descriptor_of(attribute, logical_name)
        octets = attribute.datatype.encode(value)
        response = await self.request(SetRequestNormal(self._next_invoke_id(), descriptor, None, octets))
        assert isinstance(response, SetResponseNormal)
        if response.result is not DataAccessResult.SUCCESS:
            raise _refused(f"the meter does not write {descriptor}", response.result)

    async def invoke(self, method: Method[A, R], logical_name: Obis, argument: A) -> R | None:
        """Invoke a method; its result if it has one. Raises RefusedError with the action-result."""
        descriptor = MethodDescriptor(method.owner.class_id, logical_name, method.number)
        octets = method.argument.encode(argument)
        response = await self.request(ActionRequestNormal(self._next_invoke_id(), descriptor, octets))
        assert isinstance(response, ActionResponseNormal)
        if response.result is not ActionResult.SUCCESS:
            raise _refused(f"the meter does not carry out {method.owner.__name__}.{method.name}", response.result)
        if method.result is None or response.data is None:
            return None
        return method.result.decode(_value_of(response.data, descriptor))

    async def release(self) -> None:
        """End the association. A meter that has gone, or answers with anything but an RLRE, is no error: it has ended."""
        if self._engine.state is not State.ASSOCIATED:
            return
        self._engine.send(Release(), self._now_ms())
        try:
            event = await self._next_event()
        except (LinkError, RemoteProtocolError):
            return
        if not isinstance(event, Released):
            raise _unexpected(event, "an RLRE")

    async def aclose(self) -> None:
        """Close the link, whatever the association's state."""
        self._deadline.close()
        await self._link.aclose()

    async def _next_event(self) -> Event:
        """Send what waits to be sent, and receive until the engine has something to say."""
        engine, link, settings = self._engine, self._link, self._settings
        while True:
            for apdu in engine.outgoing():
                try:
                    await link.send(encode_wpdu(settings.client_sap, settings.server_sap, apdu))
                except LinkError as error:
                    engine.abort(error)
            for event in engine.events():
                if isinstance(event, NotificationReceived):
                    if self._on_notification is not None:
                        self._on_notification(event.notification)
                elif isinstance(event, Aborted):
                    raise event.error
                else:
                    return event
            deadline_ms = engine.wake_at()
            assert deadline_ms is not None  # every APDU that a client sends is answered
            try:
                with self._deadline.at(deadline_ms / 1000):
                    octets = await link.receive()
            except TimeoutError:
                engine.tick(max(self._now_ms(), deadline_ms))
            except LinkError as error:
                engine.abort(error)
            else:
                self._take(octets)

    def _take(self, octets: bytes) -> None:
        """Hand the engine what has come from the meter."""
        engine, settings = self._engine, self._settings
        try:
            self._receiver.receive(octets)
        except DecodeError as error:
            # Anybody may have sent a wrong datagram: what is waited for may still come.
            if not self._datagrams:
                engine.abort(error)
            return
        for wpdu in self._receiver.events():
            if wpdu.source == settings.server_sap and wpdu.destination == settings.client_sap:
                engine.receive(wpdu.apdu, self._now_ms())
            else:
                saps = f"{wpdu.source} to {wpdu.destination}"
                engine.abort(RemoteProtocolError("a WPDU between other service access points", got=saps))

    def _now_ms(self) -> int:
        return int(self._loop.time() * 1000)

    def _next_invoke_id(self) -> int:
        self._invoke_id = (self._invoke_id + 1) & 0x0F
        return CONFIRMED_HIGH_PRIORITY | self._invoke_id


def _fitting(settings: AssociationSettings, link: Link) -> AssociationSettings:
    """The settings with an APDU size whose WPDU fits one send of the meter."""
    fitting = link.capabilities.uplink_octets_max - WRAPPER_HEADER_OCTETS
    if settings.max_receive_pdu_size <= fitting:
        return settings
    return replace(settings, max_receive_pdu_size=fitting)


def descriptor_of(attribute: Attribute[T], logical_name: Obis) -> AttributeDescriptor:
    """What a service names an attribute of one object by."""
    return AttributeDescriptor(attribute.owner.class_id, logical_name, attribute.number)


def refusal_of(rejected: Rejected) -> FerrarisError:
    """The error for an AARE that rejects: an AuthenticationError where the server does not take us for who we say we are."""
    if rejected.diagnostic in AUTHENTICATION_DIAGNOSTICS or rejected.result == "HLS_FAILED":
        return AuthenticationError("the meter does not authenticate us", got=rejected.diagnostic.lower())
    return RefusedError("the meter rejects the association", result=rejected.diagnostic, code=rejected.code)


def _value_of(result: bytes | DataAccessResult, descriptor: object) -> bytes:
    if isinstance(result, DataAccessResult):
        raise _refused(f"the meter does not give {descriptor}", result)
    return result


def _refused(summary: str, result: object) -> RefusedError:
    if isinstance(result, DataAccessResult | ActionResult):
        return RefusedError(summary, result=result.name.lower().replace("_", "-"), code=int(result))
    return RefusedError(summary, result="other-reason", code=int(DataAccessResult.OTHER_REASON))


def _unexpected(event: Event, expected: str) -> FerrarisError:
    if isinstance(event, Released):
        return LinkClosedError("the meter has released the association")
    return RemoteProtocolError("the association took another turn", expected=expected, got=type(event).__name__)
