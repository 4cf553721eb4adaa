"""A virtual meter in a bottle for conformance checks: loopback links, virtual time, no socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from ferraris.client import ClientSettings
from ferraris.client.conformance import Bench, Check, Result, chosen, run_checks
from ferraris.dlms import AssociationSettings
from ferraris.dlms.hdlc import HdlcFraming, server_address
from ferraris.kernel.clock import ManualClock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import LinkError
from ferraris.link import Link, Middleware, loopback_pair
from ferraris.meter.fleet import Fleet
from ferraris.meter.hdlc_line import HdlcLineService
from ferraris.meter.server import MeterServer
from ferraris.simulation import run_virtual
from tests.meter.steady import MONDAY_MS, device_of

HOUR_MS = 3_600_000
PHYSICAL = 17
"""The meter's physical address on an HDLC line."""

Around = Callable[[Link], Link]
Spoil = Callable[[MeterServer], None]
"""What makes a sound meter a faulty one, before it is reached."""


def check_meter(
    fleet: Fleet,
    settings: ClientSettings,
    checks: Collection[Check] | None = None,
    *,
    write: bool = False,
    around: Around = lambda link: link,
    clock_ms: int = MONDAY_MS + HOUR_MS,
    hdlc: bool = False,
    profile: str = "smr5_three_phase",
    spoil: Spoil = lambda meter: None,
) -> list[Result]:
    """The results of checks (all of them unless named) against the fleet's first meter; `around` may tamper with its links."""

    async def main() -> list[Result]:
        clock = ManualClock(MONDAY_MS + HOUR_MS)
        meter = MeterServer(device_of(fleet, profile=profile), clock, SeededEntropy(4))
        spoil(meter)
        server = HdlcLineService({PHYSICAL: meter}) if hdlc else meter
        tasks: list[asyncio.Task[None]] = []

        async def serve(link: Link) -> None:
            try:
                await server.serve(link)
            except LinkError:
                pass
            finally:
                await link.aclose()

        async def open_link() -> Link:
            here, there = loopback_pair()
            tasks.append(asyncio.create_task(serve(around(there))))
            return here

        bench = Bench(open_link, settings, SeededEntropy(9), lambda: clock_ms, patience_s=2.0)
        if hdlc:
            bench.hdlc_address = lambda sap: server_address(sap, PHYSICAL)
            bench.new_framing = lambda client, sap: HdlcFraming(client, server_address(sap, PHYSICAL))
        results = await run_checks(bench, chosen() if checks is None else checks, write=write)
        await asyncio.gather(*tasks)
        return results

    return run_virtual(main())


def with_settings(change: Callable[[AssociationSettings], AssociationSettings]) -> Spoil:
    """A meter whose associations are not what its profile says."""

    def spoil(meter: MeterServer) -> None:
        made = meter.associations._settings
        meter.associations._settings = lambda name: change(made(name))  # type: ignore[method-assign]

    return spoil


class Tampering(Middleware):
    """The meter's side of a link, whose every answer passes through `change`."""

    def __init__(self, link: Link, change: Callable[[bytes], bytes]) -> None:
        super().__init__(link)
        self._change = change

    async def send(self, octets: bytes) -> None:
        await self._link.send(self._change(octets))

    async def receive(self) -> bytes:
        return await self._link.receive()
