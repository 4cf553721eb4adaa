"""The driver of an STS6 security module on a serial line or behind a network port, by STS600-8-6.

The protocol numbers the vending key registers and does not say publicly how one asks what is in them, so which register holds
what is configured (`registers`). It has no message numbers either: an answer that comes late could be taken for the answer to
the next request, and a customer be given another's token. So after every silence, and on every new line, the driver asks for
the module's identification and throws away all that comes before the answer to that.

The module chooses the four random bits. A request made again carries the same token identifier, so that the meter takes only
one of two tokens. Test tokens need no key and are made here; money and verification have no publicly known form and are
refused.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from typing import Any, ClassVar, Final

import serial  # type: ignore[import-untyped]

from ferraris.kernel.clock import Clock, SystemClock
from ferraris.kernel.errors import DecodeError, FerrarisError
from ferraris.keys.security_module import issuing
from ferraris.keys.security_module.errors import (
    KeyTypeForbidden,
    RoleForbidden,
    SecurityModuleError,
    SecurityModuleUnavailable,
    TransactionsExhausted,
    VendingKeyExpired,
    VendingKeyNotFound,
)
from ferraris.keys.security_module.interface import IssuedToken, ModuleStatus
from ferraris.keys.security_module.sts600_8_6 import (
    ACCEPTED,
    CREDIT,
    GENERIC_ERROR,
    IDENTIFICATION,
    KEY_CHANGE,
    MANAGEMENT,
    STATUS_NAMES,
    Field,
    LineReader,
    decode_answer,
    encode_request,
    number,
    octets,
    printable,
)
from ferraris.keys.security_module.transfer import class_and_subclass, transfer_field
from ferraris.keys.security_module.vending_keys import VendingKeyRegister, register_of
from ferraris.sts import (
    CurrencyCreditToken,
    EncryptionAlgorithm,
    IdentifiedToken,
    StsConfiguration,
    StsError,
    Token,
    decode_token,
)

BAUD: Final = 9_600
TIMEOUT_S: Final = 5.0
ATTEMPTS: Final = 3
CARRIER_TYPE: Final = {EncryptionAlgorithm.EA07: 1, EncryptionAlgorithm.EA11: 2}
"""Token carrier types, as the public bench sends them."""
TOKEN_DIGITS: Final = 20
TOKEN_HEX_DIGITS: Final = 17
_HEX: Final = re.compile(r"[0-9A-Fa-f]+")
_DECIMAL: Final = re.compile(r"[0-9]+")
_READ_S: Final = 0.05
_FIELD_OCTETS: Final = 2
_LINE_BROKEN: Final = "20"

_OF_STATUS: Final[dict[str, type[SecurityModuleError]]] = {
    "28": VendingKeyNotFound,
    "41": VendingKeyExpired,
    "43": TransactionsExhausted,
    "44": KeyTypeForbidden,
    "98": RoleForbidden,
}


class SerialSecurityModule:
    """The module at `port`: a device, or a URL that pyserial knows (`socket://host:port`, `rfc2217://host:port`)."""

    driver: ClassVar[str] = "sts600-8-6"

    def __init__(
        self,
        port: str,
        registers: Mapping[int, VendingKeyRegister],
        *,
        baud: int = BAUD,
        timeout_s: float = TIMEOUT_S,
        clock: Clock | None = None,
    ) -> None:
        self._port = port
        self._numbers = {register.name: slot for slot, register in registers.items()}
        self._registers = {register.name: register for register in registers.values()}
        self._baud = baud
        self._timeout_s = timeout_s
        self._clock = clock or SystemClock()
        self._lock = threading.RLock()
        self._line: Any = None
        self._reader = LineReader()

    def status(self) -> ModuleStatus:
        try:
            with self._lock:
                self._connected()
                identity = self._synchronise()
            return ModuleStatus(identity or self._port, self.driver, True, None, self.registers())
        except FerrarisError as error:
            return ModuleStatus(self._port, self.driver, False, None, self.registers(), str(error))

    def registers(self) -> tuple[VendingKeyRegister, ...]:
        """The registers as they were configured."""
        return tuple(self._registers[name] for name in sorted(self._registers))

    def issue(self, configuration: StsConfiguration, token: Token) -> IssuedToken:
        issuing.check_issue(configuration, token)
        if not isinstance(token, IdentifiedToken):
            return issuing.issued(configuration, token, None, "")
        if isinstance(token, CurrencyCreditToken):
            raise SecurityModuleError("how STS600-8-6 carries money is not public", result="EService.Disabled")
        register = self._register(configuration)
        issuing.check_expiry(configuration, register, token)
        token_class, subclass = class_and_subclass(token)
        fields = self._request(
            CREDIT if token_class == issuing.CREDIT else MANAGEMENT,
            number(self._numbers[register.name]),
            printable(configuration.meter_pan.digits),
            number(configuration.tariff_index),
            number(configuration.encryption_algorithm),
            number(CARRIER_TYPE[configuration.encryption_algorithm]),
            number(subclass),
            octets(transfer_field(token), _FIELD_OCTETS),
            octets(token.token_identifier),
        )
        (digits,) = _tokens(fields[-2:], 1)
        return IssuedToken(digits, issuing.as_carried(configuration, token), register.check_value)

    def issue_key_change(self, present: StsConfiguration, new: StsConfiguration) -> tuple[IssuedToken, ...]:
        present_register, new_register = self._register(present), self._register(new)
        issuing.check_key_change(new, present_register, new_register, self._clock.now_ms())
        four = present.encryption_algorithm is EncryptionAlgorithm.EA11
        count = 4 if four else 3 if new.three_token_key_change else 2
        fields = self._request(
            KEY_CHANGE,
            number(self._numbers[present_register.name]),
            number(self._numbers[new_register.name]),
            printable(present.meter_pan.digits),
            number(present.tariff_index),
            number(present.encryption_algorithm),
            number(CARRIER_TYPE[present.encryption_algorithm]),
            number(new.tariff_index),
            number(count),
        )
        return tuple(IssuedToken(each, None, present_register.check_value) for each in _tokens(fields[-2:], count))

    def verify(self, configuration: StsConfiguration, digits: str) -> Token:
        """Test tokens only: they need no key."""
        try:
            return decode_token(digits, None)
        except StsError as error:
            if hasattr(error, "result"):
                raise
            raise SecurityModuleError(
                "how STS600-8-6 verifies a token is not public", result="EService.Disabled"
            ) from None

    def close(self) -> None:
        with self._lock:
            line, self._line = self._line, None
            if line is not None:
                line.close()

    def __repr__(self) -> str:
        return f"SerialSecurityModule({self._port!r})"

    def _register(self, configuration: StsConfiguration) -> VendingKeyRegister:
        name = register_of(configuration)
        if name not in self._registers:
            raise VendingKeyNotFound(f"no register is configured for supply group {name[0]}, key revision {name[1]}")
        issuing.check_register(configuration, self._registers[name])
        return self._registers[name]

    # The line

    def _request(self, header: str, *fields: Field) -> tuple[Field, ...]:
        """The fields of the answer. What was garbled on the line is asked again; what was refused is not."""
        line = encode_request(header, fields)
        with self._lock:
            for _ in range(ATTEMPTS):
                answer = self._exchange(line)
                if answer is not None:
                    return _accepted(header, *answer)
        raise SecurityModuleUnavailable(f"the line {self._port} garbles what it carries")

    def _exchange(self, line: bytes) -> tuple[str, str, tuple[Field, ...]] | None:
        """Header, status and fields of the answer; None when request or answer were garbled on the line."""
        self._connected()
        self._send(line)
        try:
            answer = decode_answer(self._next_line(self._deadline()))
        except DecodeError:
            self._synchronise()
            return None
        return None if answer[1] == _LINE_BROKEN else answer

    def _synchronise(self) -> str:
        """Throw away whatever is still to come of earlier requests; the module's identification."""
        self._send(encode_request(IDENTIFICATION))
        deadline = self._deadline()
        while True:
            try:
                header, _, fields = decode_answer(self._next_line(deadline))
            except DecodeError:
                continue
            if header in (IDENTIFICATION.replace("?", "!"), GENERIC_ERROR):
                return " ".join(value for _, value in fields)

    def _connected(self) -> None:
        if self._line is None:
            self._reader = LineReader()
            try:
                self._line = serial.serial_for_url(
                    self._port, baudrate=self._baud, timeout=_READ_S, write_timeout=self._timeout_s
                )
            except (OSError, ValueError) as error:
                raise SecurityModuleUnavailable(f"the line {self._port} cannot be opened", got=error) from None
            self._synchronise()

    def _send(self, line: bytes) -> None:
        try:
            self._line.write(line)
        except (OSError, ValueError) as error:
            raise self._gone(error) from None

    def _deadline(self) -> float:
        return time.monotonic() + self._timeout_s

    def _next_line(self, deadline: float) -> bytes:
        """The next line; one that came with another is thrown away, for there is only ever one answer."""
        while time.monotonic() < deadline:
            try:
                piece = self._line.read(max(1, self._line.in_waiting))
            except (OSError, ValueError) as error:
                raise self._gone(error) from None
            if lines := self._reader.receive(piece):
                return lines[-1]
        raise self._gone("no line in time")

    def _gone(self, why: object) -> SecurityModuleUnavailable:
        self.close()
        return SecurityModuleUnavailable(f"the security module at {self._port} does not answer", got=why)


def _accepted(header: str, answered: str, status: str, fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """The fields of an answer that says yes to the request."""
    if status != ACCEPTED:
        branch = _OF_STATUS.get(status, SecurityModuleError)
        raise branch("the security module refuses", got=f"{status} {STATUS_NAMES.get(status, fields)}")
    if answered != header.replace("?", "!"):
        raise SecurityModuleError("the security module answers something else", expected=header, got=answered)
    return fields


def _tokens(fields: tuple[Field, ...], count: int) -> tuple[str, ...]:
    """The tokens of an answer, which it has twice: in hexadecimal and in decimal digits."""
    if [kind for kind, _ in fields] != ["P", "P"]:
        raise SecurityModuleError("an answer without tokens", got=str(fields)[:80])
    in_hex, in_decimal = fields[0][1], fields[1][1]
    digits = tuple(in_decimal[start : start + TOKEN_DIGITS] for start in range(0, len(in_decimal), TOKEN_DIGITS))
    hexes = [in_hex[start : start + TOKEN_HEX_DIGITS] for start in range(0, len(in_hex), TOKEN_HEX_DIGITS)]
    written = all(map(_HEX.fullmatch, hexes)) and all(map(_DECIMAL.fullmatch, digits))
    same = written and [int(each, 16) for each in hexes] == [int(each) for each in digits]
    if not same or len(digits) != count or any(len(each) != TOKEN_DIGITS for each in digits):
        raise SecurityModuleError("an answer whose tokens are not what they should be", expected=f"{count} tokens")
    return digits
