"""What the URL of a meter means: which link is opened to it, and which framing carries APDUs over that link."""

from __future__ import annotations

from dataclasses import replace

from ferraris.cli.meter_url import Carrier, MeterUrl
from ferraris.client import sign_on
from ferraris.dlms import Framing, GatewayFraming, MbusFraming, WrapperFraming
from ferraris.dlms.hdlc import NETWORK_TIMING, SERIAL_TIMING, HdlcFraming, server_address
from ferraris.link import (
    MBUS_SETTINGS,
    AdjustableLine,
    Link,
    SerialSettings,
    open_coap,
    open_rfc2217,
    open_serial,
    open_tcp,
    open_udp,
)
from ferraris.mbus import TO_ANY_STATION, TO_SELECTED

SIGN_ON_SETTINGS = SerialSettings(300, 7, "E")
"""How a dialogue after IEC 62056-21 begins."""


async def open_link(url: MeterUrl) -> Link:
    """A new link to the meter. Raises LinkError."""
    if url.carrier.is_line:
        return await _open_line(url)
    if url.carrier is Carrier.UDP:
        return await open_udp(url.host, url.port)
    if url.carrier.is_coap:
        return await open_coap(url.host, url.port, url.path, confirmable=url.carrier is Carrier.COAP)
    return await open_tcp(url.host, url.port)


async def _open_line(url: MeterUrl) -> Link:
    settings = MBUS_SETTINGS if url.carrier.is_mbus else SerialSettings()
    if url.baud is not None:
        settings = replace(settings, baud=url.baud)
    if url.mode_e:
        settings = SIGN_ON_SETTINGS
    line: AdjustableLine
    if url.carrier is Carrier.RFC2217:
        line = await open_rfc2217(url.host, url.port, settings)
    else:
        line = await open_serial(url.device, settings)
    if url.mode_e:
        try:
            await sign_on(line)
        except BaseException:
            await line.aclose()
            raise
    return line


def framing_of(url: MeterUrl, client_sap: int, server_sap: int) -> Framing | None:
    """A new framing between two service access points; None where the wrapper alone is used."""
    framing: Framing | None = None
    if url.carrier.is_hdlc:
        station = server_address(server_sap, url.physical_address, url.address_octets)
        framing = HdlcFraming(client_sap, station, timing=SERIAL_TIMING if url.carrier.is_line else NETWORK_TIMING)
    elif url.carrier.is_mbus:
        address = TO_ANY_STATION if url.physical_address is None else url.physical_address
        secondary = url.secondary_address
        framing = MbusFraming(client_sap, server_sap, TO_SELECTED if secondary else address, secondary=secondary)
    if url.gateway is None:
        return framing
    datagrams = url.carrier is Carrier.UDP or url.carrier.is_coap
    return GatewayFraming(framing or WrapperFraming(client_sap, server_sap, datagrams=datagrams), url.gateway)
