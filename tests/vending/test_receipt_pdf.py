"""The drawn receipt: one page, the same octets each time, long enough for what is on it, and every digit in it."""

from __future__ import annotations

import re
import zlib
from base64 import a85decode
from dataclasses import replace

import pytest

from ferraris.vending import Receipt, make_receipt
from ferraris.vending.receipt_pdf import receipt_pdf
from tests.vending.house import NOON_MS, SUPERVISOR, House, make_house


def receipt(house: House, customer: str = "Ann Other") -> Receipt:
    return make_receipt(house.vending.sell(house.request("100"), NOON_MS), house.vending.settings, customer)


def text_of(pdf: bytes) -> str:
    """The strings that the page shows, in order."""
    stream = re.search(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL)
    assert stream
    content = zlib.decompress(
        a85decode(stream[1].strip(), adobe=stream[1].startswith(b"<~") or False)
        if b"~>" not in stream[1]
        else a85decode(b"<~" + stream[1].strip(), adobe=True)
    )
    shown = re.findall(rb"\((.*?)(?<!\\)\) Tj", content)
    return "\n".join(
        re.sub(rb"\\([()\\])", rb"\1", re.sub(rb"\\(\d{3})", lambda found: bytes([int(found[1], 8)]), one)).decode(
            "cp1252"
        )
        for one in shown
    )


def height_of(pdf: bytes) -> float:
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", pdf)
    assert box
    assert 226 < float(box[1]) < 227
    return float(box[2])


def test_the_page_shows_every_token_and_every_line() -> None:
    house = make_house(tariff_name="domestic_blocks")
    made = receipt(house)
    text = text_of(receipt_pdf(made))
    for expected in (made.title, made.number, made.date, made.total, made.units, made.delivery):
        assert expected in text
    for label, digits in made.tokens:
        assert label in text
        assert digits in text
    for label, amount in made.lines:
        assert label in text
        assert amount in text


def test_one_receipt_gives_one_file() -> None:
    made = receipt(make_house())
    assert receipt_pdf(made) == receipt_pdf(made)
    assert receipt_pdf(made).startswith(b"%PDF-")
    assert receipt_pdf(made).count(b"/Type /Page\n") == 1
    assert receipt_pdf(made) != receipt_pdf(replace(made, copy=1))


def test_the_page_is_as_long_as_what_is_on_it() -> None:
    house = make_house(meters=2)
    short = height_of(receipt_pdf(receipt(house)))
    present = house.vending.registry.meter(house.meter).present.sts
    house.vending.registry.want(replace(present, key_revision_number=2), SUPERVISOR, NOON_MS)
    assert height_of(receipt_pdf(receipt(house))) > short + 100


@pytest.mark.parametrize("name", ["", "x" * 400, "word " * 60, "Zoë Müller", "Ω ж 電気", "(brackets) \\ and\ttabs"])
def test_any_name_is_drawn(name: str) -> None:
    pdf = receipt_pdf(receipt(make_house(), name))
    assert pdf.endswith(b"%%EOF\n")
    if name == "Zoë Müller":
        assert name in text_of(pdf)
