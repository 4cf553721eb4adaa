"""Links over CoAP (RFC 7252): what is sent goes as a confirmable POST, or as the response to one that waits for it.

A meter's answer is the response to the client's request, as long as it comes within the time that a request waits; later ones,
and what nobody asked for, go as requests of their own. So either end is a client and a server of CoAP. The octets are WPDUs: a
wrapper lies between CoAP and the APDU, as class 152 (CoAP setup) names its version. Public sources do not tell whether
that is the wrapper of TCP and UDP, which is used here, nor the code of a response; Gurux answers by 2.01 Created, and so do we.

Non-confirmable requests are neither acknowledged nor repeated: what is lost is lost, and whoever drives the link asks again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from ferraris.kernel.errors import LinkError, LocalProtocolError
from ferraris.kernel.limits import COAP_OCTETS_MAX, LINK_DATAGRAMS_MAX
from ferraris.link.contract import LinkCapabilities
from ferraris.link.inbox import Inbox

COAP_CAPABILITIES: Final = LinkCapabilities(
    uplink_octets_max=COAP_OCTETS_MAX,
    downlink_octets_max=COAP_OCTETS_MAX,
    ordered=False,
    reliable=True,
    keeps_boundaries=True,
    round_trip_ms=200,
)
UNCONFIRMED_CAPABILITIES: Final = replace(COAP_CAPABILITIES, reliable=False)
"""Of a link whose requests are non-confirmable."""
CLOSING_S: Final = 1.0
"""How long closing waits for what was sent last to be answered."""
ANSWER_WITHIN_S: Final = 20.0
"""How long a request waits for its response. CoAP itself acknowledges it meanwhile."""


class CoapLink:
    """Octets to and from one CoAP endpoint."""

    def __init__(
        self,
        local: str,
        peer: str,
        post: Callable[[bytes], Awaitable[bytes]],
        close: Callable[[], Awaitable[None]],
        answer_within_s: float,
        *,
        confirmable: bool = True,
    ) -> None:
        """`post` sends a request and returns the payload of its response, or raises LinkError. `close` is awaited once."""
        self.capabilities = COAP_CAPABILITIES if confirmable else UNCONFIRMED_CAPABILITIES
        self.local = local
        self.peer = peer
        self._post = post
        self._close = close
        self._answer_within_s = answer_within_s
        self._inbox = Inbox(keeps_boundaries=True)
        self._asked: deque[asyncio.Future[bytes]] = deque()
        """Requests of the peer that wait for their responses."""
        self._posts: set[asyncio.Task[None]] = set()
        """Never cancelled: aiocoap takes that for an error of its own. They end with their endpoint, or by its time-outs."""

    async def send(self, octets: bytes) -> None:
        self._inbox.check_open()
        if len(octets) > COAP_OCTETS_MAX:
            raise LocalProtocolError("No CoAP payload", expected=f"at most {COAP_OCTETS_MAX} octets", got=len(octets))
        if not octets:
            return
        if self._asked:
            self._asked.popleft().set_result(octets)
            return
        while len(self._posts) >= LINK_DATAGRAMS_MAX:
            await asyncio.wait(self._posts, return_when=asyncio.FIRST_COMPLETED)
            self._inbox.check_open()
        task = asyncio.get_running_loop().create_task(self._exchange(octets))
        self._posts.add(task)
        task.add_done_callback(self._posts.discard)

    async def receive(self) -> bytes:
        return await self._inbox.take()

    async def aclose(self) -> None:
        if self._inbox.closed:
            return
        over = self._inbox.ended
        self._inbox.discard("The link was closed on this side")
        for waiting in self._asked:
            waiting.cancel()
        if self._posts and not over:  # what was sent last is still on its way
            await asyncio.wait(self._posts, timeout=CLOSING_S)
        await self._close()

    def fail(self, error: LinkError) -> None:
        """No more will come, for that reason."""
        self._inbox.end(error)

    @property
    def full(self) -> bool:
        """The receiver lags behind too far for another request."""
        return self._inbox.ended or len(self._inbox) >= LINK_DATAGRAMS_MAX

    async def asked(self, octets: bytes) -> bytes:
        """The peer's request has come: the payload of its response, nothing where none is sent in time."""
        waiting: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._asked.append(waiting)
        self._inbox.put(octets)
        try:
            done, _ = await asyncio.wait([waiting], timeout=self._answer_within_s)
        finally:
            if waiting in self._asked:
                self._asked.remove(waiting)
        return waiting.result() if done and not waiting.cancelled() else b""

    async def _exchange(self, octets: bytes) -> None:
        try:
            answer = await self._post(octets)
        except LinkError as error:
            self.fail(error)
        else:
            self._inbox.put(answer)
