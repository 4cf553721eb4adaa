"""What all tests share: coroutine tests marked `anyio` run on asyncio's own loop."""

from __future__ import annotations

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
