"""STS, prepayment by tokens of 20 digits (IEC 62055-41 and -51, STS edition 2): pure functions, no key kept, no clock.

A meter is what its `StsConfiguration` says; `derive_decoder_key` makes its `DecoderKey` from the vending key; `encode_token` and
`decode_token` go between tokens and digits; `encode_key_change` and `assemble_key_change` between keys and sets of tokens.
`bulk` and `bulk_cipher` do the same over arrays; `explain_token` says why a meter refuses a token. EA07 works with the sample
tables (`StaTables.SAMPLE`), with which no real meter works, until it is given an operator's own.
"""

from __future__ import annotations

from ferraris.sts.amounts import (
    CURRENCY_MAX,
    CURRENCY_UNIT,
    QUANTITY_MAX,
    QUANTITY_UNIT,
    carried_currency,
    carried_quantity,
    currency_units,
    decode_currency,
    decode_quantity,
    encode_currency,
    encode_quantity,
    tenths,
    whole,
)
from ferraris.sts.carrier import TOKEN_DIGITS, bare_digits, from_digits, in_groups, to_digits
from ferraris.sts.checksum import checksum, crc16, currency_checksum
from ferraris.sts.configuration import (
    KEY_NEVER_EXPIRES,
    EncryptionAlgorithm,
    KeyDerivation,
    KeyType,
    StsConfiguration,
)
from ferraris.sts.decoder_key import DecoderKey
from ferraris.sts.derivation import UNVERIFIED, VENDING_KEY_OCTETS, derive_decoder_key
from ferraris.sts.encoding import clear_block, decode_token, encode_token, token_of_block
from ferraris.sts.errors import StsError, TokenError, TokenResult
from ferraris.sts.explain import Cause, Explanation, MeterRecord, explain_token
from ferraris.sts.fields import currency_text, quantity_text, token_fields
from ferraris.sts.identification_record import IdentificationRecord
from ferraris.sts.identifier import (
    IDENTIFIERS,
    BaseDate,
    is_key_expired,
    is_special_reserved,
    issued_ms,
    last_ms,
    ordinary_token_identifier,
    token_identifier_at,
)
from ferraris.sts.identifier_memory import remembered_of, remembered_with, result_by_memory
from ferraris.sts.key_change import (
    RESULT_OF_SECTION,
    KeyChange,
    assemble_key_change,
    encode_key_change,
    key_change_sections,
    sections_missing,
)
from ferraris.sts.meter_pan import MeterPan, luhn_digit
from ferraris.sts.meter_rules import CreditKind, check_by_rules
from ferraris.sts.result_numbers import NO_RESULT, RESULT_NUMBERS, result_of_number
from ferraris.sts.sta_tables import StaTables, load_sta_tables
from ferraris.sts.tokens import (
    ALL_REGISTERS,
    FLAG_INDEX,
    ClearCreditToken,
    ClearTamperToken,
    CreditToken,
    CurrencyCreditToken,
    ExtendedReadToken,
    ExtendedSetToken,
    IdentifiedToken,
    KeyChangeFirstSection,
    KeyChangeFourthSection,
    KeyChangeSecondSection,
    KeyChangeSection,
    KeyChangeSupplyGroupSection,
    KeyChangeThirdSection,
    ManagementToken,
    MeterTestToken,
    PhaseUnbalanceToken,
    PowerLimitToken,
    ProprietaryToken,
    Service,
    TariffRateToken,
    Token,
    WaterFactorToken,
)

__all__ = [
    "ALL_REGISTERS",
    "CURRENCY_MAX",
    "CURRENCY_UNIT",
    "FLAG_INDEX",
    "IDENTIFIERS",
    "KEY_NEVER_EXPIRES",
    "NO_RESULT",
    "QUANTITY_MAX",
    "QUANTITY_UNIT",
    "RESULT_NUMBERS",
    "RESULT_OF_SECTION",
    "TOKEN_DIGITS",
    "UNVERIFIED",
    "VENDING_KEY_OCTETS",
    "BaseDate",
    "Cause",
    "ClearCreditToken",
    "ClearTamperToken",
    "CreditKind",
    "CreditToken",
    "CurrencyCreditToken",
    "DecoderKey",
    "EncryptionAlgorithm",
    "Explanation",
    "ExtendedReadToken",
    "ExtendedSetToken",
    "IdentificationRecord",
    "IdentifiedToken",
    "KeyChange",
    "KeyChangeFirstSection",
    "KeyChangeFourthSection",
    "KeyChangeSecondSection",
    "KeyChangeSection",
    "KeyChangeSupplyGroupSection",
    "KeyChangeThirdSection",
    "KeyDerivation",
    "KeyType",
    "ManagementToken",
    "MeterPan",
    "MeterRecord",
    "MeterTestToken",
    "PhaseUnbalanceToken",
    "PowerLimitToken",
    "ProprietaryToken",
    "Service",
    "StaTables",
    "StsConfiguration",
    "StsError",
    "TariffRateToken",
    "Token",
    "TokenError",
    "TokenResult",
    "WaterFactorToken",
    "assemble_key_change",
    "bare_digits",
    "carried_currency",
    "carried_quantity",
    "check_by_rules",
    "checksum",
    "clear_block",
    "crc16",
    "currency_checksum",
    "currency_text",
    "currency_units",
    "decode_currency",
    "decode_quantity",
    "decode_token",
    "derive_decoder_key",
    "encode_currency",
    "encode_key_change",
    "encode_quantity",
    "encode_token",
    "explain_token",
    "from_digits",
    "in_groups",
    "is_key_expired",
    "is_special_reserved",
    "issued_ms",
    "key_change_sections",
    "last_ms",
    "load_sta_tables",
    "luhn_digit",
    "ordinary_token_identifier",
    "quantity_text",
    "remembered_of",
    "remembered_with",
    "result_by_memory",
    "result_of_number",
    "sections_missing",
    "tenths",
    "to_digits",
    "token_fields",
    "token_identifier_at",
    "token_of_block",
    "whole",
]
