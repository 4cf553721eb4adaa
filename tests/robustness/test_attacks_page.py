"""The page about attacks names the tests that play them: they are there."""

from __future__ import annotations

import re

from tests.tidy.source import ROOT, TESTS

PAGE = ROOT / "docs" / "explanation" / "attacks.md"


def test_every_test_that_the_page_names_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE.read_text("utf-8")))
    text = "\n".join(path.read_text("utf-8") for path in TESTS.rglob("test_*.py"))
    there = set(re.findall(r"def (test_\w+)\(", text))
    assert len(named) > 40
    assert named - there == set()
