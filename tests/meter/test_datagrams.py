"""A meter read over UDP: one WPDU a datagram; what is lost, doubled, overtaken or replayed never becomes a wrong value."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from ferraris.client import ClientAssociation, ClientSettings, read_profile
from ferraris.cosem import Clock, CosemDateTime, DisconnectControl, Obis, Register, obis
from ferraris.dlms import State
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import FerrarisError, LinkTimeoutError
from ferraris.kernel.limits import CONNECTIONS_PER_METER_MAX
from ferraris.link import FaultLink, FaultPlan, Link, loopback_pair
from ferraris.link.middleware import Middleware
from ferraris.meter.fleet import Fleet
from tests.meter.clients import associated, management, public, reading
from tests.meter.test_server import Street, play

ENERGY = obis.ACTIVE_ENERGY_IMPORT


class Wire(Middleware):
    """The client's end of a datagram link, with the datagrams that went over it."""

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self.sent: list[bytes] = []
        self.received: list[bytes] = []

    async def send(self, octets: bytes) -> None:
        self.sent.append(octets)
        await super().send(octets)

    async def receive(self) -> bytes:
        self.received.append(await super().receive())
        return self.received[-1]

    async def replay(self, octets: bytes) -> None:
        """Send what was sent before, unseen by the client."""
        await self._link.send(octets)
        for _ in range(5):
            await asyncio.sleep(0)


def wire(street: Street) -> Wire:
    here, there = loopback_pair(datagrams=True)

    async def serve() -> None:
        try:
            await street.server.serve(there)
        except FerrarisError:
            pass
        finally:
            await there.aclose()

    street.tasks.append(asyncio.create_task(serve()))
    return Wire(here)


@pytest.mark.parametrize("settings", [management(), reading(), public()], ids=["HLS-GMAC", "LLS", "lowest"])
def test_every_client_is_served_and_its_link_ends_with_the_association(fleet: Fleet, settings: ClientSettings) -> None:
    async def scenario(street: Street) -> None:
        link = wire(street)
        async with associated(link, settings) as client:
            assert (await client.get(Clock.time, obis.CLOCK)).to_epoch_ms() == street.clock.now_ms()
            assert street.server.connections == 1
        await asyncio.sleep(0)
        assert street.server.connections == 0
        assert len(link.sent) == len(link.received)

    play(fleet, scenario)


def test_a_long_profile_comes_in_blocks_that_fit_the_datagrams(fleet: Fleet) -> None:
    async def scenario(street: Street) -> None:
        link, settings = wire(street), management()
        small = replace(settings, association=replace(settings.association, max_receive_pdu_size=128))
        async with associated(link, small) as client:
            columns = street.device.model.profile.object("LOAD_PROFILE").capture_objects
            profile = await read_profile(client, obis.LOAD_PROFILE, columns)
            assert profile.numbers(columns[2]).tolist() == [100, 200, 300, 400]
        assert max(map(len, link.received)) <= 128 + 8

    play(fleet, scenario)


def test_a_doubled_aarq_is_answered_as_before_and_the_association_stands(fleet: Fleet) -> None:
    async def scenario(street: Street) -> None:
        link = wire(street)
        client = ClientAssociation(link, management(), SeededEntropy(3))
        await client.associate()
        await link.replay(link.sent[0])
        assert (await client.get(Register.value, ENERGY)).value == 400
        assert link.received.count(link.received[0]) == 2
        await client.release()
        await client.aclose()

    play(fleet, scenario)


def test_a_replayed_command_is_not_carried_out_again_and_not_answered(fleet: Fleet) -> None:
    async def scenario(street: Street) -> None:
        link = wire(street)
        async with associated(link, management()) as client:
            await client.invoke(DisconnectControl.remote_disconnect, obis.DISCONNECT_CONTROL, 0)
            command = link.sent[-1]
            await client.invoke(DisconnectControl.remote_reconnect, obis.DISCONNECT_CONTROL, 0)
            answers = len(link.received)
            await link.replay(command)
            assert await client.get(DisconnectControl.output_state, obis.DISCONNECT_CONTROL) is True
            assert len(link.received) == answers + 1

    assert play(fleet, scenario).device.meter.commands_executed == 2


@pytest.mark.parametrize("octets", ["", "00", "0001000100010005c001", "00020001000100", "ff" * 40])
def test_a_datagram_that_is_no_wpdu_is_passed_over_by_both_ends(fleet: Fleet, octets: str) -> None:
    async def scenario(street: Street) -> None:
        link = wire(street)
        async with associated(link, management()) as client:
            await link.replay(bytes.fromhex(octets))
            served = next(iter(street.server._links))
            await served.send(bytes.fromhex(octets))
            assert (await client.get(Register.value, ENERGY)).value == 400

    play(fleet, scenario)


def test_a_lost_datagram_is_a_timeout(fleet: Fleet) -> None:
    async def scenario(street: Street) -> None:
        lost = FaultLink(wire(street), FaultPlan(loss=1.0), SeededEntropy(1))
        client = ClientAssociation(lost, management(), SeededEntropy(3))
        with pytest.raises(LinkTimeoutError):
            await client.associate()
        await client.aclose()

    play(fleet, scenario)


async def _what_is_read(street: Street, seed: int, settings: ClientSettings) -> tuple[int, int]:
    """Values read over a bad path until it is lost, and whether one of them was wrong."""
    names: list[Obis] = [ENERGY, obis.ACTIVE_ENERGY_EXPORT, obis.REACTIVE_ENERGY_IMPORT, obis.VOLTAGE_L1]
    rows = {
        name: street.device.read(_entry(street, name), 2, street.device.moment(street.clock.now_ms())) for name in names
    }
    plan = FaultPlan(loss=0.01, duplication=0.3, reordering=0.02, truncation=0.02)
    client = ClientAssociation(FaultLink(wire(street), plan, SeededEntropy(seed)), settings, SeededEntropy(seed))
    read = wrong = 0
    try:
        await client.associate()
        for name in names * 3:
            descriptor = Register.value.datatype
            value = await client.get(Register.value, name)
            wrong += descriptor.encode(value) != rows[name]
            read += 1
        await client.release()
    except FerrarisError:
        pass
    finally:
        await client.aclose()
    return read, wrong


def _entry(street: Street, name: Obis):  # noqa: ANN202 - a row of the companion profile
    entry = street.device.model.find(Register.class_id, name)
    assert entry is not None
    return entry


@pytest.mark.parametrize("settings", [management(), reading()], ids=["HLS-GMAC", "LLS"])
def test_over_a_bad_path_values_are_right_or_missing(fleet: Fleet, settings: ClientSettings) -> None:
    async def scenario(street: Street) -> None:
        outcomes = [await _what_is_read(street, seed, settings) for seed in range(40)]
        assert sum(wrong for _, wrong in outcomes) == 0
        assert sum(read for read, _ in outcomes) > 100

    play(fleet, scenario)


def test_clients_that_vanish_do_not_take_all_places(fleet: Fleet) -> None:
    async def scenario(street: Street) -> None:
        vanished = [wire(street) for _ in range(CONNECTIONS_PER_METER_MAX)]
        for link in vanished:
            await link.send(bytes.fromhex("0001001000010003c00181"))
        async with associated(wire(street), management()) as client:
            assert (await client.get(Register.value, ENERGY)).value == 400

    play(fleet, scenario)


def test_a_clock_read_twice_shows_the_new_time_over_datagrams(fleet: Fleet) -> None:
    """The same plain request, the same octets: it is a new question all the same."""

    async def scenario(street: Street) -> None:
        link = wire(street)
        client = ClientAssociation(link, public(), SeededEntropy(3))
        await client.associate()
        await client.get(Clock.time, obis.CLOCK)
        question = link.sent[-1]
        street.clock.advance(60_000)
        await link.replay(question)
        answer = (await link.receive())[-12:]
        assert CosemDateTime.from_octets(answer).to_epoch_ms() == street.clock.now_ms()
        assert client._engine.state is State.ASSOCIATED
        await client.release()
        await client.aclose()

    play(fleet, scenario)
