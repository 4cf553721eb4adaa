"""Block transfer of long GET results: a layer between protection and association, which sees whole results only.

The server cuts a result that exceeds the client's max-receive-pdu-size into numbered blocks; the client asks for each next
one. What is cut is the encoded value (for a with-list request, the encoded list of results).
"""

from __future__ import annotations

from dataclasses import dataclass

from ferraris.dlms.apdu import (
    DataAccessResult,
    GetRequestNext,
    GetResponse,
    GetResponseNormal,
    GetResponseWithBlock,
    GetResponseWithList,
    decode_apdu,
)
from ferraris.dlms.protection import PROTECTION_OCTETS_MAX
from ferraris.kernel.errors import RemoteProtocolError
from ferraris.kernel.limits import BLOCK_TRANSFER_BLOCKS_MAX, BLOCK_TRANSFER_OCTETS_MAX

BLOCK_HEADER_OCTETS = 3 + 1 + 4 + 1 + 3
"""Of get-response-with-datablock: tag, choice, invoke id, last-block, block number, result choice, length."""


@dataclass(slots=True)
class LongResult:
    """The server's side: a result on its way out, block by block."""

    octets: bytes
    block_octets: int
    sent: int = 0
    block_number: int = 0

    def next_block(self, invoke_id_and_priority: int) -> GetResponseWithBlock:
        """The block after the ones already sent."""
        block = self.octets[self.sent : self.sent + self.block_octets]
        self.sent += len(block)
        self.block_number += 1
        return GetResponseWithBlock(invoke_id_and_priority, self.sent == len(self.octets), self.block_number, block)


def cut(response: GetResponse, pdu_size: int, *, protected: bool) -> LongResult | None:
    """`response` as a long result when it exceeds `pdu_size` octets, None when it fits."""
    overhead = PROTECTION_OCTETS_MAX if protected else 0
    if isinstance(response, GetResponseNormal) and isinstance(response.result, bytes):
        if len(response.result) + 4 + overhead <= pdu_size:
            return None
        octets = response.result
    elif isinstance(response, GetResponseWithList):
        encoded = response.encode()
        if len(encoded) + overhead <= pdu_size:
            return None
        octets = encoded[3:]
    else:
        return None
    return LongResult(octets, pdu_size - BLOCK_HEADER_OCTETS - overhead)


class BlockReceiver:
    """The client's side: puts the blocks of one result together."""

    __slots__ = ("_octets", "_with_list", "blocks")

    def __init__(self, *, with_list: bool) -> None:
        self._octets = bytearray()
        self._with_list = with_list
        self.blocks = 0

    def receive(self, response: GetResponseWithBlock) -> GetRequestNext | GetResponse:
        """The request for the next block, or the whole response behind the last one.

        Raises RemoteProtocolError for a block out of order, an empty one before the last, or too many of them.
        """
        self.blocks += 1
        if isinstance(response.result, DataAccessResult):
            return GetResponseNormal(response.invoke_id_and_priority, response.result)
        if response.block_number != self.blocks:
            raise RemoteProtocolError("a block is out of order", expected=self.blocks, got=response.block_number)
        self._octets += response.result
        if len(self._octets) > BLOCK_TRANSFER_OCTETS_MAX or self.blocks > BLOCK_TRANSFER_BLOCKS_MAX:
            raise RemoteProtocolError(
                "a long result is too long", expected=BLOCK_TRANSFER_OCTETS_MAX, got=len(self._octets)
            )
        if not response.last_block:
            if not response.result:
                raise RemoteProtocolError("a block is empty", expected="octets", got=0)
            return GetRequestNext(response.invoke_id_and_priority, response.block_number)
        if not self._with_list:
            return GetResponseNormal(response.invoke_id_and_priority, bytes(self._octets))
        head = bytearray((0xC4, 3, response.invoke_id_and_priority))
        whole = decode_apdu(bytes(head + self._octets))
        if not isinstance(whole, GetResponseWithList):
            raise RemoteProtocolError("the blocks hold no list of results", got=type(whole).__name__)
        return whole
