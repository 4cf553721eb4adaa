"""Every claim of conformance names a test that is there."""

from __future__ import annotations

import ast
import csv
from functools import cache

import pytest

from tests.tidy.source import ROOT

TABLE = ROOT / "docs" / "reference" / "conformance.csv"


def rows() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def tests_in(path: str) -> frozenset[str]:
    """The test functions and classes of a file, as pytest names them; none if there is no such file."""
    if not (ROOT / path).is_file():
        return frozenset()
    names: set[str] = set()
    for node in ast.parse((ROOT / path).read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names.add(node.name)
            names |= {
                f"{node.name}::{inner.name}"
                for inner in node.body
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) and inner.name.startswith("test")
            }
    return frozenset(names)


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['clause']}: {row['claim']}")
def test_a_claim_is_shown_by_a_test(row: dict[str, str]) -> None:
    path, _, name = row["test"].partition("::")
    assert name in tests_in(path), f"there is no {row['test']}"


def test_a_claim_stands_once() -> None:
    claims = [(row["clause"], row["claim"]) for row in rows()]
    assert len(claims) == len(set(claims))


def test_every_cell_is_filled() -> None:
    for row in rows():
        assert set(row) == {"clause", "claim", "test"}
        assert all(value and value.strip() == value for value in row.values()), row


def test_a_missing_test_is_seen() -> None:
    here = "tests/tidy/test_conformance.py"
    assert "test_a_missing_test_is_seen" in tests_in(here)
    assert "test_that_is_not_there" not in tests_in(here)
    assert not tests_in("tests/no/such/file.py")
