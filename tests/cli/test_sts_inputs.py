"""The inputs of a row: numbers, keys, tokens, times."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cli.sts_inputs import (
    algorithm_of,
    configuration_of,
    hexadecimal,
    issue_ms,
    key_of,
    number,
    octets,
    tables_of,
    token_of,
)
from ferraris.kernel.errors import ConfigError
from ferraris.sts import EncryptionAlgorithm, ExtendedReadToken, ExtendedSetToken, StaTables, StsError, TariffRateToken
from tests.sts.published import KEY, METER, Row, id_of, rows_of
from tests.sts.published import configuration_of as published_configuration
from tests.sts.strategies import loosely_written


@pytest.mark.parametrize("row", rows_of("DKGA04+EA11")[:20], ids=id_of)
def test_meters_and_keys_are_those_of_the_row(row: Row) -> None:
    assert configuration_of(row["inputs"]) == published_configuration(row["inputs"])
    assert key_of(row["inputs"], StaTables.SAMPLE).octets.hex() == row["inputs"]["decoder_key"]


def test_what_is_not_said_has_its_usual_value() -> None:
    found = configuration_of({"pan": METER.meter_pan.digits, "ea": 11, "sgc": "201457", "krn": "1", "ti": "01"})
    assert (found.key_expiry_number, found.base_date.year, found.key_derivation) == (255, 1993, 4)


def test_numbers_and_octets() -> None:
    assert number({"a": 3}, "a") == number({"a": "03"}, "a") == number({}, "a", 3) == 3
    assert hexadecimal({"a": "fffffffff"}, "a") == 0xFFFFFFFFF
    assert octets({"a": "00ff"}, "a") == b"\x00\xff"
    for inputs in ({}, {"a": ""}, {"a": "x"}, {"a": None}, {"a": 1.5}, {"a": "1" * 41 + "g"}):
        with pytest.raises(ConfigError):
            number(inputs, "a")
        with pytest.raises(ConfigError):
            hexadecimal(inputs, "a")


def test_the_derivation_says_the_usual_algorithm() -> None:
    assert [int(algorithm_of(given)) for given in ({}, {"dkga": 2}, {"dkga": 4}, {"dkga": 4, "ea": 7})] == [
        11,
        7,
        11,
        7,
    ]


def test_ea07_wants_tables_of_its_own() -> None:
    own = StaTables(
        StaTables.SAMPLE.second_substitution, StaTables.SAMPLE.first_substitution, StaTables.SAMPLE.permutation
    )
    assert tables_of({}, own) == own
    assert tables_of({"tables": "sample"}, own).is_sample
    with pytest.raises(StsError, match="licensed tables"):
        tables_of({}, StaTables.SAMPLE)
    given = {"ea": 7, "decoder_key": "0011223344556677"}
    assert key_of(given, own).algorithm is EncryptionAlgorithm.EA07
    assert key_of({"ea": 11, "decoder_key": KEY.octets.hex()}, StaTables.SAMPLE) == KEY


# class  subclass  field16   token
BY_FIELD = [
    (2, 2, "0102", TariffRateToken(7, 5, 0x102)),
    (2, 10, "fc01", ExtendedSetToken(7, 5, 63, 1)),
]


@pytest.mark.parametrize(("token_class", "subclass", "field16", "token"), BY_FIELD)
def test_tokens_of_a_field(token_class: int, subclass: int, field16: str, token: object) -> None:
    given = {"token_class": token_class, "subclass": subclass, "field16": field16, "tid": 7, "rnd": 5}
    assert token_of(given) == token


def test_a_control_value_is_read() -> None:
    assert token_of({"token_class": 1, "subclass": 2, "control": "fc0000000"}) == ExtendedReadToken(0xFC0000000)


# text                         milliseconds
TIMES = """
2014-01-01 00:00:00          | 1388534400000
2014-01-01T00:00             | 1388534400000
2014-01-01                   | 1388534400000
2014-01-01 02:00+02:00       | 1388534400000
"""


@pytest.mark.parametrize("line", TIMES.split("\n")[1:-1])
def test_times_are_utc_unless_they_say_otherwise(line: str) -> None:
    text, expected = line.split("|")
    assert issue_ms(text.strip()) == int(expected)


@pytest.mark.parametrize("text", ["", "noon", "2014-13-01", "2014-01-01 25:00"])
def test_no_time_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="a time of issue"):
        issue_ms(text)


@given(moment_ms=st.integers(0, 4_102_444_800).map(lambda second: second * 1000), hours=st.integers(-23, 23))
def test_a_time_is_the_same_moment_in_every_zone(moment_ms: int, hours: int) -> None:
    local = datetime.fromtimestamp(moment_ms / 1000, timezone(timedelta(hours=hours)))
    assert issue_ms(local.isoformat()) == moment_ms
    assert issue_ms(local.astimezone(UTC).replace(tzinfo=None).isoformat(" ")) == moment_ms


@given(value=st.integers(0, 2**64 - 1), bits=st.integers(1, 64))
def test_hexadecimal_digits_have_room_for_so_many_bits(value: int, bits: int) -> None:
    for digits in (f"{value:x}", f"{value:X}", f"{value:016x}"):
        if value < 1 << bits:
            assert hexadecimal({"a": digits}, "a", bits) == value
        else:
            with pytest.raises(ConfigError, match=f"{bits} bits"):
                hexadecimal({"a": digits}, "a", bits)


@given(text=st.text(max_size=50))
def test_any_text_is_a_time_and_a_number_or_an_error_of_ours(text: str) -> None:
    for read in (issue_ms, lambda text: number({"a": text}, "a"), lambda text: hexadecimal({"a": text}, "a")):
        with suppress(ConfigError):
            assert isinstance(read(text), int)


@pytest.mark.parametrize("digits", ["5ec2e7zz", "5ec2e", 7, ["5ec2e7"]])
def test_octets_that_may_be_a_key_are_never_repeated(digits: object) -> None:
    with pytest.raises(ConfigError) as refused:
        octets({"vk": digits}, "vk")
    assert "5ec2e" not in str(refused.value)


@given(loosely_written())
def test_numbers_of_a_row_are_written_in_plain_digits(text: str) -> None:
    for read in (number, hexadecimal):
        with pytest.raises(ConfigError, match="the input tid"):
            read({"tid": text}, "tid")
