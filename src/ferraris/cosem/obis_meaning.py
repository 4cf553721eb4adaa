"""What a logical name means, put together from its value groups (IEC 62056-6-1): `1-0:32.7.0` is the instantaneous voltage in L1.

A name of the table of logical names has its description from there. All others are read group by group: A is the medium, B the
channel, C the quantity, D how it is processed, E the rate or the harmonic, F the billing period. What manufacturers, utilities
and countries give out themselves is told as such.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final, Self

from ferraris.cosem.obis_code import Obis
from ferraris.cosem.obis_table import obis_entry
from ferraris.kernel.tables import load_csv

MEDIA: Final = {
    0: "abstract",
    1: "electricity",
    4: "heat cost allocator",
    5: "cooling",
    6: "heating",
    7: "gas",
    8: "cold water",
    9: "hot water",
    15: "another medium",
}
ELECTRICITY: Final = 1
PHASES: Final = ("", " in phase L1", " in phase L2", " in phase L3")
QUANTITIES_OF_A_PHASE: Final = 20
WITH_HARMONICS: Final = frozenset({11, 12, 15, 90, 91, 92, 124, 125, 126})
"""Quantities whose group E counts harmonics where D takes no integral."""
PHASE_ANGLE: Final = 81
ENDS_OF_AN_ANGLE: Final = ("U(L1)", "U(L2)", "U(L3)", "", "I(L1)", "I(L2)", "I(L3)", "I(N)", "", "")
"""What the digits of group E stand for in a phase angle: the second is measured against the first."""
VOLTAGES: Final = frozenset({12, 124, 125, 126})
LOSSES: Final = 83
OF_A_COUNTRY: Final = 94
TIMES_UNDER_LIMIT: Final = 32
WITHOUT_VALUE: Final = 255


class Numbers(frozenset[int]):
    """Numbers of a value group, written as numbers and ranges with blanks between them; nothing written is any number."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError for anything else."""
        numbers: set[int] = set()
        for part in text.split():
            found = re.fullmatch(r"(\d{1,3})(?:-(\d{1,3}))?", part, re.ASCII)
            if found is None:
                raise ValueError(text)
            first, last = int(found[1]), int(found[2] or found[1])
            if not first <= last <= WITHOUT_VALUE:
                raise ValueError(text)
            numbers.update(range(first, last + 1))
        return cls(numbers or range(256))


@dataclass(frozen=True, slots=True)
class Groups:
    """The meaning of names whose groups A, C, D and E are among these numbers."""

    a: Numbers
    c: Numbers
    d: Numbers
    e: Numbers
    meaning: str


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity of electricity by group C, and what it counts over time."""

    c: int
    quantity: str
    integral: str | None


@dataclass(frozen=True, slots=True)
class Processing:
    """How a quantity is processed, by group D."""

    d: int
    processing: str
    integral: bool


@cache
def _quantities() -> dict[int, Quantity]:
    return {row.c: row for row in load_csv("ferraris.cosem", "tables/obis_quantities.csv", Quantity, unique=("c",))}


@cache
def _processing() -> dict[int, Processing]:
    return {row.d: row for row in load_csv("ferraris.cosem", "tables/obis_processing.csv", Processing, unique=("d",))}


def obis_meaning(logical_name: Obis) -> str | None:
    """What the name means in words; None when neither table nor value groups tell."""
    known = obis_entry(logical_name)
    return group_meaning(logical_name) if known is None else known.description


def group_meaning(logical_name: Obis) -> str | None:
    """What the value groups of the name say together; None when they say nothing known."""
    code = logical_name
    if code.a not in MEDIA:
        return None
    own = code.c != OF_A_COUNTRY and (128 <= code.d <= 254 or 128 <= code.e <= 254)
    if own or 128 <= code.b <= 199 or 128 <= code.c <= 240:
        return f"Of the manufacturer, {MEDIA[code.a]}"
    meaning = _electricity(code) if code.a == ELECTRICITY else None
    meaning = meaning or _fixed(code)
    return None if meaning is None else f"{meaning}{_period(code.f)}{_channel(code.b)}"


def _electricity(code: Obis) -> str | None:
    """A measured quantity of electricity."""
    phase, c = divmod(code.c - 1, QUANTITIES_OF_A_PHASE) if 1 <= code.c <= 80 else (0, code.c - 1)
    quantity, processing = _quantities().get(c + 1), _processing().get(code.d)
    if quantity is None or processing is None:
        return None
    integrated = processing.integral and quantity.integral is not None
    what = (quantity.integral if integrated else quantity.quantity) or ""
    return f"{what}{PHASES[phase]}, {processing.processing}{_rate_or_harmonic(c + 1, processing, code.e)}"


def _rate_or_harmonic(c: int, processing: Processing, e: int) -> str:
    if c == PHASE_ANGLE and e <= 99:
        of, against = ENDS_OF_AN_ANGLE[e % 10], ENDS_OF_AN_ANGLE[e // 10]
        return f", of {of} against {against}" if of and against else f", E={e}"
    if e in (0, WITHOUT_VALUE):
        return ""
    if c == LOSSES or (c in VOLTAGES and processing.d == TIMES_UNDER_LIMIT):
        return f", class {e}"
    if c not in WITH_HARMONICS or processing.integral:
        return f", rate {e}" if e <= 63 else f", E={e}"
    names = {
        124: "total harmonic distortion",
        125: "total demand distortion",
        126: "all harmonics",
        127: "all harmonics",
    }
    return f", {names[e]}" if e in names else f", harmonic {e}"


def _fixed(code: Obis) -> str | None:
    rows: tuple[Groups, ...] = load_csv("ferraris.cosem", "tables/obis_groups.csv", Groups)
    for row in rows:
        if code.a in row.a and code.c in row.c and code.d in row.d and code.e in row.e:
            return row.meaning.format(c=code.c, d=code.d, e=code.e)
    return None


def _period(f: int) -> str:
    if f == WITHOUT_VALUE:
        return ""
    if f <= 99:
        return f", billing period {f}"
    return f", last {f - 100} billing periods" if 101 <= f <= 125 else f", F={f}"


def _channel(b: int) -> str:
    if b in (0, WITHOUT_VALUE):
        return ""
    return f" (channel {b})" if b <= 64 else f" (channel {b} of the utility)"
