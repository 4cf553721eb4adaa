"""The client's end of an association: asks, and checks every answer against what it asked."""

from __future__ import annotations

from contextlib import suppress
from enum import IntEnum

from ferraris.dlms.apdu import (
    DLMS_VERSION,
    Aare,
    Aarq,
    ActionRequestNormal,
    ActionResponseNormal,
    ActionResult,
    ApplicationContext,
    AssociationResult,
    ConfirmedServiceError,
    DataNotification,
    EventNotification,
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
    ServiceErrorCode,
    SetRequestNormal,
    SetResponseNormal,
    decode_apdu,
)
from ferraris.dlms.block_transfer import BlockReceiver
from ferraris.dlms.events import (
    Associate,
    Associated,
    Command,
    NotificationReceived,
    Rejected,
    Release,
    Released,
    Request,
    ResponseReceived,
)
from ferraris.dlms.hls import REPLY_TO_HLS_AUTHENTICATION, HlsGmac
from ferraris.dlms.machine import Machine
from ferraris.dlms.protection import CIPHERED_TAGS, PROTECTION_OCTETS_MAX
from ferraris.dlms.transitions import Signal, State
from ferraris.kernel.errors import (
    AuthenticationError,
    FerrarisError,
    InvocationCounterError,
    LocalProtocolError,
    RemoteProtocolError,
)
from ferraris.kernel.limits import PDU_SIZE_MIN

HLS_INVOKE_ID = 0xC1
INVOKE_ID_MASK = 0x0F
INITIATE_REFUSED = b"\x0e\x01\x06"
"""A confirmed-service-error of the service and the category INITIATE; the octet behind it says which error."""
INITIATE_REFUSED_OCTETS = 4
_ANSWERS: dict[type, tuple[type, ...]] = {
    GetRequestNormal: (GetResponseNormal, GetResponseWithBlock),
    GetRequestWithList: (GetResponseWithList, GetResponseWithBlock),
    SetRequestNormal: (SetResponseNormal,),
    ActionRequestNormal: (ActionResponseNormal,),
}


class ClientEnd:
    """Sends AARQ, requests and RLRQ; takes AARE, responses, notifications and RLRE."""

    def __init__(self, association: Machine) -> None:
        self._association = association
        self._settings = association.settings
        self._hls: HlsGmac | None = None
        self._associated: Associated | None = None
        self._request: Request | None = None
        self._blocks: BlockReceiver | None = None

    def command(self, command: Command) -> None:
        """Carry out a command of the driver."""
        if isinstance(command, Associate):
            self._associate()
        elif isinstance(command, Release):
            self._association.move(Signal.RELEASE)
            self._association.put(Rlrq(ReleaseReason.NORMAL).encode())
            self._association.wait()
        elif type(command) in _ANSWERS:
            self._ask(command)  # type: ignore[arg-type]  # the keys of _ANSWERS are requests
        else:
            raise LocalProtocolError("a client cannot send this", expected="a request", got=type(command).__name__)

    def apdu(self, octets: bytes) -> None:
        """Take one APDU of the server."""
        if octets[0] in CIPHERED_TAGS:
            protection = self._association.protection
            if protection is None:
                raise RemoteProtocolError("a ciphered APDU in a plain context", got=f"{octets[0]:#04x}")
            octets = protection.open(octets).apdu
            protected = True
        else:
            protected = False
        apdu = decode_apdu(octets)
        if isinstance(apdu, Aare):
            self._accept(apdu)
        elif isinstance(apdu, Rlre):
            self._association.move(Signal.RELEASED, by_peer=True)
            self._association.tell(Released())
        elif isinstance(apdu, ExceptionResponse):
            self._answered(apdu)
        elif not protected and self._association.protection is not None:
            raise AuthenticationError("an answer is not protected", expected="a ciphered APDU", got=type(apdu).__name__)
        elif isinstance(apdu, DataNotification | EventNotification):
            self._association.tell(NotificationReceived(apdu))
        elif self._association.state is State.HLS_PENDING:
            self._check_hls(apdu)
        else:
            self._take_answer(apdu)

    def fault(self, error: FerrarisError) -> None:
        """A client has no use for an association in which it cannot trust the server."""
        self._association.abort(error)

    def _associate(self) -> None:
        association, settings = self._association, self._settings
        association.move(Signal.ASSOCIATE)
        association.start()
        security = settings.security
        dedicated_key = None
        if security is not None and security.ciphering.is_dedicated:
            dedicated_key = association.entropy.octets(16)
        initiate = InitiateRequest(
            dedicated_key, True, None, DLMS_VERSION, settings.conformance, settings.max_receive_pdu_size
        )
        user_information = initiate.encode()
        authentication_value: bytes | None = None
        if settings.mechanism is Mechanism.LLS:
            authentication_value = settings.secret
        if association.protection is not None and security is not None:
            user_information = association.protection.close_initiate(user_information, dedicated_key)
            if dedicated_key is not None:
                association.protection.dedicate(dedicated_key)
            if settings.mechanism is Mechanism.HLS_GMAC:
                self._hls = HlsGmac(security, association.entropy, settings.challenge_octets)
                authentication_value = self._hls.challenge
        aarq = Aarq(
            application_context=context_of(settings.security is not None),
            calling_ap_title=security.system_title if security is not None else None,
            mechanism=settings.mechanism if settings.mechanism is not Mechanism.LOWEST else None,
            calling_authentication_value=authentication_value,
            user_information=user_information,
        )
        association.put(aarq.encode())
        association.wait()

    def _accept(self, aare: Aare) -> None:
        association = self._association
        if association.state is not State.ASSOCIATION_PENDING:
            raise RemoteProtocolError("an AARE that was not asked for", state=association.state.value)
        if aare.result is not AssociationResult.ACCEPTED:
            association.move(Signal.REJECT, by_peer=True)
            reason = _reason_of(aare)
            association.tell(Rejected(aare.result.name, reason.name, int(reason)))
            return
        expected = context_of(self._settings.security is not None)
        if aare.application_context is not expected:
            raise RemoteProtocolError(
                "the server names another context", expected=expected.name, got=aare.application_context
            )
        protection = association.protection
        if protection is not None:
            protection.expect_from(aare.responding_ap_title or b"")
        response = self._initiate_response(aare.user_information or b"")
        conformance = response.conformance & self._settings.conformance
        title = protection.peer_system_title if protection is not None else aare.responding_ap_title or b""
        self._associated = Associated(title, conformance, response.server_max_receive_pdu_size)
        if self._hls is None:
            association.move(Signal.ACCEPT, by_peer=True)
            association.tell(self._associated)
        else:
            self._hls.take_challenge(aare.responding_authentication_value)
            association.move(Signal.ACCEPT_PENDING_HLS, by_peer=True)
            self._put(ActionRequestNormal(HLS_INVOKE_ID, REPLY_TO_HLS_AUTHENTICATION, self._hls.answer()).encode())

    def _initiate_response(self, user_information: bytes) -> InitiateResponse:
        protection = self._association.protection
        if protection is not None and user_information[:1] != b"\x0e":
            if not user_information or user_information[0] not in CIPHERED_TAGS:
                raise AuthenticationError("the initiate response is not protected", got=user_information[:1].hex())
            user_information = protection.open(user_information).apdu
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
        if apdu.result is not ActionResult.SUCCESS or not isinstance(apdu.data, bytes):
            association.move(Signal.HLS_FAILED, by_peer=True)
            association.tell(Rejected("HLS_FAILED", apdu.result.name, int(apdu.result)))
            return
        hls.check(apdu.data, associated.peer_system_title)
        association.move(Signal.HLS_PASSED, by_peer=True)
        association.tell(associated)

    def _ask(self, request: Request) -> None:
        association, associated = self._association, self._associated
        association.move(Signal.REQUEST)
        octets = request.encode()
        limit = associated.peer_max_receive_pdu_size if associated is not None else 0
        if association.protection is not None:
            limit = max(0, limit - PROTECTION_OCTETS_MAX)
        if limit and len(octets) > limit:
            association.move(Signal.RESPONSE)
            raise LocalProtocolError("a request is longer than the server takes", expected=limit, got=len(octets))
        self._request = request
        self._blocks = BlockReceiver(with_list=isinstance(request, GetRequestWithList))
        self._put(octets)

    def _take_answer(self, apdu: object) -> None:
        # A request outlives an association that is lost; nothing that comes late may go on with it.
        request = self._request if self._association.state is State.RESPONSE_PENDING else None
        expected = _ANSWERS[type(request)] if request is not None else ()
        if request is None or not isinstance(apdu, expected):
            names = " or ".join(answer.__name__ for answer in expected) or "nothing"
            raise RemoteProtocolError("an answer to another request", expected=names, got=type(apdu).__name__)
        asked, answered = request.invoke_id_and_priority, apdu.invoke_id_and_priority  # type: ignore[attr-defined]
        if (asked ^ answered) & INVOKE_ID_MASK:
            raise RemoteProtocolError("an answer with another invoke id", expected=asked, got=answered)
        if isinstance(apdu, GetResponseWithBlock) and self._blocks is not None:
            step = self._blocks.receive(apdu)
            if not isinstance(step, GetResponseNormal | GetResponseWithList):
                self._put(step.encode())
                return
            apdu = step
        self._answered(apdu)  # type: ignore[arg-type]

    def _answered(self, response: ExceptionResponse | GetResponseNormal) -> None:
        """Hand a whole answer to the driver. An exception-response also answers an AARQ or the HLS pass."""
        association = self._association
        if association.state is State.ASSOCIATION_PENDING or association.state is State.HLS_PENDING:
            association.abort(_refusal_of(response))
            return
        association.move(Signal.RESPONSE, by_peer=True)
        self._request = self._blocks = None
        association.tell(ResponseReceived(response))

    def _put(self, octets: bytes) -> None:
        association, security = self._association, self._settings.security
        if association.protection is not None and security is not None:
            octets = association.protection.close(octets, security.ciphering)
        association.put(octets)
        association.wait()


def _reason_of(aare: Aare) -> IntEnum:
    """Why an AARE rejects. The error of the initiate service, where there is one, tells more than the diagnostic beside it."""
    information = aare.user_information or b""
    if len(information) == INITIATE_REFUSED_OCTETS and information.startswith(INITIATE_REFUSED):
        with suppress(ValueError):
            return InitiateError(information[-1])
    return aare.result_source_diagnostic


def _refusal_of(response: object) -> FerrarisError:
    """Why an association did not come about, as far as an exception-response tells."""
    if isinstance(response, ExceptionResponse) and response.service_error is ServiceErrorCode.INVOCATION_COUNTER_ERROR:
        summary = "the server has seen a higher invocation counter of ours"
        return InvocationCounterError(summary, expected=response.invocation_counter)
    return AuthenticationError("the server answers with an exception", got=response)


def context_of(ciphered: bool) -> ApplicationContext:
    """The application context of logical name referencing."""
    return ApplicationContext.LOGICAL_NAME_CIPHERED if ciphered else ApplicationContext.LOGICAL_NAME
