"""A virtual meter at its optical head, read by the client's drivers over a line whose two ends must be set alike."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from ferraris.client import ClientAssociation, programming, read_out, sign_on, telegrams
from ferraris.cosem import Register, obis
from ferraris.dlms.hdlc import HdlcFraming, server_address
from ferraris.iec62056_21 import Mode
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import LinkError, LinkTimeoutError, RefusedError, RemoteProtocolError
from ferraris.link import Link, Middleware, SerialSettings, loopback_pair
from ferraris.meter.events import EventCode, read_events
from ferraris.meter.fleet import Fleet
from ferraris.meter.optical_head import LOCKED_S, OpticalHead
from ferraris.meter.server import IDLE_TIMEOUT_S, MeterServer
from ferraris.simulation import VirtualClock, run_virtual
from tests.meter.clients import management, public
from tests.meter.steady import MONDAY_MS, device_of


class End(Middleware):
    """One end of a line: it hears what is sent as it is set itself, and noise is nothing."""

    other: End

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self.settings = SerialSettings()

    async def adjust(self, settings: SerialSettings) -> None:
        self.settings = settings

    async def send(self, octets: bytes) -> None:
        if self.settings == self.other.settings:
            await super().send(octets)


class Bench:
    """A meter with a reader's end of the line before its head."""

    def __init__(self, fleet: Fleet, mode: Mode = Mode.E) -> None:
        clock = VirtualClock(asyncio.get_running_loop(), MONDAY_MS)
        self.device = device_of(fleet)
        self.server = MeterServer(self.device, clock, SeededEntropy(4))
        self.head = OpticalHead(self.server, clock, mode)
        here, there = loopback_pair()
        self.line, self._meters_end = End(here), End(there)
        self.line.other, self._meters_end.other = self._meters_end, self.line
        self._task: asyncio.Task[None] | None = None

    @property
    def secret(self) -> str:
        return (self.device.keys.lls_secret or b"").decode()

    def serve(self, *unasked: int) -> None:
        serving = self.head.send_unasked(self._meters_end, *unasked) if unasked else self.head.serve(self._meters_end)
        self._task = asyncio.create_task(serving)

    async def aclose(self) -> None:
        await self.line.aclose()
        await self._meters_end.aclose()
        if self._task is not None:
            self._task.cancel()
            results = await asyncio.gather(self._task, return_exceptions=True)
            assert all(isinstance(one, LinkError | asyncio.CancelledError) for one in results), results

    async def import_wh(self) -> int:
        """The register of import as the management client reads it through HDLC."""
        await sign_on(self.line)
        framing = HdlcFraming(1, server_address(1, self.device.identity.hdlc_address))
        client = ClientAssociation(Kept(self.line), management(), SeededEntropy(3), framing=framing)
        await client.associate()
        value = await client.get(Register.value, obis.ACTIVE_ENERGY_IMPORT)
        await client.release()
        await client.aclose()
        return int(value.value)


class Kept(Middleware):
    """A link that its user may close, and that stays."""

    async def aclose(self) -> None:
        await asyncio.sleep(0.1)


def at_bench(fleet: Fleet, story: Callable[[Bench], Awaitable[None]], mode: Mode = Mode.E, *unasked: int) -> None:
    async def main() -> None:
        bench = Bench(fleet, mode)
        bench.serve(*unasked)
        await asyncio.sleep(3_600)
        try:
            await story(bench)
        finally:
            await bench.aclose()

    run_virtual(main())


def test_mode_e_leads_to_values_over_hdlc_time_and_again(fleet: Fleet) -> None:
    async def story(bench: Bench) -> None:
        assert await bench.import_wh() == 400
        await asyncio.sleep(3_600)
        assert await bench.import_wh() == 800

    at_bench(fleet, story)


@pytest.mark.parametrize("mode", list(Mode))
def test_every_mode_has_a_readout(fleet: Fleet, mode: Mode) -> None:
    async def story(bench: Bench) -> None:
        for expected in ("000000.400", "000000.800"):
            shown = {one.identifier: one.values[0] for one in await read_out(bench.line)}
            assert shown["1.8.0"] == (expected, "kWh")
            await asyncio.sleep(3_600)

    at_bench(fleet, story, mode)


def test_a_meter_is_called_by_its_serial_number(fleet: Fleet) -> None:
    async def story(bench: Bench) -> None:
        assert await read_out(bench.line, "FER0000000001")
        with pytest.raises(LinkTimeoutError):
            await read_out(bench.line, "FER0000000002")

    at_bench(fleet, story)


def test_a_reader_that_goes_away_is_waited_for_until_the_line_is_idle(fleet: Fleet) -> None:
    async def story(bench: Bench) -> None:
        await sign_on(bench.line)
        with pytest.raises(LinkTimeoutError):
            await read_out(bench.line)
        await asyncio.sleep(IDLE_TIMEOUT_S)
        assert await read_out(bench.line)

    at_bench(fleet, story)


def test_whoever_asks_for_hdlc_where_there_is_none_is_told(fleet: Fleet) -> None:
    async def story(bench: Bench) -> None:
        with pytest.raises(RemoteProtocolError, match="no HDLC"):
            await sign_on(bench.line)

    at_bench(fleet, story, Mode.C)


def test_values_are_read_and_the_time_is_set_by_password(fleet: Fleet) -> None:
    async def story(bench: Bench) -> None:
        async with programming(bench.line) as session:
            assert session.operand == ""
            (shown,) = await session.read("1.8.0")
            assert shown.values == (("000000.400", "kWh"),)
            assert await session.read("32.7.0", in_blocks=True)
            for refused in (session.read("1.9.0"), session.write("0.9.1", "120000"), session.give_password("guess")):
                with pytest.raises(RefusedError):
                    await refused
            await session.give_password(bench.secret)
            await session.write("0.9.1", "120000")
            assert (await session.read("0.9.1"))[0].values[0][0].startswith("1200")
        assert await read_out(bench.line), "the head is open for the next reader"

    at_bench(fleet, story, Mode.C)


def test_three_wrong_passwords_lock_the_mode_for_a_while_and_are_logged(fleet: Fleet) -> None:
    async def story(bench: Bench) -> None:
        async with programming(bench.line) as session:
            for _ in range(2):
                with pytest.raises(RefusedError):
                    await session.give_password("guess")
            with pytest.raises(RemoteProtocolError, match="ended"):
                await session.give_password("guess")
        codes = [event.code for event in read_events(fleet.memory, 0)]
        assert codes.count(EventCode.AUTHENTICATION_FAILED) == 1
        with pytest.raises(LinkTimeoutError):
            async with programming(bench.line):
                raise AssertionError("it is locked")
        assert await read_out(bench.line), "everything else goes on"
        await asyncio.sleep(LOCKED_S)
        await read_out(bench.line)
        async with programming(bench.line) as session:
            await session.give_password(bench.secret)

    at_bench(fleet, story)


def test_a_meter_without_power_is_dark(fleet: Fleet) -> None:
    async def story(bench: Bench) -> None:
        bench.device.meter.power_down(MONDAY_MS + 3_600_000)
        with pytest.raises(LinkTimeoutError):
            await read_out(bench.line)

    at_bench(fleet, story)


def test_mode_d_sends_unasked(fleet: Fleet) -> None:
    async def story(bench: Bench) -> None:
        shown = []
        async for telegram in telegrams(bench.line):
            assert telegram.identification.manufacturer == "FER"
            values = {one.identifier: one.values[0][0] for one in telegram.data_sets}
            shown.append(values["1.8.0"])
            if len(shown) == 2:
                break
        assert shown == ["000000.400", "000000.500"]

    at_bench(fleet, story, Mode.A, 900)


def test_the_public_client_is_served_too(fleet: Fleet) -> None:
    async def story(bench: Bench) -> None:
        await sign_on(bench.line)
        framing = HdlcFraming(16, server_address(1, bench.device.identity.hdlc_address))
        client = ClientAssociation(Kept(bench.line), public(), SeededEntropy(3), framing=framing)
        await client.associate()
        await client.release()
        assert framing.connected is False
        assert await read_out(bench.line)

    at_bench(fleet, story)
