"""Virtual meters on wired M-Bus, by their primary and secondary addresses."""

from __future__ import annotations

from collections.abc import Mapping

from ferraris.dlms import MbusLine
from ferraris.meter.line_service import LineService
from ferraris.meter.server import IDLE_TIMEOUT_S, MeterServer


class MbusLineService(LineService):
    """Serves the meters of one M-Bus."""

    def __init__(self, servers: Mapping[int, MeterServer], idle_timeout_s: float = IDLE_TIMEOUT_S) -> None:
        secondary = {address: server.device.identity.mbus_secondary_address for address, server in servers.items()}
        super().__init__(servers, lambda devices: MbusLine(devices, secondary=secondary), idle_timeout_s)
