"""`ferraris serve`: the process that owns the stores: head-end, push listener, REST API and web console."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Annotated

import typer

from ferraris.cli.clocks import SPEED_MAX
from ferraris.cli.event_loop import long_runner
from ferraris.cli.head_end import DEFAULT_DIRECTORY, clock_of, import_registry, in_thread, opened, runtime_of
from ferraris.cli.registry_file import RegistryError
from ferraris.cli.vending_place import has_vending, opened_vending
from ferraris.console import serving
from ferraris.kernel.clock import Clock
from ferraris.kernel.errors import ConfigError
from ferraris.keys import MasterKey
from ferraris.link import serve_tcp, serve_udp, together
from ferraris.runtime import Runtime, TokenDelivery
from ferraris.store import Stores
from ferraris.vending import Vending


def serve(
    directory: Annotated[
        Path, typer.Option("--dir", help="Where the stores and the master key lie.")
    ] = DEFAULT_DIRECTORY,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the console and REST, on loopback.")] = 8080,
    registry: Annotated[
        Path | None, typer.Option("--import", help="Register the meters of this file, one JSON object a line.")
    ] = None,
    push_host: Annotated[str, typer.Option(help="Address at which pushes are taken.")] = "127.0.0.1",
    push_port: Annotated[int, typer.Option(min=0, max=65535, help="Port for pushes, TCP and UDP; 0 for none.")] = 0,
    vending: Annotated[
        bool | None,
        typer.Option(
            help="Sell tokens, and bring them to their meters: with vending.toml and a keystore in the directory.",
            show_default="where the directory has them",
        ),
    ] = None,
    speed: Annotated[float, typer.Option(min=0.001, max=SPEED_MAX, help="Virtual seconds per real second.")] = 1.0,
    clock: Annotated[
        str, typer.Option(metavar="MS:S", help="Shared clock: its origin and the monotonic time of that.", hidden=True)
    ] = "",
) -> None:
    """Run the head-end with its REST API and web console, until the process is told to end."""
    with ExitStack() as stack:
        stores, master_key = stack.enter_context(opened(directory))
        time = clock_of(speed, clock)
        sells = has_vending(directory) if vending is None else vending
        if sells and not has_vending(directory):
            raise ConfigError(f"there is no vending in {directory}", expected=f"`ferraris vend init --dir {directory}`")
        till = stack.enter_context(opened_vending(directory, time)) if sells else None
        runner = stack.enter_context(long_runner())
        runner.run(_serve(stores, master_key, time, till, registry, port, (push_host, push_port)))


async def _serve(
    stores: Stores,
    master_key: MasterKey,
    clock: Clock,
    vending: Vending | None,
    registry: Path | None,
    port: int,
    push: tuple[str, int],
) -> None:
    runtime = runtime_of(stores, master_key, clock)
    runtime.vending = vending
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, runtime.stop)
    if registry is not None:
        new, changed = _import(runtime, master_key, registry, clock.now_ms())
        typer.echo(f"{new} meters registered, {changed} changed")
    delivery = None if vending is None else TokenDelivery(vending, runtime, offload=in_thread)
    if delivery is not None:
        delivery.take_up()
    running = asyncio.create_task(runtime.run(), name="runtime")
    async with AsyncExitStack() as stack:
        # Whatever fails below, the associations under way end in good order before the stores close.
        stack.push_async_callback(_end, runtime, running)
        await _listen(runtime, stack, push)
        if delivery is not None:
            stack.push_async_callback(_cancel, asyncio.create_task(delivery.run(), name="delivery"))
        address = await stack.enter_async_context(serving(runtime, port=port))
        typer.echo(f"console at {address}")
        await asyncio.wait([running])
    running.result()


def _import(runtime: Runtime, master_key: MasterKey, registry: Path, now_ms: int) -> tuple[int, int]:
    try:
        return import_registry(runtime, master_key, registry, now_ms)
    except RegistryError as error:
        typer.echo(error.table)
        raise


async def _listen(runtime: Runtime, stack: AsyncExitStack, push: tuple[str, int]) -> None:
    host, port = push
    if port:
        server = await runtime.listen(together(serve_tcp, serve_udp), host, port)
        stack.push_async_callback(server.aclose)


async def _end(runtime: Runtime, running: asyncio.Task[None]) -> None:
    runtime.stop()
    await asyncio.wait([running])


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
