"""Checks are registered soundly: a clause, a title and a name of its own for each."""

from __future__ import annotations

import re

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
