"""Tokens of every kind, for Hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from ferraris.sts import (
    CURRENCY_MAX,
    QUANTITY_MAX,
    BaseDate,
    ClearCreditToken,
    ClearTamperToken,
    CreditToken,
    CurrencyCreditToken,
    EncryptionAlgorithm,
    ExtendedReadToken,
    ExtendedSetToken,
    KeyChangeFirstSection,
    KeyChangeFourthSection,
    KeyChangeSecondSection,
    KeyChangeSupplyGroupSection,
    KeyChangeThirdSection,
    KeyType,
    MeterPan,
    MeterTestToken,
    PhaseUnbalanceToken,
    PowerLimitToken,
    ProprietaryToken,
    Service,
    StsConfiguration,
    TariffRateToken,
    WaterFactorToken,
    carried_currency,
    carried_quantity,
    luhn_digit,
)


def bits(count: int) -> st.SearchStrategy[int]:
    """Numbers of so many bits."""
    return st.integers(0, (1 << count) - 1)


identifiers = bits(24)
randoms = bits(4)
quantities = st.integers(0, QUANTITY_MAX).map(carried_quantity)
"""Those that a token carries exactly."""
currencies = st.integers(-CURRENCY_MAX, CURRENCY_MAX).map(carried_currency)
services = st.sampled_from(Service)
six_digits = st.integers(0, 999_999).map(lambda number: f"{number:06d}")

credit_tokens = st.builds(CreditToken, services, identifiers, randoms, quantities)
currency_tokens = st.builds(CurrencyCreditToken, services, identifiers, currencies)
management_tokens = (
    st.builds(PowerLimitToken, identifiers, randoms, quantities)
    | st.builds(ClearCreditToken, identifiers, randoms, bits(16))
    | st.builds(TariffRateToken, identifiers, randoms, bits(16))
    | st.builds(ClearTamperToken, identifiers, randoms, bits(16))
    | st.builds(PhaseUnbalanceToken, identifiers, randoms, quantities)
    | st.builds(WaterFactorToken, identifiers, randoms, bits(16))
    | st.builds(ExtendedSetToken, identifiers, randoms, bits(6), bits(10))
)
clear_tokens = (
    st.builds(MeterTestToken, bits(36), bits(8))
    | st.builds(MeterTestToken, bits(28), bits(16), st.just(True))
    | st.builds(ExtendedReadToken, bits(36), bits(8))
    | st.builds(ProprietaryToken, st.just(1), st.integers(6, 15), bits(44))
)
proprietary_tokens = st.builds(ProprietaryToken, st.just(2), st.integers(11, 15), bits(44))
sections = st.builds(
    KeyChangeFirstSection, bits(4), st.integers(1, 9), st.booleans(), st.booleans(), st.sampled_from(KeyType), bits(32)
) | st.builds(KeyChangeSecondSection, bits(4), st.integers(0, 99), bits(32))
ea11_sections = st.builds(KeyChangeThirdSection, bits(12), bits(32)) | st.builds(
    KeyChangeFourthSection, bits(12), bits(32)
)
ea07_sections = st.builds(KeyChangeSupplyGroupSection, six_digits)

any_ea = clear_tokens | credit_tokens | currency_tokens | management_tokens | proprietary_tokens | sections
ea11_tokens = any_ea | ea11_sections
ea07_tokens = any_ea | ea07_sections

meter_pans = (
    st.integers(0, 10**10 - 1).map(lambda n: f"{n:010d}") | st.integers(0, 10**12 - 1).map(lambda n: f"{n:012d}")
).map(lambda body: MeterPan.from_reference(body + luhn_digit(body)))
configurations = st.builds(
    StsConfiguration,
    meter_pans,
    st.sampled_from((EncryptionAlgorithm.EA07, EncryptionAlgorithm.EA11)),
    six_digits,
    st.integers(1, 9),
    st.sampled_from(KeyType),
    st.integers(0, 99),
    st.sampled_from(BaseDate),
    st.integers(0, 255),
)


# Numbers as no person and no table writes them, though Python reads them

OTHER_DIGITS = ("٠١٢٣٤٥٦٧٨٩", "０１２３４５６７８９", "०१२३४५६७८९", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗")


@st.composite
def loosely_written(draw: st.DrawFn, least: int = 10, most: int = 10**9) -> str:
    """A whole number that `int` and `Decimal` take: with underscores, a plus, blanks, or digits of another script."""
    digits = str(draw(st.integers(least, most)))
    how = draw(
        st.sampled_from(("underscore", "plus", "blank before", "blank after", "line", "script", "one of a script"))
    )
    place = draw(st.integers(1, len(digits) - 1))
    script = draw(st.sampled_from(OTHER_DIGITS))
    return {
        "underscore": f"{digits[:place]}_{digits[place:]}",
        "plus": f"+{digits}",
        "blank before": f" {digits}",
        "blank after": f"{digits}\t",
        "line": f"{digits}\n",
        "script": "".join(script[int(digit)] for digit in digits),
        "one of a script": digits[:place] + script[int(digits[place])] + digits[place + 1 :],
    }[how]
