"""Bringing an image, most often firmware, into a meter: a job that can break off anywhere and go on later.

The meter says which blocks it has, so only those are sent that it lacks. What the meter does not say while blocks are coming
is which image they belong to: whoever keeps the job remembers that it has initiated, and `ImageJob.initiated` carries it.
A meter may answer verification and activation with a temporary failure and tell later, by its status, how they went.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from ferraris.client.association import ClientAssociation
from ferraris.codec import BitString
from ferraris.cosem import (
    ImageBlock,
    ImageToActivate,
    ImageToTransfer,
    ImageTransfer,
    ImageTransferStatus,
    Method,
    Obis,
    obis,
)
from ferraris.dlms.apdu import ActionResult
from ferraris.kernel.errors import LinkTimeoutError, LocalProtocolError, RefusedError, RemoteProtocolError
from ferraris.kernel.limits import IMAGE_BLOCKS_MAX, IMAGE_ROUNDS_MAX

Status: Final = ImageTransferStatus
_BEHIND_TRANSFER: Final = frozenset(Status) - {Status.NOT_INITIATED, Status.INITIATED, Status.VERIFICATION_FAILED}
_ACTIVATING: Final = frozenset({Status.ACTIVATION_INITIATED, Status.ACTIVATION_SUCCESSFUL})


@dataclass(frozen=True, slots=True)
class ImageProgress:
    """How far the blocks have come."""

    transferred: int
    blocks: int


@dataclass(slots=True)
class ImageJob:
    """One image on its way into one meter. Keep it over broken links, and over restarts at least `initiated`."""

    identifier: bytes
    image: bytes
    logical_name: Obis = obis.IMAGE_TRANSFER
    initiated: bool = False
    """The meter has made room for this very image."""

    def __post_init__(self) -> None:
        if not self.identifier or not self.image:
            raise LocalProtocolError("an image to be transferred is empty", expected="an identifier and octets")


@dataclass(frozen=True, slots=True)
class Patience:
    """How often the status of a verification or an activation is asked for, and for how long. In seconds."""

    poll_s: float = 5.0
    give_up_s: float = 600.0
    sleep: Callable[[float], Awaitable[object]] | None = None
    """Without one the association listens meanwhile, which keeps a data link connection alive."""


async def transfer_image(
    association: ClientAssociation, job: ImageJob, progress: Callable[[ImageProgress], None] = lambda progress: None
) -> None:
    """Send every block that the meter lacks, until it lacks none.

    May be called again after any error, over another association. Raises RefusedError when the meter does not take images or
    a block, RemoteProtocolError when it goes on losing blocks or means another image, LinkError.
    """
    name = job.logical_name
    if not await association.get(ImageTransfer.image_transfer_enabled, name):
        raise RefusedError("the meter takes no images now", result="image-transfer-not-enabled", code=0)
    status = await association.get(ImageTransfer.image_transfer_status, name)
    if job.initiated and status in _BEHIND_TRANSFER:
        return
    block_octets = await association.get(ImageTransfer.image_block_size, name)
    blocks = _blocks_of(job, block_octets)
    if not job.initiated or status is not Status.INITIATED:
        target = ImageToTransfer(job.identifier, len(job.image))
        await association.invoke(ImageTransfer.image_transfer_initiate, name, target)
        job.initiated = True
    missing: list[int] = []
    for _ in range(IMAGE_ROUNDS_MAX):
        missing = _missing(await association.get(ImageTransfer.image_transferred_blocks_status, name), blocks)
        progress(ImageProgress(blocks - len(missing), blocks))
        if not missing:
            return
        for sent, number in enumerate(missing, 1):
            octets = job.image[number * block_octets : (number + 1) * block_octets]
            await association.invoke(ImageTransfer.image_block_transfer, name, ImageBlock(number, octets))
            progress(ImageProgress(blocks - len(missing) + sent, blocks))
    raise RemoteProtocolError("the meter loses blocks of the image", expected=f"{blocks} blocks", got=len(missing))


async def verify_image(
    association: ClientAssociation, job: ImageJob, patience: Patience = Patience()
) -> ImageToActivate:
    """Let the meter verify the image, and check that it is ours that it would activate.

    Raises RefusedError when the meter finds the image wrong, RemoteProtocolError when it would activate another one,
    LinkTimeoutError when it does not come to an end.
    """
    status = await association.get(ImageTransfer.image_transfer_status, job.logical_name)
    if status not in _ACTIVATING:
        await _carried_out(
            association, job, ImageTransfer.image_verify, Status.VERIFICATION_INITIATED, Status.VERIFICATION_SUCCESSFUL,
            patience,
        )  # fmt: skip
    verified = await association.get(ImageTransfer.image_to_activate_info, job.logical_name)
    ours = job.identifier, len(job.image)
    for image in verified:
        if (image.image_to_activate_identification, image.image_to_activate_size) == ours:
            return image
    found = [(image.image_to_activate_identification, image.image_to_activate_size) for image in verified]
    raise RemoteProtocolError("the meter would activate another image", expected=ours, got=found)


async def activate_image(association: ClientAssociation, job: ImageJob, patience: Patience = Patience()) -> None:
    """Let the meter activate the verified image now. It may restart over it: a broken link is no failure, ask again.

    To activate at a time, give that time to the single action schedule of the meter's image activation script instead.
    Raises RefusedError when it fails, LinkTimeoutError when it does not come to an end, LinkError.
    """
    await _carried_out(
        association, job, ImageTransfer.image_activate, Status.ACTIVATION_INITIATED, Status.ACTIVATION_SUCCESSFUL, patience
    )  # fmt: skip


async def _carried_out(
    association: ClientAssociation,
    job: ImageJob,
    method: Method[int, None],
    under_way: ImageTransferStatus,
    done: ImageTransferStatus,
    patience: Patience,
) -> None:
    """Invoke `method` unless it was done, and wait until the status says how it went."""
    status = await association.get(ImageTransfer.image_transfer_status, job.logical_name)
    if status is done:
        return
    if status is not under_way:
        try:
            await association.invoke(method, job.logical_name, 0)
        except RefusedError as refused:
            if refused.code != ActionResult.TEMPORARY_FAILURE:
                raise
    waited_s = 0.0
    while True:
        status = await association.get(ImageTransfer.image_transfer_status, job.logical_name)
        if status is done:
            return
        if status is not under_way:
            raise RefusedError(f"{method.name} failed", result=status.name, code=status)
        if waited_s >= patience.give_up_s:
            raise LinkTimeoutError(f"{method.name} does not come to an end", expected=done.name, got=status.name)
        await (patience.sleep or association.listen)(patience.poll_s)
        waited_s += patience.poll_s


def _blocks_of(job: ImageJob, block_octets: int) -> int:
    blocks = -(-len(job.image) // block_octets) if block_octets else 0
    if not 0 < blocks <= IMAGE_BLOCKS_MAX:
        expected = f"1 to {IMAGE_BLOCKS_MAX} blocks"
        raise RemoteProtocolError("the meter's blocks have an impossible size", expected=expected, got=block_octets)
    return blocks


def _missing(come: BitString, blocks: int) -> list[int]:
    """The numbers of the blocks that the meter lacks. Raises RemoteProtocolError when it counts other blocks than ours."""
    if come.length < blocks or come.length >= blocks + 8:
        # Some meters round the count up to whole octets.
        raise RemoteProtocolError("the meter counts the blocks of another image", expected=blocks, got=come.length)
    return [number for number in range(blocks) if not come.octets[number >> 3] & 0x80 >> (number & 7)]
