"""Vending keys: lengths, check values, registers, and that a key shows nowhere."""

from __future__ import annotations

import copy
import pickle
import traceback
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.kernel.errors import SecurityError
from ferraris.keys.security_module import VendingKey, VendingKeyRegister, parse_vending_key
from ferraris.keys.security_module.vending_keys import check_value, register_from, register_of
from ferraris.sts import BaseDate, KeyDerivation, KeyType, StaTables, StsError, derive_decoder_key
from tests.keys.security_module.benches import DES_KEY, LONG_KEYS, OLD, PRESENT, changed, meter

# FIPS 46-3 and SP 800-20 publish the block of zeros under these keys; the third is two equal halves, so single DES.
CHECK_VALUES = """
0101010101010101                    8CA64D
8001010101010101                    95A8D7
01010101010101010101010101010101    8CA64D
"""


@pytest.mark.parametrize("row", [line.split() for line in CHECK_VALUES.strip().splitlines()], ids=lambda row: row[0])
def test_the_check_value_of_a_des_key_is_the_enciphered_block_of_zeros(row: list[str]) -> None:
    assert check_value(bytes.fromhex(row[0])) == row[1]


def test_the_check_value_of_a_long_key_tells_keys_apart() -> None:
    values = {check_value(key) for key in LONG_KEYS.values()}
    assert len(values) == len(LONG_KEYS)
    assert all(len(value) == 6 for value in values)


@pytest.mark.parametrize("octets", [8, 16, 20])
def test_a_key_is_read_from_its_digits(octets: int) -> None:
    key = parse_vending_key(f" {bytes(range(octets)).hex()}\n")
    assert key.octets == bytes(range(octets))


@pytest.mark.parametrize("digits", ["", "00" * 7, "00" * 21, "zz" * 8, "secretsecretsecret"])
def test_what_is_no_key_is_refused_and_never_repeated(digits: str) -> None:
    with pytest.raises(SecurityError, match="no vending key") as refused:
        parse_vending_key(digits)
    assert "secret" not in str(refused.value)


FITS = """
DKGA02  DUTK   8   yes
DKGA02  DUTK   20  no
DKGA03  DUTK   16  yes
DKGA04  DUTK   20  yes
DKGA04  DUTK   16  no
DKGA04  DITK   8   yes
DKGA04  DITK   16  yes
DKGA04  DITK   20  no
"""


@pytest.mark.parametrize("row", [line.split() for line in FITS.strip().splitlines()], ids=" ".join)
def test_a_key_has_the_length_of_its_derivation(row: list[str]) -> None:
    derivation, key_type, octets, fits = row
    register = replace(PRESENT, derivation=KeyDerivation[derivation], key_type=KeyType[key_type])
    assert VendingKey(bytes(int(octets))).fits(register) == (fits == "yes")


@pytest.mark.parametrize(
    "fields",
    [
        {"supply_group_code": "12345"},
        {"supply_group_code": "12345x"},
        {"key_revision_number": 0},
        {"key_revision_number": 10},
        {"key_expiry_number": 256},
        {"key_expiry_number": -1},
    ],
)
def test_a_register_outside_the_standards_ranges_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(StsError):
        replace(PRESENT, **fields)  # type: ignore[arg-type]


registers = st.builds(
    VendingKeyRegister,
    st.from_regex(r"[0-9]{6}", fullmatch=True),
    st.integers(1, 9),
    st.sampled_from(KeyType),
    st.sampled_from(BaseDate),
    st.integers(0, 255),
    st.sampled_from(KeyDerivation),
    st.from_regex(r"[0-9A-F]{6}", fullmatch=True),
)


@given(register=registers)
def test_a_register_survives_its_own_form(register: VendingKeyRegister) -> None:
    assert register_from(asdict(register)) == register


@given(one=registers, other=registers)
def test_a_sealed_key_is_bound_to_every_attribute(one: VendingKeyRegister, other: VendingKeyRegister) -> None:
    assert (one.sealed_with() == other.sealed_with()) == (one == other)


def test_a_meter_names_its_register() -> None:
    assert register_of(meter(PRESENT)) == PRESENT.name == ("123456", 2, KeyType.DUTK)
    assert str(PRESENT) == "123456/2 DUTK"


def test_a_decoder_key_is_that_of_the_standard() -> None:
    made = VendingKey(DES_KEY).decoder_key(meter(OLD), StaTables.SAMPLE, unverified=False)
    assert made == derive_decoder_key(DES_KEY, meter(OLD))


def test_an_initialisation_key_is_a_decoder_key_already() -> None:
    configuration = changed(meter(), key_type=KeyType.DITK)
    assert VendingKey(DES_KEY).decoder_key(configuration, StaTables.SAMPLE, unverified=False).octets == DES_KEY


def test_a_key_shows_nowhere() -> None:
    key = VendingKey(LONG_KEYS[1])
    with pytest.raises(StsError, match="a vending key for DKGA02") as refused:
        key.decoder_key(meter(OLD), StaTables.SAMPLE, unverified=False)
    told = "".join(traceback.TracebackException.from_exception(refused.value, capture_locals=True).format())
    for text in (repr(key), str(key), f"{key}", told):
        assert LONG_KEYS[1].hex() not in text
        assert str(LONG_KEYS[1]) not in text
    with pytest.raises(TypeError, match="not serialised"):
        pickle.dumps(key)
    assert copy.copy(key) is key
    assert copy.deepcopy(key) is key


@pytest.mark.parametrize(
    "code", ["\u0661\u0662\u0663\u0664\u0665\u0666", "12345\u0666", "\uff11\uff12\uff13\uff14\uff15\uff16"]
)
def test_digits_of_other_scripts_are_no_supply_group_code(code: str) -> None:
    assert code.isdecimal()
    with pytest.raises(StsError, match="supply group code"):
        replace(PRESENT, supply_group_code=code)
