"""UDP links: one datagram carries one wrapper WPDU, as meters push over networks that bill by the octet.

A server sees one link a peer address, so that its handler is the same as over TCP. A datagram may be lost, doubled or
overtaken; the protocol above must expect it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, cast

from ferraris.kernel.errors import LinkUnreachableError, LocalProtocolError
from ferraris.kernel.limits import DATAGRAM_OCTETS_MAX, DATAGRAM_PEERS_MAX, LINK_DATAGRAMS_MAX
from ferraris.link.contract import LinkCapabilities, LinkHandler, address_text
from ferraris.link.inbox import Inbox
from ferraris.link.serving import HandlerTasks
from ferraris.link.tcp import CANNOT_BE_OPENED, reason_text, socket_address_text

UDP_CAPABILITIES = LinkCapabilities(
    uplink_octets_max=DATAGRAM_OCTETS_MAX,
    downlink_octets_max=DATAGRAM_OCTETS_MAX,
    ordered=False,
    reliable=False,
    keeps_boundaries=True,
    round_trip_ms=100,
)
SocketAddress: TypeAlias = tuple[str, int] | tuple[str, int, int, int]


class _Socket(asyncio.DatagramProtocol):
    """A UDP socket under asyncio, and whether the operating system takes datagrams at the moment."""

    def __init__(self) -> None:
        self.transport: asyncio.DatagramTransport
        self.writable = True
        self._lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def pause_writing(self) -> None:
        self.writable = False

    def resume_writing(self) -> None:
        self.writable = True

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost.set()

    async def aclose(self) -> None:
        """Close the socket and wait until it is gone."""
        self.transport.close()
        await self._lost.wait()


class UdpLink:
    """Datagrams to and from one peer. `close` is awaited once, when this side closes the link."""

    capabilities = UDP_CAPABILITIES

    def __init__(self, socket: _Socket, peer: SocketAddress | None, close: Callable[[], Awaitable[None]]) -> None:
        self._socket = socket
        self._peer = peer
        self._close = close
        self._inbox = Inbox(keeps_boundaries=True)
        self.dropped = 0
        """Datagrams that came while the receiver lagged behind by LINK_DATAGRAMS_MAX of them."""

    @property
    def local(self) -> str:
        return socket_address_text(self._socket.transport, "sockname")

    @property
    def peer(self) -> str:
        if self._peer is not None:
            return address_text(self._peer[0], self._peer[1])
        return socket_address_text(self._socket.transport, "peername")

    async def send(self, octets: bytes) -> None:
        self._inbox.check_open()
        if len(octets) > DATAGRAM_OCTETS_MAX:
            raise LocalProtocolError("No datagram", expected=f"at most {DATAGRAM_OCTETS_MAX} octets", got=len(octets))
        # A datagram that the operating system will not take now may as well be lost on the way.
        if octets and self._socket.writable:
            self._socket.transport.sendto(octets, self._peer)

    async def receive(self) -> bytes:
        return await self._inbox.take()

    async def aclose(self) -> None:
        if not self._inbox.closed:
            self._inbox.discard("The link was closed on this side")
            await self._close()

    def arrived(self, octets: bytes) -> None:
        """Keep a datagram for `receive`."""
        if len(self._inbox) >= LINK_DATAGRAMS_MAX:
            self.dropped += 1
        else:
            self._inbox.put(octets)

    def failed(self, error: Exception) -> None:
        """The peer is not there, as the operating system reports, or has to give way."""
        self._inbox.end(LinkUnreachableError(f"{self.peer} cannot be reached: {reason_text(error)}"))


class _OnePeer(_Socket):
    """The socket of a client: connected to one peer."""

    def __init__(self) -> None:
        super().__init__()
        self.link = UdpLink(self, None, self.aclose)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self.link.arrived(data)

    def error_received(self, exc: Exception) -> None:
        self.link.failed(exc)


class _ManyPeers(_Socket):
    """The socket of a server: one link a peer. The peer least recently heard gives way when there are too many."""

    def __init__(self, handlers: HandlerTasks, peers_max: int) -> None:
        super().__init__()
        self._handlers = handlers
        self._peers_max = peers_max
        self._links: OrderedDict[SocketAddress, UdpLink] = OrderedDict()

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        link = self._links.get(addr)
        if link is None:
            if self._handlers.full:
                return
            link = self._welcome(addr)
        self._links.move_to_end(addr)
        link.arrived(data)

    def _welcome(self, peer: SocketAddress) -> UdpLink:
        if len(self._links) >= self._peers_max:
            _, eldest = self._links.popitem(last=False)
            eldest.failed(ConnectionAbortedError("too many peers, and this one was silent the longest"))

        async def close() -> None:
            if self._links.get(peer) is link:
                del self._links[peer]

        link = UdpLink(self, peer, close)
        self._links[peer] = link
        self._handlers.start(link)
        return link


class UdpServer:
    """A bound socket and the links of the peers that were heard on it."""

    def __init__(self, socket: _ManyPeers, handlers: HandlerTasks) -> None:
        self._socket = socket
        self._handlers = handlers
        name = socket.transport.get_extra_info("sockname")
        self.host: str = name[0]
        self.port: int = name[1]

    @property
    def connections(self) -> int:
        """Peers that are being served."""
        return len(self._handlers)

    async def aclose(self) -> None:
        await self._handlers.aclose()
        await self._socket.aclose()


async def open_udp(host: str, port: int, *, local_host: str | None = None) -> UdpLink:
    """A link to `host` and `port`. Nothing is sent yet, so a peer that is not there shows only later, if ever."""
    loop = asyncio.get_running_loop()
    local_address = None if local_host is None else (local_host, 0)
    try:
        _, socket = await loop.create_datagram_endpoint(_OnePeer, local_addr=local_address, remote_addr=(host, port))
    except CANNOT_BE_OPENED as error:
        raise LinkUnreachableError(f"No way to {address_text(host, port)}: {reason_text(error)}") from error
    return socket.link


async def serve_udp(host: str, port: int, handler: LinkHandler, *, peers_max: int = DATAGRAM_PEERS_MAX) -> UdpServer:
    """Bind `host` and `port` (0: any free one) and run `handler` once for each peer address that is heard."""
    loop = asyncio.get_running_loop()
    handlers = HandlerTasks(handler, 2 * peers_max)
    try:
        _, socket = await loop.create_datagram_endpoint(
            lambda: _ManyPeers(handlers, peers_max), local_addr=(host, port)
        )
    except CANNOT_BE_OPENED as error:
        raise LinkUnreachableError(f"Cannot listen on {address_text(host, port)}: {reason_text(error)}") from error
    return UdpServer(socket, handlers)
