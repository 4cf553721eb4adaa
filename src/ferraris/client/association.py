"""A DLMS client's association over a link: the engine, the framing and the link, driven one request at a time.

Typed reads, writes and invocations: an attribute's declaration says how its octets become a value, so the result of
`get(Register.value, …)` has the type that the declaration names. A refusal is a RefusedError with the standard's name of the
answer; a protection that does not hold is a SecurityError; a silent or broken link is a LinkError.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from ferraris.client.bundles import BundlePlan, Bundles, BundleService, plan_of
from ferraris.cosem import Attribute, Method, Obis, Referencing, ShortNames
from ferraris.dlms import (
    READ_OBJECT_LIST,
    Aborted,
    Associate,
    Associated,
    Association,
    AssociationSettings,
    Command,
    Event,
    Framing,
    NotificationReceived,
    Rejected,
    Release,
    Released,
    Request,
    Response,
    ResponseReceived,
    Role,
    Security,
    ShortNameExchange,
    ShortNameRequest,
    ShortNameResponse,
    State,
    WrapperFraming,
    exception_answer,
    short_names_in,
)
from ferraris.dlms.apdu import (
    BREAK_ON_ERROR,
    CONFIRMED,
    LONG_INVOKE_ID_MASK,
    SELF_DESCRIPTIVE,
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
    AssociationResult,
    AttributeDescriptor,
    ConfirmedServiceError,
    DataAccessResult,
    DataNotification,
    DataNotificationConfirm,
    EventNotification,
    ExceptionResponse,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithList,
    InformationReportRequest,
    MethodDescriptor,
    SelectiveAccess,
    ServiceUserDiagnostic,
    SetRequestNormal,
    SetRequestWithList,
    SetResponseNormal,
    SetResponseWithList,
)
from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import (
    AuthenticationError,
    FerrarisError,
    LinkClosedError,
    LinkError,
    LinkTimeoutError,
    RefusedError,
    RemoteProtocolError,
)
from ferraris.kernel.limits import ATTRIBUTE_DESCRIPTORS_MAX, WRAPPER_HEADER_OCTETS
from ferraris.kernel.spelling import spelled
from ferraris.link import Deadline, Link

T = TypeVar("T")
A = TypeVar("A")
R = TypeVar("R")

ASSOCIATE, RELEASE = Associate(), Release()
CONFIRMED_HIGH_PRIORITY = 0xC0
AUTHENTICATION_DIAGNOSTICS = {
    ServiceUserDiagnostic.AUTHENTICATION_FAILURE.name,
    ServiceUserDiagnostic.AUTHENTICATION_REQUIRED.name,
    ServiceUserDiagnostic.CALLING_AP_TITLE_NOT_RECOGNIZED.name,
}
REFUSED_ANSWERS = (ExceptionResponse, ConfirmedServiceError)
NULL_DATA = b"\x00"
LOOK_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class AccessResult:
    """What one item of an ACCESS came to: its result, and the encoded value (null-data where there is none)."""

    result: DataAccessResult | ActionResult
    value: bytes


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """Who associates with whom, and how."""

    association: AssociationSettings
    client_sap: int = 16
    server_sap: int = 1
    confirms_notifications: bool = False
    """Whether a data-notification that asks for it is confirmed, once `on_notification` has returned."""


class ClientAssociation:
    """One association of a client, over a link of its own. Not for two tasks at once: DLMS answers one request at a time."""

    def __init__(
        self,
        link: Link,
        settings: ClientSettings,
        entropy: Entropy,
        on_notification: Callable[[DataNotification | EventNotification | InformationReportRequest], None]
        | None = None,
        framing: Framing | None = None,
    ) -> None:
        """Without a `framing` the wrapper is used."""
        self._link = link
        self._settings = settings
        self._framing: Framing = framing or WrapperFraming(
            settings.client_sap, settings.server_sap, datagrams=link.capabilities.keeps_boundaries
        )
        self._engine = Association(Role.CLIENT, _fitting(settings.association, link), entropy)
        self._connects = not self._framing.connected
        """The framing has a connection of its own, to be set up and ended."""
        self._on_notification = on_notification
        self._invoke_id = 0
        self._long_invoke_id = 0
        self._associated: Associated | None = None
        self._bundles: Bundles | None = None
        self._short_names: ShortNames | None = None
        self.round_trips = 0
        """How often this client has sent something and waited for the answer."""
        self._loop = asyncio.get_running_loop()
        self._deadline = Deadline(self._loop)

    async def associate(self) -> Associated:
        """Open the association and authenticate both ends.

        Raises AuthenticationError when one end is not who it should be, RefusedError when the server refuses for another
        reason, SecurityError, RemoteProtocolError, LinkError.
        """
        self._short_names = None
        if not self._framing.connected:
            await self._until_connected(connected=True)
        event = await self._next_event(ASSOCIATE)
        if isinstance(event, Associated):
            self._associated, self._bundles = event, None
            return event
        if isinstance(event, Rejected):
            raise refusal_of(event)
        raise _unexpected(event, "an AARE")

    def request(self, request: Request) -> Coroutine[Any, Any, Response]:
        """Send one request and wait for its whole answer.

        Raises ExceptionAnswerError for an exception-response or a confirmed-service-error, InvocationCounterError for the
        exception that names the counter expected.
        """
        if self._settings.association.referencing is Referencing.SHORT_NAME:
            return self._request_by_short_names(request)
        return self._exchange(request)  # type: ignore[return-value]  # the engine answers in kind

    async def _exchange(self, request: Request | ShortNameRequest) -> Response | ShortNameResponse:
        event = await self._next_event(request)
        if not isinstance(event, ResponseReceived):
            raise _unexpected(event, "a response")
        response = event.response
        if isinstance(response, REFUSED_ANSWERS):
            raise exception_answer(response)
        return response

    async def _request_by_short_names(self, request: Request) -> Response:
        """The same by READ and WRITE. The meter's object list, which tells the names, is read before the first request."""
        if self._short_names is None:
            self._short_names = short_names_in(await self._exchange(READ_OBJECT_LIST))
        exchange = ShortNameExchange(request, self._short_names)
        if exchange.request is None:
            return exchange.answer(None)
        return exchange.answer(await self._exchange(exchange.request))  # type: ignore[arg-type]  # as above

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
        return list(_as_many(response.results, descriptors))

    async def read_many(self, descriptors: Sequence[AttributeDescriptor]) -> list[bytes | DataAccessResult]:
        """Any number of attributes' encoded values or refusals, in the order asked for and in the fewest round trips.

        Raises what `request` raises; what one attribute is refused for is in its place.
        """
        if self._bundles is None:
            self._bundles = Bundles(self._first_plan(), self._read_bundle)
        return await self._bundles.read(descriptors)

    def _first_plan(self) -> BundlePlan:
        associated = self._associated
        if associated is None:
            return BundlePlan(BundleService.SINGLE, 1)
        pdu_size = associated.peer_max_receive_pdu_size
        return plan_of(associated.conformance, pdu_size, ciphered=self._settings.association.ciphered)

    async def get_many(self, attributes: Sequence[tuple[Attribute[Any], Obis]]) -> list[Any]:
        """Several attributes' values, in the fewest round trips. Raises RefusedError for the first that the meter refuses."""
        descriptors = [descriptor_of(attribute, name) for attribute, name in attributes]
        results = zip(attributes, descriptors, await self.read_many(descriptors), strict=True)
        return [attribute.datatype.decode(_value_of(got, descriptor)) for (attribute, _), descriptor, got in results]

    async def _read_bundle(
        self, service: BundleService, bundle: Sequence[AttributeDescriptor]
    ) -> list[bytes | DataAccessResult]:
        if service is BundleService.ACCESS:
            answers = await self.access([(AccessItem(AccessKind.GET, descriptor), NULL_DATA) for descriptor in bundle])
            return [
                answer.value if answer.result == DataAccessResult.SUCCESS else DataAccessResult(answer.result)
                for answer in answers
            ]
        if len(bundle) > 1:
            return await self.get_list(bundle)
        response = await self.request(GetRequestNormal(self._next_invoke_id(), bundle[0], None))
        assert isinstance(response, GetResponseNormal)
        return [response.result]

    async def set_list(self, values: Sequence[tuple[AttributeDescriptor, bytes]]) -> list[DataAccessResult]:
        """Write several attributes' encoded values in one request; what came of each, in the order given."""
        items = tuple((descriptor, None) for descriptor, _ in values)
        octets = tuple(value for _, value in values)
        response = await self.request(SetRequestWithList(self._next_invoke_id(), items, octets))
        if isinstance(response, SetResponseNormal):
            raise _refused("the meter breaks off a list", response.result)
        assert isinstance(response, SetResponseWithList)
        return list(_as_many(response.results, values))

    async def invoke_list(self, calls: Sequence[tuple[MethodDescriptor, bytes]]) -> list[ActionAnswer]:
        """Invoke several methods with encoded arguments in one request; what came of each, in the order given."""
        descriptors = tuple(descriptor for descriptor, _ in calls)
        arguments = tuple(argument for _, argument in calls)
        response = await self.request(ActionRequestWithList(self._next_invoke_id(), descriptors, arguments))
        if isinstance(response, ActionResponseNormal):
            raise _refused("the meter breaks off a list", response.result)
        assert isinstance(response, ActionResponseWithList)
        return list(_as_many(response.answers, calls))

    async def access(
        self,
        items: Sequence[tuple[AccessItem, bytes]],
        *,
        break_on_error: bool = False,
        self_descriptive: bool = False,
    ) -> list[AccessResult]:
        """Any mix of reads, writes and invocations in one exchange, carried out in the order given; what came of each.

        Each item goes with its encoded value, null-data for a read. With `break_on_error` the meter stops at the first that
        it refuses, and may leave out the answers to those behind it.
        """
        self._long_invoke_id = (self._long_invoke_id + 1) & LONG_INVOKE_ID_MASK
        options = CONFIRMED_HIGH_PRIORITY << 24 | BREAK_ON_ERROR * break_on_error | SELF_DESCRIPTIVE * self_descriptive
        names, values = tuple(item for item, _ in items), tuple(value for _, value in items)
        response = await self.request(AccessRequest(options | self._long_invoke_id, b"", names, values))
        assert isinstance(response, AccessResponse)
        if response.items not in (None, names):
            raise RemoteProtocolError("the meter answers other items than were asked for", got=response.items)
        answers = [
            AccessResult(result, value) for (_, result), value in zip(response.answers, response.values, strict=True)
        ]
        broken_off = break_on_error and answers and answers[-1].result != DataAccessResult.SUCCESS
        return answers if broken_off and len(answers) < len(items) else list(_as_many(answers, items))

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

    def renew(self, security: Security) -> None:
        """Go on under other keys, which the server has taken by now."""
        association = replace(self._settings.association, security=security)
        self._settings = replace(self._settings, association=association)
        self._engine.renew(_fitting(association, self._link))

    async def listen(self, timeout_s: float) -> None:
        """Let `on_notification` have what the meter tells unasked, for so long. Raises what the association is lost by."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                raise _unexpected(await self._next_event(), "a notification")

    async def release(self) -> None:
        """End the association. A meter that has gone, or answers with anything but an RLRE, is no error: it has ended."""
        if self._engine.state is not State.ASSOCIATED:
            return
        try:
            event: Event | None = await self._next_event(RELEASE)
        except (LinkError, RemoteProtocolError):
            event = None
        if self._connects:
            with suppress(LinkError, RemoteProtocolError):
                await self._until_connected(connected=False)
        if event is not None and not isinstance(event, Released):
            raise _unexpected(event, "an RLRE")

    async def aclose(self) -> None:
        """Close the link, whatever the association's state."""
        self._deadline.close()
        await self._link.aclose()

    async def _next_event(self, command: Command | None = None) -> Event:
        """Carry out a command, send what waits to be sent, and receive until the engine has something to say."""
        engine, framing, link, loop = self._engine, self._framing, self._link, self._loop
        now_ms = int(loop.time() * 1000)
        if command is not None:
            engine.send(command, now_ms)
        while True:
            outgoing, events = engine.turn()
            self.round_trips += bool(outgoing)
            try:
                for apdu in outgoing:
                    framing.send(apdu, now_ms)
                for octets in framing.outgoing():
                    await link.send(octets)
            except LinkError as error:
                engine.abort(error)
                events += engine.events()
            found: Event | None = None
            for event in events:
                if isinstance(event, NotificationReceived):
                    self._take_notification(event.notification)
                elif found is None:
                    found = event
            if found is not None:
                if isinstance(found, Aborted):
                    raise found.error
                return found
            wake_ms = self._wake_ms(engine.wake_at())
            try:
                try:
                    with self._deadline.at(wake_ms / 1000):
                        octets = await link.receive()
                except TimeoutError:
                    now_ms = self._let_pass(wake_ms)
                else:
                    now_ms = int(loop.time() * 1000)
                    framing.receive(octets, now_ms)
                for apdu in framing.apdus():
                    engine.receive(apdu, now_ms)
            except (LinkError, RemoteProtocolError) as error:
                engine.abort(error)

    def _wake_ms(self, deadline_ms: int | None) -> int:
        """Until when nothing need be done but to receive, where `deadline_ms` bounds it."""
        if deadline_ms is None:
            deadline_ms = self._now_ms() + LOOK_MS
        wake_ms = self._framing.wake_at()
        return deadline_ms if wake_ms is None or deadline_ms < wake_ms else wake_ms

    def _let_pass(self, wake_ms: int) -> int:
        """Time has passed, and nothing came. The time it is."""
        now_ms = max(self._now_ms(), wake_ms)
        self._engine.tick(now_ms)
        self._framing.tick(now_ms)
        return now_ms

    async def _until_connected(self, *, connected: bool) -> None:
        """Let the framing set up or end its own connection. Raises LinkError, RemoteProtocolError."""
        framing, now_ms = self._framing, self._now_ms()
        deadline_ms = now_ms + self._settings.association.response_timeout_ms
        (framing.connect if connected else framing.disconnect)(now_ms)
        while True:
            for octets in framing.outgoing():
                await self._link.send(octets)
            if framing.connected is connected and framing.wake_at() is None:
                return
            if self._now_ms() >= deadline_ms:
                raise LinkTimeoutError("The data link connection is neither granted nor refused in time")
            wake_ms = self._wake_ms(deadline_ms)
            try:
                with self._deadline.at(wake_ms / 1000):
                    octets = await self._link.receive()
            except TimeoutError:
                self._let_pass(wake_ms)
            else:
                framing.receive(octets, self._now_ms())

    def _take_notification(self, notification: DataNotification | EventNotification | InformationReportRequest) -> None:
        if self._on_notification is not None:
            self._on_notification(notification)
        if self._settings.confirms_notifications and isinstance(notification, DataNotification):
            number = notification.long_invoke_id_and_priority
            if number & CONFIRMED:
                self._engine.send(DataNotificationConfirm(number, b""), self._now_ms())

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
        return AuthenticationError("the meter does not authenticate us", got=spelled(rejected.diagnostic))
    transient = rejected.result == AssociationResult.REJECTED_TRANSIENT.name
    result = f"{rejected.result}, {rejected.diagnostic}" if transient else rejected.diagnostic
    return RefusedError("the meter rejects the association", result=result, code=rejected.code)


def _as_many(results: Sequence[R], asked: Sequence[object]) -> Sequence[R]:
    """`results`, one for each that was asked for."""
    if len(results) != len(asked):
        raise RemoteProtocolError("a list of another length than asked for", expected=len(asked), got=len(results))
    return results


def _value_of(result: bytes | DataAccessResult, descriptor: object) -> bytes:
    if isinstance(result, DataAccessResult):
        raise _refused(f"the meter does not give {descriptor}", result)
    return result


def _refused(summary: str, result: object) -> RefusedError:
    if isinstance(result, DataAccessResult | ActionResult):
        return RefusedError(summary, result=result.name, code=int(result))
    return RefusedError(summary, result="other-reason", code=int(DataAccessResult.OTHER_REASON))


def _unexpected(event: Event, expected: str) -> FerrarisError:
    if isinstance(event, Released):
        return LinkClosedError("the meter has released the association")
    return RemoteProtocolError("the association took another turn", expected=expected, got=type(event).__name__)
