"""A line behind a network port: set by our client and by pyserial's, deaf to what comes at another speed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import serial.rfc2217
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.kernel.errors import LinkClosedError, LinkError
from ferraris.link import AdjustableLine, Rfc2217Line, SerialSettings, loopback_pair, open_rfc2217, serve_rfc2217
from ferraris.link.telnet import COM_PORT, escaped, subnegotiation
from ferraris.simulation import run_virtual

OPENING = SerialSettings(300, 7, "E")
FAST = SerialSettings(9600, 7, "E")
PLAIN = SerialSettings()


def set_baud(baud: int) -> bytes:
    return subnegotiation(COM_PORT, b"\x01" + baud.to_bytes(4, "big"))


async def echo(line: AdjustableLine) -> None:
    while True:
        await line.send((await line.receive())[::-1])


def served(scenario: Callable[[str, int], Awaitable[None]], form: SerialSettings | None = None) -> None:
    async def main() -> None:
        server = await serve_rfc2217("127.0.0.1", 0, echo, form)
        try:
            async with asyncio.timeout(20):
                await scenario(server.host, server.port)
        finally:
            await server.aclose()

    asyncio.run(main())


def test_our_client_sets_the_line_and_every_octet_passes() -> None:
    async def scenario(host: str, port: int) -> None:
        link = await open_rfc2217(host, port, PLAIN)
        everything = bytes(range(256)) + b"\xff\xff\xf0"
        await link.send(everything)
        back = b""
        while len(back) < len(everything):
            back += await link.receive()
        assert back == everything[::-1]
        await link.aclose()

    served(scenario)


def test_pyserials_client_takes_it_for_a_serial_server() -> None:
    async def scenario(host: str, port: int) -> None:
        def talk() -> bytes:
            with serial.rfc2217.Serial(f"rfc2217://{host}:{port}", 300, 7, "E", timeout=10) as line:
                line.write(b"/?!\r\n")
                return bytes(line.read(5))

        assert await asyncio.to_thread(talk) == b"\n\r!?/"

    served(scenario, OPENING)


def heard(*chunks: bytes, own: SerialSettings = OPENING) -> tuple[bytes, Rfc2217Line, bytes]:
    """What reaches the meter of some chunks of the stream, and what the network is told."""

    async def main() -> tuple[bytes, Rfc2217Line, bytes]:
        here, there = loopback_pair()
        line = Rfc2217Line(there, OPENING)
        await line.adjust(own)
        octets, told = b"", b""

        async def listen() -> None:
            nonlocal octets
            while True:
                octets += await line.receive()

        task = asyncio.create_task(listen())
        for chunk in chunks:
            await here.send(chunk)
            await asyncio.sleep(0)
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.wait([task])
        await there.aclose()
        try:
            while True:
                told += await here.receive()
        except LinkError:
            return octets, line, told

    return run_virtual(main())


def test_what_comes_at_another_speed_is_noise() -> None:
    octets, line, told = heard(b"slow" + set_baud(9600) + b"fast", own=OPENING)
    assert (octets, line.dropped) == (b"slow", 4)
    assert told == subnegotiation(COM_PORT, b"\x65" + (9600).to_bytes(4, "big"))
    octets, line, _ = heard(b"slow" + set_baud(9600) + b"fast", own=FAST)
    assert (octets, line.dropped) == (b"fast", 4)


@pytest.mark.parametrize("cut", range(1, 18))
def test_the_speed_holds_from_its_place_in_the_stream_however_it_is_cut(cut: int) -> None:
    stream = b"slow" + set_baud(9600) + b"fast"
    octets, line, _ = heard(stream[:cut], stream[cut:], own=FAST)
    assert (octets, line.dropped) == (b"fast", 4)


@pytest.mark.parametrize(
    ("command", "value", "confirmed"),
    [
        (1, (0).to_bytes(4, "big"), (300).to_bytes(4, "big")),
        (1, b"\x01", (300).to_bytes(4, "big")),
        (2, b"\x08", b"\x08"),
        (2, b"\x05", b"\x07"),
        (3, b"\x02", b"\x02"),
        (3, b"\x05", b"\x03"),
        (4, b"\x02", b"\x02"),
        (4, b"\x03", b"\x01"),
        (5, b"\x08", b"\x08"),
        (12, b"\x03", b"\x03"),
    ],
)
def test_a_command_is_confirmed_with_what_holds(command: int, value: bytes, confirmed: bytes) -> None:
    _, _, told = heard(subnegotiation(COM_PORT, bytes((command,)) + value))
    assert told == subnegotiation(COM_PORT, bytes((command + 100,)) + confirmed)


def test_a_command_that_nobody_knows_is_not_answered() -> None:
    assert heard(subnegotiation(COM_PORT, b"\x63\x01"), subnegotiation(99, b"\x01\x02"))[2] == b""


def test_an_endless_subnegotiation_ends_the_connection() -> None:
    async def main() -> None:
        here, there = loopback_pair()
        line = Rfc2217Line(there, PLAIN)
        await here.send(b"\xff\xfa" + bytes(5_000))
        with pytest.raises(LinkClosedError, match="no telnet"):
            await line.receive()

    run_virtual(main())


@settings(max_examples=50)
@given(st.binary(max_size=300), st.integers(1, 300))
def test_octets_of_the_line_arrive_whole_in_any_pieces(octets: bytes, size: int) -> None:
    stream = escaped(octets)
    chunks = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert heard(*chunks)[0] == octets
