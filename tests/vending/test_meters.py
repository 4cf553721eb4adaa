"""A meter's history: which configuration tokens are made for, which one waits, and which changes a key change can make."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.sts import BaseDate, EncryptionAlgorithm, KeyDerivation, KeyType, MeterPan, StsConfiguration
from ferraris.vending import ConfigurationState, KeyChangeError, UnknownMeterError, meter_sought, parse_pan
from ferraris.vending.meters import (
    check_change,
    configuration_row,
    key_inputs,
    known_meter,
    note_issued,
    note_loaded,
    sts_configuration,
    want_configuration,
)
from tests.vending.house import NOON_MS, House, configuration, make_house, reference_number

CONFIGURATIONS = st.builds(
    lambda serial, algorithm, group, revision, kind, index, base, expiry, three: configuration(
        serial,
        encryption_algorithm=algorithm,
        supply_group_code=f"{group:06d}",
        key_revision_number=revision,
        key_type=kind,
        tariff_index=index,
        base_date=base,
        key_expiry_number=expiry,
        three_token_key_change=three,
    ),
    st.integers(0, 99_999_999),
    st.sampled_from([EncryptionAlgorithm.EA07, EncryptionAlgorithm.EA11]),
    st.integers(0, 999_999),
    st.integers(1, 9),
    st.sampled_from(KeyType),
    st.integers(0, 99),
    st.sampled_from(BaseDate),
    st.integers(0, 255),
    st.booleans(),
)


@given(CONFIGURATIONS)
def test_a_configuration_comes_back_from_its_row(sts: StsConfiguration) -> None:
    row = configuration_row(sts, 3, ConfigurationState.WANTED, 7)
    assert sts_configuration(row) == sts
    assert (row.position, row.state, row.loaded_ms) == (3, "wanted", None)


@pytest.fixture
def house() -> House:
    return make_house()


def history(house: House) -> list[tuple[int, str]]:
    with house.store.reading() as reader:
        return [(one.position, one.state.value) for one in known_meter(reader, house.meter).history]


def want(house: House, **changes: Any) -> None:
    with house.store.writing("want") as writer:
        known = known_meter(writer, house.meter)
        want_configuration(writer, known, replace(known.present.sts, **changes), NOON_MS)


def test_a_configuration_goes_from_wanted_to_issued_to_loaded(house: House) -> None:
    assert history(house) == [(1, "loaded")]
    want(house, key_revision_number=2)
    assert history(house) == [(1, "loaded"), (2, "wanted")]
    with house.store.writing("issue") as writer:
        known = known_meter(writer, house.meter)
        assert known.present.position == 1
        assert known.wanted
        note_issued(writer, known.wanted, NOON_MS + 1)
    assert history(house) == [(1, "loaded"), (2, "issued")]
    with house.store.writing("load") as writer:
        known = known_meter(writer, house.meter)
        assert (known.present.position, known.wanted, known.before and known.before.position) == (2, None, 1)
        note_loaded(writer, known, 2, NOON_MS + 2, "seen")
    assert history(house) == [(1, "former"), (2, "loaded")]
    with house.store.reading() as reader:
        first, second = (one.row for one in known_meter(reader, house.meter).history)
    assert (first.until_ms, second.issued_ms, second.loaded_ms, second.proof) == (
        NOON_MS + 2,
        NOON_MS + 1,
        NOON_MS + 2,
        "seen",
    )


def test_what_waits_is_replaced_by_what_is_wanted_later(house: House) -> None:
    want(house, key_revision_number=2)
    want(house, key_revision_number=3)
    assert history(house) == [(1, "loaded"), (2, "wanted")]
    with house.store.reading() as reader:
        wanted = known_meter(reader, house.meter).wanted
    assert wanted
    assert wanted.sts.key_revision_number == 3


def test_only_what_was_issued_can_be_loaded(house: House) -> None:
    want(house, key_revision_number=2)
    with house.store.writing("load") as writer:
        note_loaded(writer, known_meter(writer, house.meter), 2, NOON_MS, "seen")
    assert history(house) == [(1, "loaded"), (2, "wanted")]


IN_2035_MS = BaseDate.Y2035.start_ms


# what changes                                              and why no key change makes it
IMPOSSIBLE: list[tuple[dict[str, Any], str]] = [
    ({}, "this configuration already"),
    ({"meter_pan": MeterPan.from_reference(reference_number(2))}, "meter number"),
    ({"encryption_algorithm": EncryptionAlgorithm.EA07}, "encryption algorithm"),
]


@pytest.mark.parametrize(("changes", "why"), IMPOSSIBLE, ids=[why for _, why in IMPOSSIBLE])
def test_changes_that_no_key_change_makes(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(KeyChangeError, match=why):
        check_change(configuration(1), replace(configuration(1), **changes), IN_2035_MS)


def test_a_new_base_date_brings_another_key() -> None:
    old = configuration(1, encryption_algorithm=EncryptionAlgorithm.EA07, key_derivation=KeyDerivation.DKGA02)
    with pytest.raises(KeyChangeError, match="another decoder key"):
        check_change(old, replace(old, base_date=BaseDate.Y2035), IN_2035_MS)
    check_change(old, replace(old, base_date=BaseDate.Y2035, key_revision_number=2), IN_2035_MS)
    check_change(configuration(1), configuration(1, base_date=BaseDate.Y2035), IN_2035_MS)
    assert key_inputs(old) == key_inputs(replace(old, base_date=BaseDate.Y2035))


def test_no_meter_is_brought_to_a_base_date_that_lies_ahead() -> None:
    ahead = configuration(1, base_date=BaseDate.Y2035, key_revision_number=2)
    with pytest.raises(KeyChangeError, match="base date 2035 has not begun"):
        check_change(configuration(1), ahead, IN_2035_MS - 1)
    check_change(configuration(1), ahead, IN_2035_MS)


@pytest.mark.parametrize("text", ["01000000016", "600727010000000160", " 0100 0000 016 "])
def test_a_meter_number_as_it_is_typed(text: str) -> None:
    digits = "".join(text.split())
    if len(digits) == 18:
        digits = MeterPan.from_reference("01000000016").digits
    assert parse_pan(digits).decoder_reference_number == "01000000016"


@given(st.text(max_size=40))
def test_any_text_is_a_meter_number_or_refused(text: str) -> None:
    with contextlib.suppress(UnknownMeterError):
        assert parse_pan(text).digits


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1234567890", "a decoder reference number has 11 or 13 digits, got 10"),
        ("0100 0000 0161", "a decoder reference number has 11 or 13 digits, got 12"),
        ("", "a decoder reference number has digits only, got ''"),
        ("٠١٢٣٤٥٦٧٨٩٠", "digits only"),
        ("01000000017", "wrong check digit, expected 6, got 7"),
    ],
)
def test_what_is_wrong_about_a_meter_number(text: str, said: str) -> None:
    with pytest.raises(UnknownMeterError) as caught:
        parse_pan(text)
    assert said in str(caught.value)


def test_a_meter_without_configuration_in_use_sells_nothing(house: House) -> None:
    with house.store.writing("past the program") as writer:
        row = writer.configurations(house.meter)[0]
        writer.replace(replace(row, state="former"))
        with pytest.raises(UnknownMeterError, match="no configuration in use"):
            known_meter(writer, house.meter).present  # noqa: B018


SOUGHT = [
    # typed or scanned       looked for
    ("01000000016",          "01000000016"),
    (" 0100 0000 016 ",      "01000000016"),
    ("01000000017",          "01000000017"),  # a wrong check digit finds nothing, and says nothing
    ("0100",                 "0100"),
    (" Customer 1 ",         "Customer 1"),
    ("",                     ""),
    ("\x00",                 "\x00"),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "sought"), SOUGHT)
def test_what_is_looked_for(typed: str, sought: str) -> None:
    assert meter_sought(typed) == sought


def test_a_pan_is_looked_for_by_its_reference_number() -> None:
    pan = parse_pan("01000000016").digits
    assert len(pan) == 18
    assert meter_sought(pan) == meter_sought(f"{pan[:6]} {pan[6:]}") == "01000000016"
