"""A virtual gateway: meters behind it are read through it, and nothing goes round in it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from ferraris.client import ClientAssociation, ClientSettings, read_profile
from ferraris.cosem import Data, ProfileGeneric, obis
from ferraris.dlms import (
    GatewayAddress,
    GatewayFraming,
    WrapperFraming,
    WrapperReceiver,
    encode_prefixed,
    encode_wpdu,
)
from ferraris.dlms.hdlc import HdlcFraming, PrimaryTiming, server_address
from ferraris.kernel.clock import ManualClock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import LinkClosedError, LinkError, LinkUnreachableError
from ferraris.kernel.limits import GATEWAY_BRANCHES_MAX, GATEWAY_WAITING_APDUS_MAX
from ferraris.link import Link, LinkHandler, loopback_pair, receive_within
from ferraris.meter.device import LogicalDevice
from ferraris.meter.fleet import Fleet
from ferraris.meter.gateway import Gateway, MeterBehind
from ferraris.meter.hdlc_line import HdlcLineService
from ferraris.meter.model import meter_model
from ferraris.meter.server import MeterServer
from ferraris.simulation import run_virtual
from tests.meter.clients import management, public, reading
from tests.meter.steady import MONDAY_MS

EXCEPTION = 0xD8
AARQ = 0x60


class Place:
    """Links in memory to whatever serves them."""

    def __init__(self) -> None:
        self.tasks: list[asyncio.Task[None]] = []

    def link(self, handler: LinkHandler) -> Link:
        here, there = loopback_pair()

        async def serve() -> None:
            try:
                await handler(there)
            except LinkError:
                pass
            finally:
                await there.aclose()

        self.tasks.append(asyncio.create_task(serve()))
        return here

    def opener(self, handler: LinkHandler) -> Callable[[], Awaitable[Link]]:
        async def open_link() -> Link:
            return self.link(handler)

        return open_link


class Concentrator(Place):
    """A fleet of three behind a gateway: on the wrapper, or all on one HDLC line."""

    def __init__(self, fleet: Fleet, *, hdlc: bool = False) -> None:
        super().__init__()
        clock = ManualClock(MONDAY_MS + 3_600_000)
        devices = [LogicalDevice(meter, meter_model("smr5_three_phase"), 1) for meter in fleet.meters]
        servers = {device.identity.hdlc_address: MeterServer(device, clock, SeededEntropy(4)) for device in devices}
        line = HdlcLineService(servers)
        ways = {}
        for physical, server in servers.items():
            address = self.address(server.device.identity.number)
            if hdlc:
                ways[address] = MeterBehind(
                    self.opener(line.serve),
                    lambda client, logical, physical=physical: HdlcFraming(
                        client, server_address(logical, physical), timing=PrimaryTiming(200, tries=2)
                    ),
                )
            else:
                ways[address] = MeterBehind(self.opener(server.serve))
        self.servers = list(servers.values())
        self.gateway = Gateway(ways)

    @staticmethod
    def address(number: int) -> GatewayAddress:
        return GatewayAddress(0, f"FER{number:010}".encode())

    def client(self, settings: ClientSettings, address: GatewayAddress, link: Link | None = None) -> ClientAssociation:
        framing = GatewayFraming(WrapperFraming(settings.client_sap, settings.server_sap), address)
        return ClientAssociation(link or self.link(self.gateway.serve), settings, SeededEntropy(3), framing=framing)


def play(scenario: Callable[[], Awaitable[None]]) -> None:
    run_virtual(scenario())


async def settled(place: Place, *gateways: Gateway) -> None:
    """Every link ends, and no branch is left."""
    await asyncio.wait_for(asyncio.gather(*place.tasks), 1_000)
    assert [gateway.branches for gateway in gateways] == [0] * len(gateways)


@pytest.mark.parametrize("hdlc", [False, True], ids=["wrapper", "hdlc"])
@pytest.mark.parametrize("settings", [management, reading, public], ids=["management", "reading", "public"])
def test_a_meter_behind_the_gateway_is_read_as_if_there_were_none(
    fleet: Fleet, hdlc: bool, settings: Callable[[], ClientSettings]
) -> None:
    async def scenario() -> None:
        concentrator = Concentrator(fleet, hdlc=hdlc)
        client = concentrator.client(settings(), concentrator.address(1))
        await client.associate()
        name = await client.get(Data.value, obis.LOGICAL_DEVICE_NAME)
        assert name.value == b"FER0000000000001"
        if settings is not public:
            columns = await client.get(ProfileGeneric.capture_objects, obis.LOAD_PROFILE)
            assert len(await read_profile(client, obis.LOAD_PROFILE, columns)) > 0
        await client.release()
        await client.aclose()
        await settled(concentrator, concentrator.gateway)

    play(scenario)


def test_several_meters_on_one_link_of_a_client(fleet: Fleet) -> None:
    async def scenario() -> None:
        concentrator = Concentrator(fleet)
        link = concentrator.link(concentrator.gateway.serve)
        receiver = WrapperReceiver()
        aarq = bytes.fromhex("601da109060760857405080101be10040e01000000065f1f0400001e1dffff")
        for number in (1, 2, 3):
            await link.send(encode_wpdu(16, 1, encode_prefixed(concentrator.address(number), aarq)))
        answers = []
        while len(answers) < 3:
            receiver.receive(await receive_within(link, 10))
            answers += receiver.events()
        assert concentrator.gateway.branches == 3
        for number in (1, 2, 3):
            prefix = encode_prefixed(concentrator.address(number), b"\x61", response=True)
            assert any(answer.apdu.startswith(prefix) for answer in answers)
        assert {(answer.source, answer.destination) for answer in answers} == {(1, 16)}
        await link.aclose()
        await settled(concentrator, concentrator.gateway)

    play(scenario)


@pytest.mark.parametrize("address", [GatewayAddress(0, b"nobody"), GatewayAddress(1, b"FER0000000001")])
def test_an_address_that_is_not_behind_the_gateway(fleet: Fleet, address: GatewayAddress) -> None:
    async def scenario() -> None:
        concentrator = Concentrator(fleet)
        client = concentrator.client(public(), address)
        with pytest.raises(LinkUnreachableError):
            await client.associate()
        await client.aclose()
        await settled(concentrator, concentrator.gateway)

    play(scenario)


async def answered(link: Link, apdu: bytes) -> list[bytes]:
    """The APDUs that come back within ten virtual seconds."""
    await link.send(encode_wpdu(16, 1, apdu))
    receiver = WrapperReceiver()
    with suppress(LinkError):
        while True:
            receiver.receive(await receive_within(link, 10))
    return [wpdu.apdu for wpdu in receiver.events()]


@pytest.mark.parametrize("direction", [False, True], ids=["request", "response"])
def test_a_prefix_behind_a_prefix_goes_nowhere(fleet: Fleet, direction: bool) -> None:
    async def scenario() -> None:
        concentrator = Concentrator(fleet)
        link = concentrator.link(concentrator.gateway.serve)
        address = concentrator.address(1)
        nested = encode_prefixed(address, encode_prefixed(address, b"\xc0", response=direction))
        assert [apdu[0] for apdu in await answered(link, nested)] == [EXCEPTION]
        assert len(concentrator.tasks) == 1, "no way to the meter was opened"
        await link.aclose()
        await settled(concentrator, concentrator.gateway)

    play(scenario)


@pytest.mark.parametrize("octets", ["e7000d" + "46455230303030303030303031"[:26] + "c001", "c001c1", "e6", "60", ""])
def test_what_is_no_request_for_a_meter_is_refused(fleet: Fleet, octets: str) -> None:
    async def scenario() -> None:
        concentrator = Concentrator(fleet)
        link = concentrator.link(concentrator.gateway.serve)
        apdus = await answered(link, bytes.fromhex(octets))
        assert [apdu[0] for apdu in apdus] == [0x61 if octets == "60" else EXCEPTION]
        assert len(concentrator.tasks) == 1
        await link.aclose()
        await settled(concentrator, concentrator.gateway)

    play(scenario)


def test_gateways_that_lead_to_one_another_end_the_loop() -> None:
    """The request goes round until a gateway has no branch left; then everything is refused and closed."""

    async def scenario() -> None:
        place = Place()
        there, back = GatewayAddress(1, b"there"), GatewayAddress(2, b"back")
        left, right = Gateway({}), Gateway({})
        left.meters = {
            there: MeterBehind(
                place.opener(right.serve), lambda client, server: GatewayFraming(WrapperFraming(client, server), back)
            )
        }
        right.meters = {
            back: MeterBehind(
                place.opener(left.serve), lambda client, server: GatewayFraming(WrapperFraming(client, server), there)
            )
        }
        link = place.link(left.serve)
        apdus = await answered(link, encode_prefixed(there, b"\xc0\x01"))
        assert [apdu[0] for apdu in apdus] == [EXCEPTION]
        assert len(place.tasks) <= 2 * GATEWAY_BRANCHES_MAX + 1
        await link.aclose()
        await settled(place, left, right)

    play(scenario)


def test_an_answer_for_another_meter_is_not_handed_back() -> None:
    """The second gateway of two answers under another address: its link is given up, and the client is refused."""

    async def scenario() -> None:
        place = Place()
        asked, other = GatewayAddress(1, b"asked"), GatewayAddress(1, b"other")

        async def confused(link: Link) -> None:
            await link.receive()
            await link.send(encode_wpdu(1, 16, encode_prefixed(other, b"\xc4\x01", response=True)))
            await link.receive()

        gateway = Gateway(
            {
                asked: MeterBehind(
                    place.opener(confused),
                    lambda client, server: GatewayFraming(WrapperFraming(client, server), asked),
                )
            }
        )
        link = place.link(gateway.serve)
        assert [apdu[0] for apdu in await answered(link, encode_prefixed(asked, b"\xc0\x01"))] == [EXCEPTION]
        await link.aclose()
        await settled(place, gateway)

    play(scenario)


def test_what_a_meter_sends_unasked_goes_back_behind_its_prefix() -> None:
    async def scenario() -> None:
        place = Place()
        meter = GatewayAddress(0, b"meter")

        async def talkative(link: Link) -> None:
            await link.receive()
            for number in range(3):
                await link.send(encode_wpdu(1, 16, bytes((0x0F, number))))
            await link.receive()

        gateway = Gateway({meter: MeterBehind(place.opener(talkative))})
        link = place.link(gateway.serve)
        apdus = await answered(link, encode_prefixed(meter, b"\xc0"))
        assert apdus == [encode_prefixed(meter, bytes((0x0F, number)), response=True) for number in range(3)]
        await link.aclose()
        await settled(place, gateway)

    play(scenario)


def test_a_meter_that_cannot_be_reached_or_goes_away_is_refused_and_tried_again() -> None:
    async def scenario() -> None:
        place = Place()
        meter = GatewayAddress(0, b"meter")
        tries = 0

        async def open_link() -> Link:
            nonlocal tries
            tries += 1
            if tries == 1:
                raise LinkUnreachableError("not today")
            here, there = loopback_pair()
            await there.aclose()
            return here

        gateway = Gateway({meter: MeterBehind(open_link)})
        link = place.link(gateway.serve)
        for number in (1, 2, 3):
            assert [apdu[0] for apdu in await answered(link, encode_prefixed(meter, b"\xc0"))] == [EXCEPTION]
            assert tries == number
        await link.aclose()
        await settled(place, gateway)

    play(scenario)


def test_only_so_many_apdus_wait_for_a_meter() -> None:
    async def scenario() -> None:
        place = Place()
        meter = GatewayAddress(0, b"meter")

        async def open_link() -> Link:
            await asyncio.sleep(5)
            raise LinkUnreachableError("busy")

        gateway = Gateway({meter: MeterBehind(open_link)})
        link = place.link(gateway.serve)
        wpdu = encode_wpdu(16, 1, encode_prefixed(meter, b"\xc0"))
        await link.send(wpdu * (GATEWAY_WAITING_APDUS_MAX + 3))
        receiver = WrapperReceiver()
        with suppress(LinkError):
            while True:
                receiver.receive(await receive_within(link, 10))
        assert len(receiver.events()) == 3 + 1
        await link.aclose()
        await settled(place, gateway)

    play(scenario)


@pytest.mark.parametrize("octets", [b"\x00\x02" * 8, b"\x00\x01\x00\x10\x00\x01\x00"])
def test_a_client_that_breaks_the_stream_or_falls_silent_is_left(fleet: Fleet, octets: bytes) -> None:
    async def scenario() -> None:
        concentrator = Concentrator(fleet)
        link = concentrator.link(concentrator.gateway.serve)
        await link.send(octets)
        with pytest.raises(LinkClosedError):
            await receive_within(link, 1_000)
        await settled(concentrator, concentrator.gateway)

    play(scenario)


def test_a_client_that_leaves_at_once_leaves_no_branch(fleet: Fleet) -> None:
    async def scenario() -> None:
        concentrator = Concentrator(fleet, hdlc=True)
        link = concentrator.link(concentrator.gateway.serve)
        for turns in range(20):
            link = concentrator.link(concentrator.gateway.serve)
            await link.send(encode_wpdu(16, 1, encode_prefixed(concentrator.address(1), b"\xc0")))
            for _ in range(turns):
                await asyncio.sleep(0)
            await link.aclose()
        concentrator.tasks.pop(0)
        await asyncio.sleep(200)
        assert concentrator.gateway.branches == 0

    play(scenario)
