"""Image transfer: our job brings an image into a meter of Gurux, and Gurux brings one into our virtual meter."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from ferraris.client import (
    ClientAssociation,
    ImageJob,
    ImageProgress,
    Patience,
    activate_image,
    transfer_image,
    verify_image,
)
from ferraris.cosem import ImageTransferStatus
from ferraris.kernel.clock import ManualClock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.meter import Firmware, Fleet, LogicalDevice, build_image, signing_key
from tests.interop.foreign_meter import meter_of
from tests.interop.own_client import HEADEND_TITLE, management, with_association
from tests.interop.peers.process import PeerProcess
from tests.interop.served_device import served
from tests.meter.steady import MONDAY_MS, PERFECT, STEADY, device_of

PEER_ROLE = "meter"
pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("interop")]

BLOCK_OCTETS = 200
COUNTERS = count(1000, 1000)
SECOND_MS = 1_000


# Gurux as meter


@pytest.fixture(scope="module")
def gurux_image_meter(gurux: PeerProcess) -> Iterator[int]:
    yield from meter_of(gurux, image_block_size=BLOCK_OCTETS)


@pytest.mark.parametrize("octets", [1, BLOCK_OCTETS, 8 * BLOCK_OCTETS, 20 * BLOCK_OCTETS + 7], ids="{} octets".format)
def test_an_image_is_sent_verified_and_activated(gurux_image_meter: int, octets: int) -> None:
    job = ImageJob(b"image 1", bytes(number * 7 & 0xFF for number in range(octets)))

    async def bring(association: ClientAssociation) -> bytes:
        await transfer_image(association, job)
        verified = await verify_image(association, job, Patience(poll_s=0))
        await activate_image(association, job, Patience(poll_s=0))
        return verified.image_to_activate_signature

    assert with_association(gurux_image_meter, management(), bring) == hashlib.sha256(job.image).digest()


def test_a_broken_transfer_goes_on_where_it_was(gurux_image_meter: int) -> None:
    job = ImageJob(b"image 1", bytes(range(256)) * 20)
    seen: list[int] = []

    def note(progress: ImageProgress) -> None:
        seen.append(progress.transferred)
        if len(seen) == 10:
            raise asyncio.CancelledError

    async def bring(association: ClientAssociation) -> bytes:
        with pytest.raises(asyncio.CancelledError):
            await transfer_image(association, job, note)
        first, seen[10:] = seen[9], []
        await transfer_image(association, job, note)
        assert seen[10] == first > 0
        return (await verify_image(association, job, Patience(poll_s=0))).image_to_activate_signature

    assert with_association(gurux_image_meter, management(), bring) == hashlib.sha256(job.image).digest()


# Gurux as client


class Place:
    """Our meter, and a Gurux client that comes again and again."""

    def __init__(self, device: LogicalDevice, port: int, clock: ManualClock, gurux: PeerProcess) -> None:
        self.clock = clock
        self._gurux = gurux
        keys = device.keys
        self._task: dict[str, Any] = {
            "do": "client", "host": "127.0.0.1", "port": port, "server_sap": 1, "client_sap": 1, "authentication": "gmac",
            "security": "both", "system_title": HEADEND_TITLE.hex(), "encryption_key": keys.encryption_key.hex(),
            "authentication_key": keys.authentication_key.hex(),
        }  # fmt: skip

    def step(self, *operation: str) -> ImageTransferStatus:
        """What the meter's status is after one step, in an association of its own."""
        task = self._task | {"operations": [["image", *operation]], "invocation_counter": next(COUNTERS)}
        answer = self._gurux.ask(task)
        (result,) = answer["results"]
        assert result["ok"], result
        return ImageTransferStatus(result["value"])


@pytest.fixture
def gurux_place(gurux: PeerProcess, tmp_path: Path) -> Iterator[Place]:
    fleet = Fleet.create(tmp_path / "fleet", PERFECT, STEADY, SeededEntropy(5), MONDAY_MS)
    device, clock = device_of(fleet), ManualClock(MONDAY_MS + 3_600 * SECOND_MS)
    with served(device, clock) as port:
        yield Place(device, port, clock, gurux)
    fleet.close()


@pytest.mark.peer_role("client")
def test_an_image_is_brought(gurux_place: Place) -> None:
    image = build_image(Firmware("2.0", bytes(range(256)) * 20), signing_key(1))
    assert gurux_place.step("send", b"image 2".hex(), image.hex()) is ImageTransferStatus.INITIATED
    assert gurux_place.step("verify") is ImageTransferStatus.VERIFICATION_INITIATED
    gurux_place.clock.advance(10 * SECOND_MS)
    assert gurux_place.step("verify") is ImageTransferStatus.VERIFICATION_SUCCESSFUL
    assert gurux_place.step("activate") is ImageTransferStatus.ACTIVATION_INITIATED
    gurux_place.clock.advance(60 * SECOND_MS)
    assert gurux_place.step("activate") is ImageTransferStatus.ACTIVATION_SUCCESSFUL


@pytest.mark.peer_role("client")
def test_an_image_that_nobody_signed_is_not_verified(gurux_place: Place) -> None:
    image = bytearray(build_image(Firmware("2.0", bytes(5_000)), signing_key(1)))
    image[1_000] ^= 1
    assert gurux_place.step("send", b"image 3".hex(), image.hex()) is ImageTransferStatus.INITIATED
    assert gurux_place.step("verify") is ImageTransferStatus.VERIFICATION_INITIATED
    gurux_place.clock.advance(10 * SECOND_MS)
    with pytest.raises(AssertionError, match="data-access-result"):
        gurux_place.step("verify")
