"""The pages in the application: served, guarded, complete, and without a word from elsewhere."""

from __future__ import annotations

import re

import httpx
import pytest

from ferraris.console.pages.registry import ASSETS
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


def luminance(color: str) -> float:
    """Relative luminance as WCAG 2 has it."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


ON_CARDS = ["ink", "muted", "faint", "accent", "good", "bad", "warn"]
ON_THEIR_OWN = [(name, f"{name}-soft") for name in ("good", "warn", "bad", "idle", "busy", "accent")]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_can_be_read_on_what_it_stands_on(scheme: int) -> None:
    light, dark = ASSETS.joinpath("console.css").read_text().split("}")[:2]
    colors = dict(re.findall(r"--([\w-]+): (#\w{6})", light + (dark if scheme else "")))
    pairs = [(name, place) for name in ON_CARDS for place in ("card", "raised")] + ON_THEIR_OWN
    for name, place in [*pairs, ("faint", "paper"), ("accent-ink", "accent"), ("side-ink", "side")]:
        darker, lighter = sorted((luminance(colors[name]), luminance(colors[place])))
        assert (lighter + 0.05) / (darker + 0.05) >= 4.49, f"{name} on {place}"


def test_below_api_there_are_no_pages(served: Served) -> None:
    answer = served.get("/api/v1/nothing")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert served.get("/api/v1/overview").status_code == 200


@pytest.mark.parametrize("path", ["/nothing-here", "/till/nothing", "/meters/FER0000000004/more", "/%3Cscript%3E"])
def test_where_nothing_is_a_page_says_so_and_leads_on(served: Served, path: str) -> None:
    answer = served.get(path)
    assert answer.status_code == 404
    assert "There is no such page" in answer.text
    assert "To the content" in answer.text, "it has the frame of the other pages"
    assert "HTTPException" not in answer.text
    assert "<script>." not in answer.text


def test_what_is_no_page_at_all_is_refused_as_such(served: Served) -> None:
    assert "There is no such page" not in served.get("/assets/nothing.css").text
    assert served.get("/assets/nothing.css").status_code == 404


def test_pages_are_guarded_as_well(served: Served) -> None:
    answer = httpx.get(served.address, headers={"host": "evil.example"})
    assert answer.status_code == 403
