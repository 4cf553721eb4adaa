"""The rules under which tokens are issued, whatever keeps the keys: which key, of which type, until when.

A vending key may be used from its base date on, for token identifiers whose upper eight bits are not above its expiry
number (IEC 62055-41 clause 6.1.10). A default key (DDTK) issues no credit, an initialisation key (DITK) only the change to
another key, and no key change leads back to one. Other rules about which key type may follow which are not public.
"""

from __future__ import annotations

from typing import Final

from ferraris.keys.security_module.errors import (
    KeyTypeForbidden,
    SecurityModuleError,
    VendingKeyBeforeBaseDate,
    VendingKeyExpired,
    VendingKeyNotFound,
)
from ferraris.keys.security_module.interface import IssuedToken
from ferraris.keys.security_module.vending_keys import VendingKeyRegister
from ferraris.sts import (
    CreditToken,
    CurrencyCreditToken,
    DecoderKey,
    ExtendedReadToken,
    KeyChangeFirstSection,
    KeyChangeFourthSection,
    KeyChangeSecondSection,
    KeyChangeSupplyGroupSection,
    KeyChangeThirdSection,
    KeyType,
    MeterTestToken,
    ProprietaryToken,
    StsConfiguration,
    Token,
    TokenError,
    TokenResult,
    clear_block,
    encode_key_change,
    encode_token,
    is_key_expired,
    token_identifier_at,
    token_of_block,
)

CREDIT: Final = 0
TEST: Final = 1
MANAGEMENT: Final = 2


def is_key_change_section(token: Token) -> bool:
    """Whether it is one token of a key-change set, and so carries a part of a key."""
    return isinstance(
        token,
        KeyChangeFirstSection
        | KeyChangeSecondSection
        | KeyChangeThirdSection
        | KeyChangeFourthSection
        | KeyChangeSupplyGroupSection,
    )


def token_class(token: Token) -> int:
    """0 for credit, 1 for tests and displays, 2 for management."""
    if isinstance(token, ProprietaryToken):
        return token.token_class
    if isinstance(token, CreditToken | CurrencyCreditToken):
        return CREDIT
    return TEST if isinstance(token, MeterTestToken | ExtendedReadToken) else MANAGEMENT


def token_identifier_of(token: Token) -> int | None:
    """The token's identifier, None for a token that has none."""
    return getattr(token, "token_identifier", None)


def check_issue(configuration: StsConfiguration, token: Token) -> None:
    """Raise for what no module issues under this configuration, whatever keys it holds."""
    if is_key_change_section(token):
        raise SecurityModuleError("key-change tokens are issued as a set", result="EParamRange")
    if configuration.key_type is KeyType.DITK and token_class(token) != TEST:
        raise KeyTypeForbidden("an initialisation key issues nothing but the change to another key")
    if configuration.key_type is KeyType.DDTK and token_class(token) == CREDIT:
        raise KeyTypeForbidden("a default key issues no credit", clause="IEC 62055-41 6.5.2")


def check_register(configuration: StsConfiguration, register: VendingKeyRegister) -> None:
    """Raise VendingKeyNotFound when the meter stands under another key than the one in the register of this name."""
    for what, wanted, held in (
        ("base date", configuration.base_date, register.base_date),
        ("key derivation", configuration.key_derivation, register.derivation),
    ):
        if wanted != held and configuration.key_type is not KeyType.DITK:
            raise VendingKeyNotFound(
                f"the vending key {register} has another {what} than the meter", expected=wanted.name, got=held.name
            )


def check_expiry(configuration: StsConfiguration, register: VendingKeyRegister, token: Token) -> None:
    """Raise VendingKeyExpired when the token's identifier is beyond the key, or beyond what the meter holds of it."""
    identifier = token_identifier_of(token)
    if identifier is None:
        return
    if is_key_expired(register.key_expiry_number, identifier):
        raise VendingKeyExpired(
            f"the vending key {register} has expired",
            expected=f"a token identifier up to {register.key_expiry_number:02X}FFFF",
            got=f"{identifier:06X}",
        )
    if is_key_expired(configuration.key_expiry_number, identifier):
        raise VendingKeyExpired(
            "the meter's decoder key has expired: a key change must come first",
            result="EVerify.KeyExpired",
            expected=f"a token identifier up to {configuration.key_expiry_number:02X}FFFF",
            got=f"{identifier:06X}",
        )


def check_in_force(register: VendingKeyRegister, now_ms: int) -> None:
    """Raise when the key is not yet, or no longer, in force at `now_ms`: for key changes, which carry no identifier."""
    if now_ms < register.base_date.start_ms:
        raise VendingKeyBeforeBaseDate(
            f"the vending key {register} is not yet in force", expected=f"{register.base_date.year}-01-01 or later"
        )
    identifier = token_identifier_at(register.base_date, now_ms, wrap=True)
    if is_key_expired(register.key_expiry_number, identifier):
        raise VendingKeyExpired(
            f"the vending key {register} has expired",
            expected=f"a token identifier up to {register.key_expiry_number:02X}FFFF",
            got=f"{identifier:06X}",
        )


def check_key_change(
    new: StsConfiguration, present_register: VendingKeyRegister, new_register: VendingKeyRegister, now_ms: int
) -> None:
    """Raise for a key change that may not be issued."""
    if new.key_type is KeyType.DITK:
        raise KeyTypeForbidden("no key change leads to an initialisation key", result="EParamRange")
    if new.key_expiry_number != new_register.key_expiry_number:
        raise SecurityModuleError(
            f"the meter takes over the expiry number of the vending key {new_register}",
            result="EParamRange",
            expected=new_register.key_expiry_number,
            got=new.key_expiry_number,
        )
    if present_register.key_type is not KeyType.DITK:
        check_in_force(present_register, now_ms)
    check_in_force(new_register, now_ms)


def check_verified(configuration: StsConfiguration, token: Token) -> None:
    """Raise for a token that decodes and that the meter would refuse for what it is, or that must not be shown."""
    if is_key_change_section(token):
        raise SecurityModuleError("the token is one of a key-change set, which is not shown: it carries a key")
    if configuration.key_type is KeyType.DDTK and token_class(token) == CREDIT:
        raise TokenError(TokenResult.DDTK_ERROR, "credit under a default key")
    identifier = token_identifier_of(token)
    if identifier is not None and is_key_expired(configuration.key_expiry_number, identifier):
        raise TokenError(TokenResult.KEY_EXPIRED_ERROR, "the token's identifier is beyond the key's expiry number")


def as_carried(configuration: StsConfiguration, token: Token) -> Token:
    """The token as its digits carry it: amounts rounded up to what the field can hold."""
    return token_of_block(*clear_block(token), configuration.encryption_algorithm)


def issued(configuration: StsConfiguration, token: Token, key: DecoderKey | None, check_value: str) -> IssuedToken:
    """The token under `key`."""
    return IssuedToken(encode_token(token, key), as_carried(configuration, token), check_value)


def issued_key_change(
    new_key: DecoderKey, new: StsConfiguration, present_key: DecoderKey, present: StsConfiguration, check_value: str
) -> tuple[IssuedToken, ...]:
    """The set under `present_key`; `check_value` is that of the vending key it was issued under."""
    digits = encode_key_change(new_key, new, present_key, present)
    return tuple(IssuedToken(each, None, check_value) for each in digits)
