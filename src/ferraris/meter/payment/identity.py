"""Who a virtual prepayment meter is for vending: its decoder reference number, its supply group, the key that both know.

All of it follows from the fleet's seed and the meter's number, as its DLMS keys do: whoever sells to the fleet can be given
the vending key and the meters' configurations without asking a meter. Such keys are no secrets. The supply group has one
vending key; key revision number 1, tariff index 1, base date 2014.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from ferraris.sts import (
    VENDING_KEY_OCTETS,
    BaseDate,
    DecoderKey,
    EncryptionAlgorithm,
    KeyDerivation,
    KeyType,
    MeterPan,
    StaTables,
    StsConfiguration,
    derive_decoder_key,
    luhn_digit,
)

MANUFACTURER_CODE: Final = "99"
"""Of the virtual meters: two digits at the head of the decoder reference number. Our own choice, given out by nobody."""
SUPPLY_GROUP_CODE: Final = "990999"
KEY_REVISION_NUMBER: Final = 1
TARIFF_INDEX: Final = 1


@dataclass(frozen=True, slots=True)
class PaymentManufacture:
    """How a fleet's prepayment meters leave the works."""

    encryption_algorithm: EncryptionAlgorithm = EncryptionAlgorithm.EA11
    credit_tenths: int = 0
    """Start credit, in tenths of a kWh; where credit is money, in tenths of the base currency."""
    supply_group_code: str = SUPPLY_GROUP_CODE
    base_date: BaseDate = BaseDate.Y2014
    key_type: KeyType = KeyType.DUTK
    three_token_key_change: bool = False
    """EA07 meters take the supply group code in a third key-change token."""
    tables: StaTables = StaTables.SAMPLE
    """Of EA07."""


def decoder_reference_number(number: int) -> str:
    """Eleven digits: maker, serial number, check digit."""
    body = f"{MANUFACTURER_CODE}{number:08d}"
    return body + luhn_digit(body)


def vending_key(seed: int, supply_group_code: str = SUPPLY_GROUP_CODE) -> bytes:
    """The vending key of a fleet's supply group, for DKGA04."""
    label = f"vending {supply_group_code} {KEY_REVISION_NUMBER}"
    return hmac.digest(f"virtual meters {seed}".encode(), label.encode(), hashlib.sha256)[
        : VENDING_KEY_OCTETS[KeyDerivation.DKGA04]
    ]


def sts_configuration(number: int, made: PaymentManufacture) -> StsConfiguration:
    """What meter `number` is for a token, as it leaves the works."""
    return StsConfiguration(
        MeterPan.from_reference(decoder_reference_number(number)),
        made.encryption_algorithm,
        made.supply_group_code,
        KEY_REVISION_NUMBER,
        made.key_type,
        TARIFF_INDEX,
        made.base_date,
        three_token_key_change=made.three_token_key_change,
    )


def decoder_key(seed: int, configuration: StsConfiguration, tables: StaTables = StaTables.SAMPLE) -> DecoderKey:
    """The decoder key of a meter of the fleet of `seed`."""
    return derive_decoder_key(vending_key(seed, configuration.supply_group_code), configuration, tables=tables)
