"""Between a token and its 48 bits of data: subclass and body, field by field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

from ferraris.sts.amounts import decode_currency, decode_quantity, encode_currency, encode_quantity
from ferraris.sts.configuration import (
    KEY_REVISION_NUMBERS,
    SUPPLY_GROUP_DIGITS,
    TARIFF_INDEXES,
    EncryptionAlgorithm,
    KeyType,
    check_range,
    check_supply_group_code,
)
from ferraris.sts.errors import StsError, TokenError, TokenResult
from ferraris.sts.tokens import (
    ClearCreditToken,
    ClearTamperToken,
    CreditToken,
    CurrencyCreditToken,
    ExtendedReadToken,
    ExtendedSetToken,
    KeyChangeFirstSection,
    KeyChangeFourthSection,
    KeyChangeSecondSection,
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

CURRENCY_SUBCLASS: Final = 4
"""Class 0 from here on is money: subclass 4 is the one of electricity."""
SUPPLY_GROUP_CODES: Final = range(10**SUPPLY_GROUP_DIGITS)
SERVICES: Final = range(len(Service))
_BODY_BITS: Final = 44
_CREDIT, _DISPLAY, _MANAGE = 0, 1, 2
_FIRST_PROPRIETARY: Final = {_DISPLAY: 6, _MANAGE: 11}
"""By class: from which subclass on the meaning is the manufacturer's."""


def pack(token: Token) -> tuple[int, int]:
    """The class of `token`, and its 48 bits of data. Raises StsError for a field that its place cannot hold."""
    return _PACKED[type(token)](token)


def unpack(token_class: int, data: int, algorithm: EncryptionAlgorithm | None) -> Token:
    """The token of a class and 48 bits of data, whose check value is right.

    Raises TokenError: function_error for a class or subclass that is reserved, range_error for a field out of its range.
    """
    subclass, body = data >> _BODY_BITS, data & ((1 << _BODY_BITS) - 1)
    unpacked = _UNPACKED.get((token_class, subclass))
    if unpacked is not None:
        return unpacked(subclass, body)
    if (token_class, subclass) in _UNPACKED_OF_EA11:
        if algorithm is EncryptionAlgorithm.EA11:
            return _UNPACKED_OF_EA11[token_class, subclass](body)
        if subclass == 8:
            return KeyChangeSupplyGroupSection(_supply_group_code(body >> 20))
    if _is_proprietary(token_class, subclass):
        return ProprietaryToken(token_class, subclass, body)
    raise TokenError(TokenResult.FUNCTION_ERROR, f"class {token_class}, subclass {subclass} is reserved")


def is_reserved(token_class: int, subclass: int, algorithm: EncryptionAlgorithm) -> bool:
    """Whether `unpack` refuses the subclass whatever its body is."""
    if (token_class, subclass) in _UNPACKED or _is_proprietary(token_class, subclass):
        return False
    return (token_class, subclass) not in _UNPACKED_OF_EA11 or (
        subclass == 9 and algorithm is not EncryptionAlgorithm.EA11
    )


def _is_proprietary(token_class: int, subclass: int) -> bool:
    return token_class in _FIRST_PROPRIETARY and subclass >= _FIRST_PROPRIETARY[token_class]


# Fields of tokens with a token identifier: four bits, 24 bits, sixteen bits.


def _bits(name: str, value: int, bits: int) -> int:
    if not 0 <= value < 1 << bits:
        raise StsError(f"{name} of a token", expected=f"0 to {(1 << bits) - 1}", got=value)
    return value


def _identified(subclass: int, random: int, token_identifier: int, value: int) -> int:
    high = subclass << 4 | _bits("random", random, 4)
    return (high << 24 | _bits("token identifier", token_identifier, 24)) << 16 | _bits("value", value, 16)


def _pack_credit(token: CreditToken) -> tuple[int, int]:
    field = encode_quantity(token.amount)
    check_range("service", token.service, SERVICES)
    return _CREDIT, _identified(token.service, token.random, token.token_identifier, field)


def _pack_currency(token: CurrencyCreditToken) -> tuple[int, int]:
    field = encode_currency(token.amount)
    check_range("service", token.service, SERVICES)
    subclass = CURRENCY_SUBCLASS + token.service
    return _CREDIT, _identified(subclass, field >> 16, token.token_identifier, field & 0xFFFF)


def _unpack_credit(subclass: int, body: int) -> Token:
    return CreditToken(Service(subclass), body >> 16 & 0xFF_FFFF, body >> 40, decode_quantity(body & 0xFFFF))


def _unpack_currency(subclass: int, body: int) -> Token:
    field = body >> 40 << 16 | body & 0xFFFF
    return CurrencyCreditToken(Service(subclass - CURRENCY_SUBCLASS), body >> 16 & 0xFF_FFFF, decode_currency(field))


def _same(value: int) -> int:
    return value


_MANAGEMENT: Final[dict[int, tuple[type[ManagementToken], str, Callable[[int], int], Callable[[int], int]]]] = {
    0: (PowerLimitToken, "limit_w", encode_quantity, decode_quantity),
    1: (ClearCreditToken, "register", _same, _same),
    2: (TariffRateToken, "rate", _same, _same),
    5: (ClearTamperToken, "reserved", _same, _same),
    6: (PhaseUnbalanceToken, "limit_w", encode_quantity, decode_quantity),
    7: (WaterFactorToken, "factor", _same, _same),
}
"""By subclass of class 2: the token, the name of its value, and the value to and from its field."""


def _packer_of_management(subclass: int) -> Callable[[Any], tuple[int, int]]:
    _, name, encode, _ = _MANAGEMENT[subclass]

    def packed(token: Any) -> tuple[int, int]:
        return _MANAGE, _identified(subclass, token.random, token.token_identifier, encode(getattr(token, name)))

    return packed


def _unpack_management(subclass: int, body: int) -> Token:
    kind, _, _, decode = _MANAGEMENT[subclass]
    make = cast("Callable[[int, int, int], Token]", kind)
    return make(body >> 16 & 0xFF_FFFF, body >> 40, decode(body & 0xFFFF))


def _pack_extended_set(token: ExtendedSetToken) -> tuple[int, int]:
    field = _bits("index", token.index, 6) << 10 | _bits("value", token.value, 10)
    return _MANAGE, _identified(10, token.random, token.token_identifier, field)


def _unpack_extended_set(_: int, body: int) -> Token:
    return ExtendedSetToken(body >> 16 & 0xFF_FFFF, body >> 40, body >> 10 & 0x3F, body & 0x3FF)


# Class 1: control and manufacturer code.


def _pack_meter_test(token: MeterTestToken) -> tuple[int, int]:
    maker_bits = 16 if token.wide else 8
    control = _bits("control field", token.control, _BODY_BITS - maker_bits)
    return _DISPLAY, _body(
        token.wide, control << maker_bits | _bits("manufacturer code", token.manufacturer_code, maker_bits)
    )


def _pack_extended_read(token: ExtendedReadToken) -> tuple[int, int]:
    control = _bits("control field", token.control, 36)
    return _DISPLAY, _body(2, control << 8 | _bits("manufacturer code", token.manufacturer_code, 8))


def _body(subclass: int, body: int) -> int:
    return subclass << _BODY_BITS | body


# Key change.


def _pack_first(token: KeyChangeFirstSection) -> tuple[int, int]:
    head = _bits("key expiry number", token.key_expiry_number_high, 4) << 4
    check_range("key revision number", token.key_revision_number, KEY_REVISION_NUMBERS)
    head |= token.key_revision_number
    head = head << 4 | token.rollover << 3 | token.three_token_key_change << 2 | token.key_type
    return _MANAGE, _body(3, head << 32 | _bits("key part", token.key_part, 32))


def _unpack_first(_: int, body: int) -> Token:
    revision = body >> 36 & 0xF
    if revision not in KEY_REVISION_NUMBERS:
        raise TokenError(TokenResult.RANGE_ERROR, "key revision number", expected="1 to 9", got=revision)
    flags = body >> 32
    return KeyChangeFirstSection(
        body >> 40, revision, bool(flags & 8), bool(flags & 4), KeyType(flags & 3), body & 0xFFFF_FFFF
    )


def _pack_second(token: KeyChangeSecondSection) -> tuple[int, int]:
    check_range("tariff index", token.tariff_index, TARIFF_INDEXES)
    head = _bits("key expiry number", token.key_expiry_number_low, 4) << 8 | token.tariff_index
    return _MANAGE, _body(4, head << 32 | _bits("key part", token.key_part, 32))


def _unpack_second(_: int, body: int) -> Token:
    index = body >> 32 & 0xFF
    if index not in TARIFF_INDEXES:
        raise TokenError(TokenResult.RANGE_ERROR, "tariff index", expected="0 to 99", got=index)
    return KeyChangeSecondSection(body >> 40, index, body & 0xFFFF_FFFF)


def _pack_third(token: KeyChangeThirdSection) -> tuple[int, int]:
    code = _bits("supply group code", token.supply_group_code_low, 12)
    return _MANAGE, _body(8, code << 32 | _bits("key part", token.key_part, 32))


def _pack_fourth(token: KeyChangeFourthSection) -> tuple[int, int]:
    code = _bits("supply group code", token.supply_group_code_high, 12)
    return _MANAGE, _body(9, code << 32 | _bits("key part", token.key_part, 32))


def _pack_supply_group(token: KeyChangeSupplyGroupSection) -> tuple[int, int]:
    check_supply_group_code(token.supply_group_code)
    return _MANAGE, _body(8, int(token.supply_group_code) << 20)


def _supply_group_code(number: int) -> str:
    if number not in SUPPLY_GROUP_CODES:
        raise TokenError(TokenResult.RANGE_ERROR, "supply group code", expected="six digits", got=number)
    return f"{number:0{SUPPLY_GROUP_DIGITS}d}"


def _pack_proprietary(token: ProprietaryToken) -> tuple[int, int]:
    if not _is_proprietary(token.token_class, token.subclass) or token.subclass > 15:
        raise StsError(
            "a proprietary token",
            expected="class 1, subclass 6 to 15, or class 2, subclass 11 to 15",
            got=f"class {token.token_class}, subclass {token.subclass}",
        )
    return token.token_class, _body(token.subclass, _bits("body", token.body, _BODY_BITS))


_PACKED: Final[dict[type, Callable[[Any], tuple[int, int]]]] = {
    CreditToken: _pack_credit,
    CurrencyCreditToken: _pack_currency,
    MeterTestToken: _pack_meter_test,
    ExtendedReadToken: _pack_extended_read,
    ExtendedSetToken: _pack_extended_set,
    KeyChangeFirstSection: _pack_first,
    KeyChangeSecondSection: _pack_second,
    KeyChangeThirdSection: _pack_third,
    KeyChangeFourthSection: _pack_fourth,
    KeyChangeSupplyGroupSection: _pack_supply_group,
    ProprietaryToken: _pack_proprietary,
    **{kind: _packer_of_management(subclass) for subclass, (kind, *_) in _MANAGEMENT.items()},
}

_UNPACKED: Final[dict[tuple[int, int], Callable[[int, int], Token]]] = {
    **{(_CREDIT, int(service)): _unpack_credit for service in Service},
    **{(_CREDIT, CURRENCY_SUBCLASS + service): _unpack_currency for service in Service},
    (_DISPLAY, 0): lambda _, body: MeterTestToken(body >> 8, body & 0xFF),
    (_DISPLAY, 1): lambda _, body: MeterTestToken(body >> 16, body & 0xFFFF, wide=True),
    (_DISPLAY, 2): lambda _, body: ExtendedReadToken(body >> 8, body & 0xFF),
    **{(_MANAGE, subclass): _unpack_management for subclass in _MANAGEMENT},
    (_MANAGE, 3): _unpack_first,
    (_MANAGE, 4): _unpack_second,
    (_MANAGE, 10): _unpack_extended_set,
}
_UNPACKED_OF_EA11: Final[dict[tuple[int, int], Callable[[int], Token]]] = {
    (_MANAGE, 8): lambda body: KeyChangeThirdSection(body >> 32, body & 0xFFFF_FFFF),
    (_MANAGE, 9): lambda body: KeyChangeFourthSection(body >> 32, body & 0xFFFF_FFFF),
}
