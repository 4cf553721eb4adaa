"""Several listeners at one address: a meter that answers on TCP and on UDP, a head-end that takes pushes over both."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack

from ferraris.link.contract import LinkHandler, LinkServer, Listener


class ServersTogether:
    """Servers at one address that are closed together."""

    def __init__(self, servers: Sequence[LinkServer]) -> None:
        self._servers = servers
        self.host = servers[0].host
        self.port = servers[0].port

    async def aclose(self) -> None:
        for server in self._servers:
            await server.aclose()


def together(*listeners: Listener) -> Listener:
    """A listener that accepts whatever each of `listeners` accepts, all at the port of the first, or none at all."""

    async def listen(host: str, port: int, handler: LinkHandler) -> LinkServer:
        async with AsyncExitStack() as undo:
            servers: list[LinkServer] = []
            for listener in listeners:
                server = await listener(host, servers[0].port if servers else port, handler)
                undo.push_async_callback(server.aclose)
                servers.append(server)
            undo.pop_all()
        return ServersTogether(servers)

    return listen
