"""Attacks on the firmware of a meter: an image changed behind the verification's back, while it is activated, or at a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferraris.cosem import ImageTransferStatus
from ferraris.dlms.apdu import ActionResult
from ferraris.meter.events import EventCode
from ferraris.meter.firmware import Firmware, build_image, manufacturer_key, signing_key
from ferraris.meter.image import ACTIVATION_MS, HEADER, IMAGE_BLOCK_OCTETS, VERIFICATION_MS, MeterImage

GOOD = build_image(Firmware("2.0", bytes(range(256)) * 6), signing_key(1))
EVIL = build_image(Firmware("6.6", bytes(range(256)) * 6), signing_key(2))
Status = ImageTransferStatus


def opened(directory: Path) -> MeterImage:
    return MeterImage(directory / "images", 3, manufacturer_key(1))


def put_all(image: MeterImage, octets: bytes) -> list[ActionResult]:
    starts = range(0, len(octets), IMAGE_BLOCK_OCTETS)
    return [image.put(number, octets[start : start + IMAGE_BLOCK_OCTETS]) for number, start in enumerate(starts)]


def verified(directory: Path) -> MeterImage:
    image = opened(directory)
    image.initiate(b"fw", len(GOOD))
    put_all(image, GOOD)
    image.verify(0)
    assert image.settle(VERIFICATION_MS) is EventCode.FIRMWARE_READY_FOR_ACTIVATION
    return image


def test_a_verified_image_takes_no_more_blocks(tmp_path: Path) -> None:
    image = verified(tmp_path)
    assert set(put_all(image, EVIL)) == {ActionResult.OTHER_REASON}
    image.activate(VERIFICATION_MS)
    assert image.settle(VERIFICATION_MS + ACTIVATION_MS) is EventCode.FIRMWARE_ACTIVATED
    assert image.firmware_version == "2.0"


@pytest.mark.parametrize("activating", [False, True])
def test_another_image_begins_anew_and_must_be_verified(tmp_path: Path, activating: bool) -> None:
    image = verified(tmp_path)
    if activating:
        image.activate(VERIFICATION_MS)
    image.initiate(b"fw", len(EVIL))
    put_all(image, EVIL)
    assert image.settle(VERIFICATION_MS + ACTIVATION_MS) is None, "what was under way concerned the other image"
    assert image.activate(VERIFICATION_MS) is ActionResult.OTHER_REASON
    image.verify(50_000)
    image.settle(50_000 + VERIFICATION_MS)
    assert image.status is Status.VERIFICATION_FAILED
    assert image.activate(60_000) is ActionResult.OTHER_REASON
    assert image.firmware_version is None


@pytest.mark.parametrize("restart", [False, True])
def test_an_image_changed_in_memory_since_it_was_verified_is_not_activated(tmp_path: Path, restart: bool) -> None:
    image = verified(tmp_path)
    image.activate(VERIFICATION_MS)
    with (tmp_path / "images" / "3.image").open("r+b") as memory:
        memory.seek(HEADER.size + -(-len(GOOD) // IMAGE_BLOCK_OCTETS) + 100)
        memory.write(b"changed")
    if restart:
        image = opened(tmp_path)
    assert image.settle(VERIFICATION_MS + ACTIVATION_MS) is None
    assert image.status is Status.ACTIVATION_FAILED
    assert image.firmware_version is None
