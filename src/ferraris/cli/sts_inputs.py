"""One row of a vector file: its meter, its key, its token, from the names that such files use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from ferraris.kernel.errors import ConfigError
from ferraris.sts import (
    KEY_NEVER_EXPIRES,
    BaseDate,
    ClearCreditToken,
    ClearTamperToken,
    CreditToken,
    CurrencyCreditToken,
    DecoderKey,
    EncryptionAlgorithm,
    ExtendedReadToken,
    ExtendedSetToken,
    KeyDerivation,
    KeyType,
    MeterPan,
    MeterTestToken,
    PhaseUnbalanceToken,
    PowerLimitToken,
    Service,
    StaTables,
    StsConfiguration,
    StsError,
    TariffRateToken,
    Token,
    WaterFactorToken,
    currency_units,
    decode_currency,
    decode_quantity,
    derive_decoder_key,
    ordinary_token_identifier,
    tenths,
    token_identifier_at,
    token_of_block,
    whole,
)

Inputs = Mapping[str, Any]
CREDIT, DISPLAY, MANAGE = 0, 1, 2
CURRENCY_SUBCLASS: Final = 4
BLOCK_BITS: Final = 64
TOKEN_BITS: Final = 66
LICENSED: Final = (
    "a token of EA07 needs the operator's licensed tables (--sta-tables FILE, or the setting sts.sta_tables): "
    'with the sample tables, for which "tables" says "sample", no real meter takes it'
)


_HEXADECIMAL: Final = re.compile(r"[0-9A-Fa-f]{1,64}")


def number(inputs: Inputs, name: str, default: int | None = None) -> int:
    """An integer, written as one or in decimal digits."""
    value = inputs.get(name, default)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 40:
        return int(value)
    raise ConfigError(f"the input {name}", expected="an integer", got=_named(value))


def hexadecimal(inputs: Inputs, name: str, bits: int = BLOCK_BITS) -> int:
    """A number of at most so many bits, in hexadecimal digits."""
    text = inputs.get(name)
    if isinstance(text, str) and _HEXADECIMAL.fullmatch(text) and int(text, 16) < 1 << bits:
        return int(text, 16)
    raise ConfigError(f"the input {name}", expected=f"{bits} bits in hexadecimal digits", got=_named(text))


def class_of(inputs: Inputs) -> int:
    """The class of a row's token."""
    token_class = number(inputs, "token_class", CREDIT)
    if token_class not in (CREDIT, DISPLAY, MANAGE):
        raise ConfigError("the input token_class", expected="0, 1 or 2", got=token_class)
    return token_class


def octets(inputs: Inputs, name: str) -> bytes:
    """Octets in hexadecimal digits. The error does not repeat them: they may be a key."""
    try:
        return bytes.fromhex(inputs[name])
    except (KeyError, TypeError, ValueError):
        raise ConfigError(f"the input {name}", expected="octets in hexadecimal digits") from None


def _named(value: object) -> str:
    return "nothing" if value is None else repr(value)[:40]


def _one_of(kind: Any, inputs: Inputs, name: str, default: int | None = None) -> Any:
    value = number(inputs, name, default)
    try:
        return kind(value)
    except ValueError:
        raise ConfigError(f"the input {name}", expected=", ".join(str(int(each)) for each in kind), got=value) from None


def algorithm_of(inputs: Inputs) -> EncryptionAlgorithm:
    """The encryption algorithm of a row; where it says none, the one that its key derivation is for."""
    usual = EncryptionAlgorithm.EA11 if number(inputs, "dkga", 4) == KeyDerivation.DKGA04 else EncryptionAlgorithm.EA07
    algorithm: EncryptionAlgorithm = _one_of(EncryptionAlgorithm, inputs, "ea", usual)
    return algorithm


def configuration_of(inputs: Inputs) -> StsConfiguration:
    """The meter of a row: pan, ea, sgc, krn, kt, ti, base_date, and where given ken, dkga, three_token_key_change."""
    return StsConfiguration(
        MeterPan.parse(str(inputs.get("pan", inputs.get("drn", "")))),
        algorithm_of(inputs),
        str(inputs.get("sgc", "")),
        number(inputs, "krn"),
        _one_of(KeyType, inputs, "kt", KeyType.DUTK),
        number(inputs, "ti"),
        BaseDate.of_year(number(inputs, "base_date", BaseDate.Y1993.year)),
        number(inputs, "ken", KEY_NEVER_EXPIRES),
        _one_of(KeyDerivation, inputs, "dkga", KeyDerivation.DKGA04),
        bool(inputs.get("three_token_key_change", False)),
    )


def tables_of(inputs: Inputs, tables: StaTables) -> StaTables:
    """The tables that a row works with: those the operator gave, or where it says so the sample ones."""
    if inputs.get("tables") == "sample":
        return StaTables.SAMPLE
    if tables.is_sample:
        raise StsError(LICENSED)
    return tables


def key_of(inputs: Inputs, tables: StaTables) -> DecoderKey:
    """The decoder key of a row: derived from `vk`, or given as `decoder_key`."""
    algorithm = algorithm_of(inputs)
    chosen = tables_of(inputs, tables) if algorithm is EncryptionAlgorithm.EA07 else StaTables.SAMPLE
    if "vk" not in inputs:
        return DecoderKey(algorithm, octets(inputs, "decoder_key"), chosen)
    return derived_key(inputs, chosen)


def derived_key(inputs: Inputs, tables: StaTables) -> DecoderKey:
    """The decoder key that `vk` and the meter give."""
    unverified = inputs.get("unverified") is True
    return derive_decoder_key(octets(inputs, "vk"), configuration_of(inputs), tables=tables, unverified=unverified)


def token_of(inputs: Inputs) -> Token:
    """The token of a row, from what it says; from its `block` only where it says nothing else."""
    token_class, subclass = class_of(inputs), number(inputs, "subclass", 0)
    if token_class == DISPLAY and "control" in inputs:
        return _clear_token(inputs, subclass)
    of_money = token_class == CREDIT and subclass >= CURRENCY_SUBCLASS
    told = ("amount_text" in inputs and (of_money or "rnd" in inputs)) or ("field16" in inputs and "rnd" in inputs)
    if token_class != DISPLAY and told and ("tid" in inputs or "issue" in inputs):
        return _identified_token(inputs, token_class, subclass)
    if "block" not in inputs:
        raise ConfigError(
            "a row without its token", expected="control, or tid and rnd with amount_text or field16, or block"
        )
    algorithm = None if token_class == DISPLAY else algorithm_of(inputs)
    return token_of_block(token_class, hexadecimal(inputs, "block"), algorithm)


def _clear_token(inputs: Inputs, subclass: int) -> Token:
    control, maker = hexadecimal(inputs, "control"), number(inputs, "mfr_code", 0)
    if subclass == 2:
        return ExtendedReadToken(control, maker)
    if subclass not in (0, 1):
        raise ConfigError("the input subclass", expected="0, 1 or 2", got=subclass)
    return MeterTestToken(control, maker, wide=subclass == 1)


def _identifier(inputs: Inputs) -> int:
    if "tid" in inputs:
        return number(inputs, "tid")
    base_date = BaseDate.of_year(number(inputs, "base_date", BaseDate.Y1993.year))
    identifier = token_identifier_at(base_date, issue_ms(str(inputs["issue"])))
    return identifier if inputs.get("special") is True else ordinary_token_identifier(identifier)


def issue_ms(text: str) -> int:
    """A date and time, UTC where it names no other zone, in milliseconds since 1970."""
    try:
        moment = datetime.fromisoformat(text)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return int(aware.timestamp()) * 1000
    except (ValueError, OverflowError):
        raise ConfigError("a time of issue", expected="such as 2026-11-22 15:45", got=repr(text[:40])) from None


def _field(inputs: Inputs) -> int:
    return hexadecimal(inputs, "field16", bits=16)


def _exact(inputs: Inputs) -> bool:
    """Whether the amount on paper says what the token carries."""
    return "amount_text" in inputs and inputs.get("amount_matches_exact_ceil", True) is not False


def _identified_token(inputs: Inputs, token_class: int, subclass: int) -> Token:
    identifier = _identifier(inputs)
    if token_class == CREDIT and subclass in range(CURRENCY_SUBCLASS, CURRENCY_SUBCLASS + 4):
        service = Service(subclass - CURRENCY_SUBCLASS)
        if _exact(inputs):
            return CurrencyCreditToken(service, identifier, currency_units(str(inputs["amount_text"])))
        return CurrencyCreditToken(service, identifier, decode_currency(number(inputs, "rnd") << 16 | _field(inputs)))
    random = number(inputs, "rnd")
    if token_class == CREDIT and subclass in tuple(Service):
        amount = tenths(str(inputs["amount_text"])) if _exact(inputs) else decode_quantity(_field(inputs))
        return CreditToken(Service(subclass), identifier, random, amount)
    if token_class == MANAGE and subclass in (0, 6):
        limit_w = whole(str(inputs["amount_text"])) if _exact(inputs) else decode_quantity(_field(inputs))
        kind = PhaseUnbalanceToken if subclass else PowerLimitToken
        return kind(identifier, random, limit_w)
    if token_class != MANAGE or subclass not in _OF_FIELD:
        raise ConfigError("a row's token", got=f"class {token_class}, subclass {subclass}")
    token: Token = _OF_FIELD[subclass](identifier, random, _field(inputs))
    return token


def _extended_set(identifier: int, random: int, field: int) -> ExtendedSetToken:
    return ExtendedSetToken(identifier, random, field >> 10, field & 0x3FF)


_OF_FIELD: Final[dict[int, Any]] = {
    1: ClearCreditToken,
    2: TariffRateToken,
    5: ClearTamperToken,
    7: WaterFactorToken,
    10: _extended_set,
}
