"""The image job against a virtual meter: whole, over broken links and restarts, refused and led astray."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from ferraris.client import (
    ClientAssociation,
    ImageJob,
    ImageProgress,
    Patience,
    activate_image,
    transfer_image,
    verify_image,
)
from ferraris.codec import BitString
from ferraris.cosem import Attribute, Data, ImageToTransfer, ImageTransfer, ImageTransferStatus, obis
from ferraris.dlms import AssociationSettings, Request, Response
from ferraris.dlms.apdu import (
    ActionRequestNormal,
    ActionResponseNormal,
    ActionResult,
    GetRequestNormal,
    GetResponseNormal,
)
from ferraris.dlms.hdlc import NETWORK_TIMING, HdlcFraming, PrimaryTiming, server_address
from ferraris.kernel.clock import ManualClock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import (
    LinkClosedError,
    LinkError,
    LinkTimeoutError,
    LocalProtocolError,
    RefusedError,
    RemoteProtocolError,
)
from ferraris.kernel.limits import IMAGE_BLOCKS_MAX, IMAGE_ROUNDS_MAX
from ferraris.link import Link, loopback_pair
from ferraris.meter import Firmware, Fleet, build_image, signing_key
from ferraris.meter.hdlc_line import HdlcLineService
from ferraris.meter.server import MeterServer
from ferraris.simulation import run_virtual
from tests.client.served import Server, served
from tests.meter.clients import associated, link_to, management
from tests.meter.steady import MONDAY_MS, PERFECT, STEADY, device_of

IMAGE = build_image(Firmware("2.0", bytes(range(256)) * 20), signing_key(1))


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    meters = Fleet.create(tmp_path / "fleet", PERFECT, STEADY, SeededEntropy(5), MONDAY_MS)
    yield meters
    meters.close()


@dataclass
class Place:
    """A meter on loopback links whose clock moves on while a client waits."""

    fleet: Fleet
    clock: ManualClock = field(default_factory=lambda: ManualClock(MONDAY_MS + 3_600_000))
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server = MeterServer(device_of(self.fleet), self.clock, SeededEntropy(4))

    def link(self) -> Link:
        return link_to(self.server, self.tasks)

    async def sleep(self, seconds: float) -> None:
        self.clock.advance(int(seconds * 1000))

    @property
    def patience(self) -> Patience:
        return Patience(poll_s=1.0, give_up_s=60.0, sleep=self.sleep)


def run(meters: Fleet, scenario: Callable[[Place], Awaitable[None]]) -> None:
    async def whole() -> None:
        await scenario(Place(meters))

    run_virtual(whole())


def job(image: bytes = IMAGE) -> ImageJob:
    return ImageJob(b"ferraris 2.0", image)


async def status_of(client: ClientAssociation) -> ImageTransferStatus:
    return await client.get(ImageTransfer.image_transfer_status, obis.IMAGE_TRANSFER)


def test_an_image_is_brought_in_verified_and_activated(fleet: Fleet) -> None:
    async def scenario(place: Place) -> None:
        seen: list[ImageProgress] = []
        async with associated(place.link(), management()) as client:
            await transfer_image(client, job(), seen.append)
            image = await verify_image(client, job(), place.patience)
            assert image.image_to_activate_signature == IMAGE[-64:]
            await activate_image(client, job(), place.patience)
            version = await client.get(Data.value, obis.ACTIVE_FIRMWARE_IDENTIFIER)
        assert version.value == b"2.0"
        blocks = -(-len(IMAGE) // 512)
        assert [progress.transferred for progress in seen] == [0, *range(1, blocks + 1), blocks]
        assert {progress.blocks for progress in seen} == {blocks}
        codes = [event.code for event in place.server.device.meter.events()]
        assert codes[-2:] == [17, 18]

    run(fleet, scenario)


def test_a_broken_transfer_goes_on_where_it_was(fleet: Fleet) -> None:
    async def scenario(place: Place) -> None:
        ours = job()

        def break_after(count: int) -> Callable[[ImageProgress], None]:
            def look(progress: ImageProgress) -> None:
                if progress.transferred == count:
                    raise LinkClosedError("the link breaks")

            return look

        for broken in (4, 7):
            with pytest.raises(LinkClosedError):
                async with associated(place.link(), management()) as client:
                    await transfer_image(client, ours, break_after(broken))
        sent: list[int] = []
        async with associated(place.link(), management()) as client:
            await transfer_image(client, ours, lambda progress: sent.append(progress.transferred))
            assert sent[0] == 7, "what has come is not sent again"
            await verify_image(client, ours, place.patience)

    run(fleet, scenario)


def test_a_job_that_is_done_asks_for_nothing_more(fleet: Fleet) -> None:
    async def scenario(place: Place) -> None:
        ours = job()
        async with associated(place.link(), management()) as client:
            for _ in range(2):
                await transfer_image(client, ours)
                await verify_image(client, ours, place.patience)
                await activate_image(client, ours, place.patience)
            assert await status_of(client) is ImageTransferStatus.ACTIVATION_SUCCESSFUL

    run(fleet, scenario)


def test_another_image_in_the_meter_is_replaced(fleet: Fleet) -> None:
    async def scenario(place: Place) -> None:
        async with associated(place.link(), management()) as client:
            other = ImageToTransfer(b"other", 700)
            await client.invoke(ImageTransfer.image_transfer_initiate, obis.IMAGE_TRANSFER, other)
            await transfer_image(client, job())
            await verify_image(client, job(), place.patience)

    run(fleet, scenario)


def test_the_blocks_of_another_image_are_not_taken_for_ours(fleet: Fleet) -> None:
    async def scenario(place: Place) -> None:
        ours = job()
        ours.initiated = True  # as remembered, but somebody else has initiated since
        async with associated(place.link(), management()) as client:
            other = ImageToTransfer(b"other", 700)
            await client.invoke(ImageTransfer.image_transfer_initiate, obis.IMAGE_TRANSFER, other)
            with pytest.raises(RemoteProtocolError, match="blocks of another image"):
                await transfer_image(client, ours)

    run(fleet, scenario)


def test_an_image_that_nobody_signed_is_refused(fleet: Fleet) -> None:
    async def scenario(place: Place) -> None:
        forged = job(IMAGE[:-1] + bytes((IMAGE[-1] ^ 1,)))
        async with associated(place.link(), management()) as client:
            await transfer_image(client, forged)
            with pytest.raises(RefusedError) as refused:
                await verify_image(client, forged, place.patience)
            assert refused.value.result == "verification-failed"
            with pytest.raises(RefusedError):
                await activate_image(client, forged, place.patience)

    run(fleet, scenario)


def test_the_meters_word_for_another_image_is_not_enough(fleet: Fleet) -> None:
    async def scenario(place: Place) -> None:
        async with associated(place.link(), management()) as client:
            await transfer_image(client, job())
            await verify_image(client, job(), place.patience)
            with pytest.raises(RemoteProtocolError, match="another image"):
                await verify_image(client, ImageJob(b"ferraris 2.1", IMAGE), place.patience)

    run(fleet, scenario)


def test_a_meter_that_takes_no_images_says_so(fleet: Fleet) -> None:
    async def scenario(place: Place) -> None:
        async with associated(place.link(), management()) as client:
            await client.set(ImageTransfer.image_transfer_enabled, obis.IMAGE_TRANSFER, False)
            with pytest.raises(RefusedError, match="takes no images"):
                await transfer_image(client, job())
            with pytest.raises(RefusedError):
                await client.invoke(ImageTransfer.image_verify, obis.IMAGE_TRANSFER, 0)

    run(fleet, scenario)


def test_patience_ends(fleet: Fleet) -> None:
    async def scenario(place: Place) -> None:
        async def nothing_happens(seconds: float) -> None:
            """The meter's clock stands."""

        async with associated(place.link(), management()) as client:
            await transfer_image(client, job())
            with pytest.raises(LinkTimeoutError, match="does not come to an end"):
                await verify_image(client, job(), Patience(1.0, 3.0, nothing_happens))

    run(fleet, scenario)


@pytest.mark.parametrize(
    ("timing", "end"),
    [(NETWORK_TIMING, "does not come to an end"), (PrimaryTiming(), "does not answer")],
    ids=["kept alive", "left alone"],
)
def test_between_two_looks_the_data_link_connection_is_kept_alive(
    fleet: Fleet, timing: PrimaryTiming, end: str
) -> None:
    """The looks are further apart than the station's inactivity time-out of two minutes."""

    async def scenario(place: Place) -> None:
        here, there = loopback_pair()
        service = HdlcLineService({17: place.server}, idle_timeout_s=100_000)
        serving = asyncio.create_task(service.serve(there))
        settings = management()
        framing = HdlcFraming(settings.client_sap, server_address(1, 17), timing=timing)
        client = ClientAssociation(here, settings, SeededEntropy(6), framing=framing)
        try:
            await client.associate()
            await transfer_image(client, job())
            with pytest.raises(LinkError, match=end):
                await verify_image(client, job(), Patience(200.0, 600.0))
        finally:
            await client.aclose()
            await asyncio.gather(serving, return_exceptions=True)

    run(fleet, scenario)


@pytest.mark.parametrize(("identifier", "image"), [(b"", b"x"), (b"x", b"")])
def test_an_empty_image_is_no_job(identifier: bytes, image: bytes) -> None:
    with pytest.raises(LocalProtocolError):
        ImageJob(identifier, image)


# A meter that loses blocks, on links that break


class LossyMeter:
    """Image transfer of a meter as its client sees it. It loses the blocks whose turn in `lost` says so."""

    def __init__(self, block_octets: int, lost: list[bool], rounds_up: bool) -> None:
        self.block_octets = block_octets
        self.lost = list(lost)
        self.rounds_up = rounds_up
        self.status = ImageTransferStatus.NOT_INITIATED
        self.size = 0
        self.blocks: dict[int, bytes] = {}
        self.sent: list[int] = []
        self.initiations = 0

    @property
    def image(self) -> bytes:
        return b"".join(self.blocks[number] for number in sorted(self.blocks))

    def serve(self, request: Request) -> Response:
        if isinstance(request, GetRequestNormal):
            return GetResponseNormal(request.invoke_id_and_priority, self._value(request.descriptor.attribute_id))
        assert isinstance(request, ActionRequestNormal)
        assert request.parameters is not None
        if request.descriptor.method_id == ImageTransfer.image_transfer_initiate.number:
            target = ImageTransfer.image_transfer_initiate.argument.decode(request.parameters)
            self.size, self.status = target.image_size, ImageTransferStatus.INITIATED
            self.initiations += 1
            self.blocks.clear()
        else:
            block = ImageTransfer.image_block_transfer.argument.decode(request.parameters)
            self.sent.append(block.image_block_number)
            if not (self.lost and self.lost.pop(0)):
                self.blocks[block.image_block_number] = block.image_block_value
        return ActionResponseNormal(request.invoke_id_and_priority, ActionResult.SUCCESS)

    def _value(self, number: int) -> bytes:
        count = -(-self.size // max(1, self.block_octets))
        bits = "".join("1" if block in self.blocks else "0" for block in range(count))
        if self.rounds_up:
            bits += "0" * (-count % 8)
        octets = -(-len(bits) // 8)
        come = BitString(len(bits), int(bits.ljust(octets * 8, "0") or "0", 2).to_bytes(octets, "big"))
        values: dict[int, tuple[Attribute[Any], object]] = {
            attribute.number: (attribute, value)
            for attribute, value in (
                (ImageTransfer.image_block_size, self.block_octets),
                (ImageTransfer.image_transferred_blocks_status, come),
                (ImageTransfer.image_transfer_enabled, True),
                (ImageTransfer.image_transfer_status, self.status),
            )
        }
        attribute, value = values[number]
        return attribute.datatype.encode(value)


def brought(meter: LossyMeter, ours: ImageJob, breaks: list[int]) -> None:
    """Transfer, over as many links as break: each after so many blocks."""

    async def over_one_link(count: int | None) -> None:
        left = count

        def look(progress: ImageProgress) -> None:
            nonlocal left
            if left is not None:
                left -= 1
                if left < 0:
                    raise LinkClosedError("the link breaks")

        settings = AssociationSettings()
        async with served(settings, Server(settings, meter.serve)) as association:
            await association.associate()
            await transfer_image(association, ours, look)

    for count in breaks:
        with suppress(LinkClosedError):
            asyncio.run(over_one_link(count))
    asyncio.run(over_one_link(None))


@settings_of_hypothesis(max_examples=40)
@given(
    st.integers(1, 300),
    st.integers(1, 64),
    st.lists(st.booleans(), max_size=30),
    st.lists(st.integers(0, 20), max_size=3),
    st.booleans(),
)
def test_an_image_comes_whole_whatever_is_lost(
    size: int, block_octets: int, lost: list[bool], breaks: list[int], rounds_up: bool
) -> None:
    """It is initiated once, and no block that the meter has said to have is sent again."""
    meter = LossyMeter(block_octets, lost, rounds_up)
    ours = ImageJob(b"image", bytes(number % 251 for number in range(size)))
    try:
        brought(meter, ours, breaks)
    except RemoteProtocolError:
        assert sum(lost) >= IMAGE_ROUNDS_MAX, "as often as it may, each block was sent"
        return
    assert meter.image == ours.image
    assert meter.initiations == 1
    blocks = -(-size // block_octets)
    lost_of_those_sent = sum(lost[: len(meter.sent)])
    assert len(meter.sent) <= blocks + lost_of_those_sent + len(breaks), "a break costs the block under way at most"


def test_a_meter_that_loses_every_block_is_given_up() -> None:
    meter = LossyMeter(10, [True] * 1_000, False)
    with pytest.raises(RemoteProtocolError, match="loses blocks"):
        brought(meter, ImageJob(b"image", bytes(25)), [])
    assert meter.sent == [0, 1, 2] * IMAGE_ROUNDS_MAX


@pytest.mark.parametrize("block_octets", [0, 1])
def test_blocks_of_an_impossible_size_are_refused_before_anything_is_sent(block_octets: int) -> None:
    meter = LossyMeter(1, [], False)
    meter.block_octets = block_octets
    image = bytes(1) if not block_octets else bytes(IMAGE_BLOCKS_MAX + 1)
    with pytest.raises(RemoteProtocolError, match="impossible size"):
        brought(meter, ImageJob(b"image", image), [])
    assert (meter.sent, meter.initiations) == ([], 0)
