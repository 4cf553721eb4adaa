"""What all tests share: coroutine tests marked `anyio` run on asyncio's own loop."""

from __future__ import annotations

import pytest
from hypothesis import settings

# A deadline would measure the machine, not the code.
settings.register_profile("ferraris", deadline=None)
settings.load_profile("ferraris")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
