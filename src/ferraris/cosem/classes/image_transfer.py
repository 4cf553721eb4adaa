"""Image transfer, class 18: a file, most often firmware, brought into the meter block by block, verified and activated."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated

from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject, Method
from ferraris.cosem.types import (
    BIT_STRING,
    BOOLEAN,
    DOUBLE_LONG_UNSIGNED,
    INTEGER,
    OCTET_STRING,
    Array,
    Enumerated,
    Structure,
)


class ImageTransferStatus(IntEnum):
    """How far the transfer has come."""

    NOT_INITIATED = 0
    INITIATED = 1
    VERIFICATION_INITIATED = 2
    VERIFICATION_SUCCESSFUL = 3
    VERIFICATION_FAILED = 4
    ACTIVATION_INITIATED = 5
    ACTIVATION_SUCCESSFUL = 6
    ACTIVATION_FAILED = 7


@dataclass(frozen=True, slots=True)
class ImageToActivate:
    """An image that was verified: its size in octets, its identifier and its signature."""

    image_to_activate_size: Annotated[int, DOUBLE_LONG_UNSIGNED]
    image_to_activate_identification: Annotated[bytes, OCTET_STRING]
    image_to_activate_signature: Annotated[bytes, OCTET_STRING]


@dataclass(frozen=True, slots=True)
class ImageToTransfer:
    """An image that is to come: its identifier and its size in octets."""

    image_identifier: Annotated[bytes, OCTET_STRING]
    image_size: Annotated[int, DOUBLE_LONG_UNSIGNED]


@dataclass(frozen=True, slots=True)
class ImageBlock:
    """A block of the image. Blocks are counted from 0 and all but the last have the length `image_block_size`."""

    image_block_number: Annotated[int, DOUBLE_LONG_UNSIGNED]
    image_block_value: Annotated[bytes, OCTET_STRING]


class ImageTransfer(CosemObject, class_id=18, version=0):
    """Takes an image in blocks and says which have come, so that a broken transfer can go on. Blue Book 4.4.6.

    Bit n of `image_transferred_blocks_status`, counted from the first of the string, is set when block n has come.
    """

    image_block_size = Attribute(2, DOUBLE_LONG_UNSIGNED, STATIC)
    image_transferred_blocks_status = Attribute(3, BIT_STRING, DYNAMIC)
    image_first_not_transferred_block_number = Attribute(4, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    image_transfer_enabled = Attribute(5, BOOLEAN, STATIC)
    image_transfer_status = Attribute(6, Enumerated(ImageTransferStatus), DYNAMIC)
    image_to_activate_info = Attribute(7, Array(Structure(ImageToActivate)), DYNAMIC)

    image_transfer_initiate = Method(1, Structure(ImageToTransfer))
    image_block_transfer = Method(2, Structure(ImageBlock))
    image_verify = Method(3, INTEGER)
    image_activate = Method(4, INTEGER)
