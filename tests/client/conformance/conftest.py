"""The fleet of the meters' own tests."""

from __future__ import annotations

from tests.meter.conftest import fleet, make_fleet

__all__ = ["fleet", "make_fleet"]
