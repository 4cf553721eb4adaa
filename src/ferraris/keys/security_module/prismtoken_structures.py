"""Between the structures of the PrismToken interface and the words of STS: meters, tokens, errors, registers."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

from ferraris.kernel.errors import FerrarisError, StoreError
from ferraris.keys.security_module.errors import (
    KeyTypeForbidden,
    RoleForbidden,
    SecurityModuleError,
    SecurityModuleUnavailable,
    TransactionsExhausted,
    VendingKeyBeforeBaseDate,
    VendingKeyExpired,
    VendingKeyNotFound,
)
from ferraris.keys.security_module.interface import IssuedToken
from ferraris.keys.security_module.thrift_messages import interface
from ferraris.keys.security_module.transfer import (
    CURRENCY_SUBCLASS,
    KINDS,
    class_and_subclass,
    control_and_code,
    transfer_amount,
)
from ferraris.keys.security_module.vending_keys import VendingKeyRegister
from ferraris.sts import (
    CURRENCY_UNIT,
    QUANTITY_UNIT,
    BaseDate,
    EncryptionAlgorithm,
    IdentifiedToken,
    KeyDerivation,
    KeyType,
    MeterPan,
    StsConfiguration,
    StsError,
    Token,
    TokenResult,
    is_special_reserved,
)

NUMERIC_CARRIER: Final = 2
"""Token carrier type of tokens that a customer types."""
UNIT_NAMES: Final = ("kWh", "m3", "m3", "min")
KEY_CHANGE_CLASS: Final = 2
KEY_CHANGE_SUBCLASSES: Final = (3, 4, 8, 9)
REGISTER_INFO: Final = "register."
"""Names under which our service lists its registers in a node's status; those of the vendor's are not public."""

OF_CODE: Final[dict[str, type[SecurityModuleError]]] = {
    branch.default_result: branch
    for branch in (
        KeyTypeForbidden,
        RoleForbidden,
        SecurityModuleUnavailable,
        TransactionsExhausted,
        VendingKeyBeforeBaseDate,
        VendingKeyExpired,
        VendingKeyNotFound,
    )
}
"""The branch of our errors for each code of the interface that a caller must know; any other is a SecurityModuleError."""
OF_CODE["EVerify.KeyExpired"] = VendingKeyExpired

VALIDATION: Final = {
    TokenResult.CRC_ERROR: "EVerify.Crc",
    TokenResult.DDTK_ERROR: "EVerify.DdtkCredit",
    TokenResult.KEY_EXPIRED_ERROR: "EVerify.KeyExpired",
}
"""What a verification comes to, in the interface's words; other results are not among them."""
VERIFIED: Final = "EVerify.Ok"
RESULT_OF_VALIDATION: Final = {code: result for result, code in VALIDATION.items()}


def meter_config(configuration: StsConfiguration) -> Any:
    """The meter as the interface has it, with every change on the way forbidden: the caller asks for key changes itself."""
    return interface().MeterConfigIn(
        drn=configuration.meter_pan.decoder_reference_number,
        ea=int(configuration.encryption_algorithm),
        tct=NUMERIC_CARRIER,
        sgc=int(configuration.supply_group_code),
        krn=configuration.key_revision_number,
        ti=configuration.tariff_index,
        allowKrnUpdate=False,
        ken=configuration.key_expiry_number,
        allow3Kct=configuration.three_token_key_change,
        allowKenUpdate=False,
    )


def configuration_of(meter: Any, register: VendingKeyRegister, *, ken: int | None = None) -> StsConfiguration:
    """The meter's configuration under the vending key in `register`. Raises SecurityModuleError, by the interface's codes."""
    try:
        pan = MeterPan.parse(meter.drn)
    except StsError as error:
        code = "ESts.DrnOrPan.CheckDigit" if "check digit" in error.summary else "ESts.DrnOrPan"
        raise SecurityModuleError("the meter's number", result=code, got=meter.drn[:40]) from None
    try:
        return StsConfiguration(
            pan,
            EncryptionAlgorithm(meter.ea),
            register.supply_group_code,
            register.key_revision_number,
            register.key_type,
            meter.ti,
            register.base_date,
            meter.ken if ken is None else ken,
            register.derivation,
            bool(meter.allow3Kct),
        )
    except (StsError, ValueError) as error:
        raise SecurityModuleError(f"the meter's configuration: {error}", result="EParamRange") from None


def wire_token(configuration: StsConfiguration, issued: IssuedToken, *, carrier: int, module: str) -> Any:
    """The interface's token, of credit or management."""
    token = issued.token
    assert isinstance(token, IdentifiedToken)
    kind = class_and_subclass(token)
    wire = _bare_token(configuration, issued, carrier, module, kind)
    wire.tid = token.token_identifier
    wire.isReservedTid = is_special_reserved(token.token_identifier)
    wire.transferAmount = float(transfer_amount(token) * (CURRENCY_UNIT if _is_money(*kind) else 1))
    wire.description = KINDS[kind].description
    wire.stsUnitName = wire.scaledUnitName = _unit(*kind)
    wire.scaledAmount = f"{transfer_amount(token) * _unit_size(*kind):f}"
    return wire


def wire_key_change_token(
    configuration: StsConfiguration, issued: IssuedToken, subclass: int, *, carrier: int, module: str
) -> Any:
    """The interface's token of a key-change set, which has neither identifier nor amount."""
    wire = _bare_token(configuration, issued, carrier, module, (KEY_CHANGE_CLASS, subclass))
    wire.description = f"KeyChange:Section{subclass}"
    return wire


def _bare_token(
    configuration: StsConfiguration, issued: IssuedToken, carrier: int, module: str, kind: tuple[int, int]
) -> Any:
    return interface().Token(
        drn=configuration.meter_pan.decoder_reference_number,
        pan=configuration.meter_pan.digits,
        ea=int(configuration.encryption_algorithm),
        tct=carrier,
        sgc=int(configuration.supply_group_code),
        krn=configuration.key_revision_number,
        ti=configuration.tariff_index,
        tokenClass=kind[0],
        subclass=kind[1],
        tid=0,
        transferAmount=0.0,
        isReservedTid=False,
        description="",
        stsUnitName="",
        scaledAmount="0",
        scaledUnitName="",
        tokenDec=issued.digits,
        tokenHex=f"{int(issued.digits):017X}",
        idSm=module,
        vkKcv=issued.check_value,
    )


def wire_test_token(pan: MeterPan, token: Token, digits: str) -> Any:
    """The interface's test token."""
    token_class, subclass = class_and_subclass(token)
    control, code = control_and_code(token)
    return interface().MeterTestToken(
        drn=pan.decoder_reference_number,
        pan=pan.digits,
        tokenClass=token_class,
        subclass=subclass,
        control=control,
        mfrcode=code,
        description=f"InitiateMeterTest:{subclass}",
        tokenDec=digits,
        tokenHex=f"{int(digits):017X}",
    )


def wire_amount(token_class: int, subclass: int, amount: int) -> float:
    """An amount as the interface carries it: whole units, money in the base currency with five decimal places.

    The interface carries it as a floating number. One that such a number cannot hold exactly is refused, not rounded.
    """
    carried = float(amount * CURRENCY_UNIT if _is_money(token_class, subclass) else amount)
    if units_of(token_class, subclass, carried) != amount:
        raise SecurityModuleError("an amount that the PrismToken interface cannot carry exactly", result="EParamRange")
    return carried


def units_of(token_class: int, subclass: int, amount: float) -> int:
    """The amount of a request in whole units. A number that is none, or has a fraction, is refused."""
    exact = Decimal(repr(amount))
    units = exact / CURRENCY_UNIT if exact.is_finite() and _is_money(token_class, subclass) else exact
    if not units.is_finite() or units != units.to_integral_value():
        raise SecurityModuleError("an amount", result="EParamRange", expected="a whole number of units", got=amount)
    return int(units)


def api_exception(error: FerrarisError) -> Any:
    """The interface's exception for one of ours. The text is printable ASCII."""
    code = error.result if isinstance(error, SecurityModuleError) else "EParamRange"
    if isinstance(error, StoreError):
        code = SecurityModuleUnavailable.default_result  # our memory fails: the same request may do better later
    return interface().ApiException(eCode=code, eMsgEn=str(error).encode("ascii", errors="replace").decode()[:500])


def error_of(exception: Any) -> SecurityModuleError:
    """Our error for the interface's exception."""
    branch = OF_CODE.get(exception.eCode, SecurityModuleError)
    return branch(f"the PrismToken service: {exception.eMsgEn[:200]}", result=exception.eCode[:40])


_REGISTER_INFO: Final = re.compile(r"([0-9]{6}) ([0-9]{1,3}) ([0-9]) ([0-9]{2}) ([0-9]{1,3}) ([0-9]{1,2}) ([!-~]+)")


def register_info(register: VendingKeyRegister) -> str:
    """A register in one line of a node's status."""
    return (
        f"{register.supply_group_code} {register.key_revision_number} {int(register.key_type)} {register.base_date.code} "
        f"{register.key_expiry_number} {int(register.derivation)} {register.check_value}"
    )


def register_of_info(line: str) -> VendingKeyRegister:
    """The register that `register_info` wrote. Raises ValueError or StsError."""
    found = _REGISTER_INFO.fullmatch(line)
    if found is None:
        raise ValueError("not a register in one line")
    code, revision, kind, base_date, expiry, derivation, check = found.groups()
    return VendingKeyRegister(
        code,
        int(revision),
        KeyType(int(kind)),
        BaseDate(int(base_date)),
        int(expiry),
        KeyDerivation(int(derivation)),
        check,
    )


def _is_money(token_class: int, subclass: int) -> bool:
    return token_class == 0 and subclass >= CURRENCY_SUBCLASS


def _unit_size(token_class: int, subclass: int) -> Decimal:
    if _is_money(token_class, subclass):
        return CURRENCY_UNIT
    return QUANTITY_UNIT if token_class == 0 else Decimal(1)


def _unit(token_class: int, subclass: int) -> str:
    if token_class == 0:
        return UNIT_NAMES[subclass] if subclass < CURRENCY_SUBCLASS else "currency"
    return "W" if (token_class, subclass) in {(2, 0), (2, 6)} else ""
