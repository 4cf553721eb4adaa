"""The substitution and permutation tables of EA07, the Standard Transfer Algorithm.

The algorithm is public, the tables that meters in service hold are not: the STS Association supplies them to its members. The
tables built in here are the sample ones printed in IEC 62055-41; tokens made with them are right by the book's worked
example, and no real EA07 meter takes them. An operator's licensed set is loaded from TOML: `s1` and `s2`, 16 integers each,
and `p`, 64 integers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final

from ferraris.kernel.errors import TableError
from ferraris.kernel.limits import STA_TABLES_CHARACTERS_MAX
from ferraris.kernel.tables import parse_toml

NIBBLES: Final = 16
BLOCK_BITS: Final = 64


@dataclass(frozen=True, slots=True)
class StaTables:
    """Two substitutions of four bits, and a permutation of 64: source bit i goes to bit `permutation[i]`."""

    first_substitution: tuple[int, ...] = field(repr=False)
    second_substitution: tuple[int, ...] = field(repr=False)
    permutation: tuple[int, ...] = field(repr=False)

    SAMPLE: ClassVar[StaTables]
    """Those printed in IEC 62055-41."""

    def __post_init__(self) -> None:
        for name, table, size in (
            ("s1", self.first_substitution, NIBBLES),
            ("s2", self.second_substitution, NIBBLES),
            ("p", self.permutation, BLOCK_BITS),
        ):
            if sorted(table) != list(range(size)):
                raise TableError(
                    f"{name} of the tables of EA07", expected=f"each of 0 to {size - 1} once", got=_fault(table, size)
                )

    @property
    def is_sample(self) -> bool:
        """Whether they are the sample tables, with which no real meter works."""
        return self == StaTables.SAMPLE


def _fault(table: tuple[int, ...], size: int) -> str:
    """What is wrong with a table, without repeating it: a licensed one is no one else's to see."""
    if len(table) != size:
        return f"{len(table)} integers"
    outside = sum(not 0 <= number < size for number in table)
    return f"{outside} outside of these" if outside else f"{size - len(set(table))} twice"


StaTables.SAMPLE = StaTables(
    first_substitution=(12, 10, 8, 4, 3, 15, 0, 2, 14, 1, 5, 13, 6, 9, 7, 11),
    second_substitution=(6, 9, 7, 4, 3, 10, 12, 14, 2, 13, 1, 15, 0, 11, 8, 5),
    permutation=(
        *(29, 27, 34, 9, 16, 62, 55, 2, 40, 49, 38, 25, 33, 61, 30, 23),
        *(1, 41, 21, 57, 42, 15, 5, 58, 19, 53, 22, 17, 48, 28, 24, 39),
        *(3, 60, 36, 14, 11, 52, 54, 12, 31, 51, 10, 26, 0, 45, 37, 43),
        *(44, 6, 59, 4, 7, 35, 56, 50, 13, 18, 32, 47, 46, 63, 20, 8),
    ),
)


@dataclass(frozen=True, slots=True)
class _TablesFile:
    s1: tuple[int, ...]
    s2: tuple[int, ...]
    p: tuple[int, ...]


def load_sta_tables(text: str, place: str) -> StaTables:
    """The tables in TOML text; `place` names the text in errors. Raises TableError, which repeats none of the numbers."""
    if len(text) > STA_TABLES_CHARACTERS_MAX:
        raise TableError(f"{place} is too long for tables of EA07", expected=f"at most {STA_TABLES_CHARACTERS_MAX}")
    try:
        file = parse_toml(text, _TablesFile, place)
    except TableError as error:  # what it got may be the operator's licensed numbers
        raise TableError(error.summary, expected=error.expected) from None
    try:
        return StaTables(file.s1, file.s2, file.p)
    except TableError as error:
        raise TableError(f"{place}: {error.summary}", expected=error.expected, got=error.got) from None
