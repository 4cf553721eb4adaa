"""The network of the simulated world: hosts by address, connectors and listeners for the programs under test.

It offers what the link package offers over real sockets, so the same client, meter, head-end and runtime code runs on
it. Which process holds which link is known, so that killing a process tears down its links as an operating system does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from ferraris.kernel.errors import LinkTimeoutError, LinkUnreachableError
from ferraris.kernel.limits import LINK_CONNECT_TIMEOUT_S, LINK_CONNECTIONS_MAX
from ferraris.link import Connector, HandlerTasks, Link, LinkHandler
from ferraris.simulation.datagrams import Address, DatagramEnd
from ferraris.simulation.medium import Medium
from ferraris.simulation.process import Process, current_process
from ferraris.simulation.stream import RETRANSMISSION_S, StreamEnd, stream_pair

PORT_EPHEMERAL_MIN = 49_152


class SimulatedServer:
    """An address at which a program of the simulated world accepts links."""

    def __init__(self, network: Network, host: str, port: int, handler: LinkHandler, connections_max: int) -> None:
        self.host = host
        self.port = port
        self.owner = current_process()
        self._network = network
        self._handlers = HandlerTasks(handler, connections_max)

    @property
    def connections(self) -> int:
        """Links that are being served."""
        return len(self._handlers)

    @property
    def full(self) -> bool:
        """One more link is reset at once."""
        return self._handlers.full

    def accept(self, link: Link) -> None:
        """Start the handler, as a part of the process that listens."""
        if self.owner is None:
            self._handlers.start(link)
        else:
            self.owner.run(self._handlers.start, link)

    async def aclose(self) -> None:
        self._network.forget(self)
        await self._handlers.aclose()


class Network:
    """Hosts, and who listens where. Faults are `medium`'s; what dies with a process or a host is torn down here."""

    def __init__(self, medium: Medium) -> None:
        self.medium = medium
        self._stream_servers: dict[Address, SimulatedServer] = {}
        self._datagram_servers: dict[Address, SimulatedServer] = {}
        self._datagram_ends: dict[tuple[Address, Address], DatagramEnd] = {}
        """By (here, there)."""
        self._stream_ends: dict[StreamEnd, None] = {}
        self._ports_used = PORT_EPHEMERAL_MIN - 1
        self._streams_made = 0

    # What programs see

    def connector(self, source: str) -> Connector:
        """Opens streams from the host `source`."""

        async def connect(host: str, port: int) -> StreamEnd:
            return await self._connect(source, host, port)

        return connect

    async def listen(
        self, host: str, port: int, handler: LinkHandler, *, connections_max: int = LINK_CONNECTIONS_MAX
    ) -> SimulatedServer:
        """Accept streams at `host` and `port` (0: any free one)."""
        return self._bind(self._stream_servers, host, port, handler, connections_max)

    def datagram_connector(self, source: str) -> Connector:
        """Opens datagram links from the host `source`; nothing is sent yet, so it cannot fail."""

        async def connect(host: str, port: int) -> DatagramEnd:
            return self._datagram_end((source, self._free_port()), (host, port), current_process())

        return connect

    async def listen_datagrams(
        self, host: str, port: int, handler: LinkHandler, *, connections_max: int = LINK_CONNECTIONS_MAX
    ) -> SimulatedServer:
        """Run `handler` for each peer whose datagrams come to `host` and `port` (0: any free one)."""
        return self._bind(self._datagram_servers, host, port, handler, connections_max)

    # What the world does to programs

    def drop_process(self, process: Process, *, silently: bool = False) -> None:
        """The process is killed: its ports are free, its links aborted."""
        self._drop_servers(lambda server: server.owner is process)
        for end in self._ends():
            if end.owner is process:
                end.abort(silently=silently)

    def switch_off(self, hosts: Iterable[str]) -> None:
        """The hosts lose power: nobody hears of it. What listened there must listen anew after `switch_on`."""
        off = dict.fromkeys(hosts)
        for host in off:
            self.medium.switch_off(host)
        self._drop_servers(lambda server: server.host in off)
        for end in self._ends():
            if end.host in off:
                end.abort(silently=True)

    def switch_on(self, hosts: Iterable[str]) -> None:
        """Undo `switch_off`."""
        for host in hosts:
            self.medium.switch_on(host)

    @property
    def streams_made(self) -> int:
        """Streams that were opened so far."""
        return self._streams_made

    @property
    def links_open(self) -> int:
        """Ends of links that programs hold."""
        return len(self._stream_ends) + len(self._datagram_ends)

    def links_open_but_of(self, host: str) -> int:
        """Ends of links that programs hold anywhere but on `host`."""
        return sum(end.host != host for end in self._ends())

    @property
    def octets_outstanding(self) -> int:
        """Octets sent over streams and not taken yet."""
        return sum(end.outstanding for end in self._stream_ends)

    def forget(self, server: SimulatedServer) -> None:
        """`server` accepts no more."""
        for servers in (self._stream_servers, self._datagram_servers):
            if servers.get((server.host, server.port)) is server:
                del servers[server.host, server.port]

    # Its own

    def _ends(self) -> list[StreamEnd | DatagramEnd]:
        return [*self._stream_ends, *self._datagram_ends.values()]

    def _bind(
        self, servers: dict[Address, SimulatedServer], host: str, port: int, handler: LinkHandler, connections_max: int
    ) -> SimulatedServer:
        server = SimulatedServer(self, host, port or self._free_port(), handler, connections_max)
        if (host, server.port) in servers:
            raise LinkUnreachableError(f"Cannot listen on {host}:{server.port}: somebody does already")
        servers[host, server.port] = server
        return server

    def _drop_servers(self, doomed: Callable[[SimulatedServer], bool]) -> None:
        for servers in (self._stream_servers, self._datagram_servers):
            for server in list(servers.values()):
                if doomed(server):
                    self.forget(server)

    def _free_port(self) -> int:
        """Ports are never used again: a late segment must not reach a stranger."""
        self._ports_used += 1
        return self._ports_used

    async def _connect(self, source: str, host: str, port: int) -> StreamEnd:
        medium = self.medium
        await self._reach(source, host, port)
        await asyncio.sleep(medium.latency_s())
        server = self._stream_servers.get((host, port))
        if server is None:
            await asyncio.sleep(medium.latency_s())
            medium.log.record("refused", f"{source}>{host}:{port}")
            raise LinkUnreachableError(f"No connection to {host}:{port}: refused")
        near = self._accept(server, source)
        try:
            await asyncio.sleep(medium.latency_s())
        except asyncio.CancelledError:
            near.abort(silently=False)
            raise
        return near

    async def _reach(self, source: str, host: str, port: int) -> None:
        """Wait until an attempt to reach `host` gets through."""
        loop = asyncio.get_running_loop()
        give_up_s = loop.time() + LINK_CONNECT_TIMEOUT_S
        pause_s = RETRANSMISSION_S
        while not self.medium.carries(source, host):
            left_s = give_up_s - loop.time()
            if left_s <= 0:
                self.medium.log.record("unreachable", f"{source}>{host}:{port}")
                raise LinkTimeoutError(f"No connection to {host}:{port} within {LINK_CONNECT_TIMEOUT_S:g} s")
            await asyncio.sleep(min(pause_s, left_s))
            pause_s *= 2

    def _accept(self, server: SimulatedServer, source: str) -> StreamEnd:
        """The client's end of a new stream to `server`; the other end is being served, or reset at once."""
        self._streams_made += 1
        client = (source, self._free_port())
        near, far = stream_pair(self.medium, f"stream{self._streams_made}", client, (server.host, server.port))
        near.owner, far.owner = current_process(), server.owner
        for end in (near, far):
            end.gone = self._forget_stream
            self._stream_ends[end] = None
        self.medium.log.record("connected", f"stream{self._streams_made}", client=near.local, server=far.local)
        if server.full:
            far.abort(silently=False)
        else:
            server.accept(far)
        return near

    def _forget_stream(self, end: StreamEnd) -> None:
        self._stream_ends.pop(end, None)

    def _datagram_end(self, here: Address, there: Address, owner: Process | None) -> DatagramEnd:
        end = DatagramEnd(self.medium, here, there, self._deliver)
        end.owner = owner
        end.gone = self._forget_datagrams
        self._datagram_ends[here, there] = end
        return end

    def _forget_datagrams(self, end: DatagramEnd) -> None:
        if self._datagram_ends.get((end.here, end.there)) is end:
            del self._datagram_ends[end.here, end.there]

    def _deliver(self, source: Address, destination: Address, octets: bytes) -> None:
        end = self._datagram_ends.get((destination, source))
        if end is None:
            server = self._datagram_servers.get(destination)
            if server is None or server.full:
                self.medium.log.record("nobody", f"{source[0]}:{source[1]}>{destination[0]}:{destination[1]}")
                return
            end = self._datagram_end(destination, source, server.owner)
            server.accept(end)
        end.arrived(octets)
