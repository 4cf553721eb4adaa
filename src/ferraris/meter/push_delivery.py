"""The pushes of one link, sent in order: short ones whole, long ones in general blocks; then their confirmations.

An unconfirmed push is delivered when the layer below has taken it. Over datagrams its blocks are repeated until the receiver
acknowledges them, a few times at the most: a receiver that never acknowledges may have them all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from ferraris.dlms import (
    DATAGRAMS_REMEMBERED,
    AwaitedConfirmations,
    DatagramReceiver,
    OutgoingPush,
    Security,
    WrapperReceiver,
)
from ferraris.dlms.apdu import GENERAL_BLOCK_TRANSFER
from ferraris.kernel.errors import (
    DecodeError,
    LinkClosedError,
    LinkTimeoutError,
    LocalProtocolError,
    RemoteProtocolError,
    SecurityError,
)
from ferraris.kernel.limits import PUSH_OCTETS_MAX, WRAPPER_HEADER_OCTETS
from ferraris.link import Link, receive_within
from ferraris.meter.push import PushedApdu, wrapped

CONFIRMATION_TIMEOUT_S: Final = 30.0
ACKNOWLEDGEMENT_TIMEOUT_S: Final = 4.0
"""In the event loop's seconds."""


class PushDelivery:
    """What is sent over one link, and what the receiver says to it."""

    def __init__(self, link: Link, security: Security, pushes: Sequence[PushedApdu]) -> None:
        self._link = link
        self._pushes = pushes
        self._awaited = AwaitedConfirmations(security, [push.long_invoke_id for push in pushes])
        self._pdu_size = min(link.capabilities.uplink_octets_max - WRAPPER_HEADER_OCTETS, PUSH_OCTETS_MAX)
        datagrams = link.capabilities.keeps_boundaries
        self._wrapper = DatagramReceiver(DATAGRAMS_REMEMBERED) if datagrams else WrapperReceiver()
        self._loop = asyncio.get_running_loop()

    async def run(self) -> None:
        """Send all. Raises LinkError when that fails, or what asks for a confirmation gets none."""
        for push in self._pushes:
            if len(push.apdu) <= self._pdu_size:
                await self._link.send(push.octets)
            else:
                await self._send_in_blocks(push.apdu)
        try:
            async with asyncio.timeout(CONFIRMATION_TIMEOUT_S):
                while not self._awaited.complete:
                    self._take(await self._link.receive(), None)
        except TimeoutError:
            raise LinkTimeoutError("a push was not confirmed in time") from None

    async def _send_in_blocks(self, apdu: bytes) -> None:
        try:
            push = OutgoingPush(apdu, self._pdu_size, int(ACKNOWLEDGEMENT_TIMEOUT_S * 1000), self._now_ms())
        except LocalProtocolError as error:
            raise LinkClosedError(f"a push is too long for its link: {error}") from error
        while not push.over:
            for block in push.outgoing():
                await self._link.send(wrapped(block))
            if push.all_sent and self._link.capabilities.reliable:
                return
            wake_ms = push.wake_at()
            assert wake_ms is not None  # every block waits for its acknowledgement
            try:
                octets = await receive_within(self._link, wake_ms / 1000 - self._loop.time())
            except LinkTimeoutError:
                push.tick(max(self._now_ms(), wake_ms))
            else:
                self._take(octets, push)

    def _take(self, octets: bytes, push: OutgoingPush | None) -> None:
        """Take acknowledgements of the blocks of `push`, and confirmations of whatever was sent."""
        try:
            self._wrapper.receive(octets)
            for wpdu in self._wrapper.events():
                if wpdu.apdu[:1] != bytes((GENERAL_BLOCK_TRANSFER,)):
                    self._awaited.take(wpdu.apdu)
                elif push is not None:
                    push.receive(wpdu.apdu, self._now_ms())
        except (DecodeError, RemoteProtocolError, SecurityError) as error:
            raise LinkClosedError(f"a push was answered with something else: {error}") from error

    def _now_ms(self) -> int:
        return int(self._loop.time() * 1000)
