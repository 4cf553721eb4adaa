"""The server's end of an association by short names: READ and WRITE in place of GET, SET and ACTION.

A service that was not negotiated is refused by a confirmed-service-error. Gurux proves itself by writing to the method
reply_to_hls_authentication where the standard reads it; the answer is a ReadResponse either way, since only that has room for
our own proof.
"""

from __future__ import annotations

from typing import ClassVar

from ferraris.dlms.apdu import (
    VAA_NAME_SHORT_NAME,
    ActionRequestNormal,
    ActionResponseNormal,
    BlockNumber,
    BlockNumberAccess,
    ConfirmedService,
    ConfirmedServiceError,
    Conformance,
    DataAccessResult,
    DataBlockResult,
    ErrorCategory,
    ParameterisedAccess,
    ReadRequest,
    ReadResponse,
    UnconfirmedWriteRequest,
    VariableName,
    WriteRequest,
    WriteResponse,
)
from ferraris.dlms.client_end import HLS_INVOKE_ID
from ferraris.dlms.events import Command, Request, RequestReceived, ShortNameRequest, ShortNameResponse, Violated
from ferraris.dlms.hls import REPLY_TO_HLS_AUTHENTICATION as REPLY_DESCRIPTOR
from ferraris.dlms.machine import Machine
from ferraris.dlms.protection import PROTECTION_OCTETS_MAX
from ferraris.dlms.server_end import ServerEnd
from ferraris.dlms.settings import Ciphering, Envelope
from ferraris.dlms.short_name_blocks import READ_BLOCK_OCTETS, IncomingRequest, LongRequest, OutgoingBlocks, block_of
from ferraris.dlms.short_name_client import REPLY_TO_HLS_AUTHENTICATION
from ferraris.dlms.transitions import Signal, State
from ferraris.kernel.errors import DecodeError, RemoteProtocolError

SERVICE_UNSUPPORTED = 2
PDU_SIZE = 1
"""Values of the error category SERVICE."""
READ_BLOCKS = int(Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ)
WRITE_BLOCKS = int(Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE)


class ShortNameServerEnd(ServerEnd):
    """Takes AARQ, READ, WRITE and RLRQ; sends AARE, their answers, reports, errors and RLRE."""

    TAKEN: ClassVar[tuple[type, ...]] = (ReadRequest, WriteRequest, UnconfirmedWriteRequest)
    VAA_NAME: ClassVar[int] = VAA_NAME_SHORT_NAME

    def __init__(self, association: Machine) -> None:
        super().__init__(association)
        self._outgoing: OutgoingBlocks | None = None
        self._incoming: IncomingRequest | None = None

    def command(self, command: Command) -> None:
        """Send the answer to the last request, or a report."""
        if isinstance(command, ReadResponse | WriteResponse):
            self._association.move(Signal.RESPONSE)
            self._answer(command)
            self.tell_waiting()
        else:
            super().command(command)

    @property
    def _in_blocks(self) -> bool:
        return self._outgoing is not None or self._incoming is not None

    def _answer(self, response: ShortNameResponse) -> None:
        octets, room = response.encode(), self._room()
        if room and len(octets) > room and not self._association.in_transfer:
            if isinstance(response, WriteResponse) or not self._granted & READ_BLOCKS:
                service = ConfirmedService.READ if isinstance(response, ReadResponse) else ConfirmedService.WRITE
                self._association.put(ConfirmedServiceError(service, ErrorCategory.SERVICE, PDU_SIZE).encode())
                return
            self._outgoing = OutgoingBlocks(octets[1:], room - READ_BLOCK_OCTETS)
            octets = self._next_block(self._outgoing)
        self._put(octets)

    def _room(self) -> int:
        """Octets of the longest answer before its protection; 0 for no limit."""
        limit = self._associated.peer_max_receive_pdu_size if self._associated is not None else 0
        return limit - PROTECTION_OCTETS_MAX if limit and self._association.protection is not None else limit

    def _next_block(self, outgoing: OutgoingBlocks) -> bytes:
        response = ReadResponse((DataBlockResult(*outgoing.next()),))
        if outgoing.whole:
            self._outgoing = None
        return response.encode()

    def _take_request(self, request: Request | ShortNameRequest, ciphering: Ciphering | Envelope) -> None:
        """Take one request, whose answer goes out in the `ciphering` that it came in."""
        association = self._association
        assert isinstance(request, ReadRequest | WriteRequest | UnconfirmedWriteRequest)
        if association.state is State.HLS_PENDING:
            self._ciphering = ciphering
            self._check_proof(request)
            return
        if association.state is State.ASSOCIATED:
            lacking = short_name_conformance_needed(request) & ~self._granted
            if lacking:
                self._refuse(request, lacking)
                return
        if isinstance(request, UnconfirmedWriteRequest):
            if association.state is not State.ASSOCIATED:
                raise RemoteProtocolError("a write without an association", state=association.state.value)
            association.tell(RequestReceived(request))
        elif self._is_block(request):
            if association.state is not State.ASSOCIATED:
                raise RemoteProtocolError("a block without an association", state=association.state.value)
            self._ciphering = ciphering
            self._take_blocks(request)
            self.tell_waiting()
        else:
            association.move(Signal.REQUEST, by_peer=True)
            self._ciphering = ciphering
            self._incoming = self._outgoing = None
            association.tell(RequestReceived(request))

    def _refuse(self, request: ShortNameRequest, lacking: int) -> None:
        service = ConfirmedService.READ if isinstance(request, ReadRequest) else ConfirmedService.WRITE
        error = RemoteProtocolError("a request was not negotiated", got=Conformance(lacking).name)
        if not isinstance(request, UnconfirmedWriteRequest):
            refusal = ConfirmedServiceError(service, ErrorCategory.SERVICE, SERVICE_UNSUPPORTED)
            self._association.put(refusal.encode())
        self._association.tell(Violated(error))

    def _check_proof(self, request: ShortNameRequest) -> None:
        """The client's answer to our challenge, read or written."""
        proof = _proof_in(request)
        if proof is None:
            raise RemoteProtocolError("a request before HLS authentication", expected="reply_to_hls_authentication")
        self._check_hls(ActionRequestNormal(HLS_INVOKE_ID, REPLY_DESCRIPTOR, proof))

    def _answer_proof(self, answer: ActionResponseNormal) -> None:
        result = answer.data if isinstance(answer.data, bytes) else DataAccessResult.OTHER_REASON
        self._put(ReadResponse((result,)).encode())

    def _is_block(self, request: LongRequest) -> bool:
        only = request.specifications[0] if len(request.specifications) == 1 else None
        return isinstance(only, BlockNumberAccess) or block_of(request) is not None

    def _take_blocks(self, request: LongRequest) -> None:
        """An APDU of a block transfer: answer it here, or hand over the whole request that it completes."""
        only = request.specifications[0]
        if isinstance(only, BlockNumberAccess):
            self._put(self._further(only.block_number))
            return
        reading = isinstance(request, ReadRequest)
        if self._incoming is None or self._incoming.reading is not reading:
            self._outgoing = None
            self._incoming = IncomingRequest(reading=reading)
        try:
            whole = self._incoming.receive(request)
        except (RemoteProtocolError, DecodeError) as error:
            self._incoming = None
            self._put(_response(request, DataAccessResult.DATA_BLOCK_NUMBER_INVALID).encode())
            self._association.tell(Violated(error))
            return
        if whole is None:
            self._put(_response(request, BlockNumber(self._incoming.block_number)).encode())
        else:
            self._incoming = None
            self._association.move(Signal.REQUEST, by_peer=True)
            self._association.tell(RequestReceived(whole))

    def _further(self, block_number: int) -> bytes:
        """The block after `block_number`, or why there is none."""
        outgoing = self._outgoing
        if outgoing is None:
            return ReadResponse((DataAccessResult.NO_LONG_GET_IN_PROGRESS,)).encode()
        if block_number != outgoing.block_number:
            self._outgoing = None
            return ReadResponse((DataAccessResult.DATA_BLOCK_NUMBER_INVALID,)).encode()
        return self._next_block(outgoing)


def short_name_conformance_needed(request: ShortNameRequest) -> int:
    """The bits of the conformance block that `request` needs, as a number."""
    if isinstance(request, ReadRequest):
        needed, blocks = int(Conformance.READ), READ_BLOCKS
    else:
        unconfirmed = isinstance(request, UnconfirmedWriteRequest)
        needed, blocks = int(Conformance.UNCONFIRMED_WRITE if unconfirmed else Conformance.WRITE), WRITE_BLOCKS
    if len(request.specifications) > 1:
        needed |= int(Conformance.MULTIPLE_REFERENCES)
    for specification in request.specifications:
        if isinstance(specification, ParameterisedAccess):
            needed |= int(Conformance.PARAMETERIZED_ACCESS)
        elif not isinstance(specification, VariableName):
            needed |= blocks
    return needed


def _proof_in(request: ShortNameRequest) -> bytes | None:
    only = request.specifications[0] if len(request.specifications) == 1 else None
    if isinstance(request, ReadRequest):
        if isinstance(only, ParameterisedAccess) and only.short_name == REPLY_TO_HLS_AUTHENTICATION:
            return only.parameter
        return None
    if only == VariableName(REPLY_TO_HLS_AUTHENTICATION) and len(request.values) == 1:
        return request.values[0]
    return None


def _response(request: LongRequest, result: DataAccessResult | BlockNumber) -> ShortNameResponse:
    return ReadResponse((result,)) if isinstance(request, ReadRequest) else WriteResponse((result,))
