"""Checks are registered soundly: a clause, a title and a name of its own for each."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from ferraris.client.conformance import check, registered


def test_every_check_has_a_clause_and_a_title() -> None:
    for each in registered():
        assert re.fullmatch(r"(Green Book|Blue Book|IEC \S+) \d[\d.]*\d", each.clause), each
        assert each.title[0].isupper()
        assert not each.title.endswith(".")
        assert re.fullmatch("[a-z0-9-]+", each.name)


def test_a_name_is_taken_once() -> None:
    async def association_opens(bench: object) -> None:
        """Never run."""

    with pytest.raises(ValueError, match="two checks"):
        check(section="x", clause="Green Book 9.5", title="X")(association_opens)  # type: ignore[arg-type]


def named_in(test: ast.FunctionDef, tables: dict[str, set[str]]) -> set[str]:
    """The checks that a test names: as text, by their functions, or in a table of its module."""
    names = set()
    for node in ast.walk(test):
        match node:
            case ast.Constant(value=str(text)):
                names.add(text)
            case ast.Attribute(attr=attribute):
                names.add(attribute.replace("_", "-"))
            case ast.Name(id=name):
                names |= tables.get(name, set())
    return names


def shown_to_fail(module: Path) -> set[str]:
    """What the tests of a module name that expect a failure."""
    tree = ast.parse(module.read_text("utf-8"))
    tables = {
        ast.unparse(target): {
            item.value for item in ast.walk(node) if isinstance(item, ast.Constant) and isinstance(item.value, str)
        }
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    }
    tests = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    expecting = ("Outcome.FAILED", "not finding_of", ".passed is passed", ".passed, ", "not shown")
    failing = [test for test in tests if any(words in ast.unparse(test) for words in expecting)]
    return set().union(*(named_in(test, tables) for test in failing))


def test_every_check_is_shown_to_fail_against_a_server_with_that_fault() -> None:
    """A check that was only ever seen to pass may be one that cannot fail."""
    modules = Path(__file__).parent.glob("test_*_checks.py")
    shown = set().union(*map(shown_to_fail, modules))
    assert {each.name for each in registered()} - shown == set()
