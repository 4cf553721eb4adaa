"""Image transfer, class 18: which blocks have come, how far the transfer is, and what its methods carry."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.codec import BitString
from ferraris.cosem import Attribute
from ferraris.cosem.classes.image_transfer import ImageTransfer, ImageTransferStatus
from ferraris.cosem.types import DataType
from tests.cosem.known_octets import assert_holds

VERSIONS = [(18, (0,), """
    number  name                                      v0
    1       logical_name                              logical name
    2       image_block_size                          double-long-unsigned
    3       image_transferred_blocks_status           bit-string
    4       image_first_not_transferred_block_number  double-long-unsigned
    5       image_transfer_enabled                    boolean
    6       image_transfer_status                     enum ImageTransferStatus
    7       image_to_activate_info                    array of ImageToActivate
    -1      image_transfer_initiate                   ImageToTransfer
    -2      image_block_transfer                      ImageBlock
    -3      image_verify                              integer
    -4      image_activate                            integer
""")]  # fmt: skip

KNOWN = [
    # attribute                                             octets                plain
    (ImageTransfer.logical_name,                             "0906 00002c0000ff",  "0.0.44.0.0.255"),
    (ImageTransfer.image_block_size,                         "06 00000080",        128),
    (ImageTransfer.image_transferred_blocks_status,          "04 03 c0",           "110"),
    (ImageTransfer.image_transferred_blocks_status,          "04 0a ff80",         "1111111110"),
    (ImageTransfer.image_transferred_blocks_status,          "04 00",              ""),
    (ImageTransfer.image_first_not_transferred_block_number, "06 00000002",        2),
    (ImageTransfer.image_transfer_enabled,                   "03 01",              True),
    (ImageTransfer.image_transfer_status,                    "16 00",              "not_initiated"),
    (ImageTransfer.image_transfer_status,                    "16 03",              "verification_successful"),
    (ImageTransfer.image_to_activate_info,                   "0100",               []),
    (ImageTransfer.image_to_activate_info,
     "0101 0203 06 0003cfd0 0904 66773032 0902 abcd",
     [{"image_to_activate_size": 249_808, "image_to_activate_identification": "0x66773032",
       "image_to_activate_signature": "0xabcd"}]),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "plain"), KNOWN)
def test_known_octets(attribute: Attribute[Any], octets: str, plain: object) -> None:
    assert_holds(attribute.datatype, octets, plain)


METHODS = [
    # argument                                        octets                                   plain
    (ImageTransfer.image_transfer_initiate.argument,  "0202 0904 66773032 06 0003cfd0",
     {"image_identifier": "0x66773032", "image_size": 249_808}),
    (ImageTransfer.image_block_transfer.argument,     "0202 06 00000007 0903 010203",
     {"image_block_number": 7, "image_block_value": "0x010203"}),
    (ImageTransfer.image_verify.argument,             "0f 00",  0),
    (ImageTransfer.image_activate.argument,           "0f 00",  0),
]  # fmt: skip


@pytest.mark.parametrize(("argument", "octets", "plain"), METHODS)
def test_methods(argument: DataType[Any], octets: str, plain: object) -> None:
    assert_holds(argument, octets, plain)


@pytest.mark.parametrize(
    ("number", "name"),
    enumerate(
        (
            "not_initiated initiated verification_initiated verification_successful verification_failed "
            "activation_initiated activation_successful activation_failed"
        ).split()
    ),
)
def test_every_step_of_a_transfer_has_its_number(number: int, name: str) -> None:
    assert ImageTransferStatus[name.upper()] == number


def test_a_block_is_a_bit_of_the_string_counted_from_its_beginning() -> None:
    status = ImageTransfer.image_transferred_blocks_status.datatype.decode(bytes.fromhex("0411ffff80"))
    assert status == BitString(17, b"\xff\xff\x80")
