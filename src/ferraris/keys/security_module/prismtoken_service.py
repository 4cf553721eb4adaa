"""A PrismToken service over any security module: what it answers to each call of the interface, version 1.1.

Existing vending software speaks this interface to a hardware module; here it speaks it to whatever module Ferraris has.
Behaviour follows the public description of the interface, and these are the places where it had to choose:

- A call that issues tokens and comes again with the same message id gives the same tokens again (the vendor's service wants
  to be asked by fetchTokenResult; both work). The same id with another request is refused.
- Which vending key: the one of supply group code and key revision number, by key type in the order unique, common, default.
- The latest key revision for `allowKrnUpdate` is the highest one in force now.
- issueDitkChangeTokens takes the module's one initialisation key, and is refused where there is none.
- The four random bits are drawn here.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from ferraris.kernel.clock import Clock
from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import FerrarisError
from ferraris.keys.security_module import issuing
from ferraris.keys.security_module.errors import SecurityModuleError, VendingKeyBeforeBaseDate, VendingKeyNotFound
from ferraris.keys.security_module.interface import IssuedToken, SecurityModule
from ferraris.keys.security_module.prismtoken_access import Client, PrismTokenAccess
from ferraris.keys.security_module.prismtoken_memory import PrismTokenMemory
from ferraris.keys.security_module.prismtoken_structures import (
    KEY_CHANGE_SUBCLASSES,
    REGISTER_INFO,
    VALIDATION,
    VERIFIED,
    api_exception,
    configuration_of,
    register_info,
    units_of,
    wire_key_change_token,
    wire_test_token,
    wire_token,
)
from ferraris.keys.security_module.thrift_messages import (
    decode_call,
    decode_reply,
    encode_reply,
    encode_unknown_method,
    interface,
)
from ferraris.keys.security_module.transfer import meter_test_of, token_of
from ferraris.keys.security_module.vending_keys import VendingKeyRegister
from ferraris.sts import (
    BaseDate,
    EncryptionAlgorithm,
    IdentificationRecord,
    IdentifiedToken,
    KeyType,
    MeterPan,
    StsConfiguration,
    StsError,
    TokenError,
    is_special_reserved,
    token_identifier_at,
)

EXTERNAL_CLOCK: Final = 1
TID_ADJUST_BDT: Final = 2
SPECIAL_RESERVED: Final = 4
PING_MS_MAX: Final = 60_000
PING_CHARACTERS_MAX: Final = 65_535
GENERIC_METER: Final = MeterPan.from_reference("00000000000")
"""Named in test tokens, which are for any meter."""
GENERIC_CONFIGURATION: Final = StsConfiguration(
    GENERIC_METER, EncryptionAlgorithm.EA11, "000000", 1, KeyType.DUTK, 0, BaseDate.Y2014
)
_IDENTIFIER: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_\-.,]{0,39}")
_PATTERN: Final = re.compile(r"[0-9*?]{1,18}")
_MINUTE_MS: Final = 60_000
_DAY_MINUTES: Final = 1_440
_KEY_TYPES: Final = (KeyType.DUTK, KeyType.DCTK, KeyType.DDTK)
_ISSUING: Final = frozenset({"issueCreditToken", "issueMseToken", "issueKeyChangeTokens", "issueDitkChangeTokens"})


@dataclass(frozen=True, slots=True)
class Answer:
    """The message to send back, and how long to wait before: the ping's own wish."""

    message: bytes
    delay_ms: int = 0


class PrismTokenService:
    """Answers messages. `compliance_mode` allows ctsResetTidList, which nobody wants in service."""

    def __init__(
        self,
        access: PrismTokenAccess,
        memory: PrismTokenMemory,
        clock: Clock,
        entropy: Entropy,
        *,
        compliance_mode: bool = False,
    ) -> None:
        self._access = access
        self._memory = memory
        self._clock = clock
        self._entropy = entropy
        self._compliance_mode = compliance_mode
        self._issuing = threading.Lock()
        self._methods: dict[str, Callable[[Client, Any], Any]] = {
            "getStatus": self._get_status,
            "parseIdRecord": self._parse_id_record,
            "loadTransactionLicense": self._load_licence,
            "issueCreditToken": lambda client, call: self._issue(client, call, issuing.CREDIT),
            "issueMeterTestToken": self._issue_meter_test,
            "issueMseToken": lambda client, call: self._issue(client, call, issuing.MANAGEMENT),
            "issueKeyChangeTokens": self._issue_key_change,
            "verifyToken": self._verify,
            "issueDitkChangeTokens": self._issue_initial_key_change,
            "fetchTokenResult": self._fetch_result,
            "ctsResetTidList": self._reset_identifiers,
        }

    def answer(self, message: bytes) -> Answer:
        """The answer to a call. Raises DecodeError for what is no call: there is nothing to answer then."""
        method, sequence, call = decode_call(message)
        if call is None:
            return Answer(encode_unknown_method(method[:40], sequence))
        try:
            if method == "ping":
                return self._ping(sequence, call)
            return Answer(self._reply(method, sequence, call))
        except FerrarisError as error:
            return Answer(encode_reply(method, sequence, error=api_exception(error)))

    def close(self) -> None:
        self._access.close()
        self._memory.close()

    def _ping(self, sequence: int, call: Any) -> Answer:
        if not 0 <= call.sleepMs <= PING_MS_MAX or len(call.echo) > PING_CHARACTERS_MAX:
            raise SecurityModuleError("a ping", result="EParamRange")
        return Answer(encode_reply("ping", sequence, success=call.echo), call.sleepMs)

    def _reply(self, method: str, sequence: int, call: Any) -> bytes:
        _check_identifier("messageId", call.messageId)
        if method == "signInWithPassword":
            return encode_reply(method, sequence, success=self._sign_in(call))
        client = self._access.client(call.accessToken)
        if method not in _ISSUING:
            return encode_reply(method, sequence, success=self._methods[method](client, call))
        with self._issuing:
            request = _request_digest(method, call)
            known = self._memory.result(client.who, call.messageId)
            if known is not None and known[0] != request:
                raise SecurityModuleError("the message id was used for another request", result="EParamRange")
            if known is not None:
                return encode_reply(method, sequence, success=_tokens_of(known[1]))
            tokens = self._methods[method](client, call)
            kept = encode_reply("fetchTokenResult", 0, success=tokens)
            self._memory.keep_result(client.who, call.messageId, request, kept)
        return encode_reply(method, sequence, success=tokens)

    def _sign_in(self, call: Any) -> Any:
        _check_identifier("username", call.username)
        major, _, minor = call.sessionOpts.version.partition(".")
        if major != "1" or minor not in {"0", "1"}:
            raise SecurityModuleError(
                "the client's version", result="ESignin.Version", expected="1.1", got=f"{major}.{minor}"[:20]
            )
        return interface().SignInResult(accessToken=self._access.sign_in(call.realm, call.username, call.password))

    # What a client asks about

    def _get_status(self, client: Client, _: Any) -> list[Any]:
        status = client.module.status()
        left = "unlimited" if status.transactions_left is None else str(status.transactions_left)
        info = {"name": status.name, "driver": status.driver, "transactionsLeft": left}
        info |= {f"{REGISTER_INFO}{n}": register_info(each) for n, each in enumerate(status.registers, start=1)}
        alerts = [interface().Alert(eCode="ESm.Unavailable", eMsgEn=status.alert)] if not status.reachable else []
        return [interface().NodeStatus(info=info, alerts=alerts)]

    def _parse_id_record(self, client: Client, call: Any) -> Any:
        try:
            record = IdentificationRecord.parse(call.idRecord.strip("\x02\x03"))
        except StsError as error:
            raise SecurityModuleError(str(error), result="ESts.IdRecord") from None
        if record.is_expired(self._clock.now_ms()):
            raise SecurityModuleError("the meter's identification has expired", result="ESts.IdRecord.Expired")
        register = _register(client.module, int(record.supply_group_code), record.key_revision_number)
        return interface().MeterConfigIn(
            drn=record.meter_pan.decoder_reference_number,
            ea=int(record.encryption_algorithm),
            tct=record.token_carrier_type,
            sgc=int(record.supply_group_code),
            krn=record.key_revision_number,
            ti=record.tariff_index,
            ken=register.key_expiry_number,
            doe=record.idrecord[18:22],
        )

    def _load_licence(self, client: Client, call: Any) -> bool:
        load = getattr(client.module, "load_licence", None)
        if load is None:
            raise SecurityModuleError("this module takes no licence", result="EService.Disabled")
        load(call.licenseText)
        return True

    def _verify(self, client: Client, call: Any) -> Any:
        register = _register(client.module, call.meterConfig.sgc, call.meterConfig.krn)
        configuration = configuration_of(call.meterConfig, register)
        try:
            token = client.module.verify(configuration, call.tokenDec)
        except TokenError as error:
            if error.result not in VALIDATION:
                raise SecurityModuleError(str(error), result="EParamRange") from None
            return interface().VerifyResult(validationResult=VALIDATION[error.result])
        if not isinstance(token, IdentifiedToken):
            test = wire_test_token(configuration.meter_pan, token, call.tokenDec)
            return interface().VerifyResult(validationResult=VERIFIED, meterTestToken=test)
        shown = IssuedToken(call.tokenDec, token, register.check_value)
        wire = wire_token(configuration, shown, carrier=call.meterConfig.tct, module=client.module.status().name)
        return interface().VerifyResult(validationResult=VERIFIED, token=wire)

    def _fetch_result(self, client: Client, call: Any) -> Any:
        known = self._memory.result(client.who, call.reqMessageId)
        if known is None:
            raise SecurityModuleError("no result of this message id is kept", result="ECacheMiss")
        return _tokens_of(known[1])

    def _reset_identifiers(self, client: Client, call: Any) -> list[str]:
        if not self._compliance_mode:
            raise SecurityModuleError(
                "token identifiers are forgotten in compliance tests only", result="EService.Disabled"
            )
        if not _PATTERN.fullmatch(call.panPattern):
            raise SecurityModuleError("a pattern of PANs", result="EParamRange", got=call.panPattern[:40])
        return [MeterPan.parse(pan).decoder_reference_number for pan in self._memory.reset(call.panPattern)]

    # Tokens

    def _issue(self, client: Client, call: Any, token_class: int) -> list[Any]:
        register = _register(client.module, call.meterConfig.sgc, call.meterConfig.krn)
        configuration = configuration_of(call.meterConfig, register)
        amount = units_of(token_class, call.subclass, call.transferAmount)
        token_of(token_class, call.subclass, 0, 0, amount)  # refused before an identifier is taken
        target = self._target(client.module, call.meterConfig, call.meterConfig.newConfig)
        wires = self._change_key(client, call.meterConfig, configuration, target)
        if wires:
            configuration = target
        identifier = self._identifier(configuration, call)
        token = token_of(token_class, call.subclass, identifier, self._entropy.octets(1)[0] & 0xF, amount)
        issued = client.module.issue(configuration, token)
        name = client.module.status().name
        return [*wires, wire_token(configuration, issued, carrier=call.meterConfig.tct, module=name)]

    def _issue_meter_test(self, client: Client, call: Any) -> Any:
        token = meter_test_of(call.subclass, call.control, call.mfrcode)
        issued = client.module.issue(GENERIC_CONFIGURATION, token)
        return wire_test_token(GENERIC_METER, token, issued.digits)

    def _issue_key_change(self, client: Client, call: Any) -> list[Any]:
        register = _register(client.module, call.meterConfig.sgc, call.meterConfig.krn)
        configuration = configuration_of(call.meterConfig, register)
        target = self._target(client.module, call.meterConfig, call.newConfig)
        return self._change_key(client, call.meterConfig, configuration, target, always=True)

    def _issue_initial_key_change(self, client: Client, call: Any) -> list[Any]:
        initial = [each for each in client.module.registers() if each.key_type is KeyType.DITK]
        if len(initial) != 1:
            raise SecurityModuleError("this module initialises no meters", result="EService.Disabled")
        new_register = _register(client.module, call.meterConfig.sgc, call.meterConfig.krn)
        new = configuration_of(call.meterConfig, new_register, ken=new_register.key_expiry_number)
        present = replace(configuration_of(call.meterConfig, initial[0]), key_derivation=new.key_derivation)
        return self._change_key(client, call.meterConfig, present, new, always=True)

    def _target(self, module: SecurityModule, meter: Any, wanted: Any) -> StsConfiguration:
        """What the meter is to become: as asked for, under the latest key if that is allowed."""
        code, revision, index = meter.sgc, meter.krn, meter.ti
        if wanted is not None:
            code, revision, index = wanted.toSgc, wanted.toKrn, wanted.toTi
        if meter.allowKrnUpdate:
            revision = max([revision, *self._revisions_in_force(module, code)])
        register = _register(module, code, revision)
        changed = (code, revision, index) != (meter.sgc, meter.krn, meter.ti)
        ken = register.key_expiry_number if changed or meter.allowKenUpdate else meter.ken
        return replace(configuration_of(meter, register, ken=ken), tariff_index=_index(index))

    def _revisions_in_force(self, module: SecurityModule, code: int) -> list[int]:
        found = []
        for register in module.registers():
            if int(register.supply_group_code) == code and register.key_type in _KEY_TYPES:
                try:
                    issuing.check_in_force(register, self._clock.now_ms())
                except SecurityModuleError:
                    continue
                found.append(register.key_revision_number)
        return found

    def _change_key(
        self, client: Client, meter: Any, present: StsConfiguration, new: StsConfiguration, *, always: bool = False
    ) -> list[Any]:
        """The key-change set from `present` to `new`; none when nothing changes."""
        if new == present and not always:
            return []
        name = client.module.status().name
        set_of_tokens = client.module.issue_key_change(present, new)
        wires = [
            wire_key_change_token(present, issued, subclass, carrier=meter.tct, module=name)
            for issued, subclass in zip(set_of_tokens, KEY_CHANGE_SUBCLASSES, strict=False)
        ]
        wires[0].newConfig = self._advice(client.module, meter, present, new)
        return wires

    def _advice(self, module: SecurityModule, meter: Any, present: StsConfiguration, new: StsConfiguration) -> Any:
        record = IdentificationRecord(
            new.meter_pan,
            new.encryption_algorithm,
            new.supply_group_code,
            new.key_revision_number,
            new.tariff_index,
            meter.tct,
        )
        code = int(new.supply_group_code)
        return interface().MeterConfigAdvice(
            toSgc=code,
            toKrn=new.key_revision_number,
            toTi=new.tariff_index,
            toKen=new.key_expiry_number,
            idRecord=record.idrecord,
            record2=record.record2,
            rollover=new.base_date != present.base_date,
            toVkKcv=_register(module, code, new.key_revision_number).check_value,
        )

    def _identifier(self, configuration: StsConfiguration, call: Any) -> int:
        """The token identifier of a request, by its time and flags; never one that the meter was given before."""
        flags, base_date, pan = call.flags, configuration.base_date, configuration.meter_pan.digits
        if flags & ~7 or (flags & TID_ADJUST_BDT and flags & (EXTERNAL_CLOCK | SPECIAL_RESERVED)):
            raise SecurityModuleError("flags that do not go together", result="EParamRange", got=flags)
        if flags & TID_ADJUST_BDT:
            identifier = _at(base_date, BaseDate.Y1993.start_ms + call.tokenTime * _MINUTE_MS)
            self._memory.note_identifier(pan, int(base_date), identifier)
            return identifier
        now_ms = call.tokenTime * 1000 if flags & EXTERNAL_CLOCK else self._clock.now_ms()
        identifier = _at(base_date, now_ms)
        if flags & SPECIAL_RESERVED:
            identifier += 1 - identifier % _DAY_MINUTES
            assert is_special_reserved(identifier)
            return identifier
        return self._memory.take_identifier(pan, int(base_date), identifier)


def _at(base_date: BaseDate, at_ms: int) -> int:
    if at_ms < base_date.start_ms:
        raise VendingKeyBeforeBaseDate("a token time before the vending key's base date", expected=base_date.year)
    try:
        return token_identifier_at(base_date, at_ms)
    except StsError as error:
        raise SecurityModuleError(str(error), result="EParamRange") from None


def _register(module: SecurityModule, code: int, revision: int) -> VendingKeyRegister:
    """The register of a supply group code and a key revision number."""
    found = {
        each.key_type: each
        for each in module.registers()
        if (int(each.supply_group_code), each.key_revision_number) == (code, revision)
    }
    for key_type in _KEY_TYPES:
        if key_type in found:
            return found[key_type]
    raise VendingKeyNotFound(f"no vending key for supply group {code}, key revision {revision}")


def _index(index: int) -> int:
    if index not in range(100):
        raise SecurityModuleError("a tariff index", result="EParamRange", expected="0 to 99", got=index)
    return index


def _check_identifier(name: str, text: str) -> None:
    if not _IDENTIFIER.fullmatch(text):
        raise SecurityModuleError(f"the parameter {name}", result="EParamRange", got=repr(text[:40]))


def _request_digest(method: str, call: Any) -> bytes:
    """What a request asks for, without who asks and how it is called."""
    asked = {name: value for name, value in vars(call).items() if name not in {"messageId", "accessToken"}}
    return hashlib.sha256(f"{method} {sorted(asked.items())!r}".encode()).digest()


def _tokens_of(kept: bytes) -> list[Any]:
    tokens: list[Any] = decode_reply(kept, "fetchTokenResult", 0).success
    return tokens
