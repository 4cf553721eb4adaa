"""The server's end of an association: decides who may associate, answers what breaks the rules, cuts long results."""

from __future__ import annotations

from hmac import compare_digest

from ferraris.dlms.apdu import (
    DLMS_VERSION,
    VAA_NAME_LOGICAL_NAME,
    Aare,
    Aarq,
    ActionRequest,
    ActionRequestNormal,
    ActionResponseNormal,
    ActionResult,
    AssociationResult,
    DataAccessResult,
    ExceptionResponse,
    GetRequest,
    GetRequestNext,
    GetResponseNormal,
    GetResponseWithBlock,
    GetResponseWithList,
    InitiateRequest,
    InitiateResponse,
    Mechanism,
    ReleaseResponseReason,
    Rlre,
    Rlrq,
    ServiceErrorCode,
    ServiceUserDiagnostic,
    SetRequest,
    StateError,
    decode_apdu,
)
from ferraris.dlms.block_transfer import LongResult, cut
from ferraris.dlms.client_end import context_of
from ferraris.dlms.events import Associated, Command, Released, Request, RequestReceived, Response, Violated
from ferraris.dlms.hls import REPLY_TO_HLS_AUTHENTICATION, HlsGmac
from ferraris.dlms.machine import Machine
from ferraris.dlms.protection import CIPHERED_TAGS
from ferraris.dlms.settings import Ciphering
from ferraris.dlms.transitions import Signal, State
from ferraris.kernel.errors import (
    AuthenticationError,
    DecodeError,
    FerrarisError,
    InvocationCounterError,
    LocalProtocolError,
    RemoteProtocolError,
    SecurityError,
)
from ferraris.kernel.limits import PDU_SIZE_MIN

Diagnostic = ServiceUserDiagnostic


class _RefusalError(Exception):
    """An AARQ that is answered with a rejecting AARE."""

    def __init__(self, diagnostic: ServiceUserDiagnostic, error: FerrarisError) -> None:
        self.diagnostic = diagnostic
        self.error = error


class ServerEnd:
    """Takes AARQ, requests and RLRQ; sends AARE, responses, exception-responses and RLRE."""

    def __init__(self, association: Machine) -> None:
        self._association = association
        self._settings = association.settings
        self._hls: HlsGmac | None = None
        self._associated: Associated | None = None
        self._ciphering: Ciphering | None = None
        self._request: Request | None = None
        self._long: LongResult | None = None

    def command(self, command: Command) -> None:
        """Send the response to the last request."""
        if not isinstance(command, Response):
            raise LocalProtocolError("a server cannot send this", expected="a response", got=type(command).__name__)
        self._association.move(Signal.RESPONSE)
        if isinstance(command, ExceptionResponse):
            self._association.put(command.encode())
            return
        associated = self._associated
        limit = associated.peer_max_receive_pdu_size if associated is not None else 0
        if isinstance(command, GetResponseNormal | GetResponseWithList) and limit:
            self._long = cut(command, limit, protected=self._ciphering is not None)
            if self._long is not None:
                command = self._long.next_block(command.invoke_id_and_priority)
        self._put(command.encode())

    def apdu(self, octets: bytes) -> None:
        """Take one APDU of the client."""
        association = self._association
        self._ciphering = None
        if octets[0] in CIPHERED_TAGS:
            if association.protection is None or association.state is State.IDLE:
                raise RemoteProtocolError("a ciphered APDU without its association", state=association.state.value)
            octets, self._ciphering = association.protection.open(octets)
        apdu = decode_apdu(octets)
        if isinstance(apdu, Aarq):
            self._associate(apdu)
        elif isinstance(apdu, Rlrq):
            self._release()
        elif not isinstance(apdu, GetRequest | SetRequest | ActionRequest):
            raise RemoteProtocolError(
                "no APDU for a server", expected="AARQ, RLRQ or a request", got=type(apdu).__name__
            )
        elif association.protection is not None and self._ciphering is None:
            raise AuthenticationError("a request is not protected", expected="a ciphered APDU", got=type(apdu).__name__)
        elif association.state is State.HLS_PENDING:
            self._check_hls(apdu)
        elif isinstance(apdu, GetRequestNext):
            self._next_block(apdu)
        else:
            association.move(Signal.REQUEST, by_peer=True)
            self._long = None
            self._request = apdu
            association.tell(RequestReceived(apdu))

    def fault(self, error: FerrarisError) -> None:
        """Answer with an exception-response in the clear and stay where we are: a third party cannot end an association so."""
        counter = None
        state, service = StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.OPERATION_NOT_POSSIBLE
        if isinstance(error, InvocationCounterError):
            service = ServiceErrorCode.INVOCATION_COUNTER_ERROR
            counter = error.expected if isinstance(error.expected, int) else 0
        elif isinstance(error, SecurityError):
            service = ServiceErrorCode.DECIPHERING_ERROR
        elif isinstance(error, DecodeError):
            state, service = StateError.SERVICE_UNKNOWN, ServiceErrorCode.OTHER_REASON
        self._association.put(ExceptionResponse(state, service, counter).encode())
        self._association.tell(Violated(error))

    def _associate(self, aarq: Aarq) -> None:
        association = self._association
        association.move(Signal.ASSOCIATE, by_peer=True)
        association.start()
        self._long = self._request = self._associated = None
        try:
            self._hls = self._authenticate(aarq)
            request = self._initiate_request(aarq.user_information or b"")
        except _RefusalError as refusal:
            self._reject(refusal.diagnostic, refusal.error)
            return
        conformance = request.conformance & self._settings.conformance
        title = association.protection.peer_system_title if association.protection is not None else b""
        self._associated = Associated(title, conformance, request.client_max_receive_pdu_size)
        if self._hls is None:
            association.move(Signal.ACCEPT)
            self._accept(request, Diagnostic.NULL)
            association.tell(self._associated)
        else:
            association.move(Signal.ACCEPT_PENDING_HLS)
            self._accept(request, Diagnostic.AUTHENTICATION_REQUIRED)
            association.wait()

    def _authenticate(self, aarq: Aarq) -> HlsGmac | None:
        settings = self._settings
        expected = context_of(settings.security is not None)
        if aarq.application_context is not expected:
            error = RemoteProtocolError(
                "another application context", expected=expected.name, got=aarq.application_context
            )
            raise _RefusalError(Diagnostic.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED, error)
        mechanism = aarq.mechanism if aarq.mechanism is not None else Mechanism.LOWEST
        if mechanism is not settings.mechanism:
            lowest = mechanism is Mechanism.LOWEST
            raise _RefusalError(
                Diagnostic.AUTHENTICATION_REQUIRED
                if lowest
                else Diagnostic.AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED,
                AuthenticationError("another mechanism", expected=settings.mechanism.name, got=mechanism),
            )
        try:
            if mechanism is Mechanism.LLS and not compare_digest(
                aarq.calling_authentication_value or b"", settings.secret
            ):
                raise AuthenticationError("the LLS secret is wrong", expected="the meter's secret")
            if self._association.protection is not None:
                self._association.protection.expect_from(aarq.calling_ap_title or b"")
            if mechanism is Mechanism.HLS_GMAC and settings.security is not None:
                hls = HlsGmac(settings.security, self._association.entropy, settings.challenge_octets)
                hls.take_challenge(aarq.calling_authentication_value)
                return hls
        except AuthenticationError as error:
            raise _RefusalError(Diagnostic.AUTHENTICATION_FAILURE, error) from error
        return None

    def _initiate_request(self, user_information: bytes) -> InitiateRequest:
        protection = self._association.protection
        try:
            if protection is not None:
                if not user_information or user_information[0] not in CIPHERED_TAGS:
                    raise AuthenticationError("the initiate request is not protected", got=user_information[:1].hex())
                user_information = protection.open(user_information).apdu
            request = decode_apdu(user_information)
        except InvocationCounterError as error:
            raise _RefusalError(Diagnostic.AUTHENTICATION_FAILURE, error) from error
        except FerrarisError as error:
            failed = isinstance(error, SecurityError)
            raise _RefusalError(
                Diagnostic.AUTHENTICATION_FAILURE if failed else Diagnostic.NO_REASON_GIVEN, error
            ) from error
        size = request.client_max_receive_pdu_size if isinstance(request, InitiateRequest) else 0
        if not isinstance(request, InitiateRequest) or request.dlms_version < DLMS_VERSION or 0 < size < PDU_SIZE_MIN:
            unusable = RemoteProtocolError(
                "the client asks for what cannot be given", expected="version 6", got=request
            )
            raise _RefusalError(Diagnostic.NO_REASON_GIVEN, unusable)
        if request.dedicated_key is not None and protection is not None:
            protection.dedicate(request.dedicated_key)
        return request

    def _accept(self, request: InitiateRequest, diagnostic: ServiceUserDiagnostic) -> None:
        association, settings = self._association, self._settings
        conformance = request.conformance & settings.conformance
        response = InitiateResponse(
            request.quality_of_service, DLMS_VERSION, conformance, settings.max_receive_pdu_size, VAA_NAME_LOGICAL_NAME
        ).encode()
        security = settings.security
        if association.protection is not None:
            response = association.protection.close(response, Ciphering.GLOBAL)
        aare = Aare(
            application_context=context_of(security is not None),
            result=AssociationResult.ACCEPTED,
            result_source_diagnostic=diagnostic,
            responding_ap_title=security.system_title if security is not None else None,
            mechanism=settings.mechanism if self._hls is not None else None,
            responding_authentication_value=self._hls.challenge if self._hls is not None else None,
            user_information=response,
        )
        association.put(aare.encode())

    def _reject(self, diagnostic: ServiceUserDiagnostic, error: FerrarisError) -> None:
        association, security = self._association, self._settings.security
        association.move(Signal.REJECT)
        aare = Aare(
            application_context=context_of(security is not None),
            result=AssociationResult.REJECTED_PERMANENT,
            result_source_diagnostic=diagnostic,
            responding_ap_title=security.system_title if security is not None else None,
        )
        association.put(aare.encode())
        association.tell(Violated(error))

    def _check_hls(self, request: Request) -> None:
        association, hls, associated = self._association, self._hls, self._associated
        if not isinstance(request, ActionRequestNormal) or request.descriptor != REPLY_TO_HLS_AUTHENTICATION:
            raise RemoteProtocolError("a request before HLS authentication", expected="reply_to_hls_authentication")
        if hls is None or associated is None:
            raise LocalProtocolError("HLS authentication without a challenge")
        try:
            hls.check(request.parameters or b"", associated.peer_system_title)
        except AuthenticationError as error:
            self._put(ActionResponseNormal(request.invoke_id_and_priority, ActionResult.OTHER_REASON, None).encode())
            association.move(Signal.HLS_FAILED, by_peer=True)
            association.tell(Violated(error))
            return
        association.move(Signal.HLS_PASSED, by_peer=True)
        self._put(ActionResponseNormal(request.invoke_id_and_priority, ActionResult.SUCCESS, hls.answer()).encode())
        association.tell(associated)

    def _next_block(self, request: GetRequestNext) -> None:
        if self._association.state is not State.ASSOCIATED:
            raise RemoteProtocolError(
                "a block is asked for without an association", state=self._association.state.value
            )
        long, invoke_id = self._long, request.invoke_id_and_priority
        if long is None:
            block = GetResponseWithBlock(
                invoke_id, True, request.block_number, DataAccessResult.NO_LONG_GET_IN_PROGRESS
            )
        elif request.block_number != long.block_number:
            self._long = None
            block = GetResponseWithBlock(
                invoke_id, True, request.block_number, DataAccessResult.DATA_BLOCK_NUMBER_INVALID
            )
        else:
            block = long.next_block(invoke_id)
            if block.last_block:
                self._long = None
        self._put(block.encode())

    def _release(self) -> None:
        association = self._association
        association.move(Signal.RELEASE, by_peer=True)
        association.put(Rlre(ReleaseResponseReason.NORMAL).encode())
        association.move(Signal.RELEASED)
        association.tell(Released())

    def _put(self, octets: bytes) -> None:
        association = self._association
        if association.protection is not None and self._ciphering is not None:
            octets = association.protection.close(octets, self._ciphering)
        association.put(octets)
