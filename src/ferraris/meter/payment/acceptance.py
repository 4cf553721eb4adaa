"""What a meter does with a token, in the standard's order, as a pure function (IEC 62055-41 clauses 7 and 8).

| step | refused with |
|---|---|
| format: 20 digits, below 2^66 | format_error |
| lockout: of a keypad | lockout |
| class, decryption, check value; manufacturer code of class 1 | function_error, crc_error, manufacturer_code_error |
| key type, key expiry, identifier, function, register: the rules that whoever explains a token asks, too | see `sts.meter_rules` |
| range: what is taken from credit | range_error |
| overflow: what the credit register can hold | overflow_error |

A token that fails at any step leaves no trace but the count of wrong entries: one that overflowed may be entered again later.

Uncertain, as no public text has it: the changes of key type that are allowed (a
change to an initial key is refused, all others are not), and whether tokens that come remotely are locked out. Here they are
not, nor do they count: an association has proved who sends them, and a customer's slips must not keep a paid token away.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from ferraris.cosem.classes.token_gateway import TokenDeliveryMethod
from ferraris.kernel.limits import KEY_CHANGE_TIMEOUT_S
from ferraris.meter.payment.decoder import MS_PER_S, Decoder
from ferraris.sts import (
    RESULT_OF_SECTION,
    CreditKind,
    CreditToken,
    CurrencyCreditToken,
    IdentifiedToken,
    KeyChange,
    KeyChangeSection,
    StsError,
    Token,
    TokenError,
    TokenResult,
    assemble_key_change,
    check_by_rules,
    decode_token,
    from_digits,
    sections_missing,
)

WH_PER_TENTH: Final = 100
"""A token's amount is in tenths of a kWh."""
NO_SUPPLY_GROUP: Final = "000000"
"""What a meter shows after a key change that did not say the group."""
_WRONG: Final = frozenset((TokenResult.CRC_ERROR, TokenResult.MANUFACTURER_CODE_ERROR))


@dataclass(frozen=True, slots=True)
class Purse:
    """What a credit token meets: amounts in Wh, or in 1/100,000 of the base currency."""

    counts_money: bool
    amount: int
    """May be below 0: lent by emergency credit."""
    amount_max: int


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What became of a token. `token` is None where it could not be read."""

    decoder: Decoder
    result: TokenResult
    token: Token | None = None
    key_change: KeyChange | None = field(default=None, repr=False)


def accept(decoder: Decoder, digits: str, delivery: TokenDeliveryMethod, purse: Purse, now_ms: int) -> Acceptance:
    """Judge the token; when it is accepted, its effect is still to be carried out."""
    typed = delivery is not TokenDeliveryMethod.REMOTE
    token: Token | None = None
    try:
        from_digits(digits)
        if typed and decoder.is_locked(now_ms):
            return Acceptance(decoder, TokenResult.LOCKOUT)
        token = decode_token(digits, decoder.key)
        return _authentic(decoder, digits, token, purse, now_ms)
    except TokenError as error:
        wrong = typed and error.result in _WRONG
        return Acceptance(decoder.after_wrong_entry(now_ms) if wrong else decoder, error.result, token)


def credited_amount(token: CreditToken | CurrencyCreditToken) -> int:
    """What a token credits, in Wh or 1/100,000 of the base currency."""
    return token.amount * WH_PER_TENTH if isinstance(token, CreditToken) else token.amount


def _authentic(decoder: Decoder, digits: str, token: Token, purse: Purse, now_ms: int) -> Acceptance:
    check_by_rules(token, decoder.configuration, CreditKind(in_money=purse.counts_money), decoder.result_by_memory)
    if isinstance(token, KeyChangeSection):
        return _key_change(decoder, digits, token, now_ms)
    if not isinstance(token, IdentifiedToken):
        return Acceptance(decoder, TokenResult.ACCEPT, token)
    if isinstance(token, CreditToken | CurrencyCreditToken):
        _check_amount(token, purse)
    taken = decoder.with_identifier(token.token_identifier).after_right_entry()
    return Acceptance(taken, TokenResult.ACCEPT, token)


def _check_amount(token: CreditToken | CurrencyCreditToken, purse: Purse) -> None:
    after = purse.amount + credited_amount(token)
    if after < min(purse.amount, 0):
        raise TokenError(TokenResult.RANGE_ERROR, "more is taken than there is")
    if after > purse.amount_max:
        raise TokenError(TokenResult.OVERFLOW_ERROR, "more than the credit register can hold")


def _key_change(decoder: Decoder, digits: str, section: KeyChangeSection, now_ms: int) -> Acceptance:
    """One token of a set: kept until all are there, then the meter has another key."""
    held: dict[type, tuple[KeyChangeSection, str]] = {}
    for text in (*decoder.waiting_sections(now_ms), digits):
        known = decode_token(text, decoder.key)
        assert isinstance(known, KeyChangeSection)  # nothing else was kept
        held[type(known)] = known, text  # entered again, it takes the place of the former
    sections = [known for known, _ in held.values()]
    if sections_missing(sections, decoder.key.algorithm):
        until_ms = now_ms + KEY_CHANGE_TIMEOUT_S * MS_PER_S
        waiting = replace(decoder, sections=tuple(text for _, text in held.values()), sections_until_ms=until_ms)
        return Acceptance(waiting, RESULT_OF_SECTION[type(section)], section)
    try:
        change = assemble_key_change(sections, decoder.key)
        configuration = change.applied_to(decoder.configuration)
        if change.rollover and change.decoder_key == decoder.key:
            raise StsError("a rollover under the same key would let every token be taken again")
    except StsError:
        forgotten = replace(decoder, sections=(), sections_until_ms=0)
        return Acceptance(forgotten, TokenResult.RANGE_ERROR, section)
    if change.supply_group_code is None:
        configuration = replace(configuration, supply_group_code=NO_SUPPLY_GROUP)
    identifiers = () if change.rollover else decoder.identifiers
    renewed = Decoder(configuration, change.decoder_key, identifiers)
    return Acceptance(renewed, TokenResult.ACCEPT, section, change)
