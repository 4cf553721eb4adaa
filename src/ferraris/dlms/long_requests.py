"""Block transfer of long requests, SET's and ACTION's: the client cuts what the server cannot take at once.

The first block goes with the names of what is to be written or invoked, the further ones carry octets only; the server
acknowledges each by its number and answers the last as it would answer the whole request. What is cut is the encoded value or
parameter (for a with-list request, the encoded list of them). Nothing here can be repeated: a block that is lost or out of its
place ends the transfer on both sides, and nothing is written.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from ferraris.codec import write_length
from ferraris.dlms.apdu import (
    ActionRequest,
    ActionRequestNormal,
    ActionRequestWithBlock,
    ActionRequestWithFirstBlock,
    ActionRequestWithList,
    ActionRequestWithListAndFirstBlock,
    Block,
    Conformance,
    DataAccessResult,
    SetRequest,
    SetRequestNormal,
    SetRequestWithBlock,
    SetRequestWithFirstBlock,
    SetRequestWithList,
    SetRequestWithListAndFirstBlock,
    decode_apdu,
)
from ferraris.kernel.errors import FerrarisError, LocalProtocolError, RemoteProtocolError
from ferraris.kernel.limits import LONG_REQUEST_OCTETS_MAX

FirstBlock: TypeAlias = (
    SetRequestWithFirstBlock
    | SetRequestWithListAndFirstBlock
    | ActionRequestWithFirstBlock
    | ActionRequestWithListAndFirstBlock
)
FurtherBlock: TypeAlias = SetRequestWithBlock | ActionRequestWithBlock
FIRST_BLOCKS: Final = (
    SetRequestWithFirstBlock,
    SetRequestWithListAndFirstBlock,
    ActionRequestWithFirstBlock,
    ActionRequestWithListAndFirstBlock,
)
FURTHER_BLOCKS: Final = (SetRequestWithBlock, ActionRequestWithBlock)
FURTHER_BLOCK_HEADER_OCTETS: Final = 3 + 1 + 4 + 3
"""Tag, choice, invoke id, last-block, block number, length."""
LENGTH_OCTETS_MORE: Final = 2
"""What a length can take more than the one of an empty block."""
_BLOCKS_OF: Final[dict[type, int]] = {
    SetRequestNormal: int(Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE),
    SetRequestWithList: int(Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE),
    ActionRequestNormal: int(Conformance.BLOCK_TRANSFER_WITH_ACTION),
    ActionRequestWithList: int(Conformance.BLOCK_TRANSFER_WITH_ACTION),
}


def can_be_cut(request: object, conformance: int) -> bool:
    """Whether this kind of request has blocks of its own, and they were negotiated."""
    if isinstance(request, ActionRequestNormal) and request.parameters is None:
        return False
    return bool(_BLOCKS_OF.get(type(request), 0) & conformance)


class OutgoingRequest:
    """The client's side: a request on its way out, block by block."""

    __slots__ = ("_content", "_pdu_size", "_request", "_sent", "block_number")

    def __init__(self, request: object, pdu_size: int) -> None:
        """`request` is one that `can_be_cut`; `pdu_size` what each of its APDUs may have."""
        self._request = request
        self._content = _content_of(request)
        self._pdu_size = pdu_size
        self._sent = 0
        self.block_number = 0

    @property
    def whole(self) -> bool:
        """Whether the last block has been sent."""
        return self._sent == len(self._content)

    def first(self) -> FirstBlock:
        """The first block. Raises LocalProtocolError when the names alone are longer than an APDU may be."""
        room = self._pdu_size - len(_first_block(self._request, Block(True, 1, b"")).encode()) - LENGTH_OCTETS_MORE
        if room < 1:
            raise LocalProtocolError("a request's names are longer than the server takes", expected=self._pdu_size)
        return _first_block(self._request, self._next(room))

    def next(self, acknowledged: int) -> FurtherBlock:
        """The block after the one that the server acknowledges. Raises RemoteProtocolError for another than the last sent."""
        if acknowledged != self.block_number or self.whole:
            raise RemoteProtocolError("another block is acknowledged", expected=self.block_number, got=acknowledged)
        block = self._next(self._pdu_size - FURTHER_BLOCK_HEADER_OCTETS)
        request = self._request
        if isinstance(request, SetRequestNormal | SetRequestWithList):
            return SetRequestWithBlock(request.invoke_id_and_priority, block)
        assert isinstance(request, ActionRequestNormal | ActionRequestWithList)
        return ActionRequestWithBlock(request.invoke_id_and_priority, block)

    def _next(self, room: int) -> Block:
        octets = self._content[self._sent : self._sent + room]
        self._sent += len(octets)
        self.block_number += 1
        return Block(self.whole, self.block_number, octets)


class BlockRefusedError(RemoteProtocolError):
    """A block that ends its transfer, answered with `reason` (an ACTION knows only that it was aborted)."""

    def __init__(self, reason: DataAccessResult, summary: str, expected: object = None, got: object = None) -> None:
        self.reason = reason
        super().__init__(summary, expected=expected, got=got)


class IncomingRequest:
    """The server's side: puts the blocks of one request together."""

    __slots__ = ("_first", "_octets", "block_number")

    def __init__(self, first: FirstBlock) -> None:
        self._first = first
        self._octets = bytearray()
        self.block_number = 0

    @property
    def of_set(self) -> bool:
        """Whether this is a SET, else it is an ACTION."""
        return isinstance(self._first, SetRequestWithFirstBlock | SetRequestWithListAndFirstBlock)

    def receive(self, block: Block) -> SetRequest | ActionRequest | None:
        """The whole request behind its last block, None as long as there are more to come.

        Raises BlockRefusedError for a block out of order, an empty one before the last, too many octets, or octets that are no
        list of values where a list is announced.
        """
        expected = self.block_number + 1
        if block.block_number != expected:
            reason = DataAccessResult.DATA_BLOCK_NUMBER_INVALID
            raise BlockRefusedError(reason, "a block is out of order", expected, block.block_number)
        self.block_number = expected
        size = len(self._octets) + len(block.octets)
        if size > LONG_REQUEST_OCTETS_MAX:
            reason = DataAccessResult.LONG_SET_ABORTED
            raise BlockRefusedError(reason, "a long request is too long", LONG_REQUEST_OCTETS_MAX, size)
        if not block.octets and not block.last_block:
            raise BlockRefusedError(DataAccessResult.DATA_BLOCK_UNAVAILABLE, "a block is empty", "octets", 0)
        self._octets += block.octets
        if not block.last_block:
            return None
        try:
            return _whole(self._first, bytes(self._octets))
        except FerrarisError as error:
            raise BlockRefusedError(
                DataAccessResult.LONG_SET_ABORTED, "the blocks hold no request", got=error
            ) from error


def _content_of(request: object) -> bytes:
    if isinstance(request, SetRequestNormal):
        return request.value
    if isinstance(request, ActionRequestNormal):
        return request.parameters or b""
    assert isinstance(request, SetRequestWithList | ActionRequestWithList)
    values = request.values if isinstance(request, SetRequestWithList) else request.parameters
    out = bytearray()
    write_length(len(values), out)
    return bytes(out) + b"".join(values)


def _first_block(request: object, block: Block) -> FirstBlock:
    if isinstance(request, SetRequestNormal):
        return SetRequestWithFirstBlock(request.invoke_id_and_priority, request.descriptor, request.selection, block)
    if isinstance(request, SetRequestWithList):
        return SetRequestWithListAndFirstBlock(request.invoke_id_and_priority, request.items, block)
    if isinstance(request, ActionRequestNormal):
        return ActionRequestWithFirstBlock(request.invoke_id_and_priority, request.descriptor, block)
    assert isinstance(request, ActionRequestWithList)
    return ActionRequestWithListAndFirstBlock(request.invoke_id_and_priority, request.descriptors, block)


def _whole(first: FirstBlock, octets: bytes) -> SetRequest | ActionRequest:
    """The request whose value or list of values is `octets`. Raises DecodeError."""
    invoke_id = first.invoke_id_and_priority
    if isinstance(first, SetRequestWithFirstBlock):
        return SetRequestNormal(invoke_id, first.descriptor, first.selection, octets)
    if isinstance(first, ActionRequestWithFirstBlock):
        return ActionRequestNormal(invoke_id, first.descriptor, octets or None)
    # The names as a request with an empty list would carry them, and the list that came in blocks in its place.
    if isinstance(first, SetRequestWithListAndFirstBlock):
        names: SetRequest | ActionRequest = SetRequestWithList(invoke_id, first.items, ())
    else:
        names = ActionRequestWithList(invoke_id, first.descriptors, ())
    whole = decode_apdu(names.encode()[:-1] + octets)
    assert isinstance(whole, SetRequestWithList | ActionRequestWithList)
    return whole
