"""A client's association over a loopback link, served by a server's association engine with a table of objects."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from ferraris.client import ClientAssociation, ClientSettings
from ferraris.dlms import (
    Association,
    AssociationSettings,
    Request,
    RequestReceived,
    Response,
    Role,
    WrapperReceiver,
    encode_wpdu,
)
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import LinkError
from ferraris.link import Link, loopback_pair

Serve = Callable[[Request], Response]


@dataclass
class Server:
    """Serves one link until it ends; `tamper` may change or drop what it sends."""

    settings: AssociationSettings
    serve: Serve
    tamper: Callable[[bytes], bytes | None] = lambda apdu: apdu
    requests: list[Request] = field(default_factory=list)

    async def run(self, link: Link) -> None:
        engine = Association(Role.SERVER, self.settings, SeededEntropy(2))
        receiver = WrapperReceiver()
        try:
            while True:
                receiver.receive(await link.receive())
                for wpdu in receiver.events():
                    engine.receive(wpdu.apdu, 0)
                    for event in engine.events():
                        if isinstance(event, RequestReceived):
                            self.requests.append(event.request)
                            engine.send(self.serve(event.request), 0)
                    for apdu in map(self.tamper, engine.outgoing()):
                        if apdu is not None:
                            await link.send(encode_wpdu(1, 16, apdu))
        except LinkError:
            return


@asynccontextmanager
async def served(client: AssociationSettings, server: Server) -> AsyncIterator[ClientAssociation]:
    """A client's association, not opened yet, with its server behind it."""
    here, there = loopback_pair()
    task = asyncio.create_task(server.run(there))
    association = ClientAssociation(here, ClientSettings(client), SeededEntropy(1))
    try:
        yield association
    finally:
        await association.aclose()
        await there.aclose()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
