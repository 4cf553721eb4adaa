"""TCP links, as meters with a wide-area connection offer them on port 4059.

`TCP_NODELAY` is set by asyncio and by uvloop on every connection; a test holds them to it.
"""

from __future__ import annotations

import asyncio
import os

from ferraris.kernel.errors import LinkTimeoutError, LinkUnreachableError
from ferraris.kernel.limits import (
    LINK_CONNECT_TIMEOUT_S,
    LINK_CONNECTIONS_MAX,
    LINK_CONNECTIONS_WAITING_MAX,
)
from ferraris.link.contract import STREAM_OCTETS_MAX, LinkCapabilities, LinkHandler, address_text
from ferraris.link.deadline import Deadline
from ferraris.link.serving import HandlerTasks
from ferraris.link.stream import StreamLink

TCP_CAPABILITIES = LinkCapabilities(
    uplink_octets_max=STREAM_OCTETS_MAX,
    downlink_octets_max=STREAM_OCTETS_MAX,
    ordered=True,
    reliable=True,
    keeps_boundaries=False,
    round_trip_ms=100,
)
CANNOT_BE_OPENED = (OSError, ValueError, OverflowError)
"""What asyncio raises for an address that refuses, does not exist, is no name at all or has no such port."""


class TcpLink(StreamLink):
    """One TCP connection."""

    capabilities = TCP_CAPABILITIES
    waits_for_close = False  # every connection has a socket of its own

    @property
    def local(self) -> str:
        return socket_address_text(self._transport, "sockname")

    @property
    def peer(self) -> str:
        return socket_address_text(self._transport, "peername")


class _AcceptedLink(TcpLink):
    """A connection that a server accepted: its handler starts with it, unless there are too many."""

    def __init__(self, handlers: HandlerTasks) -> None:
        super().__init__()
        self._handlers = handlers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self._handlers.full:
            self._transport.abort()
        else:
            self._handlers.start(self)


class TcpServer:
    """A listening socket and the links that it accepted."""

    def __init__(self, server: asyncio.Server, handlers: HandlerTasks) -> None:
        self._server = server
        self._handlers = handlers
        name = server.sockets[0].getsockname()
        self.host: str = name[0]
        self.port: int = name[1]

    @property
    def connections(self) -> int:
        """Links that are being served."""
        return len(self._handlers)

    async def aclose(self) -> None:
        self._server.close()
        await self._handlers.aclose()
        await self._server.wait_closed()


async def open_tcp(
    host: str, port: int, timeout_s: float = LINK_CONNECT_TIMEOUT_S, *, local_host: str | None = None
) -> TcpLink:
    """Connect to `host` (a name, an IPv4 or an IPv6 address), from the address `local_host` if one is given.

    Raises LinkTimeoutError after `timeout_s`, LinkUnreachableError when the address refuses or does not exist.
    """
    loop = asyncio.get_running_loop()
    deadline = Deadline(loop)
    local_address = None if local_host is None else (local_host, 0)
    try:
        with deadline.at(loop.time() + timeout_s):
            _, link = await loop.create_connection(TcpLink, host, port, local_addr=local_address)
    except TimeoutError:
        raise LinkTimeoutError(f"No connection to {address_text(host, port)} within {timeout_s:g} s") from None
    except CANNOT_BE_OPENED as error:
        raise LinkUnreachableError(f"No connection to {address_text(host, port)}: {reason_text(error)}") from error
    finally:
        deadline.close()
    return link


async def serve_tcp(
    host: str, port: int, handler: LinkHandler, *, connections_max: int = LINK_CONNECTIONS_MAX
) -> TcpServer:
    """Listen on `host` and `port` (0: any free one) and run `handler` for each link, `connections_max` at a time.

    One connection more is closed at once. Raises LinkUnreachableError when the address cannot be had.
    """
    loop = asyncio.get_running_loop()
    handlers = HandlerTasks(handler, connections_max)
    try:
        server = await loop.create_server(
            lambda: _AcceptedLink(handlers), host, port, backlog=LINK_CONNECTIONS_WAITING_MAX
        )
    except CANNOT_BE_OPENED as error:
        raise LinkUnreachableError(f"Cannot listen on {address_text(host, port)}: {reason_text(error)}") from error
    return TcpServer(server, handlers)


def socket_address_text(transport: asyncio.BaseTransport, which: str) -> str:
    """`host:port` of one end of a socket; empty when the operating system does not know it any more."""
    name = transport.get_extra_info(which)
    return address_text(name[0], name[1]) if name else ""


def reason_text(error: Exception) -> str:
    """The operating system's words for an error of a socket, which asyncio replaces by its own."""
    if isinstance(error, OSError) and error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return str(getattr(error, "strerror", None) or error)
