"""Who a prepayment meter is for vending: numbers that follow from its own, keys that follow from the fleet's seed."""

from __future__ import annotations

import pytest

from ferraris.meter.identity import NUMBER_MAX
from ferraris.meter.payment.identity import (
    PaymentManufacture,
    decoder_key,
    decoder_reference_number,
    sts_configuration,
    vending_key,
)
from ferraris.sts import BaseDate, EncryptionAlgorithm, KeyDerivation, KeyType, MeterPan


@pytest.mark.parametrize(
    ("number", "reference"), [(1, "99000000010"), (2, "99000000028"), (7, "99000000077"), (NUMBER_MAX, "99000655359")]
)
def test_decoder_reference_numbers(number: int, reference: str) -> None:
    assert decoder_reference_number(number) == reference
    assert MeterPan.from_reference(reference).manufacturer_code == 99


def test_every_meter_has_a_number_of_its_own() -> None:
    assert len({decoder_reference_number(number) for number in range(1, NUMBER_MAX + 1)}) == NUMBER_MAX


def test_the_configuration_of_the_works() -> None:
    configuration = sts_configuration(7, PaymentManufacture())
    assert configuration.meter_pan.digits == "600727990000000779"
    assert configuration.encryption_algorithm is EncryptionAlgorithm.EA11
    assert configuration.key_derivation is KeyDerivation.DKGA04
    assert (configuration.supply_group_code, configuration.tariff_index) == ("990999", 1)
    assert (configuration.key_revision_number, configuration.key_type) == (1, KeyType.DUTK)
    assert (configuration.base_date, configuration.key_expiry_number) == (BaseDate.Y2014, 255)


def test_keys_follow_from_seed_group_and_number() -> None:
    configuration = sts_configuration(7, PaymentManufacture())
    assert len(vending_key(1)) == 20
    assert len({vending_key(1), vending_key(2), vending_key(1, "000001")}) == 3
    other = sts_configuration(8, PaymentManufacture())
    assert decoder_key(1, configuration) == decoder_key(1, configuration)
    assert decoder_key(1, configuration) != decoder_key(2, configuration)
    assert decoder_key(1, configuration) != decoder_key(1, other)
