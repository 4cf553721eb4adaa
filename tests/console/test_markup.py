"""Markup: whatever is put into a tag stays text."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.console.markup import Markup, joined, moment, since_text, tag

S, MIN, H, D = 1_000, 60_000, 3_600_000, 86_400_000


class Reader(HTMLParser):
    """What a browser makes of a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


printable = st.text(st.characters(exclude_categories=("Cc", "Cs"))).filter(lambda text: "\r" not in text)


@given(printable, printable)
def test_text_and_attributes_arrive_as_they_were(text: str, value: str) -> None:
    read = Reader(tag("p", text, title=value))
    assert read.tags == [("p", {"title": value})]
    assert read.text == text


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</td><b>", "&lt;b&gt;"]
)
def test_words_of_others_become_no_tags(hostile: str) -> None:
    read = Reader(tag("td", hostile, data_subject=hostile))
    assert [name for name, _ in read.tags] == ["td"]
    assert read.text == hostile


def test_children_nest_and_what_is_absent_leaves_no_trace() -> None:
    assert tag("ul", [tag("li", 1), None, tag("li", "a")]) == "<ul><li>1</li><li>a</li></ul>"
    assert joined("a", None, Markup("<br>"), ["b", ["c"]]) == "a<br>bc"
    assert joined() == ""


def test_attributes() -> None:
    assert tag("a", "x", class_="big", data_live=True, href=None, hidden=False) == '<a class="big" data-live>x</a>'
    assert tag("input", name="q", value="") == '<input name="q" value="">'


@pytest.mark.parametrize(
    ("elapsed_ms", "text"),
    [
        (0, "just now"),
        (9 * S, "just now"),
        (10 * S, "10 s ago"),
        (119 * S, "119 s ago"),
        (2 * MIN, "2 min ago"),
        (59 * MIN, "59 min ago"),
        (1 * H, "1 h ago"),
        (47 * H, "1 d ago"),
        (3 * D, "3 d ago"),
        (-5 * S, "ahead of the clock"),
    ],
)
def test_how_long_ago(elapsed_ms: int, text: str) -> None:
    assert since_text(elapsed_ms) == text


def test_a_moment_carries_utc_for_those_who_point_at_it() -> None:
    read = Reader(moment(1_790_000_000_000, 1_790_000_600_000))
    assert read.tags == [("f-time", {"ms": "1790000000000", "ago": "10 min ago", "title": "2026-09-21 14:13:20 UTC"})]
    assert Reader(moment(1_790_000_000_000)).text == "2026-09-21 14:13:20 UTC"
    assert Reader(moment(None)).text == "never"
