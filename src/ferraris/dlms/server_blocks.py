"""The server's side of service-specific block transfer, both ways: one long result out, one long request in.

`take` has an answer for every APDU of a block transfer; what is wrong with one ends the transfer it belongs to, never the
association. A request of any other kind drops what was under way.
"""

from __future__ import annotations

from typing import Final

from ferraris.dlms.apdu import (
    ActionRequest,
    ActionRequestNextBlock,
    ActionResponse,
    ActionResponseNextBlock,
    ActionResponseNormal,
    ActionResponseWithList,
    ActionResult,
    Conformance,
    DataAccessResult,
    GetRequestNext,
    GetResponse,
    GetResponseNormal,
    GetResponseWithBlock,
    GetResponseWithList,
    SetRequest,
    SetRequestWithBlock,
    SetResponse,
    SetResponseLastBlock,
    SetResponseLastBlockWithList,
    SetResponseNormal,
    SetResponseWithBlock,
    SetResponseWithList,
)
from ferraris.dlms.block_transfer import LongResult, NextBlock, cut
from ferraris.dlms.events import Request, Response
from ferraris.dlms.long_requests import FIRST_BLOCKS, FURTHER_BLOCKS, BlockRefusedError, FurtherBlock, IncomingRequest

BLOCK_REQUESTS: Final = frozenset((GetRequestNext, ActionRequestNextBlock, *FIRST_BLOCKS, *FURTHER_BLOCKS))
_BLOCKS_OF: Final[dict[type, int]] = {
    GetResponseNormal: int(Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ),
    GetResponseWithList: int(Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ),
    ActionResponseNormal: int(Conformance.BLOCK_TRANSFER_WITH_ACTION),
    ActionResponseWithList: int(Conformance.BLOCK_TRANSFER_WITH_ACTION),
}


class ServerBlocks:
    """What is on its way within one association, at most one of each."""

    __slots__ = ("_incoming", "_last_block", "_long")

    def __init__(self) -> None:
        self._long: LongResult | None = None
        self._incoming: IncomingRequest | None = None
        self._last_block: int | None = None

    @property
    def under_way(self) -> bool:
        """Whether the client is expected to ask for more, or to send more."""
        return self._long is not None or self._incoming is not None

    def drop(self) -> None:
        """Another request came: what was under way is given up."""
        self._long = self._incoming = self._last_block = None

    def cut(
        self, response: object, granted: int, pdu_size: int, *, protected: bool
    ) -> GetResponse | ActionResponse | None:
        """The first block of a response longer than `pdu_size`; None when it has no blocks or they were not negotiated."""
        if not isinstance(
            response, GetResponseNormal | GetResponseWithList | ActionResponseNormal | ActionResponseWithList
        ):
            return None
        if not granted & _BLOCKS_OF[type(response)]:
            return None
        self._long = cut(response, pdu_size, protected=protected)
        return None if self._long is None else self._long.next_block(response.invoke_id_and_priority)

    def closing(self, response: Response) -> Response:
        """The response as it answers the last block, where the request came in blocks."""
        number, self._last_block = self._last_block, None
        if number is None:
            return response
        if isinstance(response, SetResponseNormal):
            return SetResponseLastBlock(response.invoke_id_and_priority, response.result, number)
        if isinstance(response, SetResponseWithList):
            return SetResponseLastBlockWithList(response.invoke_id_and_priority, response.results, number)
        return response

    def take(
        self, request: Request
    ) -> tuple[GetResponse | SetResponse | ActionResponse | None, SetRequest | ActionRequest | None]:
        """The answer to one of BLOCK_REQUESTS, or the whole request that it completes."""
        if isinstance(request, GetRequestNext | ActionRequestNextBlock):
            return self._next_block(request), None
        assert isinstance(request, (*FIRST_BLOCKS, *FURTHER_BLOCKS))
        if isinstance(request, FURTHER_BLOCKS):
            if self._incoming is None or self._incoming.of_set is not isinstance(request, SetRequestWithBlock):
                return _not_in_progress(request), None
        else:
            self.drop()
            self._incoming = IncomingRequest(request)
        incoming, invoke_id = self._incoming, request.invoke_id_and_priority
        try:
            whole = incoming.receive(request.block)
        except BlockRefusedError as error:
            self._incoming = None
            if incoming.of_set:
                return SetResponseLastBlock(invoke_id, error.reason, request.block.block_number), None
            return ActionResponseNormal(invoke_id, ActionResult.LONG_ACTION_ABORTED), None
        if whole is not None:
            self._incoming, self._last_block = None, incoming.block_number
            return None, whole
        if incoming.of_set:
            return SetResponseWithBlock(invoke_id, incoming.block_number), None
        return ActionResponseNextBlock(invoke_id, incoming.block_number), None

    def _next_block(self, request: NextBlock) -> GetResponse | ActionResponse:
        long, of_action = self._long, isinstance(request, ActionRequestNextBlock)
        if long is None or long.of_action is not of_action:
            return _no_block(request, DataAccessResult.NO_LONG_GET_IN_PROGRESS)
        if request.block_number != long.block_number:
            self._long = None
            return _no_block(request, DataAccessResult.DATA_BLOCK_NUMBER_INVALID)
        block = long.next_block(request.invoke_id_and_priority)
        if long.sent == len(long.octets):
            self._long = None
        return block


def _no_block(request: NextBlock, reason: DataAccessResult) -> GetResponse | ActionResponse:
    invoke_id = request.invoke_id_and_priority
    if isinstance(request, GetRequestNext):
        return GetResponseWithBlock(invoke_id, True, request.block_number, reason)
    missing = reason is DataAccessResult.NO_LONG_GET_IN_PROGRESS
    result = ActionResult.NO_LONG_ACTION_IN_PROGRESS if missing else ActionResult.LONG_ACTION_ABORTED
    return ActionResponseNormal(invoke_id, result)


def _not_in_progress(request: FurtherBlock) -> SetResponse | ActionResponse:
    invoke_id = request.invoke_id_and_priority
    if isinstance(request, SetRequestWithBlock):
        return SetResponseLastBlock(invoke_id, DataAccessResult.NO_LONG_SET_IN_PROGRESS, request.block.block_number)
    return ActionResponseNormal(invoke_id, ActionResult.NO_LONG_ACTION_IN_PROGRESS)
