"""The driver of a search for the meters on a wired M-Bus, by their secondary addresses.

link = await open_serial("/dev/ttyUSB0", MBUS_SETTINGS)
found = await search_mbus(link)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ferraris.kernel.errors import LinkTimeoutError
from ferraris.link import Link, receive_within
from ferraris.mbus import EVERYBODY, SecondaryAddress, SecondarySearch


async def search_mbus(
    link: Link, mask: SecondaryAddress = EVERYBODY, tell: Callable[[SecondarySearch], None] = lambda search: None
) -> SecondarySearch:
    """Everybody whom the mask fits; `tell` is called whenever somebody may have been found. Raises LinkError."""
    loop = asyncio.get_running_loop()
    search = SecondarySearch(mask)
    search.start(int(loop.time() * 1000))
    while True:
        for octets in search.outgoing():
            await link.send(octets)
        wake_ms = search.wake_at()
        if wake_ms is None:
            return search
        try:
            octets = await receive_within(link, max(wake_ms / 1000 - loop.time(), 0.0))
        except LinkTimeoutError:
            search.tick(max(wake_ms, int(loop.time() * 1000)))
            tell(search)
        else:
            search.receive(octets, int(loop.time() * 1000))
