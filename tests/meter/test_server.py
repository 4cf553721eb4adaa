"""The driver of a meter's links: a real client reads it; every way to misuse a link ends in an answer or a closed link."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from ferraris.client import ClientAssociation, ClientSettings, read_profile
from ferraris.cosem import (
    Clock,
    ControlState,
    CosemDateTime,
    Data,
    DisconnectControl,
    ProfileGeneric,
    Register,
    obis,
)
from ferraris.dlms import WrapperReceiver, encode_wpdu
from ferraris.dlms.apdu import Aare, AttributeDescriptor, ExceptionResponse, GetRequestNormal, decode_apdu
from ferraris.kernel.clock import ManualClock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import AuthenticationError, InvocationCounterError, LinkError, RefusedError
from ferraris.kernel.limits import CONNECTIONS_PER_METER_MAX, INVOCATION_COUNTER_MAX
from ferraris.link import Link
from ferraris.meter.device import LogicalDevice
from ferraris.meter.events import EventCode
from ferraris.meter.fleet import Fleet
from ferraris.meter.server import IDLE_TIMEOUT_S, MeterServer
from ferraris.simulation import run_virtual
from tests.meter.clients import associated, link_to, management, public, reading
from tests.meter.steady import MONDAY_MS, device_of

Scenario = Callable[["Street"], Awaitable[None]]


class Street:
    """One meter, its server, and links to it."""

    def __init__(self, fleet: Fleet) -> None:
        self.clock = ManualClock(MONDAY_MS + 3_600_000)
        self.device = device_of(fleet)
        self.changed: list[LogicalDevice] = []
        self.server = MeterServer(self.device, self.clock, SeededEntropy(4), self.changed.append)
        self.tasks: list[asyncio.Task[None]] = []

    def link(self) -> Link:
        return link_to(self.server, self.tasks)

    @asynccontextmanager
    async def associated(self, settings=None) -> AsyncIterator[ClientAssociation]:  # noqa: ANN001 - as in clients
        async with associated(self.link(), settings or management()) as client:
            yield client


def play(fleet: Fleet, scenario: Scenario) -> Street:
    """Run the scenario in virtual time; every link must be over in the end."""

    async def main() -> Street:
        street = Street(fleet)
        await scenario(street)
        await asyncio.wait_for(asyncio.gather(*street.tasks), 1_000)
        assert street.server.connections == 0
        return street

    return run_virtual(main())


def test_a_management_client_reads_and_commands(fleet: Fleet) -> None:
    async def scenario(street: Street) -> None:
        async with street.associated() as client:
            assert (await client.get(Register.value, obis.ACTIVE_ENERGY_IMPORT)).value == 400
            assert len(await client.get(ProfileGeneric.buffer, obis.LOAD_PROFILE)) == 4
            await client.invoke(DisconnectControl.remote_disconnect, obis.DISCONNECT_CONTROL, 0)
            state = await client.get(DisconnectControl.control_state, obis.DISCONNECT_CONTROL)
            assert state is ControlState.DISCONNECTED
            noon = CosemDateTime.from_epoch_ms(street.clock.now_ms() + 60_000, -60)
            await client.set(Clock.time, obis.CLOCK, noon)

    street = play(fleet, scenario)
    assert street.device.meter.commands_executed == 1
    assert street.device.meter.clock_ms(street.clock.now_ms()) == street.clock.now_ms() + 60_000
    assert len(street.changed) == 5


def test_the_other_clients_have_their_rights(fleet: Fleet) -> None:
    async def scenario(street: Street) -> None:
        async with street.associated(reading()) as client:
            assert (await client.get(Register.value, obis.ACTIVE_ENERGY_IMPORT)).value == 400
            with pytest.raises(RefusedError, match="read-write-denied"):
                await client.invoke(DisconnectControl.remote_disconnect, obis.DISCONNECT_CONTROL, 0)
        async with street.associated(public()) as client:
            assert (await client.get(Data.value, obis.LOGICAL_DEVICE_NAME)).value == b"FER0000000000001"
            with pytest.raises(RefusedError, match="object-undefined"):
                await client.get(Register.value, obis.ACTIVE_ENERGY_IMPORT)

    play(fleet, scenario)


def test_the_public_client_learns_the_invocation_counter(fleet: Fleet) -> None:
    async def scenario(street: Street) -> None:
        settings = management()
        async with street.associated(settings):
            pass
        async with street.associated(public()) as client:
            accepted = await client.get(Data.value, obis.INVOCATION_COUNTER)
            sent = await client.get(Data.value, obis.INVOCATION_COUNTER_SENT)
        security = settings.association.security
        assert security is not None
        assert accepted.value == security.counters.take() - 1
        assert sent.value == street.device.sending_counter.last_taken > 2

    play(fleet, scenario)


def test_a_profile_longer_than_the_clients_pdu_comes_in_blocks(fleet: Fleet) -> None:
    async def scenario(street: Street) -> None:
        street.clock.advance(20 * 86_400_000)
        settings = management()
        small = replace(settings, association=replace(settings.association, max_receive_pdu_size=700))
        async with street.associated(small) as client:
            columns = await client.get(ProfileGeneric.capture_objects, obis.LOAD_PROFILE)
            profile = await read_profile(client, obis.LOAD_PROFILE, columns)
            kept = street.device.model.kept_profile(obis.LOAD_PROFILE)
            assert kept is not None
            assert len(profile) == min(kept.entries_max, 20 * 96 + 4)
            assert profile.numbers(columns[-1]).tolist() == [2303] * len(profile)
            times = profile.time_s().tolist()
            assert times[-1] * 1000 == street.clock.now_ms()
            ranged = await read_profile(client, obis.LOAD_PROFILE, columns, times[10] * 1000, times[14] * 1000)
            assert ranged.time_s().tolist() == times[10:15]

    play(fleet, scenario)


@pytest.mark.parametrize("wrong", ["encryption_key", "authentication_key"])
def test_a_wrong_key_is_refused_and_after_three_times_logged(fleet: Fleet, wrong: str) -> None:
    async def scenario(street: Street) -> None:
        for attempt in range(5):
            with pytest.raises(AuthenticationError):
                async with street.associated(management(**{wrong: bytes(16)})):
                    pass
            codes = [event.code for event in street.device.meter.events()]
            assert codes == [EventCode.AUTHENTICATION_FAILED] * (attempt >= 2)
        async with street.associated():
            pass

    play(fleet, scenario)


def test_strangers_neither_hide_their_guesses_nor_fill_the_log(fleet: Fleet) -> None:
    """Public associations in between do not end a row of failures, and only rows ended by the true client bring events."""

    async def scenario(street: Street) -> None:
        for _ in range(12):
            with pytest.raises(AuthenticationError):
                async with street.associated(reading(number=2)):
                    pass
            with pytest.raises(RefusedError):  # the public client has no secret that could be wrong
                async with street.associated(replace(reading(), client_sap=16)):
                    pass
            async with street.associated(public()):
                pass
        assert [event.code for event in street.device.meter.events()] == [EventCode.AUTHENTICATION_FAILED]
        async with street.associated(reading()):
            pass
        for _ in range(3):
            with pytest.raises(AuthenticationError):
                async with street.associated(reading(number=2)):
                    pass
        assert [event.code for event in street.device.meter.events()] == [EventCode.AUTHENTICATION_FAILED] * 2

    play(fleet, scenario)


def test_a_wrong_secret_is_refused(fleet: Fleet) -> None:
    async def scenario(street: Street) -> None:
        with pytest.raises(AuthenticationError):
            async with street.associated(reading(number=2)):
                pass

    play(fleet, scenario)


def test_a_replayed_association_is_refused(fleet: Fleet) -> None:
    """What a client has once said opens no second association, also after a restart of the meter."""

    async def scenario(street: Street) -> None:
        heard: list[bytes] = []
        link = street.link()
        send = link.send

        async def record(octets: bytes) -> None:
            heard.append(octets)
            await send(octets)

        link.send = record  # type: ignore[method-assign]
        async with associated(link, management()):
            pass
        street.server = MeterServer(device_of(fleet), street.clock, SeededEntropy(5))
        again = street.link()
        await again.send(heard[0])
        aare = decode_apdu((await again.receive())[8:])
        assert isinstance(aare, Aare)
        assert aare.result.name == "REJECTED_PERMANENT"
        await again.aclose()

    play(fleet, scenario)


def test_no_invocation_counter_is_used_twice_over_links_and_restarts(fleet: Fleet) -> None:
    async def scenario(street: Street) -> None:
        taken: list[int] = []
        for life in range(4):
            street.server = MeterServer(device_of(fleet), street.clock, SeededEntropy(10 + life))
            counter = street.server.device.sending_counter
            for _ in range(3):
                async with street.associated() as client:
                    await client.get(Clock.time, obis.CLOCK)
                taken.append(counter.last_taken)
        assert taken == sorted(set(taken))

    play(fleet, scenario)


async def wpdus(link: Link, count: int = 1) -> list[bytes]:
    """The APDUs of the next WPDUs."""
    receiver, found = WrapperReceiver(), []
    while len(found) < count:
        receiver.receive(await link.receive())
        found += receiver.events()
    return [wpdu.apdu for wpdu in found]


GET = GetRequestNormal(0xC1, AttributeDescriptor(8, obis.CLOCK, 2)).encode()


@pytest.mark.parametrize(
    ("apdu", "kind"), [(bytes.fromhex("6000"), Aare), (GET, ExceptionResponse), (b"", ExceptionResponse)]
)
def test_a_client_that_the_meter_does_not_know_is_refused(fleet: Fleet, apdu: bytes, kind: type) -> None:
    async def scenario(street: Street) -> None:
        link = street.link()
        await link.send(encode_wpdu(99, 1, apdu))
        assert isinstance(decode_apdu((await wpdus(link))[0]), kind)
        await link.aclose()

    play(fleet, scenario)


@pytest.mark.parametrize("apdu", [GET, b"", b"\xff", b"\x60\x05\xa1", b"\xc8\x1e\x30", bytes(300)])
def test_rubbish_is_answered_and_harms_no_later_association(fleet: Fleet, apdu: bytes) -> None:
    async def scenario(street: Street) -> None:
        link = street.link()
        await link.send(encode_wpdu(1, 1, apdu))
        assert len(await wpdus(link)) == 1
        async with associated(link, management()) as client:
            await client.get(Clock.time, obis.CLOCK)

    play(fleet, scenario)


def test_a_broken_frame_ends_the_link_after_what_was_whole(fleet: Fleet) -> None:
    async def scenario(street: Street) -> None:
        link = street.link()
        await link.send(encode_wpdu(16, 1, GET) + b"\x00\x02" + bytes(20))
        assert isinstance(decode_apdu((await wpdus(link))[0]), ExceptionResponse)
        with pytest.raises(LinkError):
            await link.receive()

    play(fleet, scenario)


def test_octets_may_come_one_by_one(fleet: Fleet) -> None:
    async def scenario(street: Street) -> None:
        link = street.link()
        for octet in encode_wpdu(16, 1, GET):
            await link.send(bytes((octet,)))
        assert isinstance(decode_apdu((await wpdus(link))[0]), ExceptionResponse)
        await link.aclose()

    play(fleet, scenario)


DRIP = [bytes((octet,)) for octet in encode_wpdu(16, 1, GET * 100)]
WPDUS = [encode_wpdu(16, 1, GET)] * 1_000


@pytest.mark.parametrize("pieces", [[], DRIP, WPDUS], ids=["nothing", "octets", "requests without an association"])
def test_a_link_without_an_association_is_closed_whatever_is_sent(fleet: Fleet, pieces: list[bytes]) -> None:
    async def scenario(street: Street) -> None:
        loop = asyncio.get_running_loop()
        link = street.link()
        started = loop.time()
        with pytest.raises(LinkError):  # noqa: PT012 - one octet after the other until it is over
            for piece in pieces:
                await asyncio.sleep(1)
                await link.send(piece)
            while True:
                await link.receive()
        await asyncio.gather(*street.tasks)
        assert loop.time() - started == pytest.approx(IDLE_TIMEOUT_S, abs=2)

    play(fleet, scenario)


def test_an_association_lives_as_long_as_requests_come(fleet: Fleet) -> None:
    async def scenario(street: Street) -> None:
        loop = asyncio.get_running_loop()
        link = street.link()
        async with associated(link, management()) as client:
            for _ in range(5):
                await asyncio.sleep(IDLE_TIMEOUT_S - 1)
                await client.get(Clock.time, obis.CLOCK)
            for octet in DRIP[:60]:  # what is no request does not count
                await asyncio.sleep(1)
                await link.send(octet)
            last = loop.time() - 60
            await asyncio.gather(*street.tasks)
            assert loop.time() - last == pytest.approx(IDLE_TIMEOUT_S, abs=1)

    play(fleet, scenario)


def test_a_client_that_stops_in_its_authentication_is_dropped(fleet: Fleet) -> None:
    async def scenario(street: Street) -> None:
        loop = asyncio.get_running_loop()
        link = street.link()
        receive = link.receive

        async def deaf() -> bytes:
            await receive()
            raise LinkError("the client has gone without a word")

        link.receive = deaf  # type: ignore[method-assign]
        client = ClientAssociation(link, management(), SeededEntropy(3))
        with pytest.raises(LinkError):
            await client.associate()
        started = loop.time()
        await asyncio.gather(*street.tasks)
        assert loop.time() - started == pytest.approx(10, abs=0.1)

    play(fleet, scenario)


def test_a_peer_that_does_not_read_cannot_hold_the_meter(fleet: Fleet) -> None:
    async def scenario(street: Street) -> None:
        street.clock.advance(8 * 86_400_000)
        link = street.link()

        async def ask_for_ever() -> None:
            while True:
                await link.send(encode_wpdu(16, 1, GET))

        async with asyncio.timeout(IDLE_TIMEOUT_S * 3):
            with pytest.raises(LinkError):
                await ask_for_ever()

    play(fleet, scenario)


async def hold(street: Street, settings: ClientSettings) -> Link:
    """A link with an association on it that is not released."""
    link = street.link()
    await ClientAssociation(link, settings, SeededEntropy(3)).associate()
    return link


def test_too_many_links_are_refused(fleet: Fleet) -> None:
    async def scenario(street: Street) -> None:
        links = [await hold(street, management()) for _ in range(CONNECTIONS_PER_METER_MAX)]
        one_too_many = street.link()
        with pytest.raises(LinkError):
            await one_too_many.receive()
        assert street.server.connections == CONNECTIONS_PER_METER_MAX
        await links[0].aclose()
        await asyncio.sleep(0.01)
        async with street.associated():
            pass
        for link in links:
            await link.aclose()

    play(fleet, scenario)


@pytest.mark.parametrize("says", ["nothing", "half a WPDU", "public association"])
def test_links_held_by_strangers_do_not_lock_the_head_end_out(fleet: Fleet, says: str) -> None:
    async def scenario(street: Street) -> None:
        async with street.associated() as first:
            strangers = []
            for _ in range(5 * CONNECTIONS_PER_METER_MAX):
                if says == "public association":
                    strangers.append(await hold(street, public()))
                else:
                    strangers.append(street.link())
                    await strangers[-1].send(b"\x00\x01"[: 2 * (says == "half a WPDU")])
                await asyncio.sleep(0.001)
                assert street.server.connections <= CONNECTIONS_PER_METER_MAX
            async with street.associated() as second:
                for client in (first, second):
                    await client.get(Clock.time, obis.CLOCK)
        for link in strangers:
            await link.aclose()

    play(fleet, scenario)


def test_a_meter_without_power_serves_nobody(fleet: Fleet) -> None:
    async def scenario(street: Street) -> None:
        held = street.link()
        await asyncio.sleep(0)
        street.device.meter.power_down(street.clock.now_ms())
        await street.server.drop_links()
        for link in (held, street.link()):
            with pytest.raises(LinkError):
                await link.receive()

    play(fleet, scenario)


def test_two_clients_at_once_do_not_disturb_one_another(fleet: Fleet) -> None:
    async def scenario(street: Street) -> None:
        async with street.associated() as first, street.associated(reading()) as second, street.associated() as third:
            for client in (first, second, third) * 3:
                assert (await client.get(Register.value, obis.ACTIVE_ENERGY_IMPORT)).value == 400

    play(fleet, scenario)


def test_an_old_counter_is_answered_with_an_exception(fleet: Fleet) -> None:
    async def scenario(street: Street) -> None:
        settings = management()
        async with street.associated(settings) as client:
            security = settings.association.security
            assert security is not None

            class Old:
                def take(self) -> int:
                    return 1

            last = street.device.counter_guard.last_accepted(b"FERHES01")
            object.__setattr__(security, "counters", Old())
            with pytest.raises(InvocationCounterError) as refused:
                await client.get(Clock.time, obis.CLOCK)
            assert refused.value.expected == last + 1
            object.__setattr__(security, "counters", management().association.security.counters)  # type: ignore[union-attr]

    play(fleet, scenario)


def test_a_meter_whose_counters_are_used_up_falls_silent(fleet: Fleet) -> None:
    """It closes the link rather than answer under a counter that was used; who needs no ciphering is still served."""
    for_the_association = 3
    marks = fleet.memory.counters["reserved"]
    marks[0] = fleet.memory.sending_from[0] = INVOCATION_COUNTER_MAX - for_the_association

    async def scenario(street: Street) -> None:
        async with street.associated() as client:
            with pytest.raises(LinkError):
                await client.get(Clock.time, obis.CLOCK)
        async with street.associated(reading()) as client:
            assert (await client.get(Register.value, obis.ACTIVE_ENERGY_IMPORT)).value == 400

    play(fleet, scenario)
