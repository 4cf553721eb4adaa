"""What a meter's magnetic identification card says: IDRecord (IEC 62055-41 clause 5) and Record2 (IEC 62055-51).

IDRecord is 35 digits: meter PAN 18, date of expiry 4 (year, month; 0000 for none), token carrier type 2, encryption algorithm 2,
supply group code 6, tariff index 2, key revision number 1. Record2, on the second track, has the same with `=` around the date
and a single `=` for none. Both layouts are read from public software and one published record; the books were not at hand.
Two programs differ in Record2's last fields: here the tariff index comes before the key revision number, as in IDRecord. That a
card is valid to the end of its month, in UTC, is taken from payment cards.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ferraris.sts.configuration import (
    KEY_REVISION_NUMBERS,
    TARIFF_INDEXES,
    EncryptionAlgorithm,
    check_range,
    check_supply_group_code,
)
from ferraris.sts.errors import StsError
from ferraris.sts.meter_pan import MeterPan

IDRECORD_DIGITS: Final = 35
NO_EXPIRY: Final = "0000"
CARRIER_TYPES: Final = range(100)
MAGNETIC_CARD: Final = 1
NUMERIC: Final = 2
"""Token carrier type of tokens that are typed."""
_FIELDS: Final = (
    r"(?P<carrier>[0-9]{2})(?P<algorithm>[0-9]{2})(?P<group>[0-9]{6})(?P<index>[0-9]{2})(?P<revision>[0-9])"
)
_IDRECORD: Final = re.compile(rf"(?P<pan>[0-9]{{18}})(?P<expiry>[0-9]{{4}}){_FIELDS}")
_RECORD2: Final = re.compile(rf";?(?P<pan>[0-9]{{18}})=(?P<expiry>[0-9]{{4}}|=)={_FIELDS}\??")
_FIRST_YEAR: Final = 1993
"""Years of two digits from 93 on are those of the last century: STS began in 1993."""


@dataclass(frozen=True, slots=True)
class IdentificationRecord:
    """A meter, as its card names it. `expires` is year and month; None for a card that never does."""

    meter_pan: MeterPan
    encryption_algorithm: EncryptionAlgorithm
    supply_group_code: str
    key_revision_number: int
    tariff_index: int
    token_carrier_type: int = NUMERIC
    expires: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        check_supply_group_code(self.supply_group_code)
        check_range("key revision number", self.key_revision_number, KEY_REVISION_NUMBERS)
        check_range("tariff index", self.tariff_index, TARIFF_INDEXES)
        check_range("token carrier type", self.token_carrier_type, CARRIER_TYPES)
        if self.expires is not None:
            year, month = self.expires
            check_range("year of expiry", year, range(_FIRST_YEAR, _FIRST_YEAR + 100))
            check_range("month of expiry", month, range(1, 13))

    def is_expired(self, now_ms: int) -> bool:
        """Whether the month of expiry is over."""
        now = datetime.fromtimestamp(now_ms / 1000, UTC)
        return self.expires is not None and (now.year, now.month) > self.expires

    @property
    def idrecord(self) -> str:
        """The 35 digits."""
        return f"{self.meter_pan.digits}{self._expiry or NO_EXPIRY}{self._rest}"

    @property
    def record2(self) -> str:
        """The second track, without its start and end sentinels."""
        return f"{self.meter_pan.digits}={self._expiry or '='}={self._rest}"

    @property
    def _expiry(self) -> str:
        return "" if self.expires is None else f"{self.expires[0] % 100:02d}{self.expires[1]:02d}"

    @property
    def _rest(self) -> str:
        return (
            f"{self.token_carrier_type:02d}{self.encryption_algorithm.value:02d}{self.supply_group_code}"
            f"{self.tariff_index:02d}{self.key_revision_number}"
        )

    @classmethod
    def parse(cls, text: str) -> IdentificationRecord:
        """An IDRecord or a Record2, the latter with or without its sentinels. Raises StsError."""
        match = _IDRECORD.fullmatch(text) or _RECORD2.fullmatch(text)
        if match is None:
            raise StsError(
                "no identification record", expected=f"{IDRECORD_DIGITS} digits, or a Record2", got=repr(text[:60])
            )
        return cls(
            MeterPan.parse(match["pan"]),
            _algorithm(int(match["algorithm"])),
            match["group"],
            int(match["revision"]),
            int(match["index"]),
            int(match["carrier"]),
            _year_and_month(match["expiry"]),
        )


def _algorithm(number: int) -> EncryptionAlgorithm:
    try:
        return EncryptionAlgorithm(number)
    except ValueError:
        known = ", ".join(f"{each.value:02d}" for each in EncryptionAlgorithm)
        raise StsError("an encryption algorithm", expected=known, got=f"{number:02d}") from None


def _year_and_month(digits: str) -> tuple[int, int] | None:
    if digits in (NO_EXPIRY, "="):
        return None
    year = int(digits[:2])
    return (1900 if year >= _FIRST_YEAR % 100 else 2000) + year, int(digits[2:])
