"""Serving: on loopback, beside what else runs on the event loop, and gone without a trace."""

from __future__ import annotations

import asyncio
import signal
import socket

import httpx
import pytest
from fastapi import FastAPI

from ferraris.console.serving import address_of, listen, serving_app
from ferraris.kernel.errors import ConfigError


@pytest.mark.anyio
async def test_an_application_is_served_while_the_block_runs() -> None:
    app = FastAPI()
    app.get("/")(lambda: "here")
    listener = listen("127.0.0.1", 0)
    address = address_of(listener)
    before = signal.getsignal(signal.SIGINT)
    async with serving_app(app, listener), httpx.AsyncClient() as client:
        assert (await client.get(address)).json() == "here"
        assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(httpx.ConnectError):
        async with httpx.AsyncClient() as client:
            await client.get(address)


@pytest.mark.anyio
async def test_small_answers_do_not_wait_for_acknowledgements() -> None:
    app = FastAPI()
    app.get("/")(lambda: "here")
    listener = listen("127.0.0.1", 0)
    async with serving_app(app, listener), httpx.AsyncClient(base_url=address_of(listener)) as client:
        await client.get("/")
        started_s = asyncio.get_running_loop().time()
        for _ in range(20):
            await client.get("/")
        assert asyncio.get_running_loop().time() - started_s < 20 * 0.04


@pytest.mark.anyio
async def test_a_start_that_fails_is_told() -> None:
    app = FastAPI()
    app.router.lifespan_context = _failing  # type: ignore[assignment]
    with pytest.raises(ConfigError, match="the console did not start"):
        async with serving_app(app, listen("127.0.0.1", 0)):
            pass


def _failing(app: FastAPI) -> object:
    raise RuntimeError("does not start")


def test_a_port_that_is_taken() -> None:
    first = listen("127.0.0.1", 0)
    port = first.getsockname()[1]
    with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1 port {port}: Address already in use"):
        listen("127.0.0.1", port)
    first.close()


def test_an_address_that_is_not_ours() -> None:
    with pytest.raises(ConfigError, match="the console cannot listen on"):
        listen("192.0.2.1", 0)


def test_addresses_to_open() -> None:
    four = listen("127.0.0.1", 0)
    assert address_of(four) == f"http://127.0.0.1:{four.getsockname()[1]}"
    assert four.proto == socket.IPPROTO_TCP
    four.close()
    try:
        six = listen("::1", 0)
    except ConfigError:
        pytest.skip("this machine has no IPv6")
    assert address_of(six) == f"http://[::1]:{six.getsockname()[1]}"
    six.close()
