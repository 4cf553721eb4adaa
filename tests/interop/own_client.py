"""Our client as these tests use it: keys and counters in memory, one association at a time over TCP on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from ferraris.client import ClientAssociation, ClientSettings
from ferraris.dlms import AssociationSettings, Ciphering, CipherKeys, Security, SecurityControl
from ferraris.dlms.apdu import Mechanism
from ferraris.kernel.entropy import SystemEntropy
from ferraris.keys import CounterGuard, ReservedCounter
from ferraris.link import CaptureLink, Direction, Link, open_tcp

T = TypeVar("T")

ENCRYPTION_KEY = bytes(range(16))
AUTHENTICATION_KEY = bytes(range(0xD0, 0xE0))
SECRET = b"12345678"
METER_TITLE = bytes.fromhex("4645520000000001")
HEADEND_TITLE = b"FERHES01"

KEYS = {
    "encryption_key": ENCRYPTION_KEY.hex(),
    "authentication_key": AUTHENTICATION_KEY.hex(),
    "secret": SECRET.hex(),
}

PUBLIC = ClientSettings(AssociationSettings(), client_sap=16)
READING = ClientSettings(AssociationSettings(Mechanism.LLS, SECRET), client_sap=2)


def management(
    policy: SecurityControl = SecurityControl.AUTHENTICATED_ENCRYPTED,
    ciphering: Ciphering = Ciphering.GLOBAL,
    encryption_key: bytes = ENCRYPTION_KEY,
    first_counter: int = 0,
    max_receive_pdu_size: int = 65535,
) -> ClientSettings:
    """The management client: HLS-GMAC in the ciphered context."""
    security = Security(
        HEADEND_TITLE,
        CipherKeys(encryption_key, AUTHENTICATION_KEY),
        ReservedCounter(first_counter, lambda up_to: None),
        CounterGuard({}, lambda title, value: None),
        policy,
        ciphering,
    )
    settings = AssociationSettings(
        Mechanism.HLS_GMAC, security=security, max_receive_pdu_size=max_receive_pdu_size, response_timeout_ms=10_000
    )
    return ClientSettings(settings, client_sap=1)


class Received:
    """Keeps what a link receives."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []

    def record(self, direction: Direction, octets: bytes, link: Link) -> None:
        if direction is Direction.RECEIVED:
            self.chunks.append(octets)


@asynccontextmanager
async def associated(
    port: int, settings: ClientSettings, host: str = "127.0.0.1", received: Received | None = None
) -> AsyncIterator[ClientAssociation]:
    """An association with the meter at `port`, released at the end."""
    link: Link = await open_tcp(host, port)
    if received is not None:
        link = CaptureLink(link, received)
    association = ClientAssociation(link, settings, SystemEntropy())
    try:
        await association.associate()
        yield association
        await association.release()
    finally:
        await association.aclose()


def with_association(
    port: int,
    settings: ClientSettings,
    read: Callable[[ClientAssociation], Awaitable[T]],
    host: str = "127.0.0.1",
    received: Received | None = None,
) -> T:
    """What `read` gets out of one association."""

    async def run() -> T:
        async with associated(port, settings, host, received) as association:
            return await read(association)

    return asyncio.run(run())
