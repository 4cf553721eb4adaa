"""A shop to which vending clients write letters."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.console.shop import Shop, open_shop


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop(tariff_name="domestic_blocks") as shop:
        yield shop
