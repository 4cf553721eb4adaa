"""The console in a headless Chromium: pages load without the network, orders work, and what they look like."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.console.conftest import Served

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("console")]

IMAGES = Path(__file__).parents[3] / "docs" / "images"
WIDTHS = [(1280, 860), (420, 900)]
PAGES = ["/", "/meters", "/meters/FER0000000005", "/meters/FER0000000005?tab=objects", "/alarms", "/commands", "/docs"]


def opened(page: Any, path: str) -> Any:
    """Go there, and wait until the page lives."""
    page.goto(path)
    page.wait_for_selector(".side-foot")
    page.wait_for_function("window.socket && window.socket.connected")
    return page


@pytest.mark.parametrize("path", PAGES)
def test_pages_load_without_the_network_and_without_complaint(page: Any, path: str) -> None:
    opened(page, path)
    assert page.locator("h1").inner_text()
    assert page.locator(".banner").count() == 0


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("size", WIDTHS, ids=lambda size: f"{size[0]} px")
def test_nothing_runs_over_the_edge(page: Any, path: str, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    opened(page, path)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_charts_are_drawn(page: Any) -> None:
    opened(page, "/meters/FER0000000005")
    page.wait_for_selector(".chart canvas")
    chart = "getElement(document.querySelector('.chart').id.slice(1)).chart.getOption()"
    page.wait_for_function(f"{chart}.series.length === 2")
    values = page.evaluate(f"{chart}.series[0].data.map(point => point[1])")
    assert None in values
    assert max(value for value in values if value is not None) > 500
    (gap,) = page.evaluate(f"{chart}.series[0].markArea.data")
    assert gap[0]["name"].startswith("no data, 2 h")


def test_the_slash_key_searches_and_a_click_opens(page: Any) -> None:
    opened(page, "/meters")
    page.keyboard.press("/")
    page.keyboard.type("00012")
    page.wait_for_url("**/meters?q=00012")
    page.wait_for_function("document.querySelectorAll('tbody tr').length === 1")
    page.locator("tbody tr td").nth(2).click()
    page.wait_for_url("**/meters/FER0000000012")


def test_filters_change_the_address_and_back_goes_back(page: Any) -> None:
    opened(page, "/meters")
    page.locator(".filter", has_text="Wrong key").click()
    page.wait_for_url("**/meters?state=wrong_key")
    page.wait_for_function("document.querySelectorAll('tbody tr').length === 1")
    page.go_back()
    page.wait_for_function("document.querySelectorAll('tbody tr').length > 1")
    assert page.url.endswith("/meters")


def test_a_disconnection_is_asked_for_ordered_once_and_confirmed(page: Any, served: Served) -> None:
    opened(page, "/meters/FER0000000008?tab=commands")
    page.get_by_role("button", name="Disconnect …").click()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Disconnect …").click()
    page.locator(".dialog .danger").dblclick()
    page.wait_for_selector(".states > div:nth-child(2) .chip.bad")
    assert "Confirmed" in page.locator("tbody tr").first.inner_text()
    commands = served.get("/api/v1/meters/FER0000000008/commands").json()
    assert [(row["kind"], row["state"], row["requested_by"].split(" ")[0]) for row in commands] == [
        ("disconnect", "confirmed", "console")
    ]
    assert page.get_by_role("button", name="Reconnect …").count() == 1


def test_what_moves_many_meters_is_asked_first(page: Any, served: Served) -> None:
    opened(page, "/commands")
    button = page.get_by_role("button", name="Collect from all meters now …")
    button.click()
    dialog = page.locator("dialog")
    assert "Collect from all meters now?" in dialog.inner_text()
    dialog.get_by_role("button", name="Cancel").click()
    dialog.wait_for(state="detached")
    assert served.get("/api/v1/collections/last").status_code == 404
    button.click()
    page.keyboard.press("Escape")
    page.locator("dialog").wait_for(state="detached")
    button.click()
    dialog.get_by_role("button", name="Collect from all").dblclick()
    page.locator("section", has_text="meters done").wait_for()
    assert served.get("/api/v1/collections/last").status_code == 200


def test_on_a_phone_each_value_stands_under_the_name_of_its_column(page: Any) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for path in ("/meters", "/alarms", "/", "/meters/FER0000000005?tab=objects"):
        opened(page, path)
        page.locator("h1").wait_for()
        page.wait_for_timeout(300)
        scrolled = "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth + 1).length"
        assert page.evaluate(scrolled) == 0, f"{path}: a table runs under its edge"
    opened(page, "/meters")
    shown = "getComputedStyle(document.querySelector('td:nth-child(5)'), '::before').content"
    assert page.evaluate(shown) == '"Missing"'
    name = page.locator(".object summary b").first
    opened(page, "/meters/FER0000000005?tab=objects")
    assert name.bounding_box()["width"] > 100, "an object's name is not broken letter by letter"


def test_the_keyboard_reaches_the_content_first(page: Any) -> None:
    opened(page, "/meters")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_the_clock_names_the_zone_of_the_browser(browser: Any, served: Served) -> None:
    context = browser.new_context(base_url=served.address, timezone_id="Africa/Johannesburg")
    page = opened(context.new_page(), "/")
    clock = page.locator(".clock")
    assert clock.inner_text().endswith(" UTC+02:00")
    assert clock.get_attribute("title").endswith(" UTC")
    context.close()


def test_an_attribute_is_read_and_its_object_stays_open(page: Any) -> None:
    opened(page, "/meters/FER0000000010?tab=objects")
    page.locator(".narrow-field").fill("clock")
    page.locator("#object-8-0\\.0\\.1\\.0\\.0\\.255 summary").click()
    page.locator("[data-subject='8/0.0.1.0.0.255/2']").click()
    answer = page.locator(".value", has_text="answer")
    answer.wait_for()
    assert answer.inner_text() == "answer <b>8/0.0.1.0.0.255/2</b>"
    assert page.locator("#object-8-0\\.0\\.1\\.0\\.0\\.255[open]").count() == 1


def test_an_alarm_is_acknowledged(page: Any, served: Served) -> None:
    opened(page, "/alarms")
    row = page.locator("tr", has_text="Terminal cover removed")
    row.get_by_role("button", name="Acknowledge").click()
    row.wait_for(state="detached")
    assert "terminal_cover_removed" not in served.get("/api/v1/alarms").text


def test_times_are_local_with_utc_beside_them(browser: Any, served: Served) -> None:
    context = browser.new_context(base_url=served.address, timezone_id="Asia/Kolkata")
    page = context.new_page()
    opened(page, "/meters/FER0000000009?tab=events")
    cell = page.locator("tbody f-time").last
    assert cell.inner_text() == "2026-09-21 10:30:00 UTC+05:30"
    assert cell.get_attribute("title") == "2026-09-21 05:00:00 UTC"
    context.close()


@pytest.mark.parametrize(
    ("zone", "moment", "shown"),
    [
        ("UTC", "2026-10-25T00:30:00Z", "2026-10-25 00:30:00 UTC"),
        ("Europe/Amsterdam", "2026-10-25T00:30:00Z", "2026-10-25 02:30:00 UTC+02:00"),
        ("Europe/Amsterdam", "2026-10-25T01:30:00Z", "2026-10-25 02:30:00 UTC+01:00"),
        ("America/St_Johns", "2026-01-01T00:00:00Z", "2025-12-31 20:30:00 UTC−03:30"),
    ],
)
def test_the_hour_that_comes_twice_is_two(browser: Any, served: Served, zone: str, moment: str, shown: str) -> None:
    context = browser.new_context(base_url=served.address, timezone_id=zone)
    page = opened(context.new_page(), "/")
    put = "text => { const t = document.createElement('f-time'); t.setAttribute('ms', Date.parse(text)); document.body.append(t); return t.innerText }"
    assert page.evaluate(put, moment) == shown
    context.close()


def test_an_unknown_meter_has_a_page_that_says_so(page: Any) -> None:
    page.goto("/meters/NOBODY")
    page.wait_for_selector(".empty")
    assert "There is no such meter" in page.locator(".empty").inner_text()


def test_dark_and_light(browser: Any, served: Served) -> None:
    papers = {}
    for scheme in ("dark", "light"):
        context = browser.new_context(base_url=served.address, color_scheme=scheme)
        page = opened(context.new_page(), "/")
        papers[scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
        context.close()
    shades = {scheme: sum(map(int, re.findall(r"\d+", paper)[:3])) for scheme, paper in papers.items()}
    assert shades["dark"] < 150 < 600 < shades["light"]


@pytest.mark.parametrize(("name", "path"), [("overview", "/"), ("meter", "/meters/FER0000000005")])
def test_pictures(page: Any, tmp_path: Path, name: str, path: str) -> None:
    """With FERRARIS_SCREENSHOTS=1 these are the pictures of the README and the docs."""
    folder = IMAGES if os.environ.get("FERRARIS_SCREENSHOTS") else tmp_path
    opened(page, path)
    page.wait_for_selector(".chart canvas")
    page.wait_for_timeout(600)
    picture = folder / f"{name}.png"
    page.screenshot(path=str(picture), full_page=True, animations="disabled")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 30_000
