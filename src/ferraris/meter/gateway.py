"""A virtual gateway (data concentrator): forwards APDUs between clients and the meters behind it, by the gateway protocol.

A client's link carries WPDUs, and in them APDUs behind a prefix that names a meter. For each meter, client SAP and server SAP
that are named on it the gateway opens a link of its own, a `_Branch`, with the framing that the meter's network asks for.
Whatever the meter sends goes back behind the prefix of a response, also what nobody asked for: pushes, blocks in a row. What
cannot be handed on is answered by an exception-response without a prefix, the gateway's own word.

No number in the prefix says how often an APDU was forwarded, so nothing in the octets ends a loop of gateways that lead to one
another. What does: a prefix behind a prefix goes nowhere, and a gateway has `GATEWAY_BRANCHES_MAX` branches, of all its clients
together; the branch that is one too many is refused, and the refusal goes back the way of the request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeAlias

from ferraris.dlms import (
    Framing,
    GatewayAddress,
    WrapperFraming,
    WrapperPdu,
    WrapperReceiver,
    decode_prefixed,
    encode_prefixed,
    encode_wpdu,
)
from ferraris.kernel.errors import DecodeError, LinkError, LinkTimeoutError, ProtocolError
from ferraris.kernel.limits import GATEWAY_BRANCHES_MAX, GATEWAY_WAITING_APDUS_MAX
from ferraris.link import Link, receive_within
from ferraris.meter.server import IDLE_TIMEOUT_S, refusal

FramingOf: TypeAlias = Callable[[int, int], Framing]
"""The framing towards a meter, from a client SAP and a server SAP."""
NO_WAY: Final = b"\xc0"
"""Stands for the request that is refused: not an AARQ, so that the refusal is an exception-response."""


@dataclass(frozen=True, slots=True)
class MeterBehind:
    """The way to one meter behind the gateway."""

    open_link: Callable[[], Awaitable[Link]]
    """Raises LinkError."""
    framing: FramingOf = WrapperFraming


class Gateway:
    """Serves the links of clients."""

    def __init__(self, meters: Mapping[GatewayAddress, MeterBehind], idle_timeout_s: float = IDLE_TIMEOUT_S) -> None:
        self.meters = meters
        self._idle_timeout_s = idle_timeout_s
        self.branches = 0
        """Links to meters that are open."""

    async def serve(self, link: Link) -> None:
        """Serve one client's link to its end. Raises LinkError when the link breaks."""
        served = _ServedClient(self, link)
        try:
            await served.run(self._idle_timeout_s)
        finally:
            await served.leave()

    def way_to(self, address: GatewayAddress) -> MeterBehind | None:
        """The way to a meter; None where there is none, or no room for one more branch."""
        return self.meters.get(address) if self.branches < GATEWAY_BRANCHES_MAX else None


class _ServedClient:
    """One client's link while it is served."""

    def __init__(self, gateway: Gateway, link: Link) -> None:
        self._gateway = gateway
        self._link = link
        self._branches: dict[tuple[int, int, GatewayAddress], _Branch] = {}

    async def run(self, idle_timeout_s: float) -> None:
        receiver = WrapperReceiver()
        broken = False
        while not broken:
            try:
                octets = await receive_within(self._link, idle_timeout_s)
            except LinkTimeoutError:
                return
            try:
                receiver.receive(octets)
            except DecodeError:
                broken = True
            for wpdu in receiver.events():
                await self._take(wpdu)

    async def leave(self) -> None:
        for branch in list(self._branches.values()):
            await branch.aclose()

    async def _take(self, wpdu: WrapperPdu) -> None:
        try:
            message = decode_prefixed(wpdu.apdu)
        except DecodeError:
            await self._refuse(wpdu.source, wpdu.destination, wpdu.apdu)
            return
        name = wpdu.source, wpdu.destination, message.address
        branch = self._branches.get(name)
        if branch is None and not message.response:
            branch = self._branch(*name)
        if branch is None or message.response or not branch.send(message.apdu):
            await self._refuse(wpdu.source, wpdu.destination)

    def _branch(self, client_sap: int, server_sap: int, address: GatewayAddress) -> _Branch | None:
        """A new way to a meter that is there."""
        way = self._gateway.way_to(address)
        if way is None:
            return None

        async def answer(apdu: bytes) -> None:
            octets = encode_prefixed(address, apdu, response=True)
            await self._link.send(encode_wpdu(server_sap, client_sap, octets))

        async def refuse() -> None:
            await self._refuse(client_sap, server_sap)

        branch = _Branch(way, way.framing(client_sap, server_sap), answer, refuse)
        branch.task.add_done_callback(lambda _: self._forget(client_sap, server_sap, address))
        self._branches[client_sap, server_sap, address] = branch
        self._gateway.branches += 1
        return branch

    def _forget(self, client_sap: int, server_sap: int, address: GatewayAddress) -> None:
        self._gateway.branches -= 1
        del self._branches[client_sap, server_sap, address]

    async def _refuse(self, client_sap: int, server_sap: int, apdu: bytes = NO_WAY) -> None:
        with suppress(LinkError):
            await self._link.send(encode_wpdu(server_sap, client_sap, refusal(apdu)))


class _Branch:
    """The link to one meter: a task that brings APDUs there and answers back, until link or framing end."""

    def __init__(
        self,
        way: MeterBehind,
        framing: Framing,
        answer: Callable[[bytes], Awaitable[None]],
        refuse: Callable[[], Awaitable[None]],
    ) -> None:
        self._way = way
        self._framing = framing
        self._answer = answer
        self._refuse = refuse
        self._loop = asyncio.get_running_loop()
        self._waiting: list[bytes] = []
        """APDUs for the meter, until it is connected and their turn has come."""
        self._unanswered = True
        self._over = False
        self._alarm: asyncio.Timeout | None = None
        """While the task waits for the meter."""
        self.task = self._loop.create_task(self._run())

    def send(self, apdu: bytes) -> bool:
        """Take an APDU for the meter; False when too many wait, or the way is over."""
        if self._over or len(self._waiting) >= GATEWAY_WAITING_APDUS_MAX:
            return False
        self._waiting.append(apdu)
        if self._alarm is not None and not self._alarm.expired():
            self._alarm.reschedule(self._loop.time())
        return True

    async def aclose(self) -> None:
        """The client has gone."""
        self.task.cancel()
        await asyncio.wait([self.task])

    async def _run(self) -> None:
        try:
            with suppress(LinkError, ProtocolError):
                link = await self._way.open_link()
                try:
                    await self._forward(link)
                finally:
                    await self._disconnect(link)
        finally:
            self._over = True
            if self._unanswered:
                await self._refuse()

    async def _forward(self, link: Link) -> None:
        framing = self._framing
        if not framing.connected:
            framing.connect(self._now_ms())
        while True:
            if framing.connected and self._waiting:
                waiting, self._waiting = self._waiting, []
                self._unanswered = True
                for apdu in waiting:
                    framing.send(apdu, self._now_ms())
            for octets in framing.outgoing():
                await link.send(octets)
            await self._receive(link)
            for apdu in framing.apdus():
                self._unanswered = False
                await self._answer(apdu)

    async def _receive(self, link: Link) -> None:
        """Hand the framing what the meter sends, or let it know that time has passed; nothing when there is more to send."""
        framing = self._framing
        if self._waiting and framing.connected:
            return
        wake_ms = framing.wake_at()
        try:
            async with asyncio.timeout_at(None if wake_ms is None else wake_ms / 1000) as self._alarm:
                octets = await link.receive()
        except TimeoutError:
            if wake_ms is not None and self._loop.time() >= wake_ms / 1000:
                framing.tick(max(wake_ms, self._now_ms()))
        else:
            framing.receive(octets, self._now_ms())
        finally:
            self._alarm = None

    async def _disconnect(self, link: Link) -> None:
        with suppress(LinkError, ProtocolError):
            self._framing.disconnect(self._now_ms())
            for octets in self._framing.outgoing():
                await link.send(octets)
        await link.aclose()

    def _now_ms(self) -> int:
        return int(self._loop.time() * 1000)
