"""Block transfer of short-name referencing: long requests and long answers, cut and put together at both ends.

What is cut is all that stands behind the tag of the whole APDU. A block of a request is confirmed by its number, a block of an
answer by asking for the one after it; in both directions the first block has number 1 (Green Book 9.5, Read and Write).
"""

from __future__ import annotations

from typing import Final, TypeAlias, cast

from ferraris.codec import Data, Tag, decode_whole, encode_data, skip_data
from ferraris.dlms.apdu import (
    BlockNumberAccess,
    DataBlockResult,
    ReadDataBlockAccess,
    ReadRequest,
    ReadResponse,
    WriteDataBlockAccess,
    WriteRequest,
    decode_apdu,
)
from ferraris.kernel.errors import DecodeError, RemoteProtocolError
from ferraris.kernel.limits import BLOCK_TRANSFER_OCTETS_MAX, LONG_REQUEST_OCTETS_MAX

LongRequest: TypeAlias = ReadRequest | WriteRequest
READ_BLOCK_OCTETS: Final = 1 + 1 + 1 + 1 + 2 + 3
"""Around a block of a ReadRequest or ReadResponse: tag, count, choice, last-block, block number, length."""
WRITE_BLOCK_OCTETS: Final = READ_BLOCK_OCTETS + 2
"""Around a block of a WriteRequest: the same, and count and tag of the octet-string that it is."""


class OutgoingBlocks:
    """A long APDU on its way out, block by block."""

    __slots__ = ("_octets", "_room", "_sent", "block_number")

    def __init__(self, octets: bytes, room: int) -> None:
        """`octets` stand behind the APDU's tag; `room` is for those of one block."""
        self._octets = octets
        self._room = room
        self._sent = 0
        self.block_number = 0

    @property
    def whole(self) -> bool:
        """Whether the last block has gone out."""
        return self._sent == len(self._octets)

    def next(self) -> tuple[bool, int, bytes]:
        """The next block: whether it is the last one, its number, its octets."""
        block = self._octets[self._sent : self._sent + self._room]
        self._sent += len(block)
        self.block_number += 1
        return self.whole, self.block_number, block


class OutgoingRequest:
    """The client's side of a request too long for one APDU."""

    __slots__ = ("_blocks", "_reading")

    def __init__(self, request: LongRequest, pdu_size: int) -> None:
        self._reading = isinstance(request, ReadRequest)
        overhead = READ_BLOCK_OCTETS if self._reading else WRITE_BLOCK_OCTETS
        self._blocks = OutgoingBlocks(request.encode()[1:], pdu_size - overhead)

    @property
    def whole(self) -> bool:
        """Whether the last block has gone out."""
        return self._blocks.whole

    def first(self) -> LongRequest:
        """The first block."""
        last_block, number, octets = self._blocks.next()
        if self._reading:
            return ReadRequest((ReadDataBlockAccess(last_block, number, octets),))
        value = encode_data(Data(int(Tag.OCTET_STRING), octets))
        return WriteRequest((WriteDataBlockAccess(last_block, number),), (value,))

    def next(self, confirmed: int) -> LongRequest:
        """The block after the one confirmed. Raises RemoteProtocolError when it is another one, or was the last."""
        if confirmed != self._blocks.block_number or self.whole:
            expected = "the answer" if self.whole else self._blocks.block_number
            raise RemoteProtocolError("another block is confirmed", expected=expected, got=confirmed)
        return self.first()


class IncomingBlocks:
    """A long APDU on its way in."""

    __slots__ = ("_limit", "_octets", "block_number")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._octets = bytearray()
        self.block_number = 0

    def receive(self, last_block: bool, block_number: int, octets: bytes) -> bytes | None:
        """Take one block; the octets behind the APDU's tag once it was the last.

        Raises RemoteProtocolError for a block out of order, an empty one before the last, or too many of them.
        """
        if block_number != self.block_number + 1:
            raise RemoteProtocolError("a block is out of order", expected=self.block_number + 1, got=block_number)
        self.block_number = block_number
        self._octets += octets
        if len(self._octets) > self._limit:
            raise RemoteProtocolError("a long APDU is too long", expected=self._limit, got=len(self._octets))
        if not last_block and not octets:
            raise RemoteProtocolError("a block is empty", expected="octets", got=0)
        return bytes(self._octets) if last_block else None


class IncomingResponse:
    """The client's side of an answer in blocks."""

    __slots__ = ("_blocks", "_variables")

    def __init__(self, variables: int) -> None:
        """`variables` is how many were asked for."""
        self._blocks = IncomingBlocks(BLOCK_TRANSFER_OCTETS_MAX)
        self._variables = variables

    def receive(self, block: DataBlockResult) -> ReadRequest | ReadResponse:
        """The request for the next block, or the whole answer behind the last. Raises RemoteProtocolError, DecodeError."""
        octets = self._blocks.receive(block.last_block, block.block_number, block.raw_data)
        if octets is None:
            return ReadRequest((BlockNumberAccess(block.block_number),))
        return self._whole(octets)

    def _whole(self, octets: bytes) -> ReadResponse:
        """The answer in `octets`. Of a single variable, Gurux sends the bare value: no count, no choice before it."""
        try:
            return cast("ReadResponse", decode_apdu(b"\x0c" + octets))
        except DecodeError:
            if self._variables != 1 or skip_data(octets, 0) != len(octets):
                raise
            return ReadResponse((octets,))


class IncomingRequest:
    """The server's side of a request in blocks."""

    __slots__ = ("_blocks", "reading")

    def __init__(self, *, reading: bool) -> None:
        self.reading = reading
        self._blocks = IncomingBlocks(LONG_REQUEST_OCTETS_MAX)

    @property
    def block_number(self) -> int:
        """Of the last block taken."""
        return self._blocks.block_number

    def receive(self, request: LongRequest) -> LongRequest | None:
        """Take a block; the whole request once it was the last. Raises RemoteProtocolError, DecodeError."""
        block = block_of(request)
        assert block is not None
        octets = self._blocks.receive(*block)
        if octets is None:
            return None
        return cast("LongRequest", decode_apdu((b"\x05" if self.reading else b"\x06") + octets))


def block_of(request: LongRequest) -> tuple[bool, int, bytes] | None:
    """The block of a long request that `request` carries; None when it is a request by itself. Raises DecodeError."""
    specification = request.specifications[0] if len(request.specifications) == 1 else None
    if isinstance(request, ReadRequest):
        if not isinstance(specification, ReadDataBlockAccess):
            return None
        return specification.last_block, specification.block_number, specification.raw_data
    if not isinstance(specification, WriteDataBlockAccess):
        return None
    value = decode_whole(request.values[0]) if len(request.values) == 1 else Data(int(Tag.NULL_DATA), None)
    if value.tag != Tag.OCTET_STRING:
        raise DecodeError("a block is no octet-string", expected=int(Tag.OCTET_STRING), got=value.tag)
    return specification.last_block, specification.block_number, cast("bytes", value.value)
