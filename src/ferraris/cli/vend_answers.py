"""The forms of vending's answers, as far as `ferraris vend` shows them: an answer of something else is told by its form.

Another server that speaks JSON may stand at --url, or a system of another version. What a form asks for is what the commands
read; answers may hold more. A form is written as the answer itself would look:

    {"number": int, "state?": str}    an object with these members; those with ? may be missing, or null
    [FORM]                            any number of them
    (FORM, FORM)                      an array of just so many
    int, str, bool, bytes, object     a value of this kind; bytes are a document, object is anything
    range(10)                         a whole number of these
    frozenset({"gas", "water"})       one of these texts
"""

from __future__ import annotations

import re
from typing import Any, Final

from ferraris.kernel.errors import LinkError

ANSWER: Final = "a running system of Ferraris at --url"
VALUE_CHARACTERS_SHOWN: Final = 40

_DIGITS: Final = range(10)
_SERVICE: Final = frozenset({"electricity", "water", "gas", "time"})
"""The same as of `UNIT_OF_SERVICE` of vending, which is too heavy to be loaded for every order."""
_SOLD: Final = {
    "receipt_number": str,
    "tokens_in_fours": [str],
    "notice?": str,
    "sale": {
        "number": int, "message_id": str, "state": str, "meter": str, "currency": str, "minor_digits": _DIGITS,
        "tendered_minor": int, "units_tenths": int, "tokens": [{"digits": str}], "service?": _SERVICE,
        "account?": str, "delivery?": str, "breakdown?": {"credit_money?": int},
    },
}  # fmt: skip
_QUOTE: Final = {
    "customer": str, "account": str, "tariff": str, "currency": str, "minor_digits": _DIGITS, "key_change": bool,
    "service?": _SERVICE,
    "breakdown": {
        "tendered_minor": int, "units_tenths?": int, "credit_money?": int,
        "lines": [{"name": str, "units_tenths": int, "price": str, "amount_minor": int}],
    },
}  # fmt: skip
_DEBTS: Final = [{"name": str, "remaining_minor": int, "percent": object}]
_METER: Final = {
    "meter": str, "blocked": str, "customer": {"name": str, "number": str}, "account": {"number": str, "tariff": str},
    "debts": _DEBTS,
    "history": [
        {
            "state": str, "supply_group_code": str, "key_revision_number": int, "tariff_index": int,
            "encryption_algorithm": int, "base_date": int, "key_expiry_number": int,
        }
    ],
}  # fmt: skip
_REQUEST: Final = {
    "message_id": str, "kind": str, "value": int, "meter": str, "requested_by": str, "reason": str,
}  # fmt: skip
_SHIFT: Final = {"number": int, "operator": str, "till": str}
_TOTALS: Final = {
    **_SHIFT, "sales": int, "float_minor": int, "deposited_minor": int, "expected_cash_minor": int, "counted_minor?": int,
    "payments": [{"payment": str, "taken_minor": int, "returned_minor": int}],
    "credits": [{"service": str, "unit": str, "units_tenths": int, "credit_money": int}],
}  # fmt: skip
_CAMPAIGN: Final = {
    "counts": {}, "complete": bool, "progress": {"meters": [{"meter": str, "state": str, "proof": str}]},
}  # fmt: skip

FORMS: Final = tuple(
    (method, re.compile(path), form)
    for method, path, form in (
        ("POST", "quotes", _QUOTE),
        ("POST", "sales|free-issues|key-changes|engineering/approve", _SOLD),
        ("POST", "sales/[^/]+/(reprint|reversal)", _SOLD),
        ("GET", "sales/[^/]+/receipt", bytes),
        ("GET", "sales", [_SOLD]),
        ("POST", "explain", {"text": str}),
        ("POST", "meters", {"registered": int, "notice?": str}),
        ("GET", "meters", [{"meter": str, "account": str, "customer_name": str, "blocked": str}]),
        ("GET", "meters/[^/]+", _METER),
        ("POST", "debts/[^/]+", _DEBTS),
        ("POST", "engineering", _REQUEST),
        ("GET", "engineering", [_REQUEST]),
        ("POST", "engineering/refuse", {"message_id": str, "operator": str}),
        ("POST", "shifts", _SHIFT),
        ("GET", "shifts", [_SHIFT]),
        ("POST", "shifts/close", _TOTALS),
        ("GET", "shifts/[^/]+", _TOTALS),
        ("POST", "deposits", {"message_id": str, "amount_minor": int}),
        ("GET", "settings", {"currency": str, "minor_digits": _DIGITS}),
        ("POST", "campaigns", {"meters": int, "left_out": [(str, str)]}),
        ("GET", "campaigns/[^/]+", _CAMPAIGN),
        ("POST", "campaigns/[^/]+/issue", [_SOLD]),
        ("POST", "campaigns/[^/]+/close", _CAMPAIGN),
    )
)
"""Of each question that a command asks: its method, its path, and the form of what vending answers."""


def checked_answer(method: str, path: str, answer: Any) -> Any:
    """The answer, which has the form of vending's to this question. Raises LinkError."""
    for known, pattern, form in FORMS:
        if known == method and pattern.fullmatch(path):
            _check(answer, form, "the answer")
            break
    return answer


def _check(value: Any, form: Any, place: str) -> None:
    if isinstance(form, dict):
        _check_kind(value, dict, place)
        for name, inner in form.items():
            _check_member(value, name, inner, place)
    elif isinstance(form, list):
        _check_kind(value, list, place)
        for one in value:
            _check(one, form[0], place)
    elif isinstance(form, tuple):
        _check_kind(value, list, place)
        if len(value) != len(form):
            raise _strange(place, f"{len(value)} values")
        for one, inner in zip(value, form, strict=True):
            _check(one, inner, place)
    elif isinstance(form, type):
        _check_kind(value, form, place)
    elif type(value) not in (int, str) or value not in form:
        raise _strange(place, repr(value)[:VALUE_CHARACTERS_SHOWN])


def _check_member(value: dict[str, Any], name: str, form: Any, place: str) -> None:
    bare = name.removesuffix("?")
    if name != bare and value.get(bare) is None:
        return
    if bare not in value:
        raise _strange(place, f"one without {bare!r}")
    _check(value[bare], form, f"{bare!r} of {place}")


def _check_kind(value: Any, kind: type, place: str) -> None:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise _strange(place, _KINDS.get(type(value), "a number"))


def _strange(place: str, got: str) -> LinkError:
    return LinkError(f"{place} is none of vending's", expected=ANSWER, got=got)


_KINDS: Final = {
    dict: "an object", list: "an array", str: "a text", bool: "true or false", type(None): "null", bytes: "a document",
}  # fmt: skip
