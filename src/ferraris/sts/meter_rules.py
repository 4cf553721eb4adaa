"""The rules by which a meter refuses a token that its key has opened (IEC 62055-41 clause 8), but for what its credit is.

| step | refused with |
|---|---|
| test tokens: the manufacturer code is 0 or the meter's | manufacturer_code_error |
| tokens that are left to manufacturers | function_error |
| key change: no token brings an initial key | key_type_error |
| key type: no credit under a default key; nothing but another key under an initial one | ddtk_error, key_type_error |
| key expiry: the upper eight bits of the identifier against the meter's number | key_expired_error |
| identifier: older than all in a full memory, or in the memory (`identifier_memory`) | old_error, used_error |
| function: the service and the kind of credit of this meter | function_error |
| range: the register to clear | range_error |

Meters and whoever explains their refusals go by this one function. The order of the checks from the key type on is uncertain, as no
public text has it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ferraris.sts.configuration import KeyType, StsConfiguration
from ferraris.sts.errors import TokenError, TokenResult
from ferraris.sts.identifier import is_key_expired
from ferraris.sts.tokens import (
    ALL_REGISTERS,
    ClearCreditToken,
    CreditToken,
    CurrencyCreditToken,
    ExtendedReadToken,
    IdentifiedToken,
    KeyChangeFirstSection,
    KeyChangeSection,
    MeterTestToken,
    ProprietaryToken,
    Service,
    Token,
)

Credit = CreditToken | CurrencyCreditToken


@dataclass(frozen=True, slots=True)
class CreditKind:
    """What a meter counts."""

    service: Service = Service.ELECTRICITY
    in_money: bool = False

    @property
    def register(self) -> int:
        """The number of its credit register, by which a token clears it."""
        return int(self.service) + 4 * self.in_money

    def takes(self, token: Credit) -> bool:
        """Whether the token is credit of this kind."""
        return token.service is self.service and isinstance(token, CurrencyCreditToken) is self.in_money


def check_by_rules(
    token: Token, configuration: StsConfiguration, kind: CreditKind, result_by_memory: Callable[[int], TokenResult]
) -> None:
    """Raises TokenError for the first rule that the token breaks."""
    match token:
        case MeterTestToken() | ExtendedReadToken():
            if token.manufacturer_code not in (0, configuration.meter_pan.manufacturer_code):
                raise TokenError(TokenResult.MANUFACTURER_CODE_ERROR, "it is for another manufacturer's meters")
        case ProprietaryToken():
            raise TokenError(TokenResult.FUNCTION_ERROR, "it is a manufacturer's own token, and none of this meter's")
        case _ if isinstance(token, KeyChangeSection):
            if isinstance(token, KeyChangeFirstSection) and token.key_type is KeyType.DITK:
                raise TokenError(TokenResult.KEY_TYPE_ERROR, "no token brings an initial key (DITK)")
        case _:
            assert isinstance(token, IdentifiedToken)
            _check_key(token, configuration)
            _check_memory(result_by_memory(token.token_identifier))
            _check_kind(token, kind)


def _check_key(token: IdentifiedToken, configuration: StsConfiguration) -> None:
    if isinstance(token, Credit) and configuration.key_type is KeyType.DDTK:
        raise TokenError(TokenResult.DDTK_ERROR, "the meter has a default key (DDTK), which takes no credit")
    if configuration.key_type is KeyType.DITK:
        raise TokenError(
            TokenResult.KEY_TYPE_ERROR, "the meter has an initial key (DITK), which takes nothing but another key"
        )
    number, identifier = configuration.key_expiry_number, token.token_identifier
    if is_key_expired(number, identifier):
        expiry = f"key expiry number {number} is below {identifier >> 16}, that of its time of issue"
        raise TokenError(TokenResult.KEY_EXPIRED_ERROR, f"the meter's key has expired for it: {expiry}")


def _check_memory(result: TokenResult) -> None:
    if result is not TokenResult.ACCEPT:
        used = result is TokenResult.USED_ERROR
        raise TokenError(
            result, "the meter has taken it already" if used else "it was issued before all that the meter remembers"
        )


def _check_kind(token: IdentifiedToken, kind: CreditKind) -> None:
    if isinstance(token, Credit) and not kind.takes(token):
        theirs = CreditKind(token.service, isinstance(token, CurrencyCreditToken))
        raise TokenError(TokenResult.FUNCTION_ERROR, f"it is {_told(theirs)}, and the meter counts {_told(kind)}")
    if isinstance(token, ClearCreditToken) and token.register not in (kind.register, ALL_REGISTERS):
        raise TokenError(TokenResult.RANGE_ERROR, "it clears a register that the meter does not have")


def _told(kind: CreditKind) -> str:
    return f"{kind.service.name.lower()}{' in money' if kind.in_money else ' in units'}"
