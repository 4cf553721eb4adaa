"""A meter's memory of token identifiers: by it a token is taken once (IEC 62055-41).

| the memory | the identifier | result |
|---|---|---|
| full | smaller than all that are in it | old_error |
| any | in it | used_error |
| not full | smaller than all that are in it | accept |
| any | any other | accept |

A new identifier takes the place of the smallest when the memory is full. So it always holds the largest of all that were taken, and
who knows these knows the memory. Meters and whoever explains their refusals go by this one table.
"""

from __future__ import annotations

from collections.abc import Sequence

from ferraris.kernel.limits import TOKEN_IDENTIFIERS_REMEMBERED
from ferraris.sts.errors import TokenResult


def result_by_memory(
    remembered: Sequence[int], identifier: int, room: int = TOKEN_IDENTIFIERS_REMEMBERED
) -> TokenResult:
    """What the memory says of a token; `remembered` rises, and has `room` places."""
    if len(remembered) >= room and identifier < remembered[0]:
        return TokenResult.OLD_ERROR
    return TokenResult.USED_ERROR if identifier in remembered else TokenResult.ACCEPT


def remembered_with(
    remembered: Sequence[int], identifier: int, room: int = TOKEN_IDENTIFIERS_REMEMBERED
) -> tuple[int, ...]:
    """The memory after the token of that identifier was taken."""
    return tuple(sorted((*remembered, identifier))[-room:])


def remembered_of(taken: frozenset[int], room: int = TOKEN_IDENTIFIERS_REMEMBERED) -> tuple[int, ...]:
    """The memory of a meter that has taken these."""
    return tuple(sorted(taken)[-room:])
