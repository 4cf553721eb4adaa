"""From a vending key to a decoder key."""

from __future__ import annotations

import hashlib
import hmac
import traceback
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.sts import (
    VENDING_KEY_OCTETS,
    DecoderKey,
    EncryptionAlgorithm,
    KeyDerivation,
    KeyType,
    MeterPan,
    StsConfiguration,
    StsError,
    derive_decoder_key,
    luhn_digit,
)
from ferraris.sts.derivation import control_block, derivation_message, pan_block
from ferraris.sts.des import des_encrypt
from tests.sts.published import EA07_METER, METER, VENDING_KEY, Row, id_of, key_of, rows
from tests.sts.strategies import configurations

KEYED = [row for row in rows() if "decoder_key" in row["inputs"]]


@pytest.mark.parametrize("row", KEYED, ids=id_of)
def test_published_decoder_keys(row: Row) -> None:
    assert key_of(row["inputs"]).octets.hex() == row["inputs"]["decoder_key"]


def test_a_published_key_of_dkga02() -> None:
    """The one of STS 531-1-0, as public test suites give it."""
    meter = replace(EA07_METER, supply_group_code="123456", key_derivation=KeyDerivation.DKGA02)
    assert derive_decoder_key(b"\xab" * 8, meter).octets.hex() == "e653341f9d5bf36f"


def test_the_blocks_of_des_derivations() -> None:
    assert pan_block(METER).hex() == "0072700000000000"
    assert control_block(METER).hex() == "2201457011ffffff"
    long = replace(METER, meter_pan=MeterPan.parse("000001000000000082"))
    assert pan_block(long).hex() == "0000100000000008"
    common = replace(long, key_type=KeyType.DCTK)
    assert pan_block(common).hex() == "0000000000000000"
    assert control_block(common).hex()[0] == "3"


def test_the_message_of_dkga04() -> None:
    message = derivation_message(METER)
    assert message == (
        b"\x04\x0204\x0214\x0211\x0201\x00\x04\x06201457\x012\x011\x12600727000000000009\x00\x00\x00\x80"
    )
    assert derivation_message(EA07_METER).endswith(b"\x00\x00\x00\x40")
    digest = hmac.digest(VENDING_KEY, message, hashlib.sha256)
    assert derive_decoder_key(VENDING_KEY, METER).octets == digest[:16]


FIELDS = [
    {"supply_group_code": "201458"},
    {"key_revision_number": 2},
    {"key_type": KeyType.DDTK},
    {"tariff_index": 2},
    {"meter_pan": MeterPan.parse("000001000000000082")},
]


@pytest.mark.parametrize("derivation", [KeyDerivation.DKGA02, KeyDerivation.DKGA03, KeyDerivation.DKGA04])
@pytest.mark.parametrize("change", FIELDS, ids=lambda change: next(iter(change)))
def test_each_field_of_a_configuration_makes_another_key(derivation: KeyDerivation, change: dict[str, object]) -> None:
    meter = replace(EA07_METER, key_derivation=derivation)
    vending_key = bytes(range(VENDING_KEY_OCTETS[derivation]))

    def key(configuration: StsConfiguration) -> DecoderKey:
        return derive_decoder_key(vending_key, configuration, unverified=True)

    assert key(meter) != key(replace(meter, **change))  # type: ignore[arg-type]


UNVERIFIED = [KeyDerivation.DKGA01, KeyDerivation.DKGA03]
LISTED = MeterPan.from_reference("1090000000" + luhn_digit("1090000000"))


@pytest.mark.parametrize("derivation", UNVERIFIED)
def test_unconfirmed_derivations_need_consent(derivation: KeyDerivation) -> None:
    meter = replace(EA07_METER, meter_pan=LISTED, key_derivation=derivation)
    vending_key = bytes(range(VENDING_KEY_OCTETS[derivation]))
    with pytest.raises(StsError, match="not confirmed"):
        derive_decoder_key(vending_key, meter)
    assert len(derive_decoder_key(vending_key, meter, unverified=True).octets) == 8


def test_dkga03_under_two_equal_keys_is_dkga02_without_its_last_step() -> None:
    half = bytes.fromhex("0123456789abcdef")
    second = derive_decoder_key(half, replace(EA07_METER, key_derivation=KeyDerivation.DKGA02)).octets
    third = derive_decoder_key(
        half * 2, replace(EA07_METER, key_derivation=KeyDerivation.DKGA03), unverified=True
    ).octets
    assert bytes(a ^ b for a, b in zip(second, third, strict=True)) == half


def test_dkga01_is_one_block_of_des() -> None:
    meter = replace(EA07_METER, meter_pan=LISTED, key_derivation=KeyDerivation.DKGA01)
    key = b"\x01\x23\x45\x67\x89\xab\xcd\xef"
    mixed = bytes(a ^ b for a, b in zip(pan_block(meter), control_block(meter), strict=True))
    expected = bytes(a ^ b for a, b in zip(des_encrypt(key, mixed), key, strict=True))
    assert derive_decoder_key(key, meter, unverified=True).octets == expected


OUTSIDE_OF_DKGA01 = [
    ({"meter_pan": MeterPan.parse("600727000000000009")}, "ranges"),
    ({"meter_pan": MeterPan.parse("000001000000000082")}, "ranges"),
    ({"key_revision_number": 2}, "key revision number 1"),
    ({"encryption_algorithm": EncryptionAlgorithm.EA09}, "EA07"),
]


@pytest.mark.parametrize(("change", "said"), OUTSIDE_OF_DKGA01)
def test_dkga01_is_for_the_meters_that_were_made_with_it(change: dict[str, object], said: str) -> None:
    meter = replace(EA07_METER, meter_pan=LISTED, key_derivation=KeyDerivation.DKGA01)
    with pytest.raises(StsError, match=said):
        derive_decoder_key(bytes(8), replace(meter, **change), unverified=True)  # type: ignore[arg-type]


def test_dkga01_takes_the_listed_common_groups() -> None:
    meter = replace(EA07_METER, key_type=KeyType.DCTK, supply_group_code="990400", key_derivation=KeyDerivation.DKGA01)
    assert derive_decoder_key(bytes(8), meter, unverified=True)


@pytest.mark.parametrize("derivation", KeyDerivation)
@pytest.mark.parametrize("octets", [0, 7, 21, 32])
def test_a_vending_key_of_a_wrong_length_is_refused_unseen(derivation: KeyDerivation, octets: int) -> None:
    with pytest.raises(StsError, match=f"a vending key for {derivation.name}") as refused:
        derive_decoder_key(b"\xa5" * octets, replace(EA07_METER, key_derivation=derivation), unverified=True)
    assert "a5a5" not in "".join(traceback.format_exception(refused.value))


@given(st.binary(min_size=20, max_size=20), configurations)
def test_every_configuration_has_a_key(vending_key: bytes, configuration: StsConfiguration) -> None:
    key = derive_decoder_key(vending_key, configuration)
    assert key.algorithm is configuration.encryption_algorithm
