"""A head-end's side of a link to a virtual meter: the client, with the keys that follow from the meter's seed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count

from ferraris.client import ClientAssociation, ClientSettings
from ferraris.dlms import AssociationSettings, CipherKeys, Security
from ferraris.dlms.apdu import Mechanism
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import LinkError
from ferraris.link import Link, loopback_pair
from ferraris.meter import MeterServer
from ferraris.meter.identity import meter_keys

HEADEND_TITLE = b"FERHES01"


class RisingCounters:
    """Invocation counters that no two clients of a test share."""

    _numbers = count(1)

    def take(self) -> int:
        return next(self._numbers)


class NoGuard:
    """Accepts every counter: the meter's own counters are what is tested."""

    def accept(self, system_title: bytes, received: int) -> None:
        """Nothing is remembered."""


def link_to(server: MeterServer, tasks: list[asyncio.Task[None]]) -> Link:
    """A link to a meter that is served in a task of its own, which is added to `tasks`."""
    here, there = loopback_pair()

    async def serve() -> None:
        try:
            with suppress(LinkError):
                await server.serve(there)
        finally:
            await there.aclose()

    tasks.append(asyncio.create_task(serve()))
    return here


def management(number: int = 1, seed: int = 1, **changes: object) -> ClientSettings:
    """Settings of the management client; `encryption_key` or `authentication_key` may be wrong on purpose."""
    keys = meter_keys(seed, number)
    octets = {"encryption_key": keys.encryption_key, "authentication_key": keys.authentication_key} | changes
    security = Security(HEADEND_TITLE, CipherKeys(**octets), RisingCounters(), NoGuard())  # type: ignore[arg-type]
    return ClientSettings(AssociationSettings(Mechanism.HLS_GMAC, security=security), client_sap=1)


def reading(number: int = 1, seed: int = 1) -> ClientSettings:
    secret = meter_keys(seed, number).lls_secret or b""
    return ClientSettings(AssociationSettings(Mechanism.LLS, secret=secret), client_sap=2)


def public() -> ClientSettings:
    return ClientSettings(AssociationSettings(Mechanism.LOWEST), client_sap=16)


@asynccontextmanager
async def associated(link: Link, settings: ClientSettings) -> AsyncIterator[ClientAssociation]:
    """An association over `link`, released and closed at the end."""
    client = ClientAssociation(link, settings, SeededEntropy(3))
    try:
        await client.associate()
        yield client
        await client.release()
    finally:
        await client.aclose()
