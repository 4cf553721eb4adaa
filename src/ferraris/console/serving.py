"""Serves the console inside the process, and on the event loop, that owns the stores."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI

from ferraris.console.app import create_app
from ferraris.console.port import System
from ferraris.kernel.errors import ConfigError

if TYPE_CHECKING:  # whoever only asks REST inside the process serves nothing
    import uvicorn

LOOPBACK = "127.0.0.1"
BACKLOG = 128
CLOSING_S = 3
"""How long a stop waits for answers under way; web sockets of open pages are closed then."""


@asynccontextmanager
async def serving(system: System, *, host: str = LOOPBACK, port: int = 8080) -> AsyncIterator[str]:
    """Serve the console while the block runs; gives its address. Port 0 takes a free one. Raises ConfigError."""
    listener = listen(host, port)
    names = () if host in {LOOPBACK, "localhost", "::1"} else (host,)
    async with serving_app(create_app(system, names=names), listener):
        yield address_of(listener)


@asynccontextmanager
async def serving_app(app: FastAPI, listener: socket.socket) -> AsyncIterator[None]:
    """Serve an application on a socket that listens, while the block runs."""
    server = _server(app)
    task = asyncio.create_task(_run(server, listener), name="console")
    try:
        while not server.started:
            if task.done():
                await task
            await asyncio.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        await asyncio.wait([task])
        listener.close()


def _server(app: FastAPI) -> uvicorn.Server:
    """Uvicorn without its hands on the process's signals: whoever serves decides when it ends."""
    import uvicorn

    class Server(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Generator[None, None, None]:
            yield

    config = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="on", timeout_graceful_shutdown=CLOSING_S, server_header=False
    )
    return Server(config)


async def _run(server: uvicorn.Server, listener: socket.socket) -> None:
    try:
        await server.serve(sockets=[listener])
    except SystemExit:  # what Uvicorn does when its application does not start, and would end the whole process
        raise ConfigError("the console did not start; the log says why") from None


async def serve(system: System, *, host: str = LOOPBACK, port: int = 8080) -> None:
    """Serve the console until cancelled."""
    async with serving(system, host=host, port=port):
        await asyncio.Event().wait()


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises ConfigError with the reason when it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio sends small answers at once (TCP_NODELAY); without, they wait for the peer's
    # delayed acknowledgement: 40 ms each.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigError(f"the console cannot listen on {host} port {port}: {error.strerror}") from error
    return listener


def address_of(listener: socket.socket) -> str:
    """The address to open in a browser."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
