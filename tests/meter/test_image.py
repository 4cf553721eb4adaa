"""The meter's image: blocks in any order, restarts at any moment, verification and activation that take their time."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cosem import ImageTransferStatus
from ferraris.dlms.apdu import ActionResult
from ferraris.kernel.limits import IMAGE_IDENTIFIER_OCTETS_MAX, IMAGE_OCTETS_MAX
from ferraris.meter.events import EventCode
from ferraris.meter.firmware import Firmware, build_image, manufacturer_key, signing_key
from ferraris.meter.image import ACTIVATION_MS, IMAGE_BLOCK_OCTETS, VERIFICATION_MS, MeterImage

IMAGE = build_image(Firmware("2.0", bytes(range(256)) * 6), signing_key(1))
BLOCKS = [IMAGE[start : start + IMAGE_BLOCK_OCTETS] for start in range(0, len(IMAGE), IMAGE_BLOCK_OCTETS)]
Status = ImageTransferStatus


def opened(directory: Path) -> MeterImage:
    return MeterImage(directory / "images", 3, manufacturer_key(1))


def filled(directory: Path, octets: bytes = IMAGE) -> MeterImage:
    image = opened(directory)
    assert image.initiate(b"fw 2.0", len(octets)) is ActionResult.SUCCESS
    for number, start in enumerate(range(0, len(octets), IMAGE_BLOCK_OCTETS)):
        assert image.put(number, octets[start : start + IMAGE_BLOCK_OCTETS]) is ActionResult.SUCCESS
    return image


def test_a_meter_without_a_transfer(tmp_path: Path) -> None:
    image = opened(tmp_path)
    assert image.status is Status.NOT_INITIATED
    assert image.blocks_status == (0, b"")
    assert (image.first_missing, image.to_activate, image.firmware_version) == (0, (), None)
    assert image.put(0, b"") is image.verify(0) is image.activate(0) is ActionResult.OTHER_REASON
    assert image.settle(0) is None


@given(st.permutations(range(len(BLOCKS))), st.integers(0, len(BLOCKS)))
def test_blocks_come_in_any_order_and_over_a_restart(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], restart: int
) -> None:
    directory = tmp_path_factory.mktemp("image")
    image = opened(directory)
    image.initiate(b"fw 2.0", len(IMAGE))
    for sent, number in enumerate(order):
        if sent == restart:
            image = opened(directory)
        assert image.put(number, BLOCKS[number]) is ActionResult.SUCCESS
        come = set(order[: sent + 1])
        status = image.blocks_status
        bits = "".join(f"{octet:08b}" for octet in status.octets)[: status.length]
        assert {place for place, bit in enumerate(bits) if bit == "1"} == come
        assert image.first_missing == min(set(range(len(BLOCKS))) - come, default=len(BLOCKS))
    assert image.verify(0) is ActionResult.TEMPORARY_FAILURE


def test_verified_and_activated_over_restarts(tmp_path: Path) -> None:
    image = filled(tmp_path)
    assert image.verify(0) is ActionResult.TEMPORARY_FAILURE
    assert image.settle(VERIFICATION_MS - 1) is None
    assert image.verify(1) is ActionResult.TEMPORARY_FAILURE
    image = opened(tmp_path)
    assert image.settle(VERIFICATION_MS) is EventCode.FIRMWARE_READY_FOR_ACTIVATION
    assert image.verify(VERIFICATION_MS) is ActionResult.SUCCESS
    (shown,) = image.to_activate
    assert (shown.image_to_activate_size, shown.image_to_activate_identification) == (len(IMAGE), b"fw 2.0")
    assert shown.image_to_activate_signature == IMAGE[-64:]
    assert image.activate(5_000) is ActionResult.TEMPORARY_FAILURE
    assert image.firmware_version is None
    image = opened(tmp_path)
    assert image.settle(5_000 + ACTIVATION_MS) is EventCode.FIRMWARE_ACTIVATED
    assert image.settle(6_000 + ACTIVATION_MS) is None
    assert image.activate(0) is ActionResult.SUCCESS
    assert opened(tmp_path).firmware_version == "2.0"


def test_an_image_that_nobody_signed_fails_and_cannot_be_activated(tmp_path: Path) -> None:
    image = filled(tmp_path, IMAGE[:-1] + b"\0")
    image.verify(0)
    assert image.settle(VERIFICATION_MS) is None
    assert image.status is Status.VERIFICATION_FAILED
    assert image.to_activate == ()
    assert image.activate(VERIFICATION_MS) is ActionResult.OTHER_REASON
    assert image.initiate(b"again", 100) is ActionResult.SUCCESS
    assert image.status is Status.INITIATED


def test_an_image_with_a_hole_is_not_verified(tmp_path: Path) -> None:
    image = opened(tmp_path)
    image.initiate(b"fw 2.0", len(IMAGE))
    image.put(1, BLOCKS[1])
    assert image.verify(0) is ActionResult.OTHER_REASON
    assert image.status is Status.INITIATED


def test_blocks_that_lie_are_refused(tmp_path: Path) -> None:
    image = opened(tmp_path)
    image.initiate(b"fw 2.0", len(IMAGE))
    for number, octets in ((0, BLOCKS[0][:-1]), (0, BLOCKS[0] + b"\0"), (len(BLOCKS), b"\0"), (1 << 31, BLOCKS[0])):
        assert image.put(number, octets) is ActionResult.OTHER_REASON
    assert image.first_missing == 0
    image.put(0, BLOCKS[0])
    assert image.put(0, BLOCKS[0]) is ActionResult.SUCCESS, "the same once more"
    assert image.put(0, bytes(IMAGE_BLOCK_OCTETS)) is ActionResult.OTHER_REASON, "another under the same number"


@pytest.mark.parametrize(
    ("identifier", "size"),
    [
        (b"", 1),
        (b"i" * (IMAGE_IDENTIFIER_OCTETS_MAX + 1), 1),
        (b"fw", 0),
        (b"fw", IMAGE_OCTETS_MAX + 1),
        (b"fw", 0xFFFF_FFFF),
    ],
)
def test_room_for_an_impossible_image_is_refused(tmp_path: Path, identifier: bytes, size: int) -> None:
    assert opened(tmp_path).initiate(identifier, size) is ActionResult.OTHER_REASON
    assert not (tmp_path / "images").exists()


@pytest.mark.parametrize("octets", [b"", b"FERIMG1\0", bytes(500)])
def test_a_file_that_holds_no_transfer_is_none(tmp_path: Path, octets: bytes) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "3.image").write_bytes(octets)
    assert opened(tmp_path).status is Status.NOT_INITIATED
