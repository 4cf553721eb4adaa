"""What carries APDUs to and from a meter of the registry, beneath the association: wrapper, HDLC or M-Bus, straight or by a gateway.

A serial line, and what a serial server makes of one, is shared by the meters on it: one is talked with at a time. A wrapper over
TCP or UDP has no such bound, even where several meters have one address.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from ferraris.dlms import Framing, GatewayAddress, GatewayFraming, MbusFraming, WrapperFraming
from ferraris.dlms.hdlc import NETWORK_TIMING, SERIAL_TIMING, HdlcFraming, server_address
from ferraris.headend import HDLC_LINKS, LINES, MBUS_LINKS
from ferraris.kernel.errors import ConfigError, LocalProtocolError
from ferraris.mbus import TO_ANY_STATION, TO_SELECTED, SecondaryAddress
from ferraris.store import MeterRow

DATAGRAM_LINKS = frozenset({"udp", "coap", "coap-non"})


def framing_of(row: MeterRow, client_sap: int) -> Framing | None:
    """A new framing between a client and the meter; None where the wrapper alone is used. Raises ConfigError."""
    try:
        framing: Framing | None = None
        if row.link in HDLC_LINKS:
            address = server_address(row.server_sap, row.physical_address, row.address_octets)
            timing = SERIAL_TIMING if row.link in LINES else NETWORK_TIMING
            framing = HdlcFraming(client_sap, address, timing=timing)
        elif row.link in MBUS_LINKS:
            framing = _mbus_framing(row, client_sap)
        if not row.gateway:
            return framing
        datagrams = row.link in DATAGRAM_LINKS
        inner = framing or WrapperFraming(client_sap, row.server_sap, datagrams=datagrams)
        return GatewayFraming(inner, GatewayAddress.parse(row.gateway))
    except LocalProtocolError as error:
        raise ConfigError(error.summary, expected=error.expected, got=error.got) from None


def _mbus_framing(row: MeterRow, client_sap: int) -> Framing:
    if row.secondary_address:
        secondary = SecondaryAddress.parse(row.secondary_address)
        return MbusFraming(client_sap, row.server_sap, TO_SELECTED, secondary=secondary)
    station = TO_ANY_STATION if row.physical_address is None else row.physical_address
    return MbusFraming(client_sap, row.server_sap, station)


def line_of(row: MeterRow) -> str | None:
    """Names the line that only one association at a time may use; None for a meter with a way of its own."""
    if row.link in LINES:
        return f"{row.link} {row.host}"
    return f"{row.link} {row.host}:{row.port}" if row.link in HDLC_LINKS | MBUS_LINKS else None


@dataclass(slots=True)
class _Line:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class Lines:
    """The shared lines. A line is known for as long as someone uses or waits for it."""

    def __init__(self) -> None:
        self._lines: dict[str, _Line] = {}

    @asynccontextmanager
    async def alone_on(self, name: str | None) -> AsyncIterator[None]:
        """Wait until nobody else uses the line, and have it."""
        if name is None:
            yield
            return
        line = self._lines.setdefault(name, _Line())
        line.users += 1
        try:
            async with line.lock:
                yield
        finally:
            line.users -= 1
            if not line.users:
                del self._lines[name]
