"""The till in a headless Chromium: a cashier sells, a second person approves, and what it all looks like."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.console.conftest import Served
from tests.console.pages.test_in_browser import IMAGES, opened

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("console")]

PAGES = ["/till", "/till/sales", "/till/sales/2", "/till/shifts", "/till/engineering", "/till/campaigns",
         "/till/campaigns/new%20vending%20key", "/meters/FER0000000002?tab=prepayment"]  # fmt: skip
WIDTHS = [(1280, 860), (420, 900)]


def signed_on(page: Any, path: str, operator: str = "ann") -> Any:
    """Go there as somebody who signed on before."""
    opened(page, "/till")
    page.fill("[name=operator]", operator)
    page.fill("[name=till]", "till-1")
    page.get_by_role("button", name="Sign on").click()
    page.locator(".who").wait_for()
    if path != "/till":
        opened(page, path)
        page.locator(".who").wait_for()
    return page


@pytest.fixture
def till(page: Any) -> Any:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    return signed_on(page, "/till")


def choose(till: Any, sought: str) -> None:
    till.fill("[name=sought]", sought)
    till.locator(".meters-found a").first.click()
    till.wait_for_selector("[name=amount]")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("size", WIDTHS, ids=lambda size: f"{size[0]} px")
def test_pages_live_and_nothing_runs_over_the_edge(page: Any, path: str, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    opened(page, path)
    page.wait_for_timeout(150)
    assert page.locator(".banner").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_a_sale_from_the_name_to_the_token(till: Any, served: Served) -> None:
    choose(till, "dlamini")
    assert "Thandi Dlamini" in till.locator("h2").first.inner_text()
    till.fill("[name=amount]", "100")
    sell = till.locator("[data-sell]")
    sell.wait_for()
    assert sell.inner_text() == "Sell for 100.00 ZAR"
    assert "To pay" in till.locator(".breakdown").inner_text()
    sell.dblclick()
    till.wait_for_selector(".digits")
    digits = till.locator(".digits").get_attribute("data-digits")
    assert len(digits) == 20
    till.get_by_role("button", name="Copy").click()
    till.wait_for_function("document.querySelector('[data-copy]').textContent === 'Copied'")
    assert till.evaluate("navigator.clipboard.readText()") == digits
    number = int(till.url.rpartition("=")[2])
    sold = served.get(f"/api/v1/vending/sales/{number}").json()["sale"]
    assert (sold["tokens"][0]["digits"], sold["operator"], sold["till"]) == (digits, "ann", "till-1")
    newer = served.get("/api/v1/vending/sales?limit=1").json()[0]["sale"]["number"]
    assert newer == number, "a double click sells once"
    till.reload()
    till.wait_for_selector(".digits")
    assert till.locator(".digits").get_attribute("data-digits") == digits


def test_the_customer_types_it_and_the_page_follows(till: Any, served: Served) -> None:
    choose(till, "khumalo")
    till.fill("[name=amount]", "60")
    till.locator("[data-sell]").click()
    till.wait_for_selector(".steps")
    till.get_by_role("button", name="Customer types it").click()
    till.wait_for_selector(".step.done:has-text('Typed by the customer')")


def test_a_cashier_is_told_what_is_wrong_with_the_standards_name(till: Any) -> None:
    choose(till, "naidoo")
    till.fill("[name=amount]", "1")
    refusal = till.locator(".callout.bad")
    refusal.wait_for()
    assert "Below the minimum purchase" in refusal.inner_text()
    assert "range_error" in refusal.inner_text()
    assert till.locator("[data-sell]").count() == 0


def test_units_and_quick_amounts(till: Any) -> None:
    choose(till, "molefe")
    till.get_by_role("link", name="Units").click()
    till.wait_for_url("**by=units")
    till.get_by_role("button", name="25 kWh").click()
    till.wait_for_selector(".purchase .big")
    assert till.locator(".purchase .big").inner_text().startswith("25.0")


def test_a_blocked_meter_cannot_be_sold_to(till: Any) -> None:
    choose_blocked = till.locator("[name=sought]")
    choose_blocked.fill("sithole")
    till.locator(".meters-found a").first.click()
    till.locator(".callout.bad").wait_for()
    assert "meter reported stolen" in till.locator(".callout.bad").inner_text()
    assert till.locator("[name=amount]").count() == 0


def test_free_units_are_asked_for_first(till: Any, served: Served) -> None:
    choose(till, "molefe")
    before = len(served.get("/api/v1/vending/sales?kind=free_issue").json())
    button = till.get_by_role("button", name="Free units …")
    if button.count() == 0:
        pytest.skip("this account has no free units")
    button.click()
    till.locator("dialog").get_by_role("button", name="Cancel").click()
    assert len(served.get("/api/v1/vending/sales?kind=free_issue").json()) == before


def test_a_receipt_that_is_none_says_so(page: Any) -> None:
    signed_on(page, "/till/sales/999999")
    page.locator(".empty").wait_for()
    assert "There is no such receipt" in page.locator(".empty").inner_text()
    opened(page, "/till/campaigns/none")
    page.locator(".empty").wait_for()
    assert "There is no such campaign" in page.locator(".empty").inner_text()


def test_a_sale_is_taken_back_after_a_question(till: Any, served: Served) -> None:
    choose(till, "khumalo")
    till.fill("[name=amount]", "70")
    till.locator("[data-sell]").click()
    till.wait_for_selector(".digits")
    number = till.url.rpartition("=")[2]
    opened(till, f"/till/sales/{number}")
    till.locator(".who").wait_for()
    back = till.get_by_role("button", name="Take the sale back …")
    back.click()
    assert till.locator("dialog").count() == 0, "the reason is missing"
    till.fill("[name=reason]", "wrong meter")
    back.click()
    assert "cannot be undone" in till.locator("dialog").inner_text()
    till.locator("dialog").get_by_role("button", name="Cancel").click()
    assert served.get(f"/api/v1/vending/sales/{number}").json()["sale"]["state"] == "posted"


def test_a_second_person_approves(browser: Any, served: Served) -> None:
    context = browser.new_context(base_url=served.address)
    page = signed_on(context.new_page(), "/till/engineering", "ann")
    page.fill("[name=meter]", "01000000024")
    page.fill("[name=reason]", "test of the browser")
    page.get_by_role("button", name="Ask for it").click()
    row = page.locator("tr", has_text="test of the browser")
    row.wait_for()
    assert "needs somebody else" in row.inner_text()
    context.close()
    context = browser.new_context(base_url=served.address)
    page = signed_on(context.new_page(), "/till/engineering", "ben")
    row = page.locator("tr", has_text="test of the browser")
    approve = row.get_by_role("button", name="Approve")
    approve.click()
    approve.wait_for(state="detached")  # what is issued stands in the list below
    issued = served.get("/api/v1/vending/sales?kind=engineering&limit=1").json()[0]["sale"]
    assert (issued["operator"], issued["approver"]) == ("ann", "ben")
    context.close()


def test_the_meters_page_has_its_prepayment(page: Any) -> None:
    opened(page, "/meters/FER0000000002?tab=prepayment")
    page.locator("h3", has_text="Keys").wait_for()
    text = page.locator("section.card").last.inner_text()
    assert "Johan van Wyk" in text
    assert "connection fee" in text


def test_pictures(till: Any, tmp_path: Path) -> None:
    """With FERRARIS_SCREENSHOTS=1 this is the picture of the docs: a token just sold, and the next purchase being weighed."""
    folder = IMAGES if os.environ.get("FERRARIS_SCREENSHOTS") else tmp_path
    choose(till, "wyk")
    till.fill("[name=amount]", "100")
    till.locator("[data-sell]").wait_for()
    till.wait_for_timeout(400)
    till.screenshot(path=str(folder / "till_quote.png"), full_page=True, animations="disabled")
    till.locator("[data-sell]").click()
    till.wait_for_selector(".digits")
    till.wait_for_timeout(400)
    picture = folder / "till.png"
    till.screenshot(path=str(picture), full_page=True, animations="disabled")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 30_000
