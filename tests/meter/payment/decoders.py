"""Decoders of a virtual meter for tests: as it comes from the works, and with keys of other types."""

from __future__ import annotations

from dataclasses import replace

from ferraris.meter.payment.acceptance import Purse
from ferraris.meter.payment.decoder import Decoder
from ferraris.meter.payment.identity import PaymentManufacture, decoder_key, sts_configuration
from ferraris.sts import KeyType

FLEET_SEED = 1
WORKS = sts_configuration(7, PaymentManufacture())
KEY = decoder_key(FLEET_SEED, WORKS)
EMPTY = Decoder(WORKS, KEY)


def of_type(key_type: KeyType, taken: tuple[int, ...] = ()) -> Decoder:
    """A decoder with a key of that type, which has taken the tokens of these identifiers."""
    configuration = replace(WORKS, key_type=key_type)
    return Decoder(configuration, decoder_key(FLEET_SEED, configuration), taken)


def purse(*, in_money: bool = False) -> Purse:
    """No credit yet, and room for as much as an integer holds."""
    return Purse(in_money, 0, 2**31 - 1)
