"""The pages in the application: served, guarded, complete, and without a word from elsewhere."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.console.conftest import Served

pytestmark = pytest.mark.xdist_group("console")

PAGES = ["/", "/meters", "/meters?state=late&sort=missing&down=1", "/meters/FER0000000004", "/meters/FER0000000004?tab=objects",
         "/meters/NOBODY", "/alarms", "/alarms?closed=1", "/commands", "/docs"]  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_built(served: Served, path: str) -> None:
    answer = served.get(path)
    assert answer.status_code == 200
    assert "/assets/console.css?" in answer.text
    assert answer.headers["x-frame-options"] == "DENY"
    assert re.findall(r'(?:src|href)="(?:https?:)?//[^"]*"', answer.text) == []


@pytest.mark.parametrize(
    ("asset", "kind"), [("console.css", "text/css"), ("console.js", "javascript"), ("disc.svg", "svg")]
)
def test_assets_are_our_own(served: Served, asset: str, kind: str) -> None:
    answer = served.get(f"/assets/{asset}")
    assert kind in answer.headers["content-type"]
    assert "://" not in answer.text.replace("http://www.w3.org/2000/svg", "")


def test_below_api_there_are_no_pages(served: Served) -> None:
    answer = served.get("/api/v1/nothing")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert served.get("/api/v1/overview").status_code == 200


def test_pages_are_guarded_as_well(served: Served) -> None:
    answer = httpx.get(served.address, headers={"host": "evil.example"})
    assert answer.status_code == 403
