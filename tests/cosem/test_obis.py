"""Symbolic names of logical names."""

from __future__ import annotations

import pytest

from ferraris.cosem import Obis, obis
from ferraris.cosem.obis_table import obis_entries


def test_every_row_of_the_table_has_its_symbolic_name() -> None:
    for entry in obis_entries():
        assert getattr(obis, entry.tag) == entry.logical_name
    assert dir(obis) == sorted(entry.tag for entry in obis_entries())


def test_a_symbolic_name_is_a_logical_name() -> None:
    assert type(obis.ACTIVE_ENERGY_IMPORT) is Obis
    assert str(obis.ACTIVE_ENERGY_IMPORT) == "1.0.1.8.0.255"


def test_an_unknown_tag_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="NO_SUCH_TAG"):
        obis.NO_SUCH_TAG  # noqa: B018
