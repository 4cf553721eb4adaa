"""The driver of one meter's links: octets to WPDUs to associations to answers.

Each pair of service access points on a link has an association engine of its own. A link ends when the peer closes it,
breaks the framing, does not finish its authentication in time, or for `IDLE_TIMEOUT_S` sends no whole WPDU within an
association, or when the meter has used up its invocation counters; nothing but the link is lost then. When every place is
taken, the oldest link that nobody has proved himself on gives way: holding links open must not lock the head-end out.
Over datagrams a link is what comes from one peer, and ends with the association: what comes doubled or late is answered as
before or not at all, never acted upon again. Time-outs are in the event loop's seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from ferraris.dlms import (
    Associated,
    Association,
    DatagramReceiver,
    Event,
    Request,
    RequestReceived,
    Response,
    Role,
    ShortNameRequest,
    ShortNameResponse,
    State,
    Violated,
    WrapperPdu,
    WrapperReceiver,
    encode_wpdu,
)
from ferraris.dlms.apdu import (
    Aare,
    ApplicationContext,
    AssociationResult,
    ExceptionResponse,
    Mechanism,
    ServiceErrorCode,
    ServiceUserDiagnostic,
    StateError,
)
from ferraris.kernel.clock import Clock
from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import (
    AuthenticationError,
    DecodeError,
    InvocationCounterError,
    LinkError,
    LocalProtocolError,
    SecurityError,
)
from ferraris.kernel.limits import CONNECTIONS_PER_METER_MAX
from ferraris.link import Link
from ferraris.meter.associations import OfferedAssociation, OfferedAssociations
from ferraris.meter.device import LogicalDevice
from ferraris.meter.dispatch import protected_answer
from ferraris.meter.event_reports import EventReports
from ferraris.meter.events import EventCode
from ferraris.meter.live_values import Partner
from ferraris.meter.short_name_dispatch import answer_by_short_names

IDLE_TIMEOUT_S: Final = 120.0
"""A link on which no work is done for so long is closed: its peer is gone, or holds it for nothing."""
AUTHENTICATION_FAILURES_LOGGED: Final = 3
"""So many failed authentications of one client in a row are an event in the log; further ones in the row are not."""
AARQ: Final = 0x60
EXCEPTION_RESPONSE: Final = 0xD8


@dataclass(slots=True)
class AssociationEnd:
    """The meter's end of one association on a link."""

    engine: Association
    offered: OfferedAssociation
    client_sap: int
    server_sap: int
    partner: Partner | None = None
    reports: EventReports | None = None
    opening: tuple[bytes, list[bytes]] = b"", []
    """Over datagrams: the AARQ that the present association began with, and the answer."""

    @property
    def has_secret(self) -> bool:
        """Whether this client must prove who it is."""
        settings = self.offered.settings
        return settings.mechanism is not Mechanism.LOWEST or (
            settings.ciphered and bool(settings.pre_established_pdu_size)
        )


class MeterServer:
    """Serves the links of one meter."""

    def __init__(
        self,
        device: LogicalDevice,
        clock: Clock,
        entropy: Entropy,
        changed: Callable[[LogicalDevice], None] | None = None,
        idle_timeout_s: float = IDLE_TIMEOUT_S,
    ) -> None:
        """`changed` is called after every request that may have logged an event or set off a push."""
        self.device = device
        device.entropy = entropy
        self.associations = OfferedAssociations(device)
        self._clock = clock
        self._entropy = entropy
        self._changed = changed
        self._idle_timeout_s = idle_timeout_s
        self._links: dict[Link, _ServedLink] = {}
        self.lines: list[AssociationEnd] = []
        """The meter's ends of associations over HDLC, whose links serve other meters as well."""
        self._failures: dict[str, int] = {}
        """By association: failed authentications in a row. Only its own client ends the row."""

    @property
    def connections(self) -> int:
        return len(self._links)

    async def serve(self, link: Link) -> None:
        """Serve one link to its end. Raises LinkError when the link breaks."""
        if not self.device.meter.powered or not self._make_place():
            return
        served = self._links[link] = _ServedLink(self, link, self._idle_timeout_s)
        try:
            await served.run()
        finally:
            served.watchdog.cancel()
            self._links.pop(link, None)

    def _make_place(self) -> bool:
        """Whether one more link can be served, if need be instead of one that nobody has proved himself on."""
        if len(self._links) < CONNECTIONS_PER_METER_MAX:
            return True
        for link, served in self._links.items():
            if not served.proved:
                del self._links[link]
                served.watchdog.bite()
                return True
        return False

    async def drop_links(self) -> None:
        """The meter loses its power or its network: every link ends."""
        for link in list(self._links):
            await link.aclose()

    def open_end(self, client_sap: int, server_sap: int) -> AssociationEnd | None:
        offered = self.associations.find(client_sap, server_sap)
        if offered is None:
            return None
        return AssociationEnd(
            Association(Role.SERVER, offered.settings, self._entropy), offered, client_sap, server_sap
        )

    def take_apdu(self, end: AssociationEnd, apdu: bytes, loop_ms: int) -> list[bytes]:
        """The APDUs that answer one. Raises SecurityError when no invocation counter is left for them."""
        end.engine.receive(apdu, loop_ms)
        for event in end.engine.events():
            self.take_event(end, event, loop_ms)
        self.report(end, loop_ms)
        return end.engine.outgoing()

    def report(self, end: AssociationEnd, loop_ms: int) -> None:
        """Let the engine tell the client of an association what has happened meanwhile, where it wants to know."""
        if end.reports is None or end.engine.state not in (State.ASSOCIATED, State.RESPONSE_PENDING):
            return
        for report in end.reports.due(self._clock.now_ms()):
            with suppress(LocalProtocolError):  # too long for the client, or too many wait
                end.engine.send(report, loop_ms)

    def report_events(self) -> None:
        """Tell every client on a link of its own what has happened, if it wants to know."""
        for served in self._links.values():
            served.report()

    def take_event(self, end: AssociationEnd, event: Event, loop_ms: int) -> None:
        """Act on what the engine says."""
        match event:
            case RequestReceived(request) if end.partner is not None:
                end.partner = partner = _as_protected(end.partner, end.engine.request_protection)
                response, beyond = self._answer(partner, request)
                end.engine.strengthen_answer(beyond)
                if response is not None:
                    end.engine.send(response, loop_ms)
                if self.associations.renewed():  # the answer to what changed them went out under the old keys
                    self._renew()
                if self._changed is not None:
                    self._changed(self.device)
            case Associated():
                end.partner = partner = _partner(end, event)
                if self.device.model.reports_events:
                    end.reports = EventReports(self.device, partner)
                self._failures.pop(end.offered.name, None)
            case Violated(error) if isinstance(error, AuthenticationError) and end.has_secret:
                failures = self._failures[end.offered.name] = self._failures.get(end.offered.name, 0) + 1
                if failures == AUTHENTICATION_FAILURES_LOGGED:
                    self.device.meter.log_event(EventCode.AUTHENTICATION_FAILED, self._clock.now_ms())

    def _renew(self) -> None:
        """Every association goes on with the new keys and secrets."""
        for ends in [self.lines, *(served.ends for served in self._links.values())]:
            for end in ends:
                offered = self.associations.find(end.client_sap, end.server_sap)
                assert offered is not None  # it was offered before, and no client changes what is
                end.offered = offered
                end.engine.renew(offered.settings)

    def _answer(
        self, partner: Partner, request: Request | ShortNameRequest
    ) -> tuple[Response | ShortNameResponse | None, int]:
        """The answer to a request, None to an unconfirmed one; and what it must have beyond its request's protection."""
        now_ms = self._clock.now_ms()
        if isinstance(request, ShortNameRequest):
            return answer_by_short_names(self.device, partner, request, now_ms)
        return protected_answer(self.device, partner, request, now_ms)


class _ServedLink:
    """One link while it is served."""

    def __init__(self, server: MeterServer, link: Link, idle_timeout_s: float) -> None:
        self._server = server
        self._link = link
        self._loop = asyncio.get_running_loop()
        self._datagrams = link.capabilities.keeps_boundaries
        self._ends: dict[tuple[int, int], AssociationEnd] = {}
        self.watchdog = _Watchdog(self._loop, link, idle_timeout_s)
        self._sending = asyncio.Lock()
        self._reporting: set[asyncio.Task[None]] = set()

    @property
    def ends(self) -> Iterable[AssociationEnd]:
        """The meter's ends of the associations on this link."""
        return self._ends.values()

    @property
    def proved(self) -> bool:
        """Whether a client has shown on this link that it has a secret."""
        return any(end.partner is not None and end.has_secret for end in self._ends.values())

    async def run(self) -> None:
        receiver = DatagramReceiver() if self._datagrams else WrapperReceiver()
        while True:
            octets = await self._link.receive()
            broken = False
            try:
                receiver.receive(octets)
            except DecodeError:
                broken = not self._datagrams  # a wrong datagram says nothing about the next one
            answers: list[bytes] = []
            try:
                for wpdu in receiver.events():
                    answers += self._take(wpdu)
                    if any(end.partner is not None for end in self._ends.values()):
                        self.watchdog.touch()
            except SecurityError:
                # No invocation counter is left to cipher the answer with: silence is all that the key still allows.
                broken = True
            self.watchdog.expect_by(self._deadline_s())
            await self._send(answers)
            if broken or (self._datagrams and all(end.engine.state is State.IDLE for end in self._ends.values())):
                return

    def report(self) -> None:
        """Tell the clients on this link what has happened."""
        loop_ms = int(self._loop.time() * 1000)
        reports: list[bytes] = []
        for end in self._ends.values():
            try:
                self._server.report(end, loop_ms)
            except SecurityError:
                continue  # no invocation counter is left
            reports += [encode_wpdu(end.server_sap, end.client_sap, apdu) for apdu in end.engine.outgoing()]
        if reports:
            task = self._loop.create_task(self._send_reports(reports))
            self._reporting.add(task)
            task.add_done_callback(self._reporting.discard)

    async def _send_reports(self, reports: list[bytes]) -> None:
        with suppress(LinkError):  # whoever receives on the link learns of it, too
            await self._send(reports)

    async def _send(self, answers: list[bytes]) -> None:
        if not self._datagrams and answers:
            answers = [b"".join(answers)]
        async with self._sending:
            for octets in answers:
                if len(octets) <= self._link.capabilities.uplink_octets_max:
                    await self._link.send(octets)

    def _take(self, wpdu: WrapperPdu) -> list[bytes]:
        """The WPDUs that answer one WPDU."""
        saps = wpdu.source, wpdu.destination
        end = self._ends.get(saps)
        if end is None:
            end = self._server.open_end(*saps)
            if end is None:
                return [encode_wpdu(wpdu.destination, wpdu.source, refusal(wpdu.apdu))]
            self._ends[saps] = end
        if self._datagrams and wpdu.apdu == end.opening[0] and end.engine.state is not State.IDLE:
            return end.opening[1]
        loop_ms = int(self._loop.time() * 1000)
        end.engine.receive(wpdu.apdu, loop_ms)
        events = end.engine.events()
        for event in events:
            self._server.take_event(end, event, loop_ms)
        self._server.report(end, loop_ms)
        apdus = end.engine.outgoing()
        if self._datagrams and end.engine.state is not State.IDLE and any(map(_is_replay, events)):
            # A doubled datagram, more often than an attack: a refusal would be taken for the answer to a newer request.
            apdus = [apdu for apdu in apdus if apdu[0] != EXCEPTION_RESPONSE]
        answers = [encode_wpdu(wpdu.destination, wpdu.source, apdu) for apdu in apdus]
        if self._datagrams and wpdu.apdu[:1] == bytes((AARQ,)):
            end.opening = wpdu.apdu, answers
        return answers

    def _deadline_s(self) -> float | None:
        """When the first of the engines gives up waiting for its client."""
        waiting = [wake_ms for end in self._ends.values() if (wake_ms := end.engine.wake_at()) is not None]
        return min(waiting) / 1000 if waiting else None


class _Watchdog:
    """Closes a link that is idle, or whose client does not do in time what it must. One timer, moved on when it fires."""

    def __init__(self, loop: asyncio.AbstractEventLoop, link: Link, idle_timeout_s: float) -> None:
        self._loop = loop
        self._link = link
        self._idle_timeout_s = idle_timeout_s
        self._idle_at_s = loop.time() + idle_timeout_s
        self._expected_s: float | None = None
        self._timer_s = self._idle_at_s
        self._timer = loop.call_at(self._timer_s, self._look)
        self._closing: asyncio.Task[None] | None = None

    def touch(self) -> None:
        """An association was at work."""
        self._idle_at_s = self._loop.time() + self._idle_timeout_s

    def expect_by(self, expected_s: float | None) -> None:
        """The client must move before `expected_s`; None: it may take its time."""
        self._expected_s = expected_s
        if expected_s is not None and expected_s < self._timer_s:
            self._timer.cancel()
            self._arm(expected_s)

    def cancel(self) -> None:
        self._timer.cancel()

    def bite(self) -> None:
        """Close the link now."""
        self._timer.cancel()
        self._closing = self._loop.create_task(self._link.aclose())

    def _arm(self, at_s: float) -> None:
        self._timer_s = at_s
        self._timer = self._loop.call_at(at_s, self._look)

    def _look(self) -> None:
        due_s = self._idle_at_s if self._expected_s is None else min(self._idle_at_s, self._expected_s)
        if due_s > self._timer_s:
            self._arm(due_s)
        else:
            self.bite()


def _as_protected(partner: Partner, protection: int) -> Partner:
    """The partner, with the protection of its present request."""
    return partner if partner.protection == protection else replace(partner, protection=protection)


def _is_replay(event: Event) -> bool:
    return isinstance(event, Violated) and isinstance(event.error, InvocationCounterError)


def _partner(end: AssociationEnd, associated: Associated) -> Partner:
    settings = end.offered.settings
    return Partner(
        end.offered.name,
        end.client_sap,
        end.server_sap,
        settings.ciphered,
        int(settings.mechanism),
        associated,
    )


def refusal(apdu: bytes) -> bytes:
    """The answer to a client that the meter has no association for."""
    if apdu[:1] == bytes((AARQ,)):
        return Aare(
            application_context=ApplicationContext.LOGICAL_NAME,
            result=AssociationResult.REJECTED_PERMANENT,
            result_source_diagnostic=ServiceUserDiagnostic.NO_REASON_GIVEN,
        ).encode()
    return ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.OPERATION_NOT_POSSIBLE, None).encode()
