"""The driver of a PrismToken service: the hardware module of a utility, or another Ferraris, over Thrift and TLS.

The token identifier of a request goes along as it is: in minutes since 1993 with TID_ADJUST_BDT, which the service moves to
the key's base date and otherwise leaves alone. With `external_clock` the time goes along instead, and the service may choose
the next free minute; the token that comes back says which. The four random bits are the service's own.

A request's message id is worked out from the request, so the same request has the same id: before anything is issued the
driver asks for the result of that id. An answer that was lost, or a till that crashed, gets its token and not a second one,
for as long as the service remembers. The service forgets in time; what is asked anew after that carries the same identifier,
and the meter takes only one of the two tokens.
"""

from __future__ import annotations

import hashlib
import itertools
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from typing import Any, ClassVar, Final

from ferraris.kernel.errors import DecodeError
from ferraris.keys.security_module import issuing
from ferraris.keys.security_module.errors import SecurityModuleError, SecurityModuleUnavailable
from ferraris.keys.security_module.interface import IssuedToken, ModuleStatus
from ferraris.keys.security_module.prismtoken_access import REALM
from ferraris.keys.security_module.prismtoken_server import receive_exactly
from ferraris.keys.security_module.prismtoken_service import EXTERNAL_CLOCK, TID_ADJUST_BDT
from ferraris.keys.security_module.prismtoken_structures import (
    KEY_CHANGE_SUBCLASSES,
    REGISTER_INFO,
    RESULT_OF_VALIDATION,
    VERIFIED,
    error_of,
    meter_config,
    register_of_info,
    units_of,
    wire_amount,
)
from ferraris.keys.security_module.thrift_messages import (
    FRAME_HEADER_OCTETS,
    decode_reply,
    encode_call,
    frame,
    frame_octets,
    interface,
)
from ferraris.keys.security_module.transfer import (
    class_and_subclass,
    control_and_code,
    meter_test_of,
    token_of,
    transfer_amount,
)
from ferraris.keys.security_module.vending_keys import VendingKeyRegister
from ferraris.sts import (
    BaseDate,
    IdentifiedToken,
    StsConfiguration,
    StsError,
    Token,
    TokenError,
    issued_ms,
)

PORT: Final = 9443
TIMEOUT_S: Final = 10.0
ATTEMPTS: Final = 2
TOKEN_DIGITS: Final = 20
_MINUTE_MS: Final = 60_000
_MESSAGE_ID_DIGITS: Final = 39


class HiddenText(str):
    """A secret that goes over the line as it is, and that nothing which shows objects shows."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "hidden"


class PrismTokenModule:
    """The module behind the PrismToken service at (host, port). `tls` of None speaks in the clear, for loopback only."""

    driver: ClassVar[str] = "prismtoken"

    def __init__(
        self,
        host: str,
        port: int,
        who: str,
        secret: str,
        *,
        realm: str = REALM,
        tls: ssl.SSLContext | None = None,
        timeout_s: float = TIMEOUT_S,
        external_clock: bool = False,
    ) -> None:
        self._host = host
        self._port = port
        self._who = who
        self._secret = HiddenText(secret)
        self._realm = realm
        self._tls = tls
        self._timeout_s = timeout_s
        self._external_clock = external_clock
        self._lock = threading.RLock()
        self._socket: socket.socket | None = None
        self._credential: HiddenText | None = None
        self._numbers = itertools.count(1)

    def status(self) -> ModuleStatus:
        try:
            nodes = self._ask("getStatus")
            info = nodes[0].info
            left = info.get("transactionsLeft", "")
            alert = "; ".join(alert.eMsgEn for node in nodes for alert in node.alerts)
            return ModuleStatus(
                info.get("name", f"{self._host}:{self._port}"),
                self.driver,
                not alert,
                int(left) if left.isascii() and left.isdecimal() and len(left) <= 18 else None,
                _registers(nodes),
                alert,
            )
        except SecurityModuleError as error:
            return ModuleStatus(f"{self._host}:{self._port}", self.driver, False, None, (), str(error))

    def registers(self) -> tuple[VendingKeyRegister, ...]:
        """The registers that the service lists; none from a service that does not say, as the vendor's may not."""
        return _registers(self._ask("getStatus"))

    def issue(self, configuration: StsConfiguration, token: Token) -> IssuedToken:
        issuing.check_issue(configuration, token)
        if not isinstance(token, IdentifiedToken):
            return self._issue_test(token)
        token_class, subclass = class_and_subclass(token)
        method = "issueCreditToken" if token_class == issuing.CREDIT else "issueMseToken"
        time_of_token, flags = self._time(configuration.base_date, token)
        wires = self._issue(
            method,
            repr((configuration, token)),
            meterConfig=meter_config(configuration),
            subclass=subclass,
            transferAmount=wire_amount(token_class, subclass, transfer_amount(token)),
            tokenTime=time_of_token,
            flags=flags,
        )
        if len(wires) != 1:
            raise SecurityModuleError(
                "the service issued a key change that nobody asked for", got=f"{len(wires)} tokens"
            )
        self._check(configuration, wires[0], token_class, subclass)
        amount = units_of(token_class, subclass, wires[0].transferAmount)
        random = getattr(token, "random", 0)
        if not self._external_clock and wires[0].tid != token.token_identifier:
            raise SecurityModuleError(
                "the service chose another token identifier", expected=token.token_identifier, got=wires[0].tid
            )
        return IssuedToken(
            wires[0].tokenDec, token_of(token_class, subclass, wires[0].tid, random, amount), wires[0].vkKcv
        )

    def issue_key_change(self, present: StsConfiguration, new: StsConfiguration) -> tuple[IssuedToken, ...]:
        meter = meter_config(present)
        meter.allow3Kct = new.three_token_key_change
        target = interface().MeterConfigAmendment(
            toSgc=int(new.supply_group_code), toKrn=new.key_revision_number, toTi=new.tariff_index
        )
        wires = self._issue("issueKeyChangeTokens", repr((present, new)), meterConfig=meter, newConfig=target)
        if not 2 <= len(wires) <= len(KEY_CHANGE_SUBCLASSES):
            raise SecurityModuleError("a key-change set of another length", expected="2 to 4", got=len(wires))
        for wire, subclass in zip(wires, KEY_CHANGE_SUBCLASSES, strict=False):
            self._check(present, wire, issuing.MANAGEMENT, subclass)
        advice = wires[0].newConfig
        if advice is not None and advice.toKen != new.key_expiry_number:
            raise SecurityModuleError(
                "the meter takes over another key expiry number", expected=new.key_expiry_number, got=advice.toKen
            )
        return tuple(IssuedToken(wire.tokenDec, None, wire.vkKcv) for wire in wires)

    def verify(self, configuration: StsConfiguration, digits: str) -> Token:
        result = self._ask("verifyToken", meterConfig=meter_config(configuration), tokenDec=digits)
        if result.validationResult in RESULT_OF_VALIDATION:
            raise TokenError(RESULT_OF_VALIDATION[result.validationResult], "the PrismToken service refuses the token")
        if result.validationResult == VERIFIED and result.meterTestToken is not None:
            test = result.meterTestToken
            return meter_test_of(test.subclass, test.control, test.mfrcode)
        if result.validationResult != VERIFIED or result.token is None:
            raise SecurityModuleError("an answer to verifyToken", got=result.validationResult[:40])
        wire = result.token
        amount = units_of(wire.tokenClass, wire.subclass, wire.transferAmount)
        return token_of(wire.tokenClass, wire.subclass, wire.tid, 0, amount)

    def load_licence(self, text: str) -> None:
        """Hand a transaction licence to the service."""
        self._ask("loadTransactionLicense", licenseText=text)

    def ping(self, echo: str = "", sleep_ms: int = 0) -> str:
        """What the service sends back."""
        with self._lock:
            return str(self._call("ping", sleepMs=sleep_ms, echo=echo))

    def close(self) -> None:
        with self._lock:
            if self._socket is not None:
                self._socket.close()
            self._socket = None

    def __repr__(self) -> str:
        return f"PrismTokenModule({self._host!r}, {self._port}, {self._who!r}, hidden)"

    def __reduce__(self) -> str:
        raise TypeError("a security module is not serialised")

    def _time(self, base_date: BaseDate, token: IdentifiedToken) -> tuple[int, int]:
        at_ms = issued_ms(base_date, token.token_identifier)
        if self._external_clock:
            return at_ms // 1000, EXTERNAL_CLOCK
        return (at_ms - BaseDate.Y1993.start_ms) // _MINUTE_MS, TID_ADJUST_BDT

    def _issue_test(self, token: Token) -> IssuedToken:
        subclass = class_and_subclass(token)[1]
        control, code = control_and_code(token)
        wire = self._ask("issueMeterTestToken", subclass=subclass, control=control, mfrcode=code)
        return IssuedToken(wire.tokenDec, token, "")

    def _check(self, configuration: StsConfiguration, wire: Any, token_class: int, subclass: int) -> None:
        """The answer must be to the question: money is about to be booked on it."""
        asked = (
            configuration.meter_pan.digits,
            int(configuration.supply_group_code),
            configuration.key_revision_number,
        )
        if (wire.pan, wire.sgc, wire.krn, wire.ti) != (*asked, configuration.tariff_index):
            raise SecurityModuleError("the service issued a token for another meter or key")
        if (wire.tokenClass, wire.subclass) != (token_class, subclass):
            raise SecurityModuleError("the service issued another kind of token")
        if len(wire.tokenDec) != TOKEN_DIGITS or not (wire.tokenDec.isascii() and wire.tokenDec.isdecimal()):
            raise SecurityModuleError("the service issued a token that is no 20 digits")

    # Calls

    def _issue(self, method: str, request: str, **arguments: Any) -> Sequence[Any]:
        """The tokens of a request: those that were issued for it before, or new ones."""
        identity = hashlib.sha256(f"{self._who}\n{method}\n{self._external_clock}\n{request}".encode()).hexdigest()
        message_id = f"F{identity[:_MESSAGE_ID_DIGITS]}"
        for attempt in itertools.count(1):
            try:
                return self._issue_once(method, message_id, arguments)
            except SecurityModuleUnavailable:
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError  # the loop ends by itself

    def _issue_once(self, method: str, message_id: str, arguments: dict[str, Any]) -> Sequence[Any]:
        try:
            tokens: Sequence[Any] = self._ask("fetchTokenResult", reqMessageId=message_id)
        except SecurityModuleError as error:
            if error.result != "ECacheMiss":
                raise
            tokens = self._ask(method, message_id, **arguments)
        return tokens

    def _ask(self, method: str, message_id: str | None = None, **arguments: Any) -> Any:
        """Call as somebody who is signed in; sign in again, once, if the credential has run out."""
        with self._lock:
            fresh = self._credential is None
            message = message_id or f"F{next(self._numbers)}"
            try:
                return self._call(method, messageId=message, accessToken=self._signed_in(), **arguments)
            except SecurityModuleError as error:
                if error.result != "EAuthentication.Token" or fresh:
                    raise
            self._credential = None
            return self._call(method, messageId=message, accessToken=self._signed_in(), **arguments)

    def _signed_in(self) -> HiddenText:
        if self._credential is None:
            result = self._call(
                "signInWithPassword",
                messageId=f"F{next(self._numbers)}",
                realm=self._realm,
                username=self._who,
                password=self._secret,
                sessionOpts=interface().SessionOptions(),
            )
            self._credential = HiddenText(result.accessToken)
        return self._credential

    def _call(self, method: str, **arguments: Any) -> Any:
        number = next(self._numbers) & 0x7FFF_FFFF
        try:
            connection = self._connected()
            connection.settimeout(self._timeout_s)
            connection.sendall(frame(encode_call(method, number, **arguments)))
            deadline = time.monotonic() + self._timeout_s
            length = frame_octets(receive_exactly(connection, FRAME_HEADER_OCTETS, deadline))
            result = decode_reply(receive_exactly(connection, length, deadline), method, number)
        except (OSError, DecodeError) as error:
            self.close()
            raise SecurityModuleUnavailable(
                f"the PrismToken service at {self._host}:{self._port} does not answer",
                got=str(error) or type(error).__name__,
            ) from None
        if result.ex1 is not None:
            raise error_of(result.ex1) from None
        if result.success is None:
            raise SecurityModuleError(f"the PrismToken service answers {method} with nothing")
        return result.success

    def _connected(self) -> socket.socket:
        if self._socket is None:
            connection = socket.create_connection((self._host, self._port), timeout=self._timeout_s)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_hostname=self._host)
            self._socket = connection
        return self._socket


def _registers(nodes: Sequence[Any]) -> tuple[VendingKeyRegister, ...]:
    found = {}
    for node in nodes:
        for name, line in node.info.items():
            if name.startswith(REGISTER_INFO):
                try:
                    register = register_of_info(line)
                except (ValueError, StsError):
                    continue  # written by something else, in a form of its own
                found[register.name] = register
    return tuple(found[name] for name in sorted(found))
