"""Symbolic names of logical names: `obis.ACTIVE_ENERGY_IMPORT` is 1-0:1.8.0*255.

The names are the tags of `tables/obis.csv`, read when the first is asked for. The stub beside this file is made from it.
"""

from __future__ import annotations

from ferraris.cosem.obis_code import Obis
from ferraris.cosem.obis_table import entries_by_tag


def __getattr__(tag: str) -> Obis:
    entry = entries_by_tag().get(tag)
    if entry is None:
        raise AttributeError(f"no logical name has the tag {tag}")
    return entry.logical_name


def __dir__() -> list[str]:
    return sorted(entries_by_tag())
