"""A search on a line with real virtual meters."""

from __future__ import annotations

import asyncio

from ferraris.client import search_mbus
from ferraris.dlms import MbusLine
from ferraris.kernel.errors import LinkError
from ferraris.link import Link, loopback_pair
from ferraris.mbus import SecondaryAddress
from ferraris.simulation import run_virtual

NAMES = {number: SecondaryAddress(f"{number * 7_654_321:08}", "FER", 1, 2) for number in range(1, 11)}


async def meters(link: Link) -> None:
    line = MbusLine({number: {1} for number in NAMES}, secondary=NAMES)
    while True:
        line.receive(await link.receive(), 0)
        for octets in line.outgoing():
            await link.send(octets)


def test_everybody_is_found_and_the_search_tells_how_it_goes() -> None:
    async def story() -> None:
        here, there = loopback_pair()
        task = asyncio.create_task(meters(there))
        told: list[int] = []
        search = await search_mbus(here, tell=lambda search: told.append(len(search.found)))
        assert {str(address) for address in search.found} == {str(name) for name in NAMES.values()}
        assert told[-1] == len(NAMES)
        await here.aclose()
        results = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(results[0], LinkError)

    run_virtual(story())
