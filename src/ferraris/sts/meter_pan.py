"""The meter PAN: eighteen digits that name a meter for payment (IEC 62055-41 clause 6.1.2), and Luhn's check digit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ferraris.sts.errors import StsError

PAN_DIGITS: Final = 18
SHORT_ISSUER: Final = "600727"
"""Issuer of meters whose decoder reference number has eleven digits."""
LONG_ISSUER: Final = "0000"
"""Stands before a decoder reference number of thirteen digits."""
ISSUER_OF_REFERENCE_DIGITS: Final = {11: SHORT_ISSUER, 13: LONG_ISSUER}

_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def is_decimal(text: str) -> bool:
    """Whether `text` has digits 0 to 9 and nothing else."""
    return text.isascii() and text.isdigit()


def luhn_digit(digits: str) -> str:
    """The check digit that follows `digits` (ISO/IEC 7812-1)."""
    if not is_decimal(digits):
        raise StsError("no decimal digits", expected="digits 0 to 9", got=repr(digits[:40]))
    total = sum(int(digit) if position % 2 else _DOUBLED[int(digit)] for position, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def check_luhn(name: str, digits: str) -> None:
    """Raise StsError when the last of `digits` is not the check digit of the others."""
    wanted = luhn_digit(digits[:-1])
    if digits[-1:] != wanted:
        raise StsError(f"{name} {digits}: wrong check digit", expected=wanted, got=digits[-1:] or "nothing")


@dataclass(frozen=True, slots=True)
class MeterPan:
    """Issuer, decoder reference number (DRN: manufacturer, serial number, check digit), and a check digit over both."""

    issuer_identification_number: str
    decoder_reference_number: str

    def __post_init__(self) -> None:
        reference = self.decoder_reference_number
        if not is_decimal(reference) or len(reference) not in ISSUER_OF_REFERENCE_DIGITS:
            raise StsError("a decoder reference number", expected="11 or 13 digits", got=repr(reference[:40]))
        issuer = ISSUER_OF_REFERENCE_DIGITS[len(reference)]
        if self.issuer_identification_number != issuer:
            raise StsError(
                f"the issuer of a decoder reference number of {len(reference)} digits",
                expected=issuer,
                got=repr(self.issuer_identification_number[:40]),
            )
        check_luhn("decoder reference number", reference)

    @property
    def digits(self) -> str:
        """All eighteen."""
        body = self.issuer_identification_number + self.decoder_reference_number
        return body + luhn_digit(body)

    @property
    def manufacturer_code(self) -> int:
        """The maker's number: two or four digits at the head of the decoder reference number."""
        return int(self.decoder_reference_number[:-9])

    def __str__(self) -> str:
        return self.digits

    @classmethod
    def from_reference(cls, decoder_reference_number: str) -> MeterPan:
        """The meter PAN of a decoder reference number, which says its issuer by its length."""
        issuer = ISSUER_OF_REFERENCE_DIGITS.get(len(decoder_reference_number), SHORT_ISSUER)
        return cls(issuer, decoder_reference_number)

    @classmethod
    def parse(cls, text: str) -> MeterPan:
        """The meter PAN of eighteen digits, or of a decoder reference number of eleven or thirteen."""
        if len(text) in ISSUER_OF_REFERENCE_DIGITS:
            return cls.from_reference(text)
        if len(text) != PAN_DIGITS or not is_decimal(text):
            raise StsError(
                "a meter number",
                expected=f"{PAN_DIGITS} digits of a meter PAN, or 11 or 13 of a decoder reference number",
                got=repr(text[:40]),
            )
        head = len(SHORT_ISSUER) if text.startswith(SHORT_ISSUER) else len(LONG_ISSUER)
        check_luhn("meter PAN", text)
        return cls(text[:head], text[head:-1])
