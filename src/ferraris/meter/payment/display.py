"""What the meter's display shows after a token: a few lines of text.

Tests and displays of a class 1 token: bit 0 of the control field, the least significant, is taken for the first test of the
standard's list, and so on. The order of that list and its bits are from memory: no public text or vector proves them, but that
the token with all bits set asks for everything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from ferraris.sts import (
    ClearCreditToken,
    ClearTamperToken,
    CreditToken,
    CurrencyCreditToken,
    EncryptionAlgorithm,
    ExtendedReadToken,
    KeyChange,
    MeterTestToken,
    PhaseUnbalanceToken,
    PowerLimitToken,
    StsConfiguration,
    TariffRateToken,
    Token,
    TokenResult,
    WaterFactorToken,
)

WH_PER_KWH: Final = 1_000


@dataclass(frozen=True, slots=True)
class Shown:
    """The meter as its display can show it."""

    configuration: StsConfiguration
    credit: str
    import_wh: int
    power_w: Callable[[], int]
    """Worked out when it is asked for."""
    closed: bool
    power_limit_w: int | None
    phase_unbalance_limit_w: int | None
    tampered: bool
    tariff_rate: int
    water_factor: int
    firmware: str


_PAGES: Final[tuple[Callable[[Shown], str], ...]] = (
    lambda meter: f"load switch {'closed' if meter.closed else 'open'}",
    lambda meter: "display 8888 8888",
    lambda meter: f"total {Decimal(meter.import_wh) / WH_PER_KWH} kWh",
    lambda meter: f"KRN {meter.configuration.key_revision_number}",
    lambda meter: f"TI {meter.configuration.tariff_index:02d}",
    lambda meter: "token entry ok",
    lambda meter: f"power limit {_watts(meter.power_limit_w)}",
    lambda meter: f"tamper {'yes' if meter.tampered else 'no'}",
    lambda meter: f"power {meter.power_w()} W",
    lambda meter: meter.firmware,
    lambda meter: f"phase limit {_watts(meter.phase_unbalance_limit_w)}",
    lambda meter: f"water factor {meter.water_factor}",
    lambda meter: f"tariff rate {meter.tariff_rate}",
    lambda meter: f"EA {int(meter.configuration.encryption_algorithm):02d}",
    lambda meter: f"key change tokens {key_change_tokens(meter.configuration)}",
    lambda meter: f"SGC {meter.configuration.supply_group_code}",
    lambda meter: f"KEN {meter.configuration.key_expiry_number}",
    lambda meter: f"DRN {meter.configuration.meter_pan.decoder_reference_number}",
    lambda meter: f"credit {meter.credit}",
)
"""By the bit of the control field that asks for it."""


def key_change_tokens(configuration: StsConfiguration) -> int:
    """How many tokens change this meter's key."""
    if configuration.encryption_algorithm is EncryptionAlgorithm.EA11:
        return 4
    return 3 if configuration.three_token_key_change else 2


def lines(result: TokenResult, token: Token | None, change: KeyChange | None, meter: Shown) -> tuple[str, ...]:
    """What the display shows when the token has been dealt with."""
    if not result.is_accepted:
        return (str(result).replace("_", " "),)
    match token:
        case CreditToken():
            return "accept", f"+{Decimal(token.amount) / 10} kWh", f"credit {meter.credit}"
        case CurrencyCreditToken():
            return "accept", f"+{Decimal(token.amount) / 100_000}", f"credit {meter.credit}"
        case MeterTestToken() if not token.wide or token.control:
            return tuple(page(meter) for bit, page in enumerate(_PAGES) if token.control >> bit & 1) or ("accept",)
        case ExtendedReadToken():
            return "accept", f"control {token.index}"
        case PowerLimitToken():
            return "accept", f"power limit {token.limit_w} W"
        case PhaseUnbalanceToken():
            return "accept", f"phase limit {token.limit_w} W"
        case ClearCreditToken():
            return "accept", f"credit {meter.credit}"
        case ClearTamperToken():
            return "accept", f"tamper {'yes' if meter.tampered else 'no'}"
        case TariffRateToken():
            return "accept", f"tariff rate {token.rate}"
        case WaterFactorToken():
            return "accept", f"water factor {token.factor}"
        case _ if change is not None:
            return "accept", f"KRN {change.key_revision_number}", f"TI {change.tariff_index:02d}"
        case _:
            return (str(result).replace("_", " "),)


def _watts(limit_w: int | None) -> str:
    return "none" if limit_w is None else f"{limit_w} W"
