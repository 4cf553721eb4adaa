"""The meter PAN, and Luhn's check digit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.sts import MeterPan, StsError, luhn_digit
from ferraris.sts.meter_pan import check_luhn, is_decimal
from tests.sts.published import id_of, rows_of
from tests.sts.strategies import meter_pans

# text                  issuer    reference number   maker
KNOWN = """
600727000000000009      600727    00000000000        0
000001000000000082      0000      0100000000008      100
600727111111111153      600727    11111111115        11
000002600601358034      0000      0260060135803      260
"""


@pytest.mark.parametrize("line", KNOWN.split("\n")[1:-1])
def test_published_meter_pans_are_read(line: str) -> None:
    digits, issuer, reference, maker = line.split()
    pan = MeterPan.parse(digits)
    assert (pan.issuer_identification_number, pan.decoder_reference_number) == (issuer, reference)
    assert pan.manufacturer_code == int(maker)
    assert pan.digits == str(pan) == digits
    assert MeterPan.parse(reference) == MeterPan.from_reference(reference) == pan


@given(meter_pans)
def test_a_meter_pan_is_what_its_digits_say(pan: MeterPan) -> None:
    assert len(pan.digits) == 18
    assert MeterPan.parse(pan.digits) == pan


@given(meter_pans, st.integers(0, 17), st.integers(1, 9))
def test_one_wrong_digit_is_seen(pan: MeterPan, place: int, more: int) -> None:
    digits = pan.digits
    wrong = digits[:place] + str((int(digits[place]) + more) % 10) + digits[place + 1 :]
    with pytest.raises(StsError):
        MeterPan.parse(wrong)


@pytest.mark.parametrize("row", rows_of("Luhn"), ids=id_of)
def test_published_wrong_check_digits_are_refused(row: dict[str, dict[str, str]]) -> None:
    with pytest.raises(StsError, match="wrong check digit"):
        MeterPan.from_reference(row["inputs"]["drn"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "6",
        "600727",
        "6007270000000000090",
        "60072700000000000x",
        "６00727000000000009",
        "600727000000000008",
        "-" * 18,
        "000000000018",
    ],
)
def test_what_is_no_meter_pan_is_refused(text: str) -> None:
    with pytest.raises(StsError):
        MeterPan.parse(text)


def test_an_issuer_goes_with_the_length_of_the_number() -> None:
    with pytest.raises(StsError, match="expected 600727"):
        MeterPan("0000", "00000000000")
    with pytest.raises(StsError, match="expected 0000"):
        MeterPan("600727", "0100000000008")


def test_luhn_wants_digits() -> None:
    assert luhn_digit("7992739871") == "3"
    for text in ("", "12a", "１２"):
        assert not is_decimal(text)
        with pytest.raises(StsError):
            luhn_digit(text)
    check_luhn("card", "79927398713")


@pytest.mark.parametrize("text", ["", "0100000001", "010000000160", "60072700000000000", "60072701000000016x"])
def test_the_lengths_that_there_are_are_told(text: str) -> None:
    with pytest.raises(StsError, match="18 digits of a meter PAN, or 11 or 13 of a decoder reference number"):
        MeterPan.parse(text)
