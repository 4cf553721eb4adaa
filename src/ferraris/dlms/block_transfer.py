"""Block transfer of long results, GET's and ACTION's: a layer between protection and association, which sees whole results only.

The server cuts a result that exceeds the client's max-receive-pdu-size into numbered blocks; the client asks for each next
one. What is cut of a GET is the encoded value (for a with-list request, the encoded list of results), what is cut of an ACTION
the result with its optional return parameters, or the list of them. The way back, requests too long for the server, is in
`long_requests`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from ferraris.dlms.apdu import (
    ActionRequestNextBlock,
    ActionRequestWithList,
    ActionResponse,
    ActionResponseNormal,
    ActionResponseWithBlock,
    ActionResponseWithList,
    ActionResult,
    Block,
    DataAccessResult,
    GetRequestNext,
    GetRequestWithList,
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
"""Of get-response-with-datablock: tag, choice, invoke id, last-block, block number, result choice, length. ACTION's has one less."""

ResultBlock: TypeAlias = GetResponseWithBlock | ActionResponseWithBlock
NextBlock: TypeAlias = GetRequestNext | ActionRequestNextBlock
_OPTIONAL_DATA = b"\x00\x01"
"""How a successful ACTION result with return parameters begins."""


@dataclass(slots=True)
class LongResult:
    """The server's side: a result on its way out, block by block."""

    octets: bytes
    block_octets: int
    sent: int = 0
    block_number: int = 0
    of_action: bool = False

    def next_block(self, invoke_id_and_priority: int) -> ResultBlock:
        """The block after the ones already sent."""
        octets = self.octets[self.sent : self.sent + self.block_octets]
        self.sent += len(octets)
        self.block_number += 1
        last_block = self.sent == len(self.octets)
        if self.of_action:
            return ActionResponseWithBlock(invoke_id_and_priority, Block(last_block, self.block_number, octets))
        return GetResponseWithBlock(invoke_id_and_priority, last_block, self.block_number, octets)


def cut(response: GetResponse | ActionResponse, pdu_size: int, *, protected: bool) -> LongResult | None:
    """`response` as a long result when it exceeds `pdu_size` octets, None when it fits."""
    overhead = PROTECTION_OCTETS_MAX if protected else 0
    of_action = isinstance(response, ActionResponseNormal | ActionResponseWithList)
    if isinstance(response, GetResponseNormal) and isinstance(response.result, bytes):
        if len(response.result) + 4 + overhead <= pdu_size:
            return None
        octets = response.result
    elif of_action or isinstance(response, GetResponseWithList):
        encoded = response.encode()
        if len(encoded) + overhead <= pdu_size:
            return None
        octets = encoded[3:]
    else:
        return None
    return LongResult(octets, pdu_size - BLOCK_HEADER_OCTETS - overhead, of_action=of_action)


class BlockReceiver:
    """The client's side: puts the blocks of one result together."""

    __slots__ = ("_octets", "_with_list", "blocks")

    def __init__(self, *, with_list: bool) -> None:
        self._octets = bytearray()
        self._with_list = with_list
        self.blocks = 0

    @classmethod
    def of(cls, request: object) -> BlockReceiver:
        """For the answer to `request`."""
        return cls(with_list=isinstance(request, GetRequestWithList | ActionRequestWithList))

    def receive(self, response: ResultBlock) -> NextBlock | GetResponse | ActionResponse:
        """The request for the next block, or the whole response behind the last one.

        Raises RemoteProtocolError for a block out of order, an empty one before the last, or too many of them.
        """
        self.blocks += 1
        invoke_id = response.invoke_id_and_priority
        if isinstance(response, ActionResponseWithBlock):
            block = response.block
            if self._append(block.last_block, block.block_number, block.octets):
                return self._whole_action(invoke_id)
            return ActionRequestNextBlock(invoke_id, block.block_number)
        if isinstance(response.result, DataAccessResult):
            return GetResponseNormal(invoke_id, response.result)
        if self._append(response.last_block, response.block_number, response.result):
            return self._whole_get(invoke_id)
        return GetRequestNext(invoke_id, response.block_number)

    def _append(self, last_block: bool, block_number: int, octets: bytes) -> bool:
        """Take one block; whether it was the last."""
        if block_number != self.blocks:
            raise RemoteProtocolError("a block is out of order", expected=self.blocks, got=block_number)
        self._octets += octets
        if len(self._octets) > BLOCK_TRANSFER_OCTETS_MAX or self.blocks > BLOCK_TRANSFER_BLOCKS_MAX:
            raise RemoteProtocolError(
                "a long result is too long", expected=BLOCK_TRANSFER_OCTETS_MAX, got=len(self._octets)
            )
        if not last_block and not octets:
            raise RemoteProtocolError("a block is empty", expected="octets", got=0)
        return last_block

    def _whole_get(self, invoke_id: int) -> GetResponse:
        if not self._with_list:
            return GetResponseNormal(invoke_id, bytes(self._octets))
        whole = decode_apdu(bytes((0xC4, 3, invoke_id)) + self._octets)
        if not isinstance(whole, GetResponseWithList):
            raise RemoteProtocolError("the blocks hold no list of results", got=type(whole).__name__)
        return whole

    def _whole_action(self, invoke_id: int) -> ActionResponse:
        """The answer in the blocks of an ACTION.

        Peers differ in what they cut: jDLMS the result with its return parameters, Gurux the bare return parameters of a method
        that succeeded. A bare value that is long never begins as a result with return parameters does, with null-data.
        """
        if not self._with_list and not self._octets.startswith(_OPTIONAL_DATA):
            return ActionResponseNormal(invoke_id, ActionResult.SUCCESS, bytes(self._octets))
        whole = decode_apdu(bytes((0xC7, 3 if self._with_list else 1, invoke_id)) + self._octets)
        if not isinstance(whole, ActionResponseNormal | ActionResponseWithList):
            raise RemoteProtocolError("the blocks hold no result of a method", got=type(whole).__name__)
        return whole
