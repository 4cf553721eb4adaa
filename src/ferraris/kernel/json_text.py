"""JSON that somebody else wrote, read strictly: one reader for files, sockets, answers and stored texts.

Python's own takes more than RFC 8259 does, and fails in more ways than it says. Here a text is refused with one kind of
error that says where, if it

- is no JSON, or no UTF-8;
- is nested deeper than the interpreter can follow, or has a whole number of more digits than it converts;
- has NaN or Infinity, or a number too large for a float, which nobody behind could write again;
- names a member twice, of which one would silently win.
"""

from __future__ import annotations

import json
import math
from typing import Any, Final

from ferraris.kernel.errors import ConfigError, FerrarisError

NAME_CHARACTERS_MAX: Final = 40
"""Of a member's name, as an error tells it."""


def read_json(
    text: str | bytes,
    place: str,
    *,
    expected: str = "JSON",
    error: type[FerrarisError] = ConfigError,
    fractions_as_text: bool = False,
) -> Any:
    """The value that `text` writes. Raises `error`, which says what is wrong with `place` and where.

    With `fractions_as_text` a number with a fraction or an exponent is its digits as they stand: money is never a float.
    """
    decoder = _DECODER_OF_MONEY if fractions_as_text else _DECODER
    offset = None
    try:
        return decoder.decode(text.decode("utf-8-sig") if isinstance(text, bytes) else text)
    except json.JSONDecodeError as fault:
        reason = f"{fault.msg}, line {fault.lineno} column {fault.colno}"
        offset = len(fault.doc[: fault.pos].encode("utf-8", "surrogatepass"))
    except UnicodeDecodeError as fault:
        reason, offset = "no UTF-8", fault.start
    except RecursionError:
        reason = "nested too deep"
    except ValueError as fault:
        reason = str(fault)
    raise error(f"{place} is not JSON", expected=expected, got=reason, offset=offset)


def read_json_object(
    text: str | bytes,
    place: str,
    *,
    expected: str = "an object of JSON",
    error: type[FerrarisError] = ConfigError,
    fractions_as_text: bool = False,
) -> dict[str, Any]:
    """The object that `text` writes. Raises `error`, for any other value of JSON too."""
    value = read_json(text, place, expected=expected, error=error, fractions_as_text=fractions_as_text)
    if not isinstance(value, dict):
        raise error(f"{place} is no object", expected=expected, got=_KINDS[type(value)])
    return value


_KINDS: Final = {
    list: "an array",
    str: "a text",
    int: "a number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise ValueError(f"{name[:NAME_CHARACTERS_MAX]!r} twice")
            seen.add(name)
    return members


def _constant(name: str) -> Any:
    raise ValueError(f"{name}, which is no number")


def _fraction(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ValueError("a number that is too large")
    return value


def _integer(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:
        raise ValueError(f"a number of {len(digits)} digits") from None


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_members, parse_constant=_constant, parse_float=_fraction, parse_int=_integer
)
_DECODER_OF_MONEY: Final = json.JSONDecoder(
    object_pairs_hook=_members, parse_constant=_constant, parse_float=str, parse_int=_integer
)
