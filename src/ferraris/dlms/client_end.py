"""The client's end of an association: asks, and checks every answer against what it asked."""

from __future__ import annotations

from contextlib import suppress
from enum import IntEnum
from functools import lru_cache
from typing import get_args

from ferraris.dlms.apdu import (
    DLMS_VERSION,
    LONG_INVOKE_ID_MASK,
    Aare,
    AccessRequest,
    AccessResponse,
    ActionRequestNormal,
    ActionRequestWithList,
    ActionResponseNextBlock,
    ActionResponseNormal,
    ActionResponseWithBlock,
    ActionResponseWithList,
    ActionResult,
    AssociationResult,
    ConfirmedServiceError,
    Conformance,
    DataAccessResult,
    DataNotificationConfirm,
    ExceptionResponse,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithBlock,
    GetResponseWithList,
    InitiateError,
    InitiateRequest,
    InitiateResponse,
    Mechanism,
    ReleaseReason,
    Rlre,
    Rlrq,
    SetRequestNormal,
    SetRequestWithList,
    SetResponse,
    SetResponseLastBlock,
    SetResponseLastBlockWithList,
    SetResponseNormal,
    SetResponseWithBlock,
    SetResponseWithList,
    decode_apdu,
    encode_aarq,
)
from ferraris.dlms.block_transfer import BlockReceiver
from ferraris.dlms.ciphering import KEY_OCTETS_OF, RaisableCounterSource
from ferraris.dlms.events import (
    Associate,
    Associated,
    Command,
    Notification,
    NotificationReceived,
    Rejected,
    Release,
    Released,
    Request,
    Response,
    ResponseReceived,
)
from ferraris.dlms.general_protection import ENVELOPE_OCTETS_MAX
from ferraris.dlms.hls import REPLY_TO_HLS_AUTHENTICATION, HlsRun, hls_of
from ferraris.dlms.long_requests import OutgoingRequest, can_be_cut
from ferraris.dlms.machine import Machine
from ferraris.dlms.protection import CIPHERED_TAGS, PROTECTION_OCTETS_MAX
from ferraris.dlms.refusals import exception_answer
from ferraris.dlms.services import common_services
from ferraris.dlms.settings import Envelope
from ferraris.dlms.transitions import Signal, State
from ferraris.kernel.errors import (
    AuthenticationError,
    FerrarisError,
    InvocationCounterError,
    LocalProtocolError,
    RemoteProtocolError,
)
from ferraris.kernel.limits import BLOCK_TRANSFER_OCTETS_MAX, PDU_SIZE_MIN

HLS_INVOKE_ID = 0xC1
INVOKE_ID_MASK = 0x0F
INITIATE_REQUESTS_KEPT = 64
_HLS_REPLY_START = ActionRequestNormal(HLS_INVOKE_ID, REPLY_TO_HLS_AUTHENTICATION, b"").encode()
_RELEASE_OCTETS = Rlrq(ReleaseReason.NORMAL).encode()
# Of every session. To read a member off its class takes Python 3.11 as long as a call does, 25 times as long as a name here.
_ASSOCIATE, _ACCEPT_PENDING_HLS, _HLS_PASSED = Signal.ASSOCIATE, Signal.ACCEPT_PENDING_HLS, Signal.HLS_PASSED
_REQUEST, _RESPONSE, _RELEASE, _RELEASED = Signal.REQUEST, Signal.RESPONSE, Signal.RELEASE, Signal.RELEASED
_ASSOCIATION_PENDING, _HLS_PENDING = State.ASSOCIATION_PENDING, State.HLS_PENDING
_RESPONSE_PENDING = State.RESPONSE_PENDING
_ACCEPTED, _SUCCESS, _LOWEST = AssociationResult.ACCEPTED, ActionResult.SUCCESS, Mechanism.LOWEST
INITIATE_REFUSED = b"\x0e\x01\x06"
"""A confirmed-service-error of the service and the category INITIATE; the octet behind it says which error."""
INITIATE_REFUSED_OCTETS = 4
_ANSWERS: dict[type, tuple[type, ...]] = {
    GetRequestNormal: (GetResponseNormal, GetResponseWithBlock),
    GetRequestWithList: (GetResponseWithList, GetResponseWithBlock),
    SetRequestNormal: (SetResponseNormal,),
    SetRequestWithList: (SetResponseWithList,),
    ActionRequestNormal: (ActionResponseNormal, ActionResponseWithBlock),
    ActionRequestWithList: (ActionResponseWithList, ActionResponseWithBlock),
    AccessRequest: (AccessResponse,),
}
_REFUSALS = (ExceptionResponse, ConfirmedServiceError)
_IN_THE_CLEAR = frozenset({Aare, Rlre, *_REFUSALS})
_NOTIFICATIONS = frozenset(get_args(Notification))
_BLOCKS = (GetResponseWithBlock, ActionResponseWithBlock)
_READS = (GetRequestNormal, GetRequestWithList, AccessRequest)
_ANSWERS_TO_BLOCKS: dict[type, tuple[type, ...]] = {
    SetRequestNormal: (SetResponseWithBlock, SetResponseLastBlock),
    SetRequestWithList: (SetResponseWithBlock, SetResponseLastBlockWithList, SetResponseLastBlock),
    ActionRequestNormal: (ActionResponseNextBlock, ActionResponseNormal, ActionResponseWithBlock),
    ActionRequestWithList: (
        ActionResponseNextBlock,
        ActionResponseWithList,
        ActionResponseWithBlock,
        ActionResponseNormal,
    ),
}
"""While or after a request went out in blocks."""


class OtherAnswerError(RemoteProtocolError):
    """An answer to another request: to an earlier one, where answers may be repeated."""


class ClientEnd:
    """Sends AARQ, requests and RLRQ; takes AARE, responses, notifications and RLRE."""

    def __init__(self, association: Machine) -> None:
        self._association = association
        self._settings = association.settings
        self._hls: HlsRun | None = None
        self._associated: Associated | None = None
        self._request: Request | None = None
        self._blocks: BlockReceiver | None = None
        self._sending: OutgoingRequest | None = None
        self._counter_raised = False

    def command(self, command: Command) -> None:
        """Carry out a command of the driver."""
        if type(command) in _ANSWERS:
            self._ask(command)  # type: ignore[arg-type]  # the keys of _ANSWERS are requests
        elif isinstance(command, Associate):
            self._counter_raised = False
            self._associate()
        elif isinstance(command, Release):
            self._release()
        elif isinstance(command, DataNotificationConfirm):
            self._confirm(command)
        else:
            raise LocalProtocolError("a client cannot send this", expected="a request", got=type(command).__name__)

    def apdu(self, octets: bytes) -> None:
        """Take one APDU of the server."""
        if octets[0] in CIPHERED_TAGS:
            protection = self._association.protection
            if protection is None:
                raise RemoteProtocolError("a ciphered APDU in a plain context", got=f"{octets[0]:#04x}")
            octets = protection.open_apdu(octets)
            protected = True
        else:
            protected = False
        apdu = decode_apdu(octets)
        kind = type(apdu)
        if kind in _IN_THE_CLEAR:
            self._take_in_the_clear(apdu)
        elif not protected and self._association.protection is not None:
            raise AuthenticationError("an answer is not protected", expected="a ciphered APDU", got=kind.__name__)
        elif kind in _NOTIFICATIONS:
            self._association.acknowledge()
            self._association.tell(NotificationReceived(apdu))  # type: ignore[arg-type]  # of one of these kinds
        elif self._association.state is _HLS_PENDING:
            self._check_hls(apdu)
        else:
            self._take_answer(apdu)

    def _take_in_the_clear(self, apdu: object) -> None:
        """What a server may send without protection."""
        if isinstance(apdu, Aare):
            self._accept(apdu)
        elif isinstance(apdu, Rlre):
            self._association.move(_RELEASED, by_peer=True)
            self._association.tell(Released())
        else:
            assert isinstance(apdu, _REFUSALS)
            self._answered(apdu)

    def settings_changed(self) -> None:
        """The machine has other settings: other keys."""
        self._settings = self._association.settings

    def fault(self, error: FerrarisError) -> None:
        """A client has no use for an association in which it cannot trust the server."""
        self._association.abort(error)

    def _associate(self) -> None:
        association, settings = self._association, self._settings
        if settings.pre_established_pdu_size is not None:
            self._pre_establish(settings.pre_established_pdu_size)
            return
        association.move(_ASSOCIATE)
        association.start()
        security = settings.security
        dedicated_key = None
        if settings.ciphered and security is not None and security.ciphering.is_dedicated:
            dedicated_key = association.entropy.octets(KEY_OCTETS_OF[security.suite])
        if dedicated_key is None:
            user_information = _initiate_octets(settings.conformance, settings.max_receive_pdu_size)
        else:
            user_information = _initiate(settings.conformance, settings.max_receive_pdu_size, dedicated_key).encode()
        authentication_value: bytes | None = None
        self._hls = hls_of(settings, association.entropy)
        if self._hls is not None:
            authentication_value = self._hls.challenge
        elif settings.mechanism is Mechanism.LLS:
            authentication_value = settings.secret
        if association.protection is not None and security is not None:
            user_information = association.protection.close_initiate(user_information, dedicated_key)
            if dedicated_key is not None:
                association.protection.dedicate(dedicated_key)
        aarq = encode_aarq(
            settings.application_context,
            security.system_title if security is not None else None,
            settings.mechanism if settings.mechanism is not _LOWEST else None,
            authentication_value,
            user_information,
        )
        association.put(aarq)
        association.wait()

    def _pre_establish(self, peer_pdu_size: int) -> None:
        """The association stands without an AARQ, between the system titles that are configured."""
        association, settings = self._association, self._settings
        association.move(Signal.PRE_ESTABLISH)
        association.start()
        title = b""
        if association.protection is not None and settings.security is not None:
            title = settings.security.peer_system_title or b""
            association.protection.expect_from(title)
        self._hls = None
        self._stands(Associated(title, settings.conformance, peer_pdu_size))
        association.tell(self._associated)  # type: ignore[arg-type]  # it has just been set

    def _stands(self, associated: Associated) -> None:
        self._associated = associated
        self._association.negotiated(
            associated.conformance, associated.peer_max_receive_pdu_size, BLOCK_TRANSFER_OCTETS_MAX
        )

    def _release(self) -> None:
        association = self._association
        if not self._settings.sends_release or self._settings.pre_established_pdu_size is not None:
            association.move(Signal.LEAVE)
            association.tell(Released())
            return
        association.move(_RELEASE)
        association.put(_RELEASE_OCTETS)
        association.wait(min(self._settings.release_timeout_ms, self._settings.response_timeout_ms))

    def _confirm(self, confirm: DataNotificationConfirm) -> None:
        """Confirm a data-notification, whatever else is waited for."""
        association = self._association
        if association.state not in (State.ASSOCIATED, State.RESPONSE_PENDING):
            raise LocalProtocolError("there is nothing to confirm in this state", state=association.state.value)
        octets, security = confirm.encode(), self._settings.security
        if association.protection is not None and security is not None:
            octets = association.protection.close(octets, security.ciphering)
        association.outgoing.append(octets)

    def _accept(self, aare: Aare) -> None:
        association = self._association
        if association.state is not _ASSOCIATION_PENDING:
            raise RemoteProtocolError("an AARE that was not asked for", state=association.state.value)
        if aare.result is not _ACCEPTED:
            association.move(Signal.REJECT, by_peer=True)
            reason = _reason_of(aare)
            association.tell(Rejected(aare.result.name, reason.name, int(reason)))
            return
        expected = self._settings.application_context
        if aare.application_context is not expected:
            raise RemoteProtocolError(
                "the server names another context", expected=expected.name, got=aare.application_context
            )
        protection = association.protection
        if protection is not None:
            protection.expect_from(aare.responding_ap_title or b"")
        response = self._initiate_response(aare.user_information or b"")
        conformance = common_services(response.conformance, self._settings.conformance)
        title = aare.responding_ap_title or b""
        if protection is None and self._settings.needs_titles and self._settings.security is not None:
            self._settings.security.checked_title(title)
        self._stands(Associated(title, conformance, response.server_max_receive_pdu_size))
        associated = self._associated
        assert associated is not None
        if self._hls is None:
            association.move(Signal.ACCEPT, by_peer=True)
            association.tell(associated)
        else:
            self._hls.take_challenge(aare.responding_authentication_value, title)
            association.move(_ACCEPT_PENDING_HLS, by_peer=True)
            self._prove(self._hls.answer())

    def _prove(self, answer: bytes) -> None:
        """Answer the server's challenge."""
        self._put(_HLS_REPLY_START + answer)

    def _initiate_response(self, user_information: bytes) -> InitiateResponse:
        protection = self._association.protection
        if protection is not None and user_information[:1] != b"\x0e":
            if not user_information or user_information[0] not in CIPHERED_TAGS:
                raise AuthenticationError("the initiate response is not protected", got=user_information[:1].hex())
            user_information = protection.open_initiate(user_information)
        response = decode_apdu(user_information)
        if isinstance(response, ConfirmedServiceError):
            raise RemoteProtocolError("the server refuses to initiate", got=response)
        if not isinstance(response, InitiateResponse):
            raise RemoteProtocolError("no initiate response in the AARE", got=type(response).__name__)
        if response.dlms_version < DLMS_VERSION or 0 < response.server_max_receive_pdu_size < PDU_SIZE_MIN:
            raise RemoteProtocolError("the server offers what cannot be used", expected="version 6", got=response)
        return response

    def _check_hls(self, apdu: object) -> None:
        association, hls, associated = self._association, self._hls, self._associated
        if not isinstance(apdu, ActionResponseNormal) or hls is None or associated is None:
            raise RemoteProtocolError(
                "no answer to HLS authentication", expected="an ACTION response", got=type(apdu).__name__
            )
        if apdu.result is not _SUCCESS or not isinstance(apdu.data, bytes):
            association.move(Signal.HLS_FAILED, by_peer=True)
            association.tell(Rejected("HLS_FAILED", apdu.result.name, int(apdu.result)))
            return
        hls.check(apdu.data)
        association.move(_HLS_PASSED, by_peer=True)
        association.tell(associated)

    def _ask(self, request: Request) -> None:
        association, associated = self._association, self._associated
        association.move(_REQUEST)
        octets = request.encode()
        limit = associated.peer_max_receive_pdu_size if associated is not None else 0
        if limit and len(octets) > limit - ENVELOPE_OCTETS_MAX:  # nearly never: what just fits need not be asked
            limit = self._unprotected(limit)
        self._sending = None
        if limit and len(octets) > limit:
            try:
                octets = self._first_octets(request, octets, limit)
            except LocalProtocolError:
                association.move(_RESPONSE)
                raise
        self._request = request
        self._blocks = None
        self._put(octets, in_blocks=self._settings.streams_results and isinstance(request, _READS))

    def _unprotected(self, limit: int) -> int:
        """How many octets of an APDU leave its protection room, of the `limit` that the server takes."""
        if self._association.protection is None:
            return limit
        security = self._settings.security
        layered = security is not None and isinstance(security.ciphering, Envelope)
        return max(PDU_SIZE_MIN // 2, limit - (ENVELOPE_OCTETS_MAX if layered else PROTECTION_OCTETS_MAX))

    def _first_octets(self, request: Request, octets: bytes, limit: int) -> bytes:
        """What goes out first of a request too long for the server: a block of its service's own, or all for general blocks."""
        assert self._associated is not None
        if can_be_cut(request, int(self._associated.conformance)):
            self._sending = OutgoingRequest(request, limit)
            return self._sending.first().encode()
        if self._association.transfer is None:
            raise LocalProtocolError("a request is longer than the server takes", expected=limit, got=len(octets))
        return octets

    def _take_answer(self, apdu: object) -> None:
        # A request outlives an association that is lost; nothing that comes late may go on with it.
        request = self._request if self._association.state is _RESPONSE_PENDING else None
        answers = _ANSWERS if self._sending is None else _ANSWERS_TO_BLOCKS
        expected = answers[type(request)] if request is not None else ()
        if request is None or type(apdu) not in expected:
            names = " or ".join(answer.__name__ for answer in expected) or "nothing"
            raise OtherAnswerError("an answer to another request", expected=names, got=type(apdu).__name__)
        if isinstance(request, AccessRequest):
            asked, answered = request.long_invoke_id_and_priority, apdu.long_invoke_id_and_priority  # type: ignore[attr-defined]
            mask = LONG_INVOKE_ID_MASK
        else:
            asked, answered = request.invoke_id_and_priority, apdu.invoke_id_and_priority  # type: ignore[attr-defined]
            mask = INVOKE_ID_MASK
        if (asked ^ answered) & mask:
            raise OtherAnswerError("an answer with another invoke id", expected=asked, got=answered)
        if isinstance(apdu, _BLOCKS):
            self._take_block(request, apdu)
        elif self._sending is not None:
            self._take_acknowledgement(self._sending, apdu)
        else:
            self._answered(apdu)  # type: ignore[arg-type]

    def _take_block(self, request: Request, apdu: GetResponseWithBlock | ActionResponseWithBlock) -> None:
        """A block of a long result: ask for the next one, or hand over the whole."""
        if self._sending is not None and not self._sending.whole:
            raise RemoteProtocolError("a result before the last block of its request", got=type(apdu).__name__)
        if self._blocks is None:
            self._blocks = BlockReceiver.of(request)
        step = self._blocks.receive(apdu)
        if isinstance(step, GetResponseNormal | GetResponseWithList | ActionResponseNormal | ActionResponseWithList):
            self._answered(step)
        else:
            self._put(step.encode())

    def _take_acknowledgement(self, sending: OutgoingRequest, apdu: object) -> None:
        """The server has taken a block of a long request: send the next one, or hand over its answer to the whole."""
        if isinstance(apdu, SetResponseWithBlock | ActionResponseNextBlock):
            self._put(sending.next(apdu.block_number).encode())
            return
        if isinstance(apdu, SetResponseLastBlock | SetResponseLastBlockWithList):
            results = (apdu.result,) if isinstance(apdu, SetResponseLastBlock) else apdu.results
            written = DataAccessResult.SUCCESS in results
            answer: SetResponse = SetResponseWithList(apdu.invoke_id_and_priority, results)
            if isinstance(apdu, SetResponseLastBlock):
                answer = SetResponseNormal(apdu.invoke_id_and_priority, apdu.result)
        else:
            assert isinstance(apdu, ActionResponseNormal | ActionResponseWithList)
            written = not isinstance(apdu, ActionResponseNormal) or apdu.result is ActionResult.SUCCESS
            self._finish_sending(sending, written)
            self._answered(apdu)
            return
        self._finish_sending(sending, written)
        self._answered(answer)

    def _finish_sending(self, sending: OutgoingRequest, done: bool) -> None:
        if done and not sending.whole:
            raise RemoteProtocolError("a request is carried out before its last block", got=sending.block_number)

    def _answered(self, response: Response) -> None:
        """Hand a whole answer to the driver. A refusal also answers an AARQ or the HLS pass."""
        association = self._association
        if association.state is _ASSOCIATION_PENDING or association.state is _HLS_PENDING:
            assert isinstance(response, _REFUSALS)
            self._not_associated(exception_answer(response))
            return
        association.move(_RESPONSE, by_peer=True)
        if association.transfer_begun is not None and not association.in_blocks:
            association.transfer_begun.answered_otherwise()
        self._request = self._blocks = self._sending = None
        association.tell(ResponseReceived(response))

    def _not_associated(self, error: FerrarisError) -> None:
        """An AARQ or the HLS pass was refused. Where the server names the counter that it expects, and as far as the settings
        let a word in the clear raise ours, the association is asked for once more.

        Only here: a request that a forged exception makes a client repeat could be carried out twice.
        """
        association, security = self._association, self._settings.security
        counters = security.counters if security is not None else None
        told = error.expected if isinstance(error, InvocationCounterError) else None
        if (
            association.state is _ASSOCIATION_PENDING
            and not self._counter_raised
            and isinstance(told, int)
            and isinstance(counters, RaisableCounterSource)
            and counters.last_taken < told <= counters.last_taken + self._settings.counter_raise_max
        ):
            try:
                counters.raise_to(told)
            except InvocationCounterError as refused:
                error = refused
            else:
                self._counter_raised = True
                association.move(Signal.ABORT)
                self._associate()
                return
        association.abort(error)

    def _put(self, octets: bytes, *, in_blocks: bool = False) -> None:
        association, security = self._association, self._settings.security
        if association.protection is not None and security is not None:
            octets = association.protection.close(octets, security.ciphering)
        association.put(octets, in_blocks=in_blocks)
        association.wait()


def _initiate(conformance: Conformance, pdu_size: int, dedicated_key: bytes | None = None) -> InitiateRequest:
    return InitiateRequest(dedicated_key, True, None, DLMS_VERSION, conformance, pdu_size)


@lru_cache(maxsize=INITIATE_REQUESTS_KEPT)
def _initiate_octets(conformance: Conformance, pdu_size: int) -> bytes:
    """What initiates without a dedicated key: one client asks every meter of a kind for the same."""
    return _initiate(conformance, pdu_size).encode()


def _reason_of(aare: Aare) -> IntEnum:
    """Why an AARE rejects. The error of the initiate service, where there is one, tells more than the diagnostic beside it."""
    information = aare.user_information or b""
    if len(information) == INITIATE_REFUSED_OCTETS and information.startswith(INITIATE_REFUSED):
        with suppress(ValueError):
            return InitiateError(information[-1])
    return aare.result_source_diagnostic
