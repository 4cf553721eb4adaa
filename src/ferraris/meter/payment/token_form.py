"""The two forms of a token on a line: 20 digits, an octet each, or the number that they are in 9 octets.

The books leave the form to companion specifications. Octets of a form that the meter does not take become digits that are none:
it answers them as it does any token whose format is wrong.
"""

from __future__ import annotations

from typing import Final

from ferraris.cosem import TokenForm
from ferraris.sts import TOKEN_DIGITS

NUMBER_OCTETS: Final = 9
NO_TOKEN: Final = ""


def token_digits(octets: bytes, form: TokenForm) -> str:
    """The 20 digits; something else for what is no token in a form that is taken."""
    if len(octets) == NUMBER_OCTETS and form is not TokenForm.DIGITS:
        return f"{int.from_bytes(octets, 'big'):0{TOKEN_DIGITS}d}"
    if form is TokenForm.OCTETS:
        return NO_TOKEN
    return octets.decode("ascii", "replace")
