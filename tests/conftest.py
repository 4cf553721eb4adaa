"""What all tests share: coroutine tests marked `anyio` run on asyncio's own loop; the interop table is kept."""

from __future__ import annotations

import pytest
from hypothesis import settings

from tests.interop.matrix import MatrixPlugin
from tests.tidy.claims import ClaimsPlugin

# A deadline would measure the machine, not the code.
settings.register_profile("ferraris", deadline=None)
settings.load_profile("ferraris")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def pytest_configure(config: pytest.Config) -> None:
    """The process that reports keeps what the tests show; a worker only runs them."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(MatrixPlugin(config))
        config.pluginmanager.register(ClaimsPlugin())
