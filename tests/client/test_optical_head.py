"""A reader at an optical head: the dialogue, then HDLC, over a line whose speed both ends must change alike."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from ferraris.client import ClientAssociation, ClientSettings, read_out, sign_on
from ferraris.dlms import Association, AssociationSettings, Role
from ferraris.dlms.hdlc import HdlcFraming, HdlcLine, LineMessage, server_address
from ferraris.iec62056_21 import DataSet, Identification, LineForm, MeterSignOn, SignOnState
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import LinkError, LinkTimeoutError, RemoteProtocolError
from ferraris.link import Link, Middleware, SerialSettings, loopback_pair
from ferraris.simulation import run_virtual

DATA = [DataSet("1.8.0", (("000123.4", "kWh"),))]
MODE_E = Identification("FER", "5", "meter", "2")


class Line(Middleware):
    """A link that remembers how it was set."""

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self.settings: list[SerialSettings] = []

    async def adjust(self, settings: SerialSettings) -> None:
        self.settings.append(settings)


async def serve(link: Link, identification: Identification) -> None:
    """A meter at the head: its dialogue, then HDLC with an association for whoever comes."""
    dialogue, line = MeterSignOn(identification, DATA), HdlcLine({17: {1}})
    engine = Association(Role.SERVER, AssociationSettings(), SeededEntropy(2))
    while True:
        octets = await link.receive()
        if dialogue.state is not SignOnState.DONE:
            dialogue.receive(octets, 0)
            for item in dialogue.outgoing():
                if not isinstance(item, LineForm):
                    await link.send(item)
            continue
        line.receive(octets, 0)
        for event in line.events():
            if isinstance(event, LineMessage):
                engine.receive(event.apdu, 0)
                for apdu in engine.outgoing():
                    line.send(event.link, apdu)
        for frame in line.outgoing():
            await link.send(frame)


def at_head(reading: Callable[[Line], Awaitable[None]], identification: Identification | None = MODE_E) -> Line:
    async def main() -> Line:
        here, there = loopback_pair()
        line = Line(here)
        task = asyncio.create_task(serve(there, identification)) if identification else None
        try:
            await reading(line)
        finally:
            await line.aclose()
            await there.aclose()
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        return line

    return run_virtual(main())


def test_mode_e_leads_to_an_association_over_hdlc() -> None:
    async def reading(line: Line) -> None:
        await sign_on(line)
        framing = HdlcFraming(16, server_address(1, 17))
        client = ClientAssociation(line, ClientSettings(AssociationSettings()), SeededEntropy(1), framing=framing)
        await client.associate()
        assert framing.connected
        await client.release()
        assert not framing.connected

    line = at_head(reading)
    assert line.settings == [SerialSettings(300, 7, "E"), SerialSettings(9600, 7, "E"), SerialSettings(9600, 8, "N")]


def test_a_readout_is_read() -> None:
    async def reading(line: Line) -> None:
        assert await read_out(line) == DATA

    assert at_head(reading).settings[-1] == SerialSettings(9600, 7, "E")


def test_a_meter_without_hdlc_is_said_to_have_none() -> None:
    async def reading(line: Line) -> None:
        with pytest.raises(RemoteProtocolError, match="no HDLC"):
            await sign_on(line)

    at_head(reading, Identification("FER", "5", "meter"))


def test_nobody_at_the_head_is_a_time_out() -> None:
    async def reading(line: Line) -> None:
        with pytest.raises(LinkTimeoutError):
            await sign_on(line)

    at_head(reading, None)


def test_a_head_taken_off_ends_the_dialogue() -> None:
    async def reading(line: Line) -> None:
        await line.aclose()
        with pytest.raises(LinkError):
            await read_out(line)

    at_head(reading)
