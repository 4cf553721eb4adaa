"""What the tests of the console share: a small town to change, a street that has lived a day, REST over each, a browser."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from ferraris.console import create_rest, serving
from tests.console.shop import open_street
from tests.console.town import Town, TownMeter, lived_in

CHROMIUM_FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
STARTING_S = 120.0


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """Three meters, three hours after they were registered; the third has another key."""
    town = Town(tmp_path, [TownMeter(1), TownMeter(2), TownMeter(3, wrong_key=True)])
    town.run(3 * 3_600)
    yield town
    town.close()


@pytest.fixture
def rest(town: Town) -> TestClient:
    return TestClient(create_rest(town), base_url="http://localhost")


@pytest.fixture(scope="session")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A street after 26 hours, to be looked at only."""
    town = lived_in(tmp_path_factory.mktemp("street"), 20)
    yield town
    town.close()


@pytest.fixture(scope="session")
def reader(street: Town) -> TestClient:
    """REST over the street."""
    return TestClient(create_rest(street), base_url="http://localhost")


class Served:
    """The console over a street, on an event loop of its own, as a process would have it."""

    def __init__(self, directory: Path, meters: int, hours: int) -> None:
        self._directory, self._meters, self._hours = directory, meters, hours
        self._ready = threading.Event()
        self._stopped = threading.Event()
        self._failure: BaseException | None = None
        self.address = ""
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(STARTING_S), "the console did not start"
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(STARTING_S)

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"{self.address}{path}", timeout=30.0)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as failure:  # noqa: BLE001 - told to the test that waits
            self._failure = failure
            self._ready.set()

    async def _serve(self) -> None:
        town = lived_in(self._directory, self._meters, self._hours)
        house = open_street(town.clock.now_ms(), self._directory)
        town.vending = house.vending
        async with serving(town, port=0) as self.address:
            self._ready.set()
            while not self._stopped.is_set():
                await asyncio.sleep(0.02)
                if town.posted:
                    town.settle()
        town.close()
        house.store.close()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The console in operation. NiceGUI is one for the process: so is this."""
    for_pictures = bool(os.environ.get("FERRARIS_SCREENSHOTS"))
    served = Served(tmp_path_factory.mktemp("served"), *((200, 31) if for_pictures else (20, 26)))
    served.start()
    yield served
    served.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium. Where there is none the test skips, but not in CI.

    Playwright keeps an event loop running in this thread, so coroutine tests cannot share a module with it.
    """
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None and os.environ.get("CI") != "true":
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Any, served: Served) -> Iterator[Any]:
    """An empty page of 1280 × 860 that may load nothing from elsewhere and must not complain."""
    context = browser.new_context(viewport={"width": 1280, "height": 860}, base_url=served.address)
    page = context.new_page()
    page.set_default_timeout(20_000)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(f"failed: {request.url}"))
    inside = (served.address, f"ws{served.address.removeprefix('http')}", "data:", "blob:")
    page.on("request", lambda r: None if r.url.startswith(inside) else complaints.append(f"from elsewhere: {r.url}"))
    yield page
    context.close()
    # A page that is left closes its requests on the way.
    assert [text for text in complaints if "favicon" not in text and "ERR_ABORTED" not in text] == []
