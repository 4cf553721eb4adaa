"""What a link is: the one shape that drivers of protocols see, whatever carries the octets.

A driver (of the client, of the virtual meter, of the runtime) is given a `Connector` to open links or a `Listener` to
wait for them, never a socket. So the same driver runs over TCP, over a simulated network and over whatever a later
adapter brings.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, TypeAlias

from ferraris.kernel.errors import LinkTimeoutError


class Downlink(Enum):
    """When octets may travel towards the meter."""

    ALWAYS = "always"
    AFTER_UPLINK = "after uplink"
    WINDOWED = "windowed"


@dataclass(frozen=True, slots=True)
class LinkCapabilities:
    """What plans and campaigns may ask of a link, instead of asking which link it is."""

    uplink_octets_max: int
    """Octets in one send from the meter."""
    downlink_octets_max: int
    """Octets in one send towards the meter."""
    ordered: bool
    """What is sent first arrives first."""
    reliable: bool
    """What is sent arrives once, or the link ends; otherwise any send may be lost or doubled."""
    keeps_boundaries: bool
    """One send arrives as one receive (datagrams); a stream may cut and join at any octet."""
    round_trip_ms: int
    """Typical, for budgets and retry plans; not a bound."""
    downlink: Downlink = Downlink.ALWAYS
    duty_cycle: float = 1.0
    """Share of the time that a side may send."""


STREAM_OCTETS_MAX = 1 << 30
"""A stream takes any send that fits into memory; this bounds it for arithmetic's sake."""


class Link(Protocol):
    """Octets to and from one peer.

    One task sends and one task receives at a time. Cancelling `receive` loses nothing: the next call returns what had
    come.
    """

    @property
    def capabilities(self) -> LinkCapabilities:
        """What this link can do; never changes during its life."""
        ...

    @property
    def local(self) -> str:
        """`host:port` of this end."""
        ...

    @property
    def peer(self) -> str:
        """`host:port` of the other end."""
        ...

    async def send(self, octets: bytes) -> None:
        """Hand over `octets`, waiting while the peer is slow to take them. Raises LinkClosedError when it is over."""
        ...

    async def receive(self) -> bytes:
        """At least one octet. What came before the end is still returned; after it, LinkClosedError."""
        ...

    async def aclose(self) -> None:
        """End the link; a receive that waits raises LinkClosedError. Closing twice is closing once."""
        ...


class Connector(Protocol):
    """Opens links."""

    async def __call__(self, host: str, port: int) -> Link:
        """Raises LinkUnreachableError or LinkTimeoutError."""
        ...


LinkHandler: TypeAlias = Callable[[Link], Awaitable[None]]
"""Serves one accepted link to its end. The link is closed when the handler returns or raises."""


class LinkServer(Protocol):
    """A place that accepts links until it is closed."""

    @property
    def host(self) -> str:
        """Address listened on."""
        ...

    @property
    def port(self) -> int:
        """Port listened on: the real one where 0 was asked for."""
        ...

    async def aclose(self) -> None:
        """Accept no more, and end the links that were accepted."""
        ...


class Listener(Protocol):
    """Accepts links at an address and hands each to a handler."""

    async def __call__(self, host: str, port: int, handler: LinkHandler) -> LinkServer:
        """Raises LinkUnreachableError when the address cannot be had."""
        ...


def address_text(host: str, port: int) -> str:
    """`host:port` for texts and logs; an IPv6 address stands in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def receive_within(link: Link, timeout_s: float) -> bytes:
    """`link.receive()`, or LinkTimeoutError when nothing comes within `timeout_s` of the event loop's time."""
    try:
        async with asyncio.timeout(timeout_s):
            return await link.receive()
    except TimeoutError:
        raise LinkTimeoutError(f"Nothing from {link.peer} within {timeout_s:g} s") from None
