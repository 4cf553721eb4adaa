"""What is wrong with a field of a request, in the words in which the rest of the system says it.

The validation knows a few dozen kinds of error; each becomes "expected …, got …". What stands in a field that may hold a
secret is never said again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

SHOWN_CHARACTERS_MAX: Final = 40
_UNSAID = re.compile(r"secret|password|credential|token|pin$", re.ASCII)
_PLACES = frozenset({"query", "path", "body", "header"})
PATTERNS: Final = {r"^[0-9]{6}$": "six digits"}
"""What a pattern means to people."""

EXPECTED: Final[dict[str, str | Callable[[Mapping[str, Any]], str]]] = {
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number of fewer digits",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "decimal_parsing": "a decimal number",
    "decimal_type": "a decimal number",
    "finite_number": "a decimal number",
    "float_parsing": "a number",
    "float_type": "a number",
    "decimal_max_places": lambda context: f"at most {context['decimal_places']} decimals",
    "decimal_max_digits": lambda context: f"at most {context['max_digits']} digits",
    "decimal_whole_digits": lambda context: f"at most {context['whole_digits']} digits before the point",
    "greater_than_equal": lambda context: f"at least {context['ge']}",
    "greater_than": lambda context: f"more than {context['gt']}",
    "less_than_equal": lambda context: f"at most {context['le']}",
    "less_than": lambda context: f"less than {context['lt']}",
    "string_type": "a text",
    "string_too_short": lambda context: (
        "a text" if context["min_length"] == 1 else f"{context['min_length']} characters"
    ),
    "string_too_long": lambda context: f"at most {context['max_length']} characters",
    "string_pattern_mismatch": lambda context: PATTERNS.get(context["pattern"], f"what fits {context['pattern']}"),
    "string_unicode": "a text in UTF-8",
    "enum": lambda context: str(context["expected"]),
    "literal_error": lambda context: str(context["expected"]),
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "list_type": "a list",
    "too_short": lambda context: f"at least {context['min_length']} in the list",
    "too_long": lambda context: f"at most {context['max_length']} in the list",
    "dataclass_type": "an object with named fields",
    "model_type": "an object with named fields",
    "model_attributes_type": "an object with named fields",
    "dict_type": "an object with named fields",
    "date_from_datetime_parsing": "a date such as 2026-07-01",
    "date_parsing": "a date such as 2026-07-01",
    "value_error": lambda context: str(context["error"]),
    "assertion_error": lambda context: str(context["error"]),
}
_UNKNOWN = frozenset({"unexpected_keyword_argument", "extra_forbidden"})


def finding(entry: Mapping[str, Any]) -> str:
    """One finding of the validation, with the name of the field as the caller knows it."""
    kind, context = entry["type"], entry.get("ctx", {})
    place = ".".join(str(part) for part in entry["loc"] if part not in _PLACES)
    if kind == "json_invalid":
        return f"The body is no JSON: {str(context['error']).lower()}"
    if kind == "missing":
        return f"{place} is missing" if place else "The body is missing"
    if kind in _UNKNOWN:
        return f"{place}: no such field"
    known = EXPECTED.get(kind)
    if known is None:
        text = f"{entry['msg'][:1].lower()}{entry['msg'][1:]}"
    else:
        text = f"expected {known if isinstance(known, str) else known(context)}{_got(place, entry)}"
    return f"{place}: {text}" if place else f"{text[:1].upper()}{text[1:]}"


def _got(place: str, entry: Mapping[str, Any]) -> str:
    given = entry.get("input")
    if not isinstance(given, str | int | float) or _UNSAID.search(place):
        return ""
    if entry["type"] in {"string_too_long", "string_too_short"} and isinstance(given, str) and given:
        return f", got {len(given)}"
    return f", got {repr(given)[:SHOWN_CHARACTERS_MAX]}"
