"""Tokens before they have digits: what is decided, and kept, before the security module is asked.

A token is planned with its kind, its value, its token identifier and its random bits; the same plan gives the same token, however
often it is asked for. That is why a retry after any cut prints the same digits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from ferraris.kernel.entropy import Entropy
from ferraris.store import SoldTokenRow, VendingReader
from ferraris.sts import (
    IDENTIFIERS,
    QUANTITY_MAX,
    ClearCreditToken,
    ClearTamperToken,
    CreditToken,
    CurrencyCreditToken,
    EncryptionAlgorithm,
    ExtendedSetToken,
    MeterTestToken,
    PhaseUnbalanceToken,
    PowerLimitToken,
    Service,
    StsConfiguration,
    StsError,
    TariffRateToken,
    Token,
    WaterFactorToken,
    is_key_expired,
    ordinary_token_identifier,
    token_identifier_at,
)
from ferraris.vending.errors import AmountError, KeyExpiryError, TokenIdentifierError
from ferraris.vending.meters import Configured
from ferraris.vending.orders import EngineeringKind

KEY_CHANGE: Final = "key_change"
CREDIT_KINDS: Final = {f"credit_{service.name.lower()}": service for service in Service}
"""The kind of each credit token in units, by service."""
CURRENCY_KINDS: Final = {f"currency_{service.name.lower()}": service for service in Service}
"""The kind of each credit token in money, by service. Such a token has no random bits."""
_LONG_REFERENCE_DIGITS: Final = 13
_EXTENDED_VALUE_BITS: Final = 10
_EXTENDED_VALUE_MASK: Final = (1 << _EXTENDED_VALUE_BITS) - 1
_RANDOM_MASK: Final = 0xF
_FIELD_MAX: Final = 0xFFFF
_CONTROL_MAX: Final = (1 << 28) - 1
_VALUE_MAX: Final = {EngineeringKind.POWER_LIMIT: QUANTITY_MAX, EngineeringKind.PHASE_UNBALANCE: QUANTITY_MAX}

_MANAGEMENT: Final[dict[str, Callable[[int, int, int], Token]]] = {
    EngineeringKind.CLEAR_CREDIT: ClearCreditToken,
    EngineeringKind.CLEAR_TAMPER: lambda identifier, random, _value: ClearTamperToken(identifier, random),
    EngineeringKind.POWER_LIMIT: PowerLimitToken,
    EngineeringKind.PHASE_UNBALANCE: PhaseUnbalanceToken,
    EngineeringKind.TARIFF_RATE: TariffRateToken,
    EngineeringKind.WATER_FACTOR: WaterFactorToken,
    EngineeringKind.EXTENDED_SET: lambda identifier, random, value: ExtendedSetToken(
        identifier, random, value >> _EXTENDED_VALUE_BITS, value & _EXTENDED_VALUE_MASK
    ),
}


class TokenPlace(NamedTuple):
    """Which token of which order."""

    sale: int
    position: int


def planned_token(row: SoldTokenRow, configuration: StsConfiguration) -> Token:
    """The token that a row plans (not one of a key change, which the security module makes by itself)."""
    identifier = row.token_identifier or 0
    if row.kind in CREDIT_KINDS:
        return CreditToken(CREDIT_KINDS[row.kind], identifier, row.random, row.value)
    if row.kind in CURRENCY_KINDS:
        return CurrencyCreditToken(CURRENCY_KINDS[row.kind], identifier, row.value)
    if row.kind == EngineeringKind.METER_TEST:
        pan = configuration.meter_pan
        wide = len(pan.decoder_reference_number) == _LONG_REFERENCE_DIGITS
        return MeterTestToken(row.value, pan.manufacturer_code, wide)
    return _MANAGEMENT[row.kind](identifier, row.random, row.value)


def plan_token(
    reader: VendingReader,
    configured: Configured,
    place: TokenPlace,
    kind: str,
    value: int,
    now_ms: int,
    entropy: Entropy,
    ahead_max: int,
) -> SoldTokenRow:
    """A token for the meter with a token identifier that it never had, inside the transaction that will write it.

    Raises TokenIdentifierError or KeyExpiryError.
    """
    random, identifier = 0, None
    if kind != EngineeringKind.METER_TEST:
        random = entropy.octets(1)[0] & _RANDOM_MASK
        identifier = _next_identifier(reader, configured, now_ms, ahead_max)
    return SoldTokenRow(
        sale=place.sale,
        position=place.position,
        meter=configured.row.meter,
        kind=kind,
        configuration=configured.position,
        base_date=configured.row.base_date,
        token_identifier=identifier,
        random=random,
        value=value,
    )


def check_value(kind: EngineeringKind, value: int) -> None:
    """Raise AmountError for a value that a token of this kind cannot carry."""
    most = _CONTROL_MAX if kind is EngineeringKind.METER_TEST else _VALUE_MAX.get(kind, _FIELD_MAX)
    if not 0 <= value <= most:
        raise AmountError(f"{kind.value.replace('_', ' ')}: a value", expected=f"0 to {most}", got=value)


def plan_key_change(present: Configured, new: Configured, sale: int) -> list[SoldTokenRow]:
    """The set that leads from one configuration to the other, enciphered under the present one's key."""
    return [
        SoldTokenRow(
            sale=sale,
            position=position,
            meter=present.row.meter,
            kind=KEY_CHANGE,
            configuration=present.position,
            base_date=present.row.base_date,
            token_identifier=None,
            random=0,
            value=new.position,
        )
        for position in range(1, key_change_tokens(new.sts) + 1)
    ]


def key_change_tokens(new: StsConfiguration) -> int:
    """How many tokens the set has."""
    if new.encryption_algorithm is EncryptionAlgorithm.EA11:
        return 4
    return 3 if new.three_token_key_change else 2


def _next_identifier(reader: VendingReader, configured: Configured, now_ms: int, ahead_max: int) -> int:
    base_date = configured.sts.base_date
    try:
        present = token_identifier_at(base_date, now_ms)
    except StsError as error:
        raise TokenIdentifierError(f"no token identifier: {error}") from None
    last = reader.last_token_identifier(configured.row.meter, configured.row.base_date)
    identifier = ordinary_token_identifier(present if last is None else max(present, last + 1))
    if identifier - present > ahead_max:
        raise TokenIdentifierError(
            f"meter {configured.row.meter}: the next token identifier lies ahead of the clock; was the clock set back?",
            expected=f"at most {ahead_max} minutes",
            got=identifier - present,
        )
    if identifier >= IDENTIFIERS:
        raise TokenIdentifierError(
            f"base date {base_date.year} has no token identifier left: the meter needs a key change"
        )
    if is_key_expired(configured.row.key_expiry_number, identifier):
        raise KeyExpiryError(
            "the vending key has expired for tokens of this time",
            expected=f"key expiry number at least {identifier >> 16}",
            got=configured.row.key_expiry_number,
        )
    return identifier
