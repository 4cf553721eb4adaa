"""The client's end of an association by short names: READ and WRITE in place of GET, SET and ACTION.

There are no invoke ids: an answer belongs to the request before it. HLS answers the server's challenge by reading the method
reply_to_hls_authentication of Association SN with the answer as its parameter.
"""

from __future__ import annotations

from typing import Final

from ferraris.cosem import AssociationSn
from ferraris.cosem.classes.association_sn import BASE_NAME
from ferraris.cosem.short_names import method_offset
from ferraris.dlms.apdu import (
    ActionResponseNormal,
    ActionResult,
    BlockNumber,
    DataAccessResult,
    DataBlockResult,
    ParameterisedAccess,
    ReadRequest,
    ReadResponse,
    UnconfirmedWriteRequest,
    WriteRequest,
    WriteResponse,
)
from ferraris.dlms.client_end import HLS_INVOKE_ID, ClientEnd
from ferraris.dlms.events import Command, Request, ResponseReceived, ShortNameResponse
from ferraris.dlms.machine import Machine
from ferraris.dlms.protection import PROTECTION_OCTETS_MAX
from ferraris.dlms.short_name_blocks import IncomingResponse, LongRequest, OutgoingRequest
from ferraris.dlms.transitions import Signal, State
from ferraris.kernel.errors import LocalProtocolError, RemoteProtocolError

REPLY_TO_HLS_AUTHENTICATION: Final = BASE_NAME + (
    method_offset(12, AssociationSn.version, AssociationSn.reply_to_hls_authentication.number) or 0
)
"""The short name of the method by which both ends prove themselves."""


class ShortNameClientEnd(ClientEnd):
    """Sends AARQ, READ, WRITE and RLRQ; takes AARE, their answers, reports and RLRE."""

    def __init__(self, association: Machine) -> None:
        super().__init__(association)
        self._asked: LongRequest | None = None
        self._outgoing: OutgoingRequest | None = None
        self._incoming: IncomingResponse | None = None

    def command(self, command: Command) -> None:
        """Carry out a command of the driver."""
        if isinstance(command, ReadRequest | WriteRequest):
            self._ask_by_short_names(command)
        elif isinstance(command, UnconfirmedWriteRequest):
            self._write_unconfirmed(command)
        elif isinstance(command, Request):
            name = type(command).__name__
            raise LocalProtocolError("a request by logical names", expected="READ or WRITE", got=name)
        else:
            super().command(command)

    def _ask_by_short_names(self, request: LongRequest) -> None:
        association = self._association
        association.move(Signal.REQUEST)
        self._asked, self._incoming, self._outgoing = request, None, None
        octets, limit = request.encode(), self._limit()
        if limit and len(octets) > limit:
            self._outgoing = OutgoingRequest(request, limit)
            octets = self._outgoing.first().encode()
        self._put(octets)

    def _write_unconfirmed(self, request: UnconfirmedWriteRequest) -> None:
        """Write without waiting for an answer: there is none."""
        association, security = self._association, self._settings.security
        if association.state is not State.ASSOCIATED:
            raise LocalProtocolError("there is no association to write in", state=association.state.value)
        octets, limit = request.encode(), self._limit()
        if limit and len(octets) > limit:
            raise LocalProtocolError("an unconfirmed write has no blocks", expected=limit, got=len(octets))
        if association.protection is not None and security is not None:
            octets = association.protection.close(octets, security.ciphering)
        association.put(octets)

    def _limit(self) -> int:
        """Octets of the longest request before its protection; 0 for no limit."""
        limit = self._associated.peer_max_receive_pdu_size if self._associated is not None else 0
        return max(0, limit - PROTECTION_OCTETS_MAX) if self._association.protection is not None else limit

    def _prove(self, answer: bytes) -> None:
        """Answer the server's challenge."""
        self._put(ReadRequest((ParameterisedAccess(REPLY_TO_HLS_AUTHENTICATION, 0, answer),)).encode())

    def _check_hls(self, apdu: object) -> None:
        if isinstance(apdu, ReadResponse) and len(apdu.results) == 1:
            result = apdu.results[0]
            if isinstance(result, bytes):
                apdu = ActionResponseNormal(HLS_INVOKE_ID, ActionResult.SUCCESS, result)
            elif isinstance(result, DataAccessResult):
                apdu = ActionResponseNormal(HLS_INVOKE_ID, ActionResult.OTHER_REASON)
        super()._check_hls(apdu)

    def _take_answer(self, apdu: object) -> None:
        # A request outlives an association that is lost; nothing that comes late may go on with it.
        asked = self._asked if self._association.state is State.RESPONSE_PENDING else None
        expected = ReadResponse if isinstance(asked, ReadRequest) else WriteResponse
        if asked is None or not isinstance(apdu, ReadResponse | WriteResponse) or not isinstance(apdu, expected):
            name = expected.__name__ if asked is not None else "nothing"
            raise RemoteProtocolError("an answer to another request", expected=name, got=type(apdu).__name__)
        only = apdu.results[0] if len(apdu.results) == 1 else None
        if isinstance(only, BlockNumber):
            if self._outgoing is None:
                raise RemoteProtocolError("a block is confirmed that was not sent", got=only.block_number)
            self._put(self._outgoing.next(only.block_number).encode())
        elif self._outgoing is not None and not self._outgoing.whole and not isinstance(only, DataAccessResult):
            raise RemoteProtocolError("an answer before the last block of its request", got=type(apdu).__name__)
        elif isinstance(only, DataBlockResult):
            self._take_data_block(asked, only)
        else:
            self._finish(asked, apdu)

    def _take_data_block(self, asked: LongRequest, block: DataBlockResult) -> None:
        if self._incoming is None:
            self._incoming = IncomingResponse(len(asked.specifications))
        step = self._incoming.receive(block)
        if isinstance(step, ReadRequest):
            self._put(step.encode())
        else:
            self._finish(asked, step)

    def _finish(self, asked: LongRequest, response: ShortNameResponse) -> None:
        """Hand a whole answer to the driver."""
        refused = len(response.results) == 1 and isinstance(response.results[0], DataAccessResult)
        if len(response.results) != len(asked.specifications) and not refused:
            expected, got = len(asked.specifications), len(response.results)
            raise RemoteProtocolError("an answer for another count of variables", expected=expected, got=got)
        if any(isinstance(result, BlockNumber | DataBlockResult) for result in response.results):
            raise RemoteProtocolError("a block among the results of a list", expected="values or refusals")
        self._association.move(Signal.RESPONSE, by_peer=True)
        self._asked = self._incoming = self._outgoing = None
        self._association.tell(ResponseReceived(response))
