"""Key changes in sets of two, three and four tokens."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.sts import (
    RESULT_OF_SECTION,
    BaseDate,
    DecoderKey,
    EncryptionAlgorithm,
    KeyChangeFirstSection,
    KeyChangeSecondSection,
    KeyChangeSection,
    KeyChangeSupplyGroupSection,
    KeyChangeThirdSection,
    KeyType,
    MeterPan,
    StsConfiguration,
    StsError,
    assemble_key_change,
    decode_token,
    derive_decoder_key,
    encode_key_change,
    key_change_sections,
    sections_missing,
)
from tests.sts.published import (
    EA07_KEY,
    EA07_METER,
    KEY,
    METER,
    VENDING_KEY,
    Row,
    configuration_of,
    id_of,
    key_of,
    rows_of,
)
from tests.sts.strategies import configurations, six_digits

EA07, EA11 = EncryptionAlgorithm.EA07, EncryptionAlgorithm.EA11


@pytest.mark.parametrize("row", rows_of("DKGA04+EA11 key change"), ids=id_of)
def test_published_sets_of_four(row: Row) -> None:
    old = row["inputs"]
    new = {**old, **old["new"]}
    tokens = encode_key_change(key_of(new), configuration_of(new), key_of(old), configuration_of(old))
    assert list(tokens) == row["expected"]
    change = assemble_key_change([section(digits, key_of(old)) for digits in tokens], key_of(old))
    assert change.decoder_key == key_of(new)
    assert change.applied_to(configuration_of(old)) == configuration_of(new)


def section(digits: str, key: DecoderKey) -> KeyChangeSection:
    token = decode_token(digits, key)
    assert isinstance(token, KeyChangeSection)
    return token


NEW = replace(METER, tariff_index=2, supply_group_code="203557", key_expiry_number=170)
NEW_KEY = derive_decoder_key(VENDING_KEY, NEW)


def test_sections_may_come_in_any_order_and_more_than_once() -> None:
    sections = key_change_sections(NEW_KEY, NEW, KEY, METER)
    for order in itertools.permutations(sections):
        assert assemble_key_change((*order, order[0]), KEY).decoder_key == NEW_KEY


@given(configurations, six_digits, st.integers(1, 9), st.integers(0, 99), st.integers(0, 255), st.booleans())
def test_what_goes_in_comes_out(
    old: StsConfiguration, group: str, revision: int, index: int, expiry: int, three: bool
) -> None:
    new = replace(
        old,
        supply_group_code=group,
        key_revision_number=revision,
        key_type=KeyType.DUTK,
        tariff_index=index,
        key_expiry_number=expiry,
        three_token_key_change=three,
    )
    old_key, new_key = derive_decoder_key(VENDING_KEY, old), derive_decoder_key(VENDING_KEY, new)
    sections = key_change_sections(new_key, new, old_key, old)
    assert len(sections) == (4 if old.encryption_algorithm is EA11 else 3 if three else 2)
    change = assemble_key_change(reversed(sections), old_key)
    assert change.decoder_key == new_key
    after = change.applied_to(replace(old, three_token_key_change=three))
    carried = three or old.encryption_algorithm is EA11
    assert change.supply_group_code == (group if carried else None)
    assert after == replace(new, supply_group_code=group if carried else old.supply_group_code)


# algorithm  three?  held                       missing
MISSING = """
EA07         no                                 first second
EA07         no      first                      second
EA07         no      second                     first
EA07         no      first second
EA07         yes     first second               group
EA07         yes     second group               first
EA07         yes     first second group
EA11         no      first second               third fourth
EA11         no      second fourth              first third
EA11         no      first second third fourth
"""
KINDS = {"first": 0, "second": 1, "third": 2, "fourth": 3, "group": 2}


@pytest.mark.parametrize("line", MISSING.split("\n")[1:-1])
def test_what_a_set_lacks_is_known(line: str) -> None:
    algorithm, three = EncryptionAlgorithm[line[:4]], line[13:16].strip() == "yes"
    held, missing = line[21:48].split(), line[48:].split()
    old, key = (METER, KEY) if algorithm is EA11 else (EA07_METER, EA07_KEY)
    new = replace(old, tariff_index=2, three_token_key_change=three)
    sections = key_change_sections(derive_decoder_key(VENDING_KEY, new), new, key, old)
    there = [sections[KINDS[name]] for name in held]
    assert sections_missing(there, algorithm) == tuple(type(sections[KINDS[name]]) for name in missing)
    if missing:
        with pytest.raises(StsError, match="lacks sections"):
            assemble_key_change(there, key)
    else:
        assert assemble_key_change(there, key).tariff_index == 2


def test_sections_of_two_sets_are_not_joined() -> None:
    first, second, *rest = key_change_sections(NEW_KEY, NEW, KEY, METER)
    other = key_change_sections(KEY, METER, NEW_KEY, NEW)[0]
    with pytest.raises(StsError, match="two different key changes"):
        assemble_key_change([first, other, second, *rest], KEY)


def test_the_three_token_bit_decides_about_the_supply_group_code() -> None:
    plain = key_change_sections(EA07_KEY, EA07_METER, EA07_KEY, EA07_METER)
    stray = KeyChangeSupplyGroupSection("999999")
    assert assemble_key_change([*plain, stray], EA07_KEY).supply_group_code is None


def test_a_supply_group_code_of_seven_digits_is_refused() -> None:
    first, second, _, fourth = key_change_sections(NEW_KEY, NEW, KEY, METER)
    wrong = replace(fourth, supply_group_code_high=0xFFF)  # type: ignore[call-arg]
    with pytest.raises(StsError, match="supply group code"):
        assemble_key_change([first, second, KeyChangeThirdSection(0xFFF, 0), wrong], KEY)


def test_another_base_date_sets_the_rollover_bit() -> None:
    new = replace(METER, base_date=BaseDate.Y2035)
    key = derive_decoder_key(VENDING_KEY, new)
    first = key_change_sections(key, new, KEY, METER)[0]
    assert isinstance(first, KeyChangeFirstSection)
    assert first.rollover
    change = assemble_key_change(key_change_sections(key, new, KEY, METER), KEY)
    assert change.applied_to(METER).base_date is BaseDate.Y2035
    with pytest.raises(StsError, match="last base date"):
        change.applied_to(new)


def test_a_rollover_brings_another_key() -> None:
    """Else the meter, its memory cleared, would take old tokens once more."""
    new = replace(METER, base_date=BaseDate.Y2035)
    with pytest.raises(StsError, match="same key"):
        key_change_sections(KEY, new, KEY, METER)


def test_a_set_is_for_one_meter_and_one_algorithm() -> None:
    other = replace(METER, meter_pan=MeterPan.parse("000001000000000082"))
    with pytest.raises(StsError, match="one meter"):
        key_change_sections(NEW_KEY, other, KEY, METER)
    with pytest.raises(StsError, match="EA07 and EA11"):
        key_change_sections(EA07_KEY, EA07_METER, KEY, METER)
    with pytest.raises(StsError, match="EA07 and EA11"):
        key_change_sections(EA07_KEY, METER, KEY, METER)


def test_each_section_has_its_result() -> None:
    sections = key_change_sections(NEW_KEY, NEW, KEY, METER)
    names = [str(RESULT_OF_SECTION[type(each)]).split("_")[0] for each in sections]
    assert names == ["first", "second", "third", "fourth"]
    assert RESULT_OF_SECTION[KeyChangeSecondSection].is_accepted


def test_a_key_change_does_not_show_its_key() -> None:
    change = assemble_key_change(key_change_sections(NEW_KEY, NEW, KEY, METER), KEY)
    assert NEW_KEY.octets.hex() not in repr(change)
    assert "decoder_key" not in repr(change)
