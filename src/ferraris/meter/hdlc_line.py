"""Virtual meters on HDLC lines, by their physical addresses."""

from __future__ import annotations

from collections.abc import Mapping

from ferraris.dlms.hdlc import HdlcLine, LineSettings
from ferraris.meter.line_service import LineService
from ferraris.meter.server import IDLE_TIMEOUT_S, MeterServer


class HdlcLineService(LineService):
    """Serves the meters of one HDLC line."""

    def __init__(
        self,
        servers: Mapping[int, MeterServer],
        settings: LineSettings | None = None,
        idle_timeout_s: float = IDLE_TIMEOUT_S,
    ) -> None:
        super().__init__(servers, lambda devices: HdlcLine(devices, settings), idle_timeout_s)
