"""The server's end of an association: decides who may associate, answers what breaks the rules, cuts long results."""

from __future__ import annotations

from hmac import compare_digest
from typing import ClassVar, get_args

from ferraris.dlms.apdu import (
    DLMS_VERSION,
    LONG_INVOKE_ID_MASK,
    VAA_NAME_LOGICAL_NAME,
    Aare,
    Aarq,
    ActionRequestNormal,
    ActionResponseNormal,
    ActionResult,
    AssociationResult,
    ConfirmedService,
    ConfirmedServiceError,
    Conformance,
    DataNotificationConfirm,
    ErrorCategory,
    ExceptionResponse,
    InitiateError,
    InitiateRequest,
    InitiateResponse,
    Mechanism,
    ReleaseResponseReason,
    Rlre,
    Rlrq,
    ServiceErrorCode,
    ServiceUserDiagnostic,
    StateError,
    decode_apdu,
)
from ferraris.dlms.events import (
    Associated,
    Command,
    Notification,
    NotificationConfirmed,
    Released,
    Request,
    RequestReceived,
    Response,
    Violated,
)
from ferraris.dlms.general_protection import ENVELOPE_OCTETS_MAX
from ferraris.dlms.hls import REPLY_TO_HLS_AUTHENTICATION, HlsRun, hls_of
from ferraris.dlms.machine import Machine
from ferraris.dlms.protection import CIPHERED_TAGS, PROTECTION_OCTETS_MAX
from ferraris.dlms.server_blocks import BLOCK_REQUESTS, ServerBlocks
from ferraris.dlms.services import SERVICES, conformance_needed
from ferraris.dlms.settings import Ciphering, Envelope, strengthened
from ferraris.dlms.transitions import Signal, State
from ferraris.dlms.unasked import UnaskedQueue
from ferraris.kernel.errors import (
    AuthenticationError,
    DecodeError,
    FerrarisError,
    InvocationCounterError,
    LocalProtocolError,
    RemoteProtocolError,
    SecurityError,
)
from ferraris.kernel.limits import LONG_REQUEST_OCTETS_MAX, PDU_SIZE_MIN

Diagnostic = ServiceUserDiagnostic
AARQ = 0x60


class _RefusalError(Exception):
    """An AARQ that is answered with a rejecting AARE."""

    def __init__(
        self, diagnostic: ServiceUserDiagnostic, error: FerrarisError, initiate_error: InitiateError | None = None
    ) -> None:
        self.diagnostic = diagnostic
        self.error = error
        self.initiate_error = initiate_error


class UnservedError(RemoteProtocolError):
    """An APDU that the association does not allow, answered with an exception-response that says which way."""

    def __init__(self, service_error: ServiceErrorCode, summary: str, expected: object, got: object) -> None:
        self.service_error = service_error
        super().__init__(summary, expected=expected, got=got)


class ServerEnd:
    """Takes AARQ, requests and RLRQ; sends AARE, responses, notifications, exception-responses and RLRE."""

    TAKEN: ClassVar[tuple[type, ...]] = (*get_args(Request), DataNotificationConfirm)
    VAA_NAME: ClassVar[int] = VAA_NAME_LOGICAL_NAME

    def __init__(self, association: Machine) -> None:
        self._association = association
        self._settings = association.settings
        self._hls: HlsRun | None = None
        self._associated: Associated | None = None
        self._ciphering: Ciphering | Envelope = Ciphering.GLOBAL
        self.answer_control = 0
        """Bits of the security control that the answer has whatever its request had: all blocks of it."""
        self._blocks = ServerBlocks()
        self._unasked = UnaskedQueue()
        self._granted = 0
        if self._settings.pre_established_pdu_size is not None:
            self._pre_establish(self._settings.pre_established_pdu_size)

    def command(self, command: Command) -> None:
        """Send the response to the last request, or a notification."""
        if isinstance(command, Notification):
            self._notify(command)
            return
        if not isinstance(command, Response):
            raise LocalProtocolError("a server cannot send this", expected="a response", got=type(command).__name__)
        self._association.move(Signal.RESPONSE)
        self._respond(command)
        self.tell_waiting()

    def _respond(self, command: Response) -> None:
        if isinstance(command, ExceptionResponse | ConfirmedServiceError):
            self._association.put(command.encode())
            return
        octets = self._blocks.closing(command).encode()
        association, limit = self._association, 0
        if not association.in_transfer and self._associated is not None:
            limit = self._associated.peer_max_receive_pdu_size
        if limit and isinstance(self._ciphering, Envelope):
            limit = max(PDU_SIZE_MIN, limit - ENVELOPE_OCTETS_MAX)
        protected = association.protection is not None
        if limit and len(octets) + PROTECTION_OCTETS_MAX * protected > limit:
            block = self._blocks.cut(command, self._granted, limit, protected=protected)
            if block is not None:
                octets = block.encode()
            elif association.transfer is None:
                too_long = ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.PDU_TOO_LONG)
                association.put(too_long.encode())
                return
        self._put(octets)

    def _notify(self, notification: Notification) -> None:
        """Tell the client something unasked, in the form of ciphering that it uses itself.

        What is longer than the client takes goes in general blocks, between two exchanges, and what follows waits for that.
        """
        association = self._association
        if association.state not in (State.ASSOCIATED, State.RESPONSE_PENDING):
            raise LocalProtocolError("nobody is there to be notified", state=association.state.value)
        apdu = notification.encode()
        if not self._unasked.waiting:
            limit = self._associated.peer_max_receive_pdu_size if self._associated is not None else 0
            octets = self._protected(apdu)
            if not limit or len(octets) <= limit:
                association.outgoing.append(octets)
                return
            if association.transfer is None:
                raise LocalProtocolError(
                    "a notification is longer than the client takes", expected=limit, got=len(octets)
                )
        self._unasked.add(apdu)
        self.tell_waiting()

    def tell_waiting(self) -> None:
        """Begin with the next long notification, as soon as nothing else is on its way."""
        association = self._association
        if not self._unasked.waiting or (transfer := association.transfer) is None:
            return
        if association.state is not State.ASSOCIATED or self._in_blocks:
            return
        apdu = self._unasked.next_for(transfer)
        if apdu is not None:
            transfer.send(self._protected(apdu), association.now_ms)
            association.outgoing += transfer.outgoing()
            self._unasked.begun(transfer)

    @property
    def _in_blocks(self) -> bool:
        """Whether a request or its result is on its way in blocks of its service."""
        return self._blocks.under_way

    def _protected(self, apdu: bytes) -> bytes:
        protection = self._association.protection
        return apdu if protection is None else protection.close(apdu, self._ciphering)

    def apdu(self, octets: bytes) -> None:
        """Take one APDU of the client."""
        association = self._association
        size_max = self._settings.max_receive_pdu_size
        if len(octets) > size_max > 0 and octets[0] != AARQ and not association.in_blocks:
            summary = "an APDU is longer than was agreed"
            raise UnservedError(ServiceErrorCode.PDU_TOO_LONG, summary, size_max, len(octets))
        ciphering: Ciphering | Envelope | None = (
            None  # not yet the answer's: only a request that is taken may change in what form an answer goes out
        )
        if octets[0] in CIPHERED_TAGS:
            if association.protection is None or association.state is State.IDLE:
                raise RemoteProtocolError("a ciphered APDU without its association", state=association.state.value)
            octets, ciphering = association.protection.open(octets)
        apdu = decode_apdu(octets)
        if isinstance(apdu, Aarq):
            self._associate(apdu)
        elif isinstance(apdu, Rlrq):
            self._release()
        elif not isinstance(apdu, self.TAKEN):
            raise RemoteProtocolError(
                "no APDU for a server", expected="AARQ, RLRQ or a request", got=type(apdu).__name__
            )
        elif association.protection is not None and ciphering is None:
            raise AuthenticationError("a request is not protected", expected="a ciphered APDU", got=type(apdu).__name__)
        elif isinstance(apdu, DataNotificationConfirm):
            if association.state not in (State.ASSOCIATED, State.RESPONSE_PENDING):
                raise RemoteProtocolError("a confirmation without an association", state=association.state.value)
            association.tell(NotificationConfirmed(apdu.long_invoke_id_and_priority & LONG_INVOKE_ID_MASK))
        else:
            self._take_request(apdu, ciphering or Ciphering.GLOBAL)  # type: ignore[arg-type]  # one of TAKEN

    def _take_request(self, request: Request, ciphering: Ciphering | Envelope) -> None:
        """Take one request, whose answer goes out in the `ciphering` that it came in."""
        association = self._association
        if association.state is State.HLS_PENDING:
            self._ciphering = ciphering
            self._check_hls(request)
            return
        lacking = conformance_needed(request) & ~self._granted
        if lacking and association.state is State.ASSOCIATED:
            got = Conformance(lacking).name
            raise UnservedError(ServiceErrorCode.SERVICE_NOT_SUPPORTED, "a request was not negotiated", None, got)
        begun = association.transfer_begun
        if begun is not None and begun.active and not association.in_blocks:
            begun.begin()
        if type(request) in BLOCK_REQUESTS:
            self._take_block(request, ciphering)
            return
        association.move(Signal.REQUEST, by_peer=True)
        self._ciphering = ciphering
        self._blocks.drop()
        association.tell(RequestReceived(request))

    def settings_changed(self) -> None:
        """The machine has other settings: other keys."""
        self._settings = self._association.settings

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
        elif isinstance(error, UnservedError):
            service = error.service_error
            if service is ServiceErrorCode.SERVICE_NOT_SUPPORTED:
                state = StateError.SERVICE_UNKNOWN
        self._association.put(ExceptionResponse(state, service, counter).encode())
        self._association.tell(Violated(error))

    def _associate(self, aarq: Aarq) -> None:
        association = self._association
        if self._settings.pre_established_pdu_size is not None:
            raise UnservedError(
                ServiceErrorCode.OPERATION_NOT_POSSIBLE, "this association needs no AARQ", "a request", "AARQ"
            )
        association.move(Signal.ASSOCIATE, by_peer=True)
        association.start()
        self._blocks.drop()
        self._unasked = UnaskedQueue()
        self._associated = self._hls = None
        self._granted = 0
        try:
            self._hls = self._authenticate(aarq)
            request = self._initiate_request(aarq.user_information or b"")
            aare = self._acceptance(request)
        except _RefusalError as refusal:
            self._reject(refusal)
            return
        except SecurityError as error:  # no invocation counter is left to answer with
            self._reject(_RefusalError(Diagnostic.NO_REASON_GIVEN, error))
            return
        conformance = request.conformance & self._settings.conformance
        self._granted = int(conformance)
        title = aarq.calling_ap_title or b"" if self._settings.security is not None else b""
        self._associated = Associated(title, conformance, request.client_max_receive_pdu_size)
        association.put(aare.encode())
        association.negotiated(self._granted, request.client_max_receive_pdu_size, LONG_REQUEST_OCTETS_MAX)
        if self._hls is None:
            association.move(Signal.ACCEPT)
            association.tell(self._associated)
        else:
            association.move(Signal.ACCEPT_PENDING_HLS)
            association.wait()

    def _pre_establish(self, peer_pdu_size: int) -> None:
        """The association stands from the start, between the system titles that are configured."""
        association, settings = self._association, self._settings
        association.start()
        title = b""
        if association.protection is not None and settings.security is not None:
            title = settings.security.peer_system_title or b""
            association.protection.expect_from(title)
        self._granted = int(settings.conformance)
        self._associated = Associated(title, settings.conformance, peer_pdu_size)
        association.negotiated(self._granted, peer_pdu_size, LONG_REQUEST_OCTETS_MAX)
        association.move(Signal.PRE_ESTABLISH)
        association.tell(self._associated)

    def _authenticate(self, aarq: Aarq) -> HlsRun | None:
        settings = self._settings
        expected = settings.application_context
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
            if mechanism is Mechanism.LLS:
                value = aarq.calling_authentication_value or b""
                if not settings.secret or not compare_digest(value, settings.secret):
                    raise AuthenticationError("the LLS secret is wrong", expected="the meter's secret")
            title = aarq.calling_ap_title or b""
            if self._association.protection is not None:
                self._association.protection.expect_from(title)
            elif settings.needs_titles and settings.security is not None:
                settings.security.checked_title(title)
            hls = hls_of(settings, self._association.entropy)
            if hls is not None:
                hls.take_challenge(aarq.calling_authentication_value, title)
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
                user_information = protection.open_initiate(user_information)
            request = decode_apdu(user_information)
            if not isinstance(request, InitiateRequest):
                raise RemoteProtocolError("no initiate request in the AARQ", got=type(request).__name__)
            if request.dedicated_key is not None and protection is not None:
                protection.dedicate(request.dedicated_key)
        except SecurityError as error:
            raise _RefusalError(Diagnostic.AUTHENTICATION_FAILURE, error) from error
        except FerrarisError as error:
            raise _RefusalError(Diagnostic.NO_REASON_GIVEN, error, InitiateError.OTHER) from error
        unusable = self._unusable_in(request)
        if unusable is not None:
            wrong = RemoteProtocolError("the client asks for what cannot be given", expected=unusable.name, got=request)
            raise _RefusalError(Diagnostic.NO_REASON_GIVEN, wrong, unusable)
        return request

    def _unusable_in(self, request: InitiateRequest) -> InitiateError | None:
        if request.dlms_version < DLMS_VERSION:
            return InitiateError.DLMS_VERSION_TOO_LOW
        if not request.conformance & self._settings.conformance & SERVICES:
            return InitiateError.INCOMPATIBLE_CONFORMANCE
        if 0 < request.client_max_receive_pdu_size < PDU_SIZE_MIN:
            return InitiateError.PDU_SIZE_TOO_SHORT
        return None

    def _acceptance(self, request: InitiateRequest) -> Aare:
        """The accepting AARE. Raises SecurityError when no invocation counter is left to protect it with."""
        association, settings = self._association, self._settings
        conformance = request.conformance & settings.conformance
        response = InitiateResponse(
            request.quality_of_service, DLMS_VERSION, conformance, settings.max_receive_pdu_size, self.VAA_NAME
        ).encode()
        security = settings.security
        if association.protection is not None:
            response = association.protection.close_initiate_response(response)
        return Aare(
            application_context=settings.application_context,
            result=AssociationResult.ACCEPTED,
            result_source_diagnostic=Diagnostic.NULL if self._hls is None else Diagnostic.AUTHENTICATION_REQUIRED,
            responding_ap_title=security.system_title if security is not None else None,
            mechanism=settings.mechanism if self._hls is not None else None,
            responding_authentication_value=self._hls.challenge if self._hls is not None else None,
            user_information=response,
        )

    def _reject(self, refusal: _RefusalError) -> None:
        association, security = self._association, self._settings.security
        association.move(Signal.REJECT)
        information = None
        if refusal.initiate_error is not None:
            error = ConfirmedServiceError(ConfirmedService.INITIATE, ErrorCategory.INITIATE, refusal.initiate_error)
            information = error.encode()
        aare = Aare(
            application_context=self._settings.application_context,
            result=AssociationResult.REJECTED_PERMANENT,
            result_source_diagnostic=refusal.diagnostic,
            responding_ap_title=security.system_title if security is not None else None,
            user_information=information,
        )
        association.put(aare.encode())
        association.tell(Violated(refusal.error))

    def _check_hls(self, request: Request) -> None:
        association, hls, associated = self._association, self._hls, self._associated
        if not isinstance(request, ActionRequestNormal) or request.descriptor != REPLY_TO_HLS_AUTHENTICATION:
            raise RemoteProtocolError("a request before HLS authentication", expected="reply_to_hls_authentication")
        if hls is None or associated is None:
            raise LocalProtocolError("HLS authentication without a challenge")
        try:
            hls.check(request.parameters or b"")
        except AuthenticationError as error:
            association.move(Signal.HLS_FAILED, by_peer=True)
            association.tell(Violated(error))
            self._answer_proof(ActionResponseNormal(request.invoke_id_and_priority, ActionResult.OTHER_REASON, None))
            return
        # The answer first: with no invocation counter left for it, the association must not stand.
        self._answer_proof(ActionResponseNormal(request.invoke_id_and_priority, ActionResult.SUCCESS, hls.answer()))
        association.move(Signal.HLS_PASSED, by_peer=True)
        association.tell(associated)

    def _answer_proof(self, answer: ActionResponseNormal) -> None:
        """Say whether the client has proved itself, and with what we prove ourselves."""
        self._put(answer.encode())

    def _take_block(self, request: Request, ciphering: Ciphering | Envelope) -> None:
        """An APDU of a block transfer: answer it here, or hand over the whole request that it completes."""
        association = self._association
        if association.state is not State.ASSOCIATED:
            raise RemoteProtocolError("a block without an association", state=association.state.value)
        self._ciphering = ciphering
        answer, whole = self._blocks.take(request)
        if answer is not None:
            self._put(answer.encode())
            self.tell_waiting()
        elif whole is not None:
            association.move(Signal.REQUEST, by_peer=True)
            association.tell(RequestReceived(whole))

    @property
    def request_protection(self) -> int:
        """How the last request was protected, in the bits of an access mode."""
        protection = self._association.protection
        return 0 if protection is None else protection.strength_of(self._ciphering)

    def _release(self) -> None:
        association = self._association
        if self._settings.pre_established_pdu_size is not None:
            raise UnservedError(
                ServiceErrorCode.OPERATION_NOT_POSSIBLE, "this association cannot be released", "a request", "RLRQ"
            )
        association.move(Signal.RELEASE, by_peer=True)
        association.put(Rlre(ReleaseResponseReason.NORMAL).encode())
        association.forget_transfer()
        association.move(Signal.RELEASED)
        association.tell(Released())

    def _put(self, octets: bytes) -> None:
        association = self._association
        if association.protection is not None:
            form = self._ciphering
            if self.answer_control:
                form = strengthened(form, self.answer_control)
            octets = association.protection.close(octets, form)
        association.put(octets)
