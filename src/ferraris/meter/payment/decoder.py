"""The decoder: everything in a meter that a token is judged by, and that judging it changes (IEC 62055-41 clauses 7 and 8).

Which token is old, and which was used, its memory of token identifiers says (`sts.identifier_memory`).

A keypad is locked after wrong entries, for twice as long each time: the standard leaves this to makers. Here an entry is wrong
when its check value or its manufacturer code is; only a token that was accepted under the meter's key ends the row, since
anybody knows tokens of class 1 and finds old receipts.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from ferraris.kernel.limits import (
    TOKEN_LOCKOUT_FIRST_S,
    TOKEN_LOCKOUT_LONGEST_S,
    TOKEN_WRONG_ENTRIES_MAX,
)
from ferraris.sts import DecoderKey, StsConfiguration, TokenResult, remembered_with, result_by_memory

MS_PER_S: Final = 1_000
_DOUBLINGS_MAX: Final = 32


@dataclass(frozen=True, slots=True)
class Decoder:
    """A meter's decoder at one moment."""

    configuration: StsConfiguration
    key: DecoderKey = field(repr=False)
    identifiers: tuple[int, ...] = ()
    """The memory: those of the youngest tokens taken, rising."""
    sections: tuple[str, ...] = field(default=(), repr=False)
    """Tokens of a key change that is not complete."""
    sections_until_ms: int = 0
    wrong_entries: int = 0
    locked_until_ms: int = 0

    def result_by_memory(self, identifier: int) -> TokenResult:
        """Whether a token of that identifier is old or used."""
        return result_by_memory(self.identifiers, identifier)

    def with_identifier(self, identifier: int) -> Decoder:
        """The token of that identifier has been taken."""
        return replace(self, identifiers=remembered_with(self.identifiers, identifier))

    def is_locked(self, now_ms: int) -> bool:
        return now_ms < self.locked_until_ms

    def after_wrong_entry(self, now_ms: int) -> Decoder:
        """One more wrong entry; from the third on each locks the keypad."""
        wrong = self.wrong_entries + 1
        if wrong < TOKEN_WRONG_ENTRIES_MAX:
            return replace(self, wrong_entries=wrong)
        doublings = min(wrong - TOKEN_WRONG_ENTRIES_MAX, _DOUBLINGS_MAX)
        locked_s = min(TOKEN_LOCKOUT_FIRST_S << doublings, TOKEN_LOCKOUT_LONGEST_S)
        return replace(self, wrong_entries=wrong, locked_until_ms=now_ms + locked_s * MS_PER_S)

    def after_right_entry(self) -> Decoder:
        return replace(self, wrong_entries=0, locked_until_ms=0)

    def waiting_sections(self, now_ms: int) -> tuple[str, ...]:
        """The tokens of a key change under way that are still waited with."""
        return self.sections if now_ms <= self.sections_until_ms else ()
