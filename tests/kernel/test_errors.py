"""The tree of errors: fields first, text derived."""

from __future__ import annotations

from itertools import combinations

import pytest

from ferraris.kernel import errors
from ferraris.kernel.errors import FerrarisError, LinkError, ProtocolError, RefusedError, SecurityError

PARENTS = """
ProtocolError           FerrarisError
LocalProtocolError      ProtocolError
RemoteProtocolError     ProtocolError
DecodeError             RemoteProtocolError
SecurityError           FerrarisError
AuthenticationError     SecurityError
InvocationCounterError  SecurityError
LinkError               FerrarisError
LinkTimeoutError        LinkError
LinkClosedError         LinkError
LinkUnreachableError    LinkError
RefusedError            FerrarisError
StoreError              FerrarisError
TableError              FerrarisError
ConfigError             FerrarisError
"""


@pytest.mark.parametrize("line", PARENTS.strip().splitlines())
def test_the_tree(line: str) -> None:
    child, parent = (getattr(errors, name) for name in line.split())
    assert child.__bases__ == (parent,)


def test_every_error_stands_in_the_tree() -> None:
    defined = {name for name, value in vars(errors).items() if isinstance(value, type)}
    assert defined == {line.split()[0] for line in PARENTS.strip().splitlines()} | {"FerrarisError"}


TEXTS = [
    ({}, "cut short"),
    ({"expected": 3}, "cut short, expected 3"),
    ({"expected": 0, "got": 0}, "cut short, expected 0, got 0"),
    ({"got": "an array", "offset": 0}, "cut short, got an array, at octet 0"),
    ({"state": "IDLE"}, "cut short, in state IDLE"),
    ({"clause": "IEC 62056-5-3 9.5"}, "cut short (IEC 62056-5-3 9.5)"),
    (
        {"expected": 1, "got": 2, "offset": 3, "state": "OPEN", "clause": "5.2"},
        "cut short, expected 1, got 2, at octet 3, in state OPEN (5.2)",
    ),
]


@pytest.mark.parametrize(("fields", "text"), TEXTS)
def test_the_text_comes_from_the_fields(fields: dict[str, object], text: str) -> None:
    error = FerrarisError("cut short", **fields)  # type: ignore[arg-type]
    assert str(error) == text
    assert error.summary == "cut short"
    for name, value in fields.items():
        assert getattr(error, name) == value


def test_a_refusal_names_the_peers_answer() -> None:
    """In the standard's spelling, also where an enumeration's own name is given."""
    for name in ("read-write-denied", "READ_WRITE_DENIED"):
        refusal = RefusedError("no read of the clock", result=name, code=3)
        assert (refusal.result, refusal.code) == ("read-write-denied", 3)
        assert str(refusal) == "no read of the clock, got read-write-denied (3)"


def test_a_caller_branches_on_the_three_kinds() -> None:
    kinds = (ProtocolError, SecurityError, LinkError)
    for one in kinds:
        assert [issubclass(one, other) for other in kinds].count(True) == 1


WORDS = {
    "expected": ("an array", "expected an array"),
    "got": (0, "got 0"),
    "offset": (7, "at octet 7"),
    "state": ("ASSOCIATED", "in state ASSOCIATED"),
    "clause": ("IEC 62056-5-3 9.5", "(IEC 62056-5-3 9.5)"),
}
EVERY_COMBINATION = [names for count in range(len(WORDS) + 1) for names in combinations(WORDS, count)]


@pytest.mark.parametrize("names", EVERY_COMBINATION, ids="+".join)
def test_a_text_says_every_field_that_is_there_and_none_other(names: tuple[str, ...]) -> None:
    error = FerrarisError("cut short", **{name: WORDS[name][0] for name in names})  # type: ignore[arg-type]
    sentence = ", ".join(["cut short", *(WORDS[name][1] for name in names if name != "clause")])
    assert error.sentence == sentence, "a cashier has no standard on his desk"
    assert str(error) == f"{sentence} {WORDS['clause'][1]}" if "clause" in names else sentence
    for name in WORDS:
        assert getattr(error, name) == (WORDS[name][0] if name in names else None)


NOTHING_IS_A_VALUE = [
    # field       value   text
    ("expected",  0,      "cut short, expected 0"),
    ("expected",  "",     "cut short, expected "),
    ("expected",  False,  "cut short, expected False"),
    ("got",       0.0,    "cut short, got 0.0"),
    ("got",       (),     "cut short, got ()"),
    ("offset",    0,      "cut short, at octet 0"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value", "text"), NOTHING_IS_A_VALUE)
def test_zero_and_empty_are_said(field: str, value: object, text: str) -> None:
    assert str(FerrarisError("cut short", **{field: value})) == text  # type: ignore[arg-type]


@pytest.mark.parametrize("line", PARENTS.strip().splitlines())
def test_every_error_can_be_raised_and_caught_as_its_parent(line: str) -> None:
    child, parent = (getattr(errors, name) for name in line.split())
    made = child("no", result="denied", code=3) if child is RefusedError else child("no", got=1)
    with pytest.raises(parent, match=r"^no, got"):
        raise made
    assert isinstance(made, FerrarisError)
