"""The image that a client brings into a virtual meter, block by block: it lies in the meter's memory and survives restarts.

One file a meter, made when a transfer is initiated: a header, an octet for each block that has come, the blocks. A block
counts from the moment its octet is set, behind its data, so that death of the process at any moment leaves a transfer that
can go on. Verification and activation take their time, as in meters of iron: the first call is answered with a temporary
failure, and the status tells when it is done.
"""

from __future__ import annotations

import mmap
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from ferraris.codec import BitString
from ferraris.cosem import ImageToActivate, ImageTransferStatus
from ferraris.dlms.apdu import ActionResult
from ferraris.kernel.errors import AuthenticationError, DecodeError
from ferraris.kernel.limits import IMAGE_IDENTIFIER_OCTETS_MAX, IMAGE_OCTETS_MAX
from ferraris.meter.events import EventCode
from ferraris.meter.firmware import SIGNATURE_OCTETS, open_image

IMAGES: Final = "images"
"""The directory of the transfers, in a fleet's memory."""
IMAGE_BLOCK_OCTETS: Final = 512
VERIFICATION_MS: Final = 2_000
ACTIVATION_MS: Final = 10_000
MAGIC: Final = b"FERIMG1\0"
HEADER: Final = struct.Struct(f"<8sIIqBB{IMAGE_IDENTIFIER_OCTETS_MAX}s")
"""magic, octets of the image, octets of a block, when a status under way is over, status, identifier's length, identifier"""
_STATUS: Final = struct.Struct("<qB")
_STATUS_AT: Final = struct.calcsize("<8sII")
_UNDER_WAY: Final = {
    ImageTransferStatus.VERIFICATION_INITIATED: VERIFICATION_MS,
    ImageTransferStatus.ACTIVATION_INITIATED: ACTIVATION_MS,
}
_VERIFIED: Final = (ImageTransferStatus.VERIFICATION_SUCCESSFUL, ImageTransferStatus.ACTIVATION_FAILED)


@dataclass(slots=True)
class _Transfer:
    """The mapped file of one transfer."""

    mapping: mmap.mmap
    size: int
    block_octets: int
    identifier: bytes

    @property
    def blocks(self) -> int:
        return -(-self.size // self.block_octets)

    @property
    def come(self) -> bytes:
        """An octet for each block: 1 when it has come."""
        return self.mapping[HEADER.size : HEADER.size + self.blocks]

    @property
    def image(self) -> bytes:
        start = HEADER.size + self.blocks
        return self.mapping[start : start + self.size]


def meters_with_images(directory: Path) -> list[int]:
    """The meters whose transfers lie in that directory."""
    return sorted(int(path.stem) for path in directory.glob("*.image") if path.stem.isdecimal())


class MeterImage:
    """The image transfer object of one meter. One such object per meter at a time."""

    def __init__(self, directory: Path, meter: int, key: ec.EllipticCurvePublicKey) -> None:
        self._path = directory / f"{meter}.image"
        self._firmware = directory / f"{meter}.firmware"
        self._key = key
        self._transfer = _opened(self._path) if self._path.exists() else None

    @property
    def block_octets(self) -> int:
        return IMAGE_BLOCK_OCTETS

    @property
    def status(self) -> ImageTransferStatus:
        """As of the last `settle`."""
        return ImageTransferStatus.NOT_INITIATED if self._transfer is None else self._status()[1]

    @property
    def over_ms(self) -> int | None:
        """When what is under way is over, and `settle` is to be called; None when nothing is."""
        if self._transfer is None:
            return None
        over_ms, status = self._status()
        return over_ms if status in _UNDER_WAY else None

    @property
    def open(self) -> bool:
        """Whether something may still come of the transfer."""
        return self.status not in (ImageTransferStatus.NOT_INITIATED, ImageTransferStatus.ACTIVATION_SUCCESSFUL)

    @property
    def firmware_version(self) -> str | None:
        """The version that was activated last; None for the one that the meter left the works with."""
        return self._firmware.read_text("utf-8") if self._firmware.exists() else None

    @property
    def blocks_status(self) -> BitString:
        """A bit for each block, set when it has come."""
        come = b"" if self._transfer is None else self._transfer.come
        bits = int("".join(map(str, come)).ljust(-(-len(come) // 8) * 8, "0") or "0", 2)
        return BitString(len(come), bits.to_bytes(-(-len(come) // 8), "big"))

    @property
    def first_missing(self) -> int:
        """The number of the first block that has not come; the count of blocks when all have."""
        come = b"" if self._transfer is None else self._transfer.come
        missing = come.find(0)
        return len(come) if missing < 0 else missing

    @property
    def to_activate(self) -> tuple[ImageToActivate, ...]:
        """The image that was verified."""
        if self._transfer is None or self.status < ImageTransferStatus.VERIFICATION_SUCCESSFUL:
            return ()
        if self.status is ImageTransferStatus.VERIFICATION_FAILED:
            return ()
        transfer = self._transfer
        signature = transfer.image[-SIGNATURE_OCTETS:]
        return (ImageToActivate(transfer.size, transfer.identifier, signature),)

    def initiate(self, identifier: bytes, size: int) -> ActionResult:
        """Make room for an image. What was there of an earlier one is gone."""
        if not 0 < size <= IMAGE_OCTETS_MAX or not 0 < len(identifier) <= IMAGE_IDENTIFIER_OCTETS_MAX:
            return ActionResult.OTHER_REASON
        self._path.parent.mkdir(exist_ok=True)
        part = self._path.with_suffix(".part")
        blocks = -(-size // IMAGE_BLOCK_OCTETS)
        status = ImageTransferStatus.INITIATED
        header = HEADER.pack(MAGIC, size, IMAGE_BLOCK_OCTETS, 0, status, len(identifier), identifier)
        try:
            with part.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, HEADER.size + blocks + size)
                file.write(header)
            part.rename(self._path)
        except OSError:
            part.unlink(missing_ok=True)
            return ActionResult.HARDWARE_FAULT
        self._transfer = _opened(self._path)
        return ActionResult.SUCCESS

    def put(self, number: int, octets: bytes) -> ActionResult:
        """Take a block. One that has come already may come again, with the same octets."""
        transfer = self._transfer
        if transfer is None or self.status is not ImageTransferStatus.INITIATED or number >= transfer.blocks:
            return ActionResult.OTHER_REASON
        start = number * transfer.block_octets
        if len(octets) != min(transfer.block_octets, transfer.size - start):
            return ActionResult.OTHER_REASON
        place = HEADER.size + transfer.blocks + start
        if transfer.come[number]:
            same = transfer.mapping[place : place + len(octets)] == octets
            return ActionResult.SUCCESS if same else ActionResult.OTHER_REASON
        transfer.mapping[place : place + len(octets)] = octets
        transfer.mapping[HEADER.size + number] = 1
        return ActionResult.SUCCESS

    def verify(self, now_ms: int) -> ActionResult:
        """Begin to verify, or tell how it went."""
        status = self.status
        if status is ImageTransferStatus.VERIFICATION_INITIATED:
            return ActionResult.TEMPORARY_FAILURE
        if status in _VERIFIED:
            return ActionResult.SUCCESS
        transfer = self._transfer
        if transfer is None or status is not ImageTransferStatus.INITIATED or self.first_missing < transfer.blocks:
            return ActionResult.OTHER_REASON
        self._begin(ImageTransferStatus.VERIFICATION_INITIATED, now_ms)
        return ActionResult.TEMPORARY_FAILURE

    def activate(self, now_ms: int) -> ActionResult:
        """Begin to activate, or tell how it went."""
        status = self.status
        if status is ImageTransferStatus.ACTIVATION_INITIATED:
            return ActionResult.TEMPORARY_FAILURE
        if status is ImageTransferStatus.ACTIVATION_SUCCESSFUL:
            return ActionResult.SUCCESS
        if status not in _VERIFIED:
            return ActionResult.OTHER_REASON
        self._begin(ImageTransferStatus.ACTIVATION_INITIATED, now_ms)
        return ActionResult.TEMPORARY_FAILURE

    def settle(self, now_ms: int) -> EventCode | None:
        """End what is over by `now_ms`; the event that this is."""
        if self._transfer is None:
            return None
        over_ms, status = self._status()
        if status not in _UNDER_WAY or now_ms < over_ms:
            return None
        if status is ImageTransferStatus.VERIFICATION_INITIATED:
            return self._verified()
        return self._activated()

    def _verified(self) -> EventCode | None:
        assert self._transfer is not None  # its status was read
        try:
            open_image(self._transfer.image, self._key)
        except (AuthenticationError, DecodeError):
            self._set(ImageTransferStatus.VERIFICATION_FAILED)
            return None  # the Dutch list of events has none for this
        self._set(ImageTransferStatus.VERIFICATION_SUCCESSFUL)
        return EventCode.FIRMWARE_READY_FOR_ACTIVATION

    def _activated(self) -> EventCode | None:
        """Activate what is there now: it is checked once more, since it may have changed since it was verified."""
        assert self._transfer is not None  # its status was read
        try:
            version = open_image(self._transfer.image, self._key).version
        except (AuthenticationError, DecodeError):
            self._set(ImageTransferStatus.ACTIVATION_FAILED)
            return None
        part = self._firmware.with_suffix(".part")
        part.write_text(version, "utf-8")
        part.rename(self._firmware)
        self._set(ImageTransferStatus.ACTIVATION_SUCCESSFUL)
        return EventCode.FIRMWARE_ACTIVATED

    def _begin(self, status: ImageTransferStatus, now_ms: int) -> None:
        self._set(status, now_ms + _UNDER_WAY[status])

    def _status(self) -> tuple[int, ImageTransferStatus]:
        assert self._transfer is not None
        over_ms, status = _STATUS.unpack_from(self._transfer.mapping, _STATUS_AT)
        return over_ms, ImageTransferStatus(status)

    def _set(self, status: ImageTransferStatus, over_ms: int = 0) -> None:
        assert self._transfer is not None
        _STATUS.pack_into(self._transfer.mapping, _STATUS_AT, over_ms, status)


def _opened(path: Path) -> _Transfer | None:
    """The transfer in a file; None for a file that does not hold one, which is as if there were none."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        octets = os.fstat(descriptor).st_size
        if octets <= HEADER.size:
            return None
        mapping = mmap.mmap(descriptor, octets)
    finally:
        os.close(descriptor)
    magic, size, block_octets, _, _, length, identifier = HEADER.unpack_from(mapping)
    if magic != MAGIC or block_octets == 0 or octets != HEADER.size + -(-size // block_octets) + size:
        return None
    return _Transfer(mapping, size, block_octets, identifier[:length])
